import { type KeptSummary, PERCENTILES, type Percentile, percentileOf, SHARES, tailOf } from "./percentiles.ts";
import type { CaseResult } from "./result.ts";
import type { Sample } from "./sample.ts";
import { withoutStub } from "./series.ts";

/** How much a figure may differ between runs of the same case. Smaller differences between two cases say nothing about what was changed. */

/** Machines differ from one run to the next, however long a run is: the least margin, as a share of the figure. */
export const LEAST_MARGIN = 0.05;
/** Quantile of the normal distribution, two-sided 95 %. */
const Z = 1.96;
/** Number of batches that a series is cut into (A. M. Law, Simulation Modeling and Analysis, 2015, section 9.5.3). */
const BATCHES = 10;

/** Half the width of the throughput's confidence interval as a share of it, from the means of batches of samples. */
export function throughputMargin({ series }: Pick<CaseResult, "series">): number {
  const rates = withoutStub(series).flatMap(({ processed }) => (processed > 0 ? [processed] : []));
  return marginOf(rates) ?? LEAST_MARGIN;
}

/** Half the width of the confidence interval of the mean of consecutive values, as a share of it; null: too few values. */
function marginOf(values: readonly number[]): number | null {
  const each = Math.floor(values.length / BATCHES);
  // A batch of fewer than two samples has no mean.
  if (each < 2) return null;
  const means = Array.from({ length: BATCHES }, (_, i) => mean(values.slice(i * each, (i + 1) * each)));
  const all = mean(means);
  if (all <= 0) return null;
  // Half the mean square of successive differences is the variance, even of a rising line (J. von Neumann, 1941).
  const steps = means.slice(1).map((value, i) => (value - (means[i] ?? value)) ** 2);
  const variance = mean(steps) / 2;
  return Math.max(LEAST_MARGIN, (Z * Math.sqrt(variance / BATCHES)) / all);
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** A figure, and the range of the same figure in another run. */
interface Estimate extends Range {
  readonly value: number;
}

/** Range of the 99th percentile; null: too few items bear it. */
export function p99Range(latency: KeptSummary): Range | null {
  return quantileEstimate(latency, "p99", latency.count / ALIKE);
}

/** Compares by the highest percentile that both bear. */
function tailsApart(a: KeptSummary, b: KeptSummary): -1 | 0 | 1 | null {
  const tail = tailOf([a, b]);
  if (tail === null) return null;
  const [one, other] = [a, b].map((latency) => quantileEstimate(latency, tail, latency.count / ALIKE));
  return apart(one ?? null, other ?? null);
}

/** Neighbours in a queue wait together: about this many count as one observation. */
const ALIKE = 4;

/**
 * Range of a quantile: among n values its rank is np ± 1.96·√(np(1 − p)) (W. J. Conover, Practical Nonparametric Statistics, 1999, section
 * 3.2), and never narrower than the least margin.
 */
function quantileEstimate(latency: KeptSummary, percentile: Percentile, count: number, margin = LEAST_MARGIN): Estimate | null {
  const value = percentileOf(latency, percentile);
  if (value === null) return null;
  const share = SHARES[percentile];
  const half = Z * Math.sqrt((share * (1 - share)) / Math.max(1, count));
  const low = Math.min(quantile(latency, share - half), value * (1 - margin));
  const high = Math.max(quantile(latency, Math.min(1, share + half)), value * (1 + margin));
  return { value, low, high };
}

/** Range of the median. The correlation of neighbours is estimated from the means of batches of samples, where there are enough. */
function medianEstimate({ latency: { sojourn }, series }: CaseResult): Estimate | null {
  const margin = marginOf(withoutStub(series).flatMap(({ p50 }) => (p50 === null ? [] : [p50])));
  const count = sojourn.count / (margin === null ? ALIKE : 1);
  const estimate = quantileEstimate(sojourn, "p50", count, margin ?? LEAST_MARGIN);
  if (estimate === null) return null;
  const { value, low, high } = estimate;
  return { value, low: low - WAKING_MS, high: high + WAKING_MS };
}

/** Milliseconds by which wake-ups vary; a median's difference below it does not count. */
const WAKING_MS = 0.02;

/** A quantile interpolated between the percentiles of a summary that are borne, by rank. */
function quantile(latency: KeptSummary, share: number): number {
  const { min, max } = latency;
  const between = PERCENTILES.flatMap((percentile) => {
    const value = percentileOf(latency, percentile);
    return value === null ? [] : [[SHARES[percentile], value] as const];
  });
  const known = [[0, min], ...between, [1, max]] as const;
  const above = Math.max(
    1,
    known.findIndex(([at]) => at >= share),
  );
  const [from, low] = known[above - 1] ?? [0, min];
  const [to, high] = known[above] ?? [1, max];
  return low + ((high - low) * (Math.max(share, 0) - from)) / (to - from);
}

/** 1 or −1 when the second throughput is greater or less than the first by more than noise; 0: undecided. */
export function throughputDiffers(a: CaseResult, b: CaseResult): -1 | 0 | 1 {
  const margin = Math.hypot(throughputMargin(a), throughputMargin(b)) / Math.SQRT2;
  const difference = b.throughput - a.throughput;
  return Math.abs(difference) <= margin * Math.max(a.throughput, b.throughput) ? 0 : difference > 0 ? 1 : -1;
}

/** The same for tail latencies; 0 where too few items of either bear a median. */
export function tailsDiffer(a: CaseResult, b: CaseResult): -1 | 0 | 1 {
  const times = [a.latency.sojourn, b.latency.sojourn] as const;
  const all = tailsApart(...times) ?? 0;
  return all === 0 && tailOf(times) === "p99" ? samplesApart(a.series, b.series) : all;
}

export function medianDiffers(a: CaseResult, b: CaseResult): -1 | 0 | 1 {
  return apart(medianEstimate(a), medianEstimate(b));
}

/** The same for tail waits of queries; 0 where one case had none. */
export function queriesDiffer(a: CaseResult, b: CaseResult): -1 | 0 | 1 {
  if (a.queries.answered === 0 || b.queries.answered === 0) return 0;
  return tailsApart(a.queries.latency, b.queries.latency) ?? 0;
}

/** Whether two independent estimates differ by more than both errors together; 0 also where too few items bear one. */
function apart(a: Estimate | null, b: Estimate | null): -1 | 0 | 1 {
  if (a === null || b === null) return 0;
  const error = a.value < b.value ? Math.hypot(a.high - a.value, b.value - b.low) : Math.hypot(a.value - a.low, b.high - b.value);
  return Math.abs(a.value - b.value) <= error ? 0 : b.value > a.value ? 1 : -1;
}

/** Fewer samples may differ by chance. */
const FEWEST = 4;

/**
 * Compares the p99 of intervals: in a long queue a run's p99 is uncertain, but if each interval of one run is slower than each of the
 * other, that is not chance.
 */
function samplesApart(a: readonly Sample[], b: readonly Sample[]): -1 | 0 | 1 {
  const [first, second] = [a, b].map((series) => series.flatMap(({ p99 }) => (p99 === null ? [] : [p99])).sort((x, y) => x - y));
  if (first === undefined || second === undefined || Math.min(first.length, second.length) < FEWEST) return 0;
  // All but a tenth at the side where they meet.
  const low = (values: readonly number[]) => values[Math.floor(values.length / 10)] ?? 0;
  const high = (values: readonly number[]) => values[values.length - 1 - Math.floor(values.length / 10)] ?? 0;
  if (low(second) > (1 + LEAST_MARGIN) * high(first)) return 1;
  return low(first) > (1 + LEAST_MARGIN) * high(second) ? -1 : 0;
}

/**
 * True when offered loads differ by more than rounding. Cases of one tape have one load, in a closed loop too, where faster answers cause
 * more requests.
 */
export function loadsDiffer(cases: readonly Pick<CaseResult, "offeredRate" | "tape">[]): boolean {
  const [first] = cases;
  if (first !== undefined && first.tape.hash !== null && cases.every(({ tape }) => tape.hash === first.tape.hash)) return false;
  const rates = cases.flatMap(({ offeredRate }) => (offeredRate === null ? [] : [offeredRate]));
  return rates.length > 1 && Math.max(...rates) > (1 + LEAST_MARGIN) * Math.min(...rates);
}

/** Arithmetic mean; 0 for no values. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
