import { BUCKETS, bucketOf, middleOf, rank } from "./buckets.ts";
import type { Nanoseconds } from "./clock.ts";
import type { Histogram } from "./histogram.ts";

/** Percentiles of the values recorded in one or more histograms since the last call: one interval of a series. */
export class HistogramInterval {
  /** Counts at the last call, summed over all sources; they may wrap around. */
  private readonly seen = new Uint32Array(BUCKETS);
  private readonly sum: Uint32Array | null;
  private counted = 0;

  constructor(private readonly sources: readonly Histogram[]) {
    this.sum = sources.length > 1 ? new Uint32Array(BUCKETS) : null;
  }

  /** p50 and p99 of the values since the last call, in nanoseconds; 0 when there were none. */
  next(): { readonly count: number; readonly p50: Nanoseconds; readonly p99: Nanoseconds } {
    let from = BUCKETS;
    let to = -1;
    let total = 0;
    for (const source of this.sources) {
      if (source.count === 0) continue;
      total += source.count;
      from = Math.min(from, bucketOf(source.min));
      to = Math.max(to, bucketOf(source.max));
    }
    const more = total - this.counted;
    if (more <= 0) return { count: 0, p50: 0, p99: 0 };
    const counts = this.together(from, to);
    const { count, p50, p99 } = scan(counts, this.seen, from, to, rank(0.5, more), rank(0.99, more));
    this.counted += count;
    return count === 0 ? { count, p50: 0, p99: 0 } : { count, p50: middleOf(p50), p99: middleOf(p99) };
  }

  private together(from: number, to: number): Uint32Array {
    if (this.sum === null) return this.sources[0]?.counts ?? this.seen;
    this.sum.fill(0, from, to + 1);
    for (const { counts } of this.sources) addRange(this.sum, counts, from, to);
    return this.sum;
  }
}

/** Plain loops over arrays: they run over thousands of buckets on a thread that is being measured. */
function addRange(sum: Uint32Array, counts: Uint32Array, from: number, to: number): void {
  for (let i = from; i <= to; i++) sum[i] = (sum[i] as number) + (counts[i] as number);
}

/** Finds the buckets of two ranks among the new values, and marks those as seen. */
function scan(counts: Uint32Array, seen: Uint32Array, from: number, to: number, lower: number, upper: number) {
  let count = 0;
  let p50 = -1;
  let p99 = -1;
  let last = from;
  for (let i = from; i <= to; i++) {
    const now = counts[i] as number;
    const before = seen[i] as number;
    if (now === before) continue;
    seen[i] = now;
    count += (now - before) >>> 0;
    last = i;
    if (p50 < 0 && count >= lower) p50 = i;
    if (p99 < 0 && count >= upper) p99 = i;
  }
  // Another thread may have counted a value that is not in its bucket yet.
  return { count, p50: p50 < 0 ? last : p50, p99: p99 < 0 ? last : p99 };
}
