import { formatCount, formatMs, formatShare } from "../../kernel/units.ts";
import { medianDiffers, p99Differs, queriesDiffer, throughputDiffers } from "../../telemetry/noise.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { at, first, last, ofLoads } from "./series.ts";

/** What changes along a field of which nothing more is known. */
interface Measure {
  readonly name: string;
  readonly of: (one: CaseResult) => number;
  readonly text: (value: number) => string;
  readonly differs: (a: CaseResult, b: CaseResult) => -1 | 0 | 1;
}

const undone = ({ ledger }: CaseResult) => (ledger.scheduled - ledger.processed) / Math.max(1, ledger.scheduled);

const MEASURES: readonly Measure[] = [
  { name: "throughput (per second)", of: ({ throughput }) => throughput, text: formatCount, differs: throughputDiffers },
  { name: "the median sojourn time", of: ({ latency }) => latency.sojourn.p50, text: formatMs, differs: medianDiffers },
  { name: "the p99 of the sojourn time", of: ({ latency }) => latency.sojourn.p99, text: formatMs, differs: p99Differs },
];

/** Of where queries were asked; only where it differs. */
const QUERIES: Measure = { name: "the p99 of queries", of: ({ queries }) => queries.latency.p99, text: formatMs, differs: queriesDiffer };

/** Only where it differs by more than one in a hundred, and a twentieth of it. */
const UNDONE: Measure = {
  name: "the share that was not done",
  of: undone,
  text: formatShare,
  differs: (a, b) =>
    Math.abs(undone(a) - undone(b)) <= Math.max(0.01, 0.05 * Math.max(undone(a), undone(b))) ? 0 : undone(b) > undone(a) ? 1 : -1,
};

/** Throughput, median and p99 (of queries and what was not done where it changes) from one end to the other, and where between them something lies beyond both, as far as they differ by more than noise. */
export function anyField(series: readonly CaseResult[], label: string, field: string): string | null {
  if (series.length < 2) return null;
  const changes = MEASURES.map((measure) => ({ measure, change: changeOf(measure, series, field) }));
  const asked = series.every(({ queries }) => queries.answered > 0);
  const more = [...(asked ? [QUERIES] : []), UNDONE].flatMap((measure) => {
    const change = changeOf(measure, series, field);
    return change === null ? [] : [`${measure.name} ${change}`];
  });
  const head = `${label}, ${field} from ${at(first(series), field)} to ${at(last(series), field)}${ofLoads(series, field)}: `;
  if (changes.every(({ change }) => change === null)) {
    const but = more.length === 0 ? "" : `, but ${more.join(", ")}`;
    return `${head}throughput (per second) does not change beyond noise, nor does the median or the p99 of the sojourn time${but}.`;
  }
  const told = changes.map(({ measure, change }) => `${measure.name} ${change ?? "does not change beyond noise"}`);
  return `${head}${[...told, ...more].join(", ")}.`;
}

/** From end to end, and the farthest point beyond both ends; null: all within noise. */
function changeOf({ of, text, differs }: Measure, series: readonly CaseResult[], field: string): string | null {
  const [a, b] = [first(series), last(series)];
  const goes = differs(a, b) === 0 ? [] : [`goes from ${text(of(a))} to ${text(of(b))}`];
  const [low, high] = of(a) < of(b) ? [a, b] : [b, a];
  const between = series.slice(1, -1);
  const above = between.filter((one) => differs(high, one) > 0).reduce<CaseResult | null>(farther(of, 1), null);
  const below = between.filter((one) => differs(low, one) < 0).reduce<CaseResult | null>(farther(of, -1), null);
  const is = (one: CaseResult | null, word: string) => (one === null ? [] : [`is ${word} at ${at(one, field)} (${text(of(one))})`]);
  const told = [...goes, ...is(above, "highest"), ...is(below, "lowest")];
  return told.length === 0 ? null : told.join(" and ");
}

function farther(of: Measure["of"], sign: 1 | -1): (a: CaseResult | null, b: CaseResult) => CaseResult {
  return (a, b) => (a === null || sign * of(b) > sign * of(a) ? b : a);
}
