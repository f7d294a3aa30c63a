import { median } from "../kernel/median.ts";
import { studentBound } from "../kernel/student.ts";
import { droppedTotal } from "./ledger.ts";
import type { CaseResult } from "./result.ts";
import type { Sample } from "./sample.ts";

/**
 * True when as many items were settled as came, failed and rejected ones included. The last item is done after its turn in its batch and
 * its own service: both are part of the time that the throughput is measured over, and no sign of a queue.
 */
export function keepsPace({
  throughput,
  offeredRate,
  durationMs,
  latency: { service, batch },
  ledger: { processed, failed, rejected },
  series = [],
}: Pick<CaseResult, "throughput" | "offeredRate" | "durationMs" | "latency" | "ledger"> & {
  readonly series?: readonly Sample[];
}): boolean {
  // Of several at work, the one that ends last is a slow one.
  const several = (throughput * service.mean) / 1000 >= 2;
  const arriving = Math.max(
    1,
    durationMs - (batch.p50 ?? batch.mean) - (several ? Math.max(service.mean, service.p99 ?? service.max) : service.mean),
  );
  const settled = processed > 0 ? (throughput * (processed + failed + rejected)) / processed : ((failed + rejected) * 1000) / durationMs;
  const came = offeredRate === null ? 0 : offeredRate * untilNextBurst(series);
  return (settled * durationMs) / arriving >= 0.95 * came;
}

/**
 * Time from the first of several bursts to the end, as a share of the whole to when the next would come: a rate over it ignores that
 * nothing follows the last burst. 1 without bursts.
 */
function untilNextBurst(series: readonly Sample[]): number {
  const count = isEven(series) ? 0 : bursts(series);
  return count < 2 ? 1 : (count - 1) / count;
}

/** Number of bursts: arrivals after a time without any. */
function bursts(series: readonly Sample[]): number {
  return series.filter(({ offered }, i) => offered > 0 && (series[i - 1]?.offered ?? 0) === 0).length;
}

/** Growth of the sojourn time, in milliseconds per second, from which it counts; higher for bursts, since each has a queue. */
const GROWING = { even: 10, bursts: 50 };

/**
 * True when all that came was done, as fast as it came, and the queue did not keep growing. An item's own time, reading and batch fill
 * included, is no queue, and neither is the time in which a burst is worked off.
 */
export function keepsUp(one: CaseResult): boolean {
  const { ledger, queue, durationMs, series, offeredRate } = one;
  if (droppedTotal(ledger) > 0 || ledger.unfinished > 0) return false;
  const grown = (queue.growthPerSecond * durationMs) / 1000;
  if (grown > FEW + 0.02 * ledger.scheduled) return false;
  // Arrivals that are all due at once have no rate, and later ones wait longer though nothing is added.
  if (offeredRate === null) return true;
  const grows = (perSecond: number) => isLine(one, perSecond) && !isForeseen(one);
  if (isEven(series)) return keepsPace(one) && !grows(GROWING.even);
  return (bursts(series) < 2 || keepsPace(one)) && !grows(GROWING.bursts) && (lineGrowth(series) !== null || keepsPace(one));
}

/** Items in the queue that count as none. */
const FEW = 3;

/** Growth of the queue over a third of the run, as a share of all items, that counts: an overload of 1 % gives 0.0033. */
const SLOWLY = 0.002;

/** True when the sojourn time grows, by more than chance and by more than a few queued items explain (Little's law). */
function isLine({ series, ledger }: CaseResult, perSecond: number): boolean {
  const grown = growthOf(series, true);
  if (grown === null || (1000 * grown.ms) / grown.span <= perSecond) return false;
  const done = series.reduce((sum, { processed }) => sum + processed, 0) / series.length;
  return (grown.ms * done) / 1000 > FEW + SLOWLY * ledger.scheduled;
}

/** Utilization up to which a line that grows for a while does not do so in the long run, and how near to the simulation that is seen. */
const SPARE = { utilization: 0.96, sojourn: 1.25 };

/**
 * True where the simulation of the same arrivals, which leaves time to spare, has items wait as long: near the capacity a line of arrivals
 * or of service times that vary grows and shrinks again over seconds.
 */
function isForeseen({ predicted, latency, offeredRate, series }: CaseResult): boolean {
  const { utilization, throughput, sojournMean, bottleneck } = predicted;
  if (bottleneck !== "arrivals" || utilization === null || throughput === null || sojournMean === null) return false;
  const keeps = utilization <= SPARE.utilization && throughput >= 0.97 * (offeredRate ?? 0);
  const medians = series.flatMap(({ p50 }) => (p50 === null ? [] : [p50]));
  const halfTook = medians.reduce((sum, p50) => sum + p50, 0) / Math.max(1, medians.length);
  return keeps && Math.max(latency.sojourn.mean, halfTook) <= SPARE.sojourn * sojournMean;
}

/** False for bursts, whose queue grows and shrinks with them. */
function isEven(series: readonly Sample[]): boolean {
  const arriving = series.map(({ offered }) => offered);
  const mean = arriving.reduce((sum, rate) => sum + rate, 0) / Math.max(1, arriving.length);
  const variance = arriving.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / Math.max(1, arriving.length);
  return variance <= mean ** 2;
}

/**
 * Growth of the sojourn time in milliseconds per second, from the middle third of the samples to the last; in the first the queue may still
 * be settling. An overload of 1 % gives 10. null: too few samples. With many threads, one thread's queue shows only in the tail, which
 * varies more: less than 5 % of p50, or 25 % of p99, counts as none.
 */
export function lineGrowth(series: readonly Sample[]): number | null {
  const grown = growthOf(series, false);
  return grown === null ? null : (1000 * grown.ms) / grown.span;
}

/** Confidence from which a growth counts as more than chance. */
const SURE = 0.95;

/**
 * Difference of the sojourn time between the last third and the middle one in milliseconds, and their distance in time; `sure`: 0 where it
 * may be chance.
 */
function growthOf(series: readonly Sample[], sure: boolean): { readonly ms: number; readonly span: number } | null {
  const done = series.flatMap(({ t, p50, p99 }) => (p50 === null || p99 === null ? [] : [{ t, p50, p99 }]));
  const third = Math.floor(done.length / 3);
  if (third < 2) return null;
  const [middle, last] = [done.slice(-2 * third, -third), done.slice(-third)];
  const errors = sure ? studentBound(SURE, 2 * (third - 1)) : 0;
  const growth = (of: (sample: (typeof done)[number]) => number, usual: number) => {
    const [before, after] = [middle.map(of), last.map(of)];
    const chance = errors * Math.hypot(medianError(before), medianError(after));
    return median(after) - median(before) > chance ? median(after) - usual * median(before) : 0;
  };
  const ms = Math.max(
    0,
    growth(({ p50 }) => p50, 1.05),
    growth(({ p99 }) => p99, 1.25),
  );
  return { ms, span: median(last.map(({ t }) => t)) - median(middle.map(({ t }) => t)) };
}

/** Standard error of the median of values: 1.2533 σ/√n. */
function medianError(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return 1.2533 * Math.sqrt(variance / values.length);
}

/** Least rank correlation between sojourn time and time of completion that counts as a trend. */
const TREND = 0.8;
/** Least ratio of the rise to the item's own time. */
const LONGER = 3;

/**
 * True when the sojourn time rose steadily: the medians, or the 99th percentiles, of the samples are nearly in order (C. Spearman, 1904), and
 * rise by several times an item's own time, `own`, in milliseconds, from the first third of them to the last. One sample far from the others
 * changes neither. null: too few samples.
 */
export function growsAllAlong(series: readonly Sample[], own: { readonly p50: number; readonly p99: number }): boolean | null {
  const done = series.flatMap(({ t, p50, p99 }) => (p50 === null || p99 === null ? [] : [{ t, p50, p99 }]));
  if (done.length < FEWEST) return null;
  const rises = (of: "p50" | "p99") => risen(done.map((sample) => [sample.t, sample[of]])) >= LONGER * own[of];
  return rises("p50") || rises("p99");
}

const FEWEST = 6;

/** Rise from the first point to the last of a line through the medians of the first and the last third, where they rise in order; else 0. */
function risen(points: readonly (readonly [x: number, y: number])[]): number {
  const ranks = ranksOf(points.map(([, y]) => y));
  if (correlation(ranks) < TREND) return 0;
  const third = Math.floor(points.length / 3);
  const [early, late] = [points.slice(0, third), points.slice(-third)];
  const at = (part: typeof points, axis: 0 | 1) => median(part.map((point) => point[axis]));
  const span = (points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0);
  return (span * (at(late, 1) - at(early, 1))) / (at(late, 0) - at(early, 0));
}

/** Rank of each value, from 0; of equal ones their mean rank. */
function ranksOf(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const last = new Map(sorted.map((value, i) => [value, i]));
  const first = new Map(sorted.map((value, i) => [value, i] as const).reverse());
  return values.map((value) => ((first.get(value) ?? 0) + (last.get(value) ?? 0)) / 2);
}

/** Correlation of values with their position; 0 where they are all equal. */
function correlation(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const sum = (of: (value: number, at: number) => number) => values.reduce((all, value, i) => all + of(value - mean, i - middle), 0);
  const varies = sum((value) => value ** 2);
  return varies > 0 ? sum((value, at) => value * at) / Math.sqrt(varies * sum((_, at) => at ** 2)) : 0;
}
