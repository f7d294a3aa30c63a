import type { LatencySummary } from "../kernel/histogram.ts";
import type { CaseResult } from "./result.ts";
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
  const rates = withoutStub(series)
    .filter(({ processed }) => processed > 0)
    .map(({ processed }) => processed);
  const each = Math.floor(rates.length / BATCHES);
  // Of a few samples the mean of a batch is no mean.
  if (each < 2) return LEAST_MARGIN;
  const means = Array.from({ length: BATCHES }, (_, i) => mean(rates.slice(i * each, (i + 1) * each)));
  const all = mean(means);
  const variance = means.reduce((sum, value) => sum + (value - all) ** 2, 0) / (BATCHES - 1);
  return Math.max(LEAST_MARGIN, (Z * Math.sqrt(variance / BATCHES)) / all);
}

export interface Range {
  readonly low: number;
  readonly high: number;
}

/**
 * Where the 99th percentile may lie: of n values its rank is that of np ± 1.96·√(np(1 − p)) (W. J. Conover, Practical Nonparametric
 * Statistics, 1999, section 3.2), and never nearer than the least margin. Values one after another are alike: fewer than they are.
 */
export function p99Range(latency: LatencySummary): Range {
  const n = Math.max(1, latency.count / ALIKE);
  const half = Z * Math.sqrt((0.99 * 0.01) / n);
  const low = Math.min(quantile(latency, 0.99 - half), latency.p99 * (1 - LEAST_MARGIN));
  const high = Math.max(quantile(latency, Math.min(1, 0.99 + half)), latency.p99 * (1 + LEAST_MARGIN));
  return { low, high };
}

/** In a line neighbours wait together: about so many of them say what one says. */
const ALIKE = 4;

/** Between the percentiles that a summary has, in proportion to the rank. */
function quantile({ min, p50, p75, p90, p95, p99, p99_9, max }: LatencySummary, share: number): number {
  const known = [
    [0, min],
    [0.5, p50],
    [0.75, p75],
    [0.9, p90],
    [0.95, p95],
    [0.99, p99],
    [0.999, p99_9],
    [1, max],
  ] as const;
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

export function p99Differs(a: CaseResult, b: CaseResult): -1 | 0 | 1 {
  const [first, second] = [p99Range(a.latency.sojourn), p99Range(b.latency.sojourn)];
  return second.low > first.high ? 1 : second.high < first.low ? -1 : 0;
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
