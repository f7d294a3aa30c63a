import { formatCount, formatMs, formatShare } from "../../kernel/units.ts";
import { medianDiffers, queriesDiffer, tailsDiffer, throughputDiffers } from "../../telemetry/noise.ts";
import { percentileOf, tailOf } from "../../telemetry/percentiles.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { at, first, last, ofLoads } from "./series.ts";

/** A measure along a field without a special conclusion. */
interface Measure {
  readonly name: string;
  /** null: too few items bear it. */
  readonly of: (one: CaseResult) => number | null;
  readonly text: (value: number) => string;
  readonly differs: (a: CaseResult, b: CaseResult) => -1 | 0 | 1;
}

const undone = ({ ledger }: CaseResult) => (ledger.scheduled - ledger.processed) / Math.max(1, ledger.scheduled);

const MEASURES: readonly Measure[] = [
  { name: "throughput (per second)", of: ({ throughput }) => throughput, text: formatCount, differs: throughputDiffers },
  { name: "the median sojourn time", of: ({ latency }) => percentileOf(latency.sojourn, "p50"), text: formatMs, differs: medianDiffers },
];

/** Tail latency, by the highest percentile beyond the median that every point bears. */
function tailMeasures(series: readonly CaseResult[]): Measure[] {
  const tail = tailOf(series.map(({ latency }) => latency.sojourn));
  if (tail === null || tail === "p50") return [];
  const of: Measure["of"] = ({ latency }) => percentileOf(latency.sojourn, tail);
  return [{ name: `the ${tail} of the sojourn time`, of, text: formatMs, differs: tailsDiffer }];
}

/** The same for queries, where all points had enough of them; reported only where it differs. */
function queryMeasures(series: readonly CaseResult[]): Measure[] {
  const tail = tailOf(series.map(({ queries }) => queries.latency));
  if (tail === null) return [];
  const of: Measure["of"] = ({ queries }) => percentileOf(queries.latency, tail);
  return [{ name: `the ${tail} of queries`, of, text: formatMs, differs: queriesDiffer }];
}

/** Reported only where it differs by more than one percentage point, and by more than a twentieth. */
const UNDONE: Measure = {
  name: "the share that was not done",
  of: undone,
  text: formatShare,
  differs: (a, b) =>
    Math.abs(undone(a) - undone(b)) <= Math.max(0.01, 0.05 * Math.max(undone(a), undone(b))) ? 0 : undone(b) > undone(a) ? 1 : -1,
};

/**
 * Compares throughput, median and p99 (also of queries, and the share undone, where these change) between both ends, and names points
 * beyond both, as far as differences exceed noise.
 */
export function anyField(series: readonly CaseResult[], label: string, field: string): string | null {
  if (series.length < 2) return null;
  const borne = [...MEASURES, ...tailMeasures(series)].filter(({ of }) => series.every((one) => of(one) !== null));
  const changes = borne.map((measure) => ({ measure, change: changeOf(measure, series, field) }));
  const more = [...queryMeasures(series), UNDONE].flatMap((measure) => {
    const change = changeOf(measure, series, field);
    return change === null ? [] : [`${measure.name} ${change}`];
  });
  const head = `${label}, ${field} from ${at(first(series), field)} to ${at(last(series), field)}${ofLoads(series, field)}: `;
  if (changes.every(({ change }) => change === null)) {
    const but = more.length === 0 ? "" : `, but ${more.join(", ")}`;
    return `${head}${unchanged(borne)}${but}.`;
  }
  const told = changes.map(({ measure, change }) => `${measure.name} ${change ?? "does not change beyond noise"}`);
  return `${head}${[...told, ...more].join(", ")}.`;
}

/** States that none of the measures with enough items changes. */
function unchanged(borne: readonly Measure[]): string {
  const [, , tail] = borne;
  const name = "throughput (per second) does not change beyond noise";
  if (borne.length < 2) return `${name}; of the sojourn time too few items bear a median`;
  return `${name}, nor does the median${tail === undefined ? " of the sojourn time" : ` or ${tail.name}`}`;
}

/** The change from end to end, and the farthest point beyond both ends; null: all within noise. */
function changeOf({ of, text, differs }: Measure, series: readonly CaseResult[], field: string): string | null {
  const value = (one: CaseResult) => of(one) ?? Number.NaN;
  const [a, b] = [first(series), last(series)];
  const goes = differs(a, b) === 0 ? [] : [`goes from ${text(value(a))} to ${text(value(b))}`];
  const [low, high] = value(a) < value(b) ? [a, b] : [b, a];
  const between = series.slice(1, -1);
  const above = between.filter((one) => differs(high, one) > 0).reduce<CaseResult | null>(farther(value, 1), null);
  const below = between.filter((one) => differs(low, one) < 0).reduce<CaseResult | null>(farther(value, -1), null);
  const is = (one: CaseResult | null, word: string) => (one === null ? [] : [`is ${word} at ${at(one, field)} (${text(value(one))})`]);
  const told = [...goes, ...is(above, "highest"), ...is(below, "lowest")];
  return told.length === 0 ? null : told.join(" and ");
}

function farther(of: (one: CaseResult) => number, sign: 1 | -1): (a: CaseResult | null, b: CaseResult) => CaseResult {
  return (a, b) => (a === null || sign * of(b) > sign * of(a) ? b : a);
}
