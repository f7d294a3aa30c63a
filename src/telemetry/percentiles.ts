import { isBorne } from "../kernel/borne.ts";
import type { LatencySummary } from "../kernel/histogram.ts";
import { formatMs } from "../kernel/units.ts";

/** Percentiles as stored and shown: files hold null instead of a percentile that too few items bear, and texts say so. */

/** The percentiles of a summary and the share of items up to each. */
export const SHARES = { p50: 0.5, p75: 0.75, p90: 0.9, p95: 0.95, p99: 0.99, p99_9: 0.999 } as const;
export type Percentile = keyof typeof SHARES;
export const PERCENTILES = Object.keys(SHARES) as Percentile[];

/** A summary as stored: null for each percentile in `tooFew`. Files of earlier versions list none and have a number for all. */
export type KeptSummary = Omit<LatencySummary, Percentile> &
  Readonly<Record<Percentile, number | null>> & { readonly tooFew?: readonly Percentile[] };

/** A percentile of a summary; null: too few items bear it, even if a file has a number. */
export function percentileOf(summary: KeptSummary, percentile: Percentile): number | null {
  return isBorne(summary.count, SHARES[percentile]) ? summary[percentile] : null;
}

/** The percentiles that too few items bear, in their order. */
function tooFewOf({ count }: Pick<LatencySummary, "count">): Percentile[] {
  return PERCENTILES.filter((percentile) => !isBorne(count, SHARES[percentile]));
}

/** A summary as stored in files: without the percentiles that too few items bear. */
export function kept(summary: LatencySummary): KeptSummary {
  const tooFew = tooFewOf(summary);
  return tooFew.length === 0 ? summary : { ...withTooFew(summary), ...Object.fromEntries(tooFew.map((percentile) => [percentile, null])) };
}

/** A summary with all its numbers and a list of the percentiles that too few items bear. */
export function withTooFew(summary: LatencySummary): KeptSummary {
  const tooFew = tooFewOf(summary);
  return tooFew.length === 0 ? summary : { ...summary, tooFew };
}

export const TOO_FEW = "too few";

/** A time in words, or that too few items bear it. */
export function msOrTooFew(ms: number | null): string {
  return ms === null ? TOO_FEW : formatMs(ms);
}

/** A percentile in words. */
export function percentileText(summary: KeptSummary, percentile: Percentile): string {
  return msOrTooFew(percentileOf(summary, percentile));
}

/** The typical time, for a sentence: the median where it is borne, else the mean. */
export function typical(summary: KeptSummary): { readonly word: "median" | "mean"; readonly ms: number } {
  const median = percentileOf(summary, "p50");
  return median === null ? { word: "mean", ms: summary.mean } : { word: "median", ms: median };
}

/** The time of slow items, for a sentence: the 99th percentile where it is borne, else the longest. */
export function slowest(summary: KeptSummary): { readonly word: "p99" | "longest"; readonly ms: number } {
  const p99 = percentileOf(summary, "p99");
  return p99 === null ? { word: "longest", ms: summary.max } : { word: "p99", ms: p99 };
}

/** Highest first. */
const TAILS = ["p99", "p95", "p90", "p75", "p50"] as const;
export type Tail = (typeof TAILS)[number];

/** The highest percentile, up to p99, that all summaries bear, for comparing them. null: not even the median. */
export function tailOf(summaries: readonly KeptSummary[]): Tail | null {
  return TAILS.find((tail) => summaries.every((summary) => percentileOf(summary, tail) !== null)) ?? null;
}

/** That percentile with its name: `p90 12.0 ms`; without one, that too few items bear a p99. */
export function tailText(summary: KeptSummary, among: readonly KeptSummary[] = [summary]): string {
  const tail = tailOf(among) ?? "p99";
  return `${tail} ${percentileText(summary, tail)}`;
}
