import { type MetricName, metric } from "../../../telemetry/metrics.ts";
import type { Prediction } from "../../../telemetry/prediction.ts";
import type { CaseResult } from "../../../telemetry/result.ts";
import { coarse, spansOf } from "../../../telemetry/series.ts";
import { isUnsound } from "../../../telemetry/verdicts.ts";
import { timeTicks } from "../../canvas/ticks.ts";
import { changedRateLines } from "../../report/changed-rates.ts";
import { MODE_STROKES, niceTop, shortIn } from "../../report/chart.ts";
import { HEIGHT, short, timeLabel, WIDTH } from "./axis.ts";
import type { ChartData } from "./chart-data.ts";
import { html, Markup } from "./markup.ts";
import { markLabels, markLines, type RateMark, rateMarks } from "./rate-marks.ts";

/** Intervals across a chart, at most: more than a screen of 1600 pixels shows apart. */
const INTERVALS = 480;
/** Labels of a time axis are placed as on a terminal of this width, which a phone has room for. */
const TERMINAL_COLUMNS = 42;

/** A chart of a metric over time, with the prediction that holds for a whole case. */
export interface OverTimePanel {
  readonly title: string;
  readonly metric: MetricName;
  readonly predicted?: (prediction: Prediction) => number | null;
}

const PANELS: readonly OverTimePanel[] = [
  { title: "Throughput, done per second", metric: "throughput", predicted: ({ throughput }) => throughput },
  { title: "Queue depth", metric: "mean_depth" },
  { title: "Drops per second", metric: "dropped" },
  { title: "Latency, p99 of each interval", metric: "sojourn_ms", predicted: ({ sojournP99 }) => sojournP99 },
];

/** The panels of the dashboard as charts over time, all cases on the same axes. `data` takes what a script draws them from. */
export function charts(cases: readonly CaseResult[], data: ChartData): Markup {
  const until = Math.max(1, ...cases.map(({ series }) => series.at(-1)?.t ?? 0));
  const marks = rateMarks(cases);
  const first = data.add(cases, PANELS, marks);
  return html`<div class="charts">\n${PANELS.map((panel, i) => chart(panel, cases, { until, marks, number: first + i }))}</div>\n`;
}

/** What a chart over time shares with those beside it: its end in milliseconds and its marks; and its number in the data of the page. */
interface TimeFrame {
  readonly until: number;
  readonly marks: readonly RateMark[];
  readonly number: number;
}

interface Line {
  readonly one: CaseResult;
  readonly steps: readonly Step[];
  readonly predicted: number | null;
}

/** A value from one instant to another, in milliseconds. */
interface Step {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** The known values of a series at its full resolution, up to what a chart shows apart. */
function stepsOf({ series }: CaseResult, panel: OverTimePanel): Step[] {
  const { ofSample = () => null } = metric(panel.metric);
  return spansOf(coarse(series, INTERVALS)).flatMap(({ from, sample }) => {
    const value = ofSample(sample);
    return value === null || !Number.isFinite(value) ? [] : [{ from, to: sample.t, value }];
  });
}

function chart(panel: OverTimePanel, cases: readonly CaseResult[], { until, marks, number }: TimeFrame): Markup {
  const axis = shortIn(metric(panel.metric).unit);
  const lines = cases.map((one): Line => {
    return { one, steps: stepsOf(one, panel), predicted: panel.predicted?.(one.predicted) ?? null };
  });
  const most = Math.max(0, ...lines.flatMap(({ steps, predicted }) => [predicted ?? 0, ...steps.map(({ value }) => value)]));
  const top = niceTop(most);
  const y = (value: number) => short(HEIGHT * (1 - Math.max(0, Math.min(1, value / top))));
  const ticks = timeTicks(until, TERMINAL_COLUMNS);
  const grid = ticks.map(({ t }) => `M${short((t / until) * WIDTH)} 0V${HEIGHT}`).join("");
  return html`<figure><figcaption>${panel.title}</figcaption>
<div class="plot${marks.length === 0 ? "" : " marked"}" data-chart="${number}"><div class="axis" aria-hidden="true"><span>${axis(top)}</span><span>${axis(top / 2)}</span><span>0</span></div>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${spoken(panel, lines)}">
<path class="grid" d="${new Markup(`${grid}M0 ${HEIGHT / 2}H${WIDTH}M0 0H${WIDTH}`)}"/>
${lines.map(({ one, predicted }) => predictedLine(one, predicted, y))}${lines.map((line) => measuredLine(line, until, y))}${markLines(marks, until)}</svg>${markLabels(marks, until)}
<div class="times" aria-hidden="true">${ticks.map(({ t, label }) => timeLabel(t / until, label))}</div></div></figure>\n`;
}

/** The chart in words, for those who do not see it; the figures are in the tables. */
function spoken(panel: OverTimePanel, lines: readonly Line[]): string {
  const axis = shortIn(metric(panel.metric).unit);
  const parts = lines.map(({ one: { mode }, steps }) => {
    const values = steps.map(({ value }) => value);
    return values.length === 0 ? `${mode}: nothing` : `${mode}: ${axis(Math.min(...values))} to ${axis(Math.max(...values))}`;
  });
  const changes = changedRateLines(lines.map(({ one }) => one)).map((line) => ` ${line}`);
  return `${panel.title} over time. ${parts.join("; ")}.${changes.join("")}`;
}

/** Interrupted where nothing is known. */
function measuredLine({ one, steps }: Line, until: number, y: (value: number) => string): Markup {
  if (steps.length === 0) return html``;
  const x = (t: number) => short((t / until) * WIDTH);
  const path = steps.map(({ from, to, value }, i) => {
    const before = steps[i - 1];
    const start = before?.to !== from ? `M${x(from)} ${y(value)}` : y(before.value) === y(value) ? "" : `V${y(value)}`;
    const after = steps[i + 1];
    const goesOn = after?.from === to && y(after.value) === y(value);
    return `${start}${goesOn ? "" : `H${x(to)}`}`;
  });
  return html`<path class="${classesOf(one)}" d="${new Markup(path.join(""))}"/>\n`;
}

function predictedLine({ mode }: CaseResult, predicted: number | null, y: (value: number) => string): Markup {
  if (predicted === null || !Number.isFinite(predicted)) return html``;
  return html`<path class="${colorOf(mode)} predicted" d="M0 ${y(predicted)}H${WIDTH}"/>\n`;
}

/** The cases of a chart by colour and stroke. */
export function legend(cases: readonly CaseResult[]): Markup {
  const entries = cases.map((one) => {
    const unsound = isUnsound(one);
    return html`<span>${swatch(classesOf(one))}${one.mode}${unsound ? html` <b class="bad">(${one.status})</b>` : null}</span>\n`;
  });
  const changes = changedRateLines(cases).map((line) => html`<span>${MARK}${line}</span>\n`);
  return html`<div class="legend">${entries}<span>${swatch("other predicted")}predicted for that mode (throughput, p99)</span>${changes}</div>\n`;
}

const MARK = html`<svg viewBox="0 0 22 7" aria-hidden="true"><path class="mark" d="M11 0V7"/></svg>`;

function swatch(classes: string): Markup {
  return html`<svg viewBox="0 0 22 7" aria-hidden="true"><path class="${classes}" d="M0 3.5H22"/></svg>`;
}

export function classesOf(one: CaseResult): string {
  return `${colorOf(one.mode)} ${MODE_STROKES[one.mode] ?? "light"}${isUnsound(one) ? " void" : ""}`;
}

export function colorOf(mode: string): string {
  return Object.hasOwn(MODE_STROKES, mode) ? mode : "other";
}
