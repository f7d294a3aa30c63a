import { type KeptSummary, PERCENTILES, type Percentile, percentileOf, SHARES, tailOf } from "./percentiles.ts";
import type { CaseResult } from "./result.ts";
import type { Sample } from "./sample.ts";
import { withoutStub } from "./series.ts";

/**
 * How far a figure of one run may be from that of another run of the same. Differences within it say nothing of what was changed
 * between two cases.
 */

/** However long a run is, machines differ from one run to the next: the least margin, as a share of the figure. */
export const LEAST_MARGIN = 0.05;
/** Of a normal distribution, two-sided 95 %. */
const Z = 1.96;
/** Series are cut into as many batches (A. M. Law, Simulation Modeling and Analysis, 2015, section 9.5.3). */
const BATCHES = 10;

/** Half the width of the interval of the throughput as a share of it, from the means of batches of samples. */
export function throughputMargin({ series }: Pick<CaseResult, "series">): number {
  const rates = withoutStub(series).flatMap(({ processed }) => (processed > 0 ? [processed] : []));
  return marginOf(rates) ?? LEAST_MARGIN;
}

/** Half the width of the interval of the mean of values that follow one another, as a share of it; null: they are too few. */
function marginOf(values: readonly number[]): number | null {
  const each = Math.floor(values.length / BATCHES);
  // Of a few samples the mean of a batch is no mean.
  if (each < 2) return null;
  const means = Array.from({ length: BATCHES }, (_, i) => mean(values.slice(i * each, (i + 1) * each)));
  const all = mean(means);
  if (all <= 0) return null;
  // Half the mean square of what neighbours differ by is the variance, of a line that grows all along too (J. von Neumann, 1941).
  const steps = means.slice(1).map((value, i) => (value - (means[i] ?? value)) ** 2);
  const variance = mean(steps) / 2;
  return Math.max(LEAST_MARGIN, (Z * Math.sqrt(variance / BATCHES)) / all);
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** A figure, and where that of another run of the same may lie. */
interface Estimate extends Range {
  readonly value: number;
}

/** Where the 99th percentile may lie; null: too few items bear it. */
export function p99Range(latency: KeptSummary): Range | null {
  return quantileEstimate(latency, "p99", latency.count / ALIKE);
}

/** By the highest percentile that both bear. */
function tailsApart(a: KeptSummary, b: KeptSummary): -1 | 0 | 1 | null {
  const tail = tailOf([a, b]);
  if (tail === null) return null;
  const [one, other] = [a, b].map((latency) => quantileEstimate(latency, tail, latency.count / ALIKE));
  return apart(one ?? null, other ?? null);
}

/** In a line neighbours wait together: about so many of them say what one says. */
const ALIKE = 4;

/**
 * Where a quantile may lie: of n values its rank is that of np ± 1.96·√(np(1 − p)) (W. J. Conover, Practical Nonparametric
 * Statistics, 1999, section 3.2), and never nearer than the least margin.
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

/** Where the median may lie. How much neighbours are alike is seen in the means of batches of samples, where there are enough. */
function medianEstimate({ latency: { sojourn }, series }: CaseResult): Estimate | null {
  const margin = marginOf(withoutStub(series).flatMap(({ p50 }) => (p50 === null ? [] : [p50])));
  const count = sojourn.count / (margin === null ? ALIKE : 1);
  const estimate = quantileEstimate(sojourn, "p50", count, margin ?? LEAST_MARGIN);
  if (estimate === null) return null;
  const { value, low, high } = estimate;
  return { value, low: low - WAKING_MS, high: high + WAKING_MS };
}

/** Waking up is not always as quick: so many milliseconds make no difference of a median. */
const WAKING_MS = 0.02;

/** Between the percentiles of a summary that are borne, in proportion to the rank. */
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

/** The second is greater, or less, than the first by more than noise; 0: nobody can tell. */
export function throughputDiffers(a: CaseResult, b: CaseResult): -1 | 0 | 1 {
  const margin = Math.hypot(throughputMargin(a), throughputMargin(b)) / Math.SQRT2;
  const difference = b.throughput - a.throughput;
  return Math.abs(difference) <= margin * Math.max(a.throughput, b.throughput) ? 0 : difference > 0 ? 1 : -1;
}

/** Of how long the slow ones take; where too few items of either bear a median, nobody can tell. */
export function tailsDiffer(a: CaseResult, b: CaseResult): -1 | 0 | 1 {
  const times = [a.latency.sojourn, b.latency.sojourn] as const;
  const all = tailsApart(...times) ?? 0;
  return all === 0 && tailOf(times) === "p99" ? samplesApart(a.series, b.series) : all;
}

export function medianDiffers(a: CaseResult, b: CaseResult): -1 | 0 | 1 {
  return apart(medianEstimate(a), medianEstimate(b));
}

/** Of how long the slow queries wait; where one was asked none, nobody can tell. */
export function queriesDiffer(a: CaseResult, b: CaseResult): -1 | 0 | 1 {
  if (a.queries.answered === 0 || b.queries.answered === 0) return 0;
  return tailsApart(a.queries.latency, b.queries.latency) ?? 0;
}

/** Two independent estimates are further apart than both their errors together; of one that too few bear nobody can tell. */
function apart(a: Estimate | null, b: Estimate | null): -1 | 0 | 1 {
  if (a === null || b === null) return 0;
  const error = a.value < b.value ? Math.hypot(a.high - a.value, b.value - b.low) : Math.hypot(a.value - a.low, b.high - b.value);
  return Math.abs(a.value - b.value) <= error ? 0 : b.value > a.value ? 1 : -1;
}

/** Fewer samples may lie apart by chance. */
const FEWEST = 4;

/** In a long line a p99 is uncertain; but where each interval of one run has slower ones than each of the other, that is no chance. */
function samplesApart(a: readonly Sample[], b: readonly Sample[]): -1 | 0 | 1 {
  const [first, second] = [a, b].map((series) => series.flatMap(({ p99 }) => (p99 === null ? [] : [p99])).sort((x, y) => x - y));
  if (first === undefined || second === undefined || Math.min(first.length, second.length) < FEWEST) return 0;
  // All but a tenth at the side where they meet.
  const low = (values: readonly number[]) => values[Math.floor(values.length / 10)] ?? 0;
  const high = (values: readonly number[]) => values[values.length - 1 - Math.floor(values.length / 10)] ?? 0;
  if (low(second) > (1 + LEAST_MARGIN) * high(first)) return 1;
  return low(first) > (1 + LEAST_MARGIN) * high(second) ? -1 : 0;
}

/** Offered loads differ by more than rounding. On one tape they are one load, in a closed loop too, where who is answered sooner asks more. */
export function loadsDiffer(cases: readonly Pick<CaseResult, "offeredRate" | "tape">[]): boolean {
  const [first] = cases;
  if (first !== undefined && first.tape.hash !== null && cases.every(({ tape }) => tape.hash === first.tape.hash)) return false;
  const rates = cases.flatMap(({ offeredRate }) => (offeredRate === null ? [] : [offeredRate]));
  return rates.length > 1 && Math.max(...rates) > (1 + LEAST_MARGIN) * Math.min(...rates);
}

/** 0 of none. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
