import { formatShare } from "../../../kernel/units.ts";
import { type MetricName, metric, metricNamed, metricNames } from "../../../telemetry/metrics.ts";
import type { Prediction } from "../../../telemetry/prediction.ts";
import type { CaseResult, HypothesisResult, RunResult } from "../../../telemetry/result.ts";
import type { Sample } from "../../../telemetry/sample.ts";
import { coarse, spansOf } from "../../../telemetry/series.ts";
import { wasJudged } from "../../../telemetry/verdicts.ts";
import { caseName } from "../../report/closing.ts";
import { HOST_HEADING, hostCells, streamsLine } from "../../report/hosts.ts";
import { oneLine, verdictGrounds, verdictHead } from "../../report/intent.ts";
import { figureText, inUnit, shareOfFastest, UNMEASURED } from "../figure-text.ts";
import { details, html, type Markup, sentenceTable, table } from "./markup.ts";

/** Figures that are predicted. */
const PREDICTED: readonly (readonly [metric: MetricName, field: string, title: string, of: (prediction: Prediction) => number | null])[] = [
  ["throughput", "value", "Throughput", ({ throughput }) => throughput],
  ["sojourn_ms", "avg", "Sojourn, mean", ({ sojournMean }) => sojournMean],
  ["sojourn_ms", "p(99)", "Sojourn, p99", ({ sojournP99 }) => sojournP99],
];

/** Prediction beside measurement, and the cases beside each other. */
export function comparisonTable(cases: readonly CaseResult[]): Markup {
  const heading = [
    "case",
    ...PREDICTED.flatMap(([, , title]) => [title, "predicted", "ratio"]),
    "of the fastest",
    "dropped",
    "failed",
    "CPU",
  ];
  const rows = cases.map((one) => {
    const share = shareOfFastest(one, cases);
    return [
      `${caseName(one)}${one.status === "completed" ? "" : ` (${one.status})`}`,
      ...PREDICTED.flatMap(([name, field, , of]) => besides(one, name, field, of(one.predicted))),
      share === null ? UNMEASURED : formatShare(share),
      figureText(one, "dropped", "count"),
      figureText(one, "failed", "count"),
      figureText(one, "cpu", "value"),
    ];
  });
  return table("Measured, predicted, and measured ÷ predicted", heading, rows);
}

function besides(one: CaseResult, name: MetricName, field: string, predicted: number | null): string[] {
  const { read, unit } = metric(name);
  const measured = one.status === "failed" ? null : read(one, field);
  const ratio = measured === null || predicted === null || predicted === 0 ? UNMEASURED : (measured / predicted).toFixed(2);
  return [figureText(one, name, field), predicted === null ? UNMEASURED : inUnit(unit, predicted), ratio];
}

/** The hosts of a case. */
export function hostTable(one: CaseResult): Markup {
  const rows = (one.hosts ?? []).map((host) => hostCells(host, one));
  return table(`${caseName(one)}: ${streamsLine(one) ?? ""}`, HOST_HEADING, rows);
}

export function hypothesisTable(hypotheses: readonly HypothesisResult[]): Markup {
  const rows = hypotheses.map((one) => [
    toned(verdictHead(one), one.ok),
    html`${oneLine(one.sentence)}${one.sentence === one.that ? null : html`<br><code>${one.that}</code>`}`,
    verdictGrounds(one),
  ]);
  return sentenceTable("Judged after the run", ["verdict", "hypothesis", "figures"], rows);
}

export function thresholdTable(result: RunResult): Markup {
  const rows = result.thresholds.map((threshold) => {
    const { case: index, metric: name, expression, value, ok, tooFew } = threshold;
    const judged = wasJudged(result, threshold);
    const one = result.cases[index];
    const by = judged ? `${Number(value.toPrecision(4))}${tooFew === undefined ? "" : " (too few items)"}` : "nothing was measured";
    return [
      toned(judged ? (ok ? "✓ held" : "✗ failed") : "? not judged", judged ? ok : null),
      html`<code>${name} ${expression}</code>`,
      `${one === undefined ? "" : `${caseName(one)}: `}${by}`,
    ];
  });
  return sentenceTable("On each case", ["verdict", "threshold", "value"], rows);
}

function toned(text: string, ok: boolean | null): Markup {
  return html`<span class="${ok === null ? "warn" : ok ? "good" : "bad"}">${text}</span>`;
}

/** Every figure of every case that any case has, by its name in thresholds and expectations. */
export function everyFigureTable({ cases, scenario }: RunResult): Markup {
  const rows = metricNames(scenario.workload).flatMap((name) => {
    const found = metricNamed(name);
    if (found === null) return [];
    const { title, unit, fields, read } = found;
    return fields
      .filter((field) => field !== "" && field !== "med" && cases.some((one) => read(one, field) !== null))
      .map((field) => [
        html`${title} <code>${name}${field === "value" ? "" : ` ${field}`}</code>`,
        ...cases.map((one) => valueText(field === "rate" ? "share" : field === "count" ? "count" : unit, read(one, field))),
      ]);
  });
  return table("Figures that no case has are left out", ["figure", ...cases.map(caseName)], rows);
}

function valueText(unit: Parameters<typeof inUnit>[0], value: number | null): string {
  return value === null ? UNMEASURED : inUnit(unit, value);
}

/** Rows of all tables over time together, at most; samples are merged where there are more. */
const MOST_ROWS = 1200;
/** Columns of the tables over time: the metrics that samples hold. */
const OVER_TIME: readonly (readonly [title: string, metric: MetricName])[] = [
  ["due", "offered_rate"],
  ["done", "throughput"],
  ["dropped", "dropped"],
  ["depth", "mean_depth"],
  ["p99", "sojourn_ms"],
];

/** The series of each case as a table, on demand. */
export function seriesTables(cases: readonly CaseResult[]): Markup {
  const most = Math.max(10, Math.floor(MOST_ROWS / Math.max(1, cases.length)));
  return html`${cases.map((one) => details(`${caseName(one)} over time`, seriesTable(one, most)))}`;
}

function seriesTable({ series }: CaseResult, most: number): Markup {
  const rows = spansOf(coarse(series, most)).map(({ sample }) => [
    inUnit("ms", sample.t),
    ...OVER_TIME.map(([, name]) => ofSample(name, sample)),
    pText(sample.p50),
  ]);
  return table("Intervals by their end; rates per second", ["until", ...OVER_TIME.map(([title]) => title), "p50"], rows);
}

function ofSample(name: MetricName, sample: Sample): string {
  const { unit, ofSample: read = () => null } = metric(name);
  return valueText(unit === "/s" ? "count" : unit, read(sample));
}

function pText(ms: number | null): string {
  return valueText("ms", ms);
}
