import { padLeft } from "../../kernel/text.ts";
import { formatCount } from "../../kernel/units.ts";
import { bestFigures, leftOutText, thoughText } from "../../telemetry/best-text.ts";
import { isDisturbed } from "../../telemetry/disturbance.ts";
import { type MetricName, metric } from "../../telemetry/metrics.ts";
import { loadsDiffer } from "../../telemetry/noise.ts";
import { paramsText, valueText } from "../../telemetry/params.ts";
import { TOO_FEW } from "../../telemetry/percentiles.ts";
import { pointsText } from "../../telemetry/point-text.ts";
import { type Best, bestOf, groupedBy, mostDone, variedFields, whyNoBest } from "../../telemetry/points.ts";
import type { CaseResult, RunResult } from "../../telemetry/result.ts";
import { faultOf } from "../../telemetry/verdicts.ts";
import { type ChartSeries, drawChart, LABEL_WIDTH, MODE_STROKES, type Stroke, shortIn } from "./chart.ts";
import { DISTURBED, disturbedSign } from "./disturbed.ts";
import { FAULT } from "./fault.ts";
import type { Painter } from "./painter.ts";

/** A measure for pictures of a sweep. */
export interface Measure {
  readonly title: string;
  /** null: too few items bear it. */
  readonly of: (result: CaseResult) => number | null;
  readonly predicted: (result: CaseResult) => number | null;
  readonly text: (value: number) => string;
}

const MEASURES = {
  throughput: measure("Throughput, messages/s", "throughput", "value", ({ predicted }) => predicted.throughput),
  latency: measure("Latency, p99 of the sojourn time", "sojourn_ms", "p(99)", ({ predicted }) => predicted.sojournP99),
} satisfies Record<string, Measure>;

/** Replaces the latency where no point has enough items for a p99. */
const MEAN_LATENCY = measure(
  "Latency, mean of the sojourn time (too few items for a p99)",
  "sojourn_ms",
  "avg",
  ({ predicted }) => predicted.sojournMean,
);

function measure(title: string, name: MetricName, field: string, predicted: Measure["predicted"]): Measure {
  const { read, unit } = metric(name);
  return { title, of: (result) => read(result, field), predicted, text: shortIn(unit) };
}

export type MeasureName = keyof typeof MEASURES;

/** A swept field with more than one value, in the order of the scenario. */
interface Axis {
  readonly field: string;
  readonly values: readonly string[];
}

export function isSweep({ cases }: RunResult): boolean {
  return axesOf(cases).length > 0;
}

export type Direction = "left" | "right" | "up" | "down";

/**
 * The point beside another on the picture of a sweep: along the field that is drawn across, or in the row above or below, which another mode
 * or map may have. Of none: the best one, or the first. null: there is none in that direction.
 */
export function pointBeside({ cases }: RunResult, from: CaseResult | null, direction: Direction): CaseResult | null {
  const drawn = cases.filter(({ status }) => status !== "failed");
  const rows = pictureRows(drawn, axesOf(cases));
  const at = rows.findIndex((row) => from !== null && row.includes(from));
  if (from === null || at < 0) return bestCase(cases) ?? drawn[0] ?? null;
  const row = rows[at] as readonly CaseResult[];
  const place = row.indexOf(from);
  if (direction === "left") return row[place - 1] ?? null;
  if (direction === "right") return row[place + 1] ?? null;
  const other = rows[direction === "up" ? at - 1 : at + 1];
  return other?.[Math.min(place, other.length - 1)] ?? null;
}

/** The points of a picture, row by row, from left to right. */
function pictureRows(cases: readonly CaseResult[], axes: readonly Axis[]): readonly (readonly CaseResult[])[] {
  const across = axes.at(-1);
  if (across === undefined) return [];
  const placeOf = (one: CaseResult, axis: Axis) => axis.values.indexOf(valueText(one.params[axis.field]));
  const sorted = (row: readonly CaseResult[]) => row.toSorted((a, b) => placeOf(a, across) - placeOf(b, across));
  const down = axes.at(-2);
  const groups =
    down === undefined
      ? modesOf(cases).map((mode) => cases.filter((one) => one.mode === mode))
      : [...groupedBy(cases, othersOf(axes)).values()].flatMap((group) =>
          down.values.map((value) => group.filter((one) => valueText(one.params[down.field]) === value)),
        );
  return groups.filter((group) => group.length > 0).map(sorted);
}

/** The fields that neither go down nor across: each combination of them has a map of its own. */
function othersOf(axes: readonly Axis[]): string[] {
  return axes.slice(0, -2).map(({ field }) => field);
}

/** The picture of a sweep: lines over one swept field, heat maps over two or more; `chosen`: the point that is marked. */
export function sweepPicture(
  result: RunResult,
  name: MeasureName,
  width: number,
  height: number,
  paint: Painter,
  chosen: CaseResult | null = null,
): string[] {
  const cases = result.cases.filter(({ status }) => status !== "failed");
  const faulty = new Set(result.cases.filter((_, i) => faultOf(result, i) !== null));
  const axes = axesOf(result.cases);
  const measure = measureOf(name, result.scenario.workload, cases);
  if (axes.length === 0 || cases.length === 0) return [];
  const some = cases.some((one) => measure.of(one) === null);
  const legend = [
    ...(faulty.size === 0 ? [] : [`${FAULT} a threshold failed there, or the case has no measurement that counts`]),
    ...(some ? [axes.length === 1 ? "No line where too few items bear a p99." : `${FEW}: ${TOO_FEW} items bear a p99 there`] : []),
  ];
  if (axes.length === 1) {
    return [...lineChart(cases, axes[0] as Axis, measure, width, Math.max(6, height - legend.length), paint, faulty, chosen), ...legend];
  }
  // The last two fields span the map; there is one for every combination of the others, and for every mode.
  const [down, across] = axes.slice(-2) as [Axis, Axis];
  const maps = [...groupedBy(cases, othersOf(axes))].flatMap(([name, group]) => [
    ...heatMap(group, name, down, across, measure, width, paint, faulty, chosen),
    "",
  ]);
  return [...maps, ...legend];
}

/** Text in a cell of a map. */
const FEW = "few";

function measureOf(name: MeasureName, workload: string, cases: readonly CaseResult[]): Measure {
  const asked: Measure = MEASURES[name];
  const measure = name === "latency" && cases.every((one) => asked.of(one) === null) ? MEAN_LATENCY : asked;
  const what = { fetch: "requests", flow: "items" }[workload] ?? "messages";
  return { ...measure, title: measure.title.replace("messages", what) };
}

/** The best of the completed cases; null where there is none, or their loads differ though they were not swept. */
export function bestCase(cases: readonly CaseResult[]): CaseResult | null {
  return bestOfCompleted(cases)?.one ?? null;
}

function bestOfCompleted(cases: readonly CaseResult[]): Best | null {
  const completed = cases.filter(({ status }) => status === "completed");
  return isOneLoad(cases, completed) ? bestOf(completed) : null;
}

/** Where the load is not swept, all cases had the same. */
function isOneLoad(cases: readonly CaseResult[], completed: readonly CaseResult[]): boolean {
  return Object.keys(cases[0]?.params ?? {}).some((field) => field.startsWith("load.")) || !loadsDiffer(completed);
}

/** The best point, or why there is none. */
export function bestLine(cases: readonly CaseResult[]): string {
  const best = bestOfCompleted(cases);
  if (best !== null) {
    const beside = best.asGood.length === 0 ? "" : `; as good but for noise: ${pointsText(best.asGood, cases)}`;
    const { one } = best;
    return `★ best: ${one.mode}, ${paramsText(one.params)}: ${bestFigures(best, cases)}${beside}${leftOutText(cases)}${thoughText(best, cases)}`;
  }
  const completed = cases.filter(({ status }) => status === "completed");
  if (completed.length === 0) return "";
  if (!isOneLoad(cases, completed)) return "None is called best: the points did not get the same load.";
  const why = whyNoBest(completed);
  switch (why) {
    case "disturbed":
      return `None is called best: some of the points were disturbed (${DISTURBED}).`;
    case "invalid":
      return "None is called best: none was measured validly.";
    case "outage":
      return "None is called best: the server had an outage, and how long anybody waited for its end is chance.";
    case "alike":
      return "None is best: no point is better than the others by more than noise.";
    case "without bound":
      return "None is called best: what keeps up with what comes is only what nothing limits, and is paid for without a bound.";
    case "overloaded":
      return `None is best: no point keeps up with what comes. ${mostLine(completed)}`;
    default:
      return why satisfies never;
  }
}

/** The points with the highest throughput, several where noise alone distinguishes them. */
function mostLine(cases: readonly CaseResult[]): string {
  const most = mostDone(cases);
  const rates = most.map(({ throughput }) => formatCount(throughput));
  const [high, low] = [rates[0], rates.at(-1)];
  if (most.length === 1) return `Most was done at ${most[0]?.mode}, ${paramsText(most[0]?.params ?? {})}: ${high}/s`;
  const range = high === low ? `${high}/s` : `${low}/s to ${high}/s`;
  if (most.length === cases.length) return `As much was done at all of them but for noise: ${range}`;
  return `Most was done, as much but for noise, at ${pointsText(most, cases)}: ${range}`;
}

function axesOf(cases: readonly CaseResult[]): Axis[] {
  return variedFields(cases).map((field) => ({ field, values: [...new Set(cases.map(({ params }) => valueText(params[field])))] }));
}

function modesOf(cases: readonly CaseResult[]): string[] {
  return [...new Set(cases.map(({ mode }) => mode))];
}

function lineChart(
  cases: readonly CaseResult[],
  axis: Axis,
  measure: Measure,
  width: number,
  height: number,
  paint: Painter,
  faulty: ReadonlySet<CaseResult>,
  chosen: CaseResult | null,
): string[] {
  const columns = width - LABEL_WIDTH;
  const at = (mode: string, value: string) => cases.find((one) => one.mode === mode && valueText(one.params[axis.field]) === value);
  const best = bestCase(cases);
  const measured: ChartSeries[] = [];
  const expected: ChartSeries[] = [];
  for (const mode of modesOf(cases)) {
    const points = axis.values.map((value) => at(mode, value));
    const along = (read: (one: CaseResult) => number | null) => points.map((one) => (one === undefined ? null : read(one)));
    measured.push(...spread(along(measure.of), columns).map((part) => ({ name: mode, stroke: MODE_STROKES[mode] ?? "light", ...part })));
    expected.push(...spread(along(measure.predicted), columns).map((part) => ({ name: "expected", stroke: "faint" as const, ...part })));
  }
  const picture = drawChart([...expected, ...measured], width, height - 2, measure.text);
  const lines = picture.map((runs) => runs.map(({ text, series }) => paint.series(series, text)).join(""));
  const legend = modesOf(cases).map((mode) => paint.series(mode, `${LEGEND[MODE_STROKES[mode] ?? "light"]} ${mode}`));
  const isAt = (one: CaseResult, value: string) => valueText(one.params[axis.field]) === value;
  const marked = axis.values.map((value) => {
    const star = best !== null && isAt(best, value) ? "★" : "";
    const fault = [...faulty].some((one) => isAt(one, value)) ? FAULT : "";
    const sign = cases.some((one) => isAt(one, value) && isDisturbed(one)) ? DISTURBED : "";
    const text = `${star}${fault}${value}${sign}`;
    return chosen !== null && isAt(chosen, value) ? `[${text}]` : text;
  });
  return [
    `${measure.title} against ${axis.field}    ${legend.join("  ")}  ${paint.series("expected", "┄ predicted")}`,
    ...lines,
    `${" ".repeat(LABEL_WIDTH)}${ticks(marked, columns)}`,
  ];
}

const LEGEND: Readonly<Record<Stroke, string>> = { light: "──", dashed: "╌╌", heavy: "━━", "heavy-dashed": "┅┅", faint: "┄┄" };

/** A line through each row of adjacent known points: its first column, and a value per column. */
function spread(points: readonly (number | null)[], columns: number): { readonly from: number; readonly values: readonly number[] }[] {
  const step = (columns - 1) / Math.max(1, points.length - 1);
  const lines: { from: number; values: number[] }[] = [];
  for (let first = 0; first < points.length; first++) {
    if (points[first] === null) continue;
    let last = first;
    while (last + 1 < points.length && points[last + 1] !== null) last++;
    const known = points.slice(first, last + 1) as number[];
    const from = first === last ? Math.round(first * step) : Math.ceil(first * step);
    const values: number[] = [];
    for (let column = from; column <= Math.max(from, Math.floor(last * step)); column++) {
      const place = Math.min(known.length - 1, Math.max(0, column / step - first));
      const left = Math.floor(place);
      const right = Math.min(known.length - 1, left + 1);
      values.push((known[left] as number) * (1 - place + left) + (known[right] as number) * (place - left));
    }
    lines.push({ from, values });
    first = last;
  }
  return lines;
}

/** The swept values under their points; values that would touch their neighbour are left out. */
function ticks(values: readonly string[], columns: number): string {
  const step = (columns - 1) / Math.max(1, values.length - 1);
  let line = "";
  values.forEach((value, i) => {
    const width = Bun.stringWidth(value);
    const start = Math.max(0, Math.min(columns - width, Math.round(i * step - width / 2)));
    if (line !== "" && start <= Bun.stringWidth(line)) return;
    line += " ".repeat(start - Bun.stringWidth(line)) + value;
  });
  return line;
}

/** A centred text with brackets in place of the spaces beside it. */
function bracketed(text: string): string {
  return text.replace(/ ?(\S+(?: \S+)*) ?/, "[$1]");
}

/** Splits a map into blocks, one below another, that fit the screen. */
function heatMap(
  cases: readonly CaseResult[],
  name: string,
  down: Axis,
  across: Axis,
  measure: Measure,
  room: number,
  paint: Painter,
  faulty: ReadonlySet<CaseResult>,
  chosen: CaseResult | null,
): string[] {
  const at = (row: string, column: string) =>
    cases.find(({ params }) => valueText(params[down.field]) === row && valueText(params[across.field]) === column);
  const values = cases.flatMap((one) => measure.of(one) ?? []);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const best = bestCase(cases);
  const width = Math.max(cases.some(isDisturbed) ? 10 : 9, ...across.values.map((value) => Bun.stringWidth(value) + 2));
  const side = Math.max(Bun.stringWidth(down.field), ...down.values.map((value) => Bun.stringWidth(value)));
  const centred = (text: string) => {
    const space = width - Bun.stringWidth(text);
    return " ".repeat(Math.ceil(space / 2)) + text + " ".repeat(Math.floor(space / 2));
  };
  const cell = (one: CaseResult | undefined) => {
    if (one === undefined) return centred("–");
    const value = measure.of(one);
    const placed = (text: string) => (one === chosen ? bracketed(centred(text)) : centred(text));
    if (value === null) return placed(`${one === best ? "★" : ""}${faulty.has(one) ? FAULT : ""}${FEW}${disturbedSign(one)}`);
    const share = most > least ? (value - least) / (most - least) : 1;
    const star = one === best ? "★" : "";
    const text = `${star}${faulty.has(one) ? FAULT : ""}${paint.shade(share)}${measure.text(value)}${disturbedSign(one)}`;
    return paint.heat(share, placed(text));
  };
  const lines = [`${paint.series(cases[0]?.mode ?? null, name)}: ${measure.title}; ${down.field} down, ${across.field} across`];
  const together = Math.max(1, Math.floor((room - side - 1) / width));
  for (let from = 0; from < across.values.length; from += together) {
    const columns = across.values.slice(from, from + together);
    lines.push(`${" ".repeat(side)} ${columns.map(centred).join("")}`);
    for (const row of down.values) lines.push(`${padLeft(row, side)} ${columns.map((column) => cell(at(row, column))).join("")}`);
  }
  return lines;
}
