import { metric } from "../../../telemetry/metrics.ts";
import type { CaseResult } from "../../../telemetry/result.ts";
import { coarse } from "../../../telemetry/series.ts";
import { isUnsound } from "../../../telemetry/verdicts.ts";
import { MODE_STROKES } from "../../report/chart.ts";
import { colorOf, type OverTimePanel } from "./chart.ts";
import type { RateMark } from "./rate-marks.ts";

/** Intervals of a case, at most; samples are merged where there are more. */
const MOST_INTERVALS = 4000;

/** Data from which the script of a page, `charts.js`, draws its charts. */
export class ChartData {
  /** Ends of the intervals of each case, in milliseconds. */
  readonly times: (readonly number[])[] = [];
  readonly charts: object[] = [];
  /** Charts with one cursor. */
  private groups = 0;

  /** Adds the panels of some cases, with the marks on their time axis; returns the number of the first. */
  add(cases: readonly CaseResult[], panels: readonly OverTimePanel[], marks: readonly RateMark[] = []): number {
    const [first, group] = [this.charts.length, `group-${this.groups++}`];
    const series = cases.map((one) => {
      const samples = coarse(one.series, MOST_INTERVALS);
      return { one, samples, of: this.times.push(samples.map(({ t }) => t)) - 1 };
    });
    for (const panel of panels) {
      const { unit, ofSample = () => null } = metric(panel.metric);
      const lines = series.map(({ one, samples, of }) => ({
        of,
        label: one.mode,
        ink: inkOf(one.mode),
        stroke: MODE_STROKES[one.mode] ?? "light",
        sound: !isUnsound(one),
        values: samples.map((sample) => known(ofSample(sample))),
        predicted: known(panel.predicted?.(one.predicted) ?? null),
      }));
      this.charts.push({ group, unit, lines, marks });
    }
    return first;
  }
}

/** Four digits, more than a chart shows; null: not known. */
function known(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : Number(value.toPrecision(4));
}

/** The variable of the page's style that holds a mode's colour. */
function inkOf(mode: string): string {
  const name = colorOf(mode);
  return name === "other" ? "text" : name;
}
