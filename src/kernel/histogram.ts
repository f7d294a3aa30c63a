import { BUCKETS, bucketOf, middleOf, rank } from "./buckets.ts";
import type { Nanoseconds } from "./clock.ts";

/**
 * A high-dynamic-range histogram (G. Tene): buckets of equal width up to 2048 ns, then 1024 per power of two, so a
 * value is held to within 0.1 % (three significant digits) at any magnitude, in fixed memory. Mean and standard
 * deviation come from exact sums, not from the buckets. It lives in shared memory, so another thread may read it.
 */

const COUNT = 0;
const ORIGIN = 1;
const SUM = 2;
const SQUARES = 3;
const MIN = 4;
const MAX = 5;
/** Largest amount by which a value lay below 0. */
const BELOW = 6;
const STATS = 7;

/** Bytes of shared memory one histogram takes. */
export const HISTOGRAM_BYTES = STATS * 8 + BUCKETS * 4;

/** Latency figures of the result file, in milliseconds. */
export interface LatencySummary {
  readonly count: number;
  readonly mean: number;
  readonly stddev: number;
  readonly min: number;
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p99_9: number;
  readonly max: number;
}

export class Histogram {
  private readonly stats: Float64Array;
  private readonly buckets: Uint32Array;

  /** Uses the memory as it is: zeroed memory is an empty histogram. */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(HISTOGRAM_BYTES), offset = 0) {
    this.stats = new Float64Array(memory, offset, STATS);
    this.buckets = new Uint32Array(memory, offset + STATS * 8, BUCKETS);
  }

  /** Counts a value; a negative one (clocks of two threads may disagree by a tick) counts as 0. */
  record(value: Nanoseconds): void {
    this.recordMany(value, 1);
  }

  /** Counts a value `times` times. */
  recordMany(value: Nanoseconds, times: number): void {
    const v = value < 0 ? this.negative(value) : value;
    const stats = this.stats;
    const at = bucketOf(v);
    this.buckets[at] = (this.buckets[at] as number) + times;
    if (stats[COUNT] === 0) {
      stats[ORIGIN] = v;
      stats[MIN] = v;
      stats[MAX] = v;
    } else if (v < (stats[MIN] as number)) {
      stats[MIN] = v;
    } else if (v > (stats[MAX] as number)) {
      stats[MAX] = v;
    }
    stats[COUNT] = (stats[COUNT] as number) + times;
    const d = v - (stats[ORIGIN] as number);
    stats[SUM] = (stats[SUM] as number) + d * times;
    stats[SQUARES] = (stats[SQUARES] as number) + d * d * times;
  }

  /** Counts `times` evenly rising values: first, first + step, … */
  recordRamp(first: Nanoseconds, step: Nanoseconds, times: number): void {
    if (times === 1 || first < 0) {
      for (let i = 0; i < times; i++) this.recordMany(first + i * step, 1);
      return;
    }
    const { stats, buckets } = this;
    const last = first + step * (times - 1);
    const from = bucketOf(first);
    if (from === bucketOf(last)) {
      buckets[from] = (buckets[from] as number) + times;
    } else {
      for (let i = 0; i < times; i++) {
        const at = bucketOf(first + i * step);
        buckets[at] = (buckets[at] as number) + 1;
      }
    }
    if (stats[COUNT] === 0) {
      stats[ORIGIN] = first;
      stats[MIN] = first;
      stats[MAX] = last;
    } else {
      if (first < (stats[MIN] as number)) stats[MIN] = first;
      if (last > (stats[MAX] as number)) stats[MAX] = last;
    }
    stats[COUNT] = (stats[COUNT] as number) + times;
    // Σ (d + ks) and Σ (d + ks)² for k = 0 … times − 1.
    const d = first - (stats[ORIGIN] as number);
    const s1 = (times * (times - 1)) / 2;
    const s2 = (s1 * (2 * times - 1)) / 3;
    stats[SUM] = (stats[SUM] as number) + d * times + step * s1;
    stats[SQUARES] = (stats[SQUARES] as number) + d * d * times + 2 * d * step * s1 + step * step * s2;
  }

  /** Counts a negative value as 0, and remembers how far below it was. */
  private negative(value: Nanoseconds): number {
    if (-value > (this.stats[BELOW] as number)) this.stats[BELOW] = -value;
    return 0;
  }

  get count(): number {
    return this.stats[COUNT] ?? 0;
  }

  /** Exact sum of all values. */
  get sum(): Nanoseconds {
    return (this.stats[ORIGIN] ?? 0) * this.count + (this.stats[SUM] ?? 0);
  }

  /** How far the lowest value lay below 0, counted as 0; 0: none did. */
  get below(): Nanoseconds {
    return this.stats[BELOW] ?? 0;
  }

  /** Number of values in buckets before that of `value`, and up to and including it. */
  ranksAt(value: Nanoseconds): { readonly before: number; readonly through: number } {
    const at = bucketOf(value);
    if (at > bucketOf(this.max)) return { before: this.count, through: this.count };
    let before = 0;
    for (let i = bucketOf(this.min); i < at; i++) before += this.buckets[i] as number;
    return { before, through: before + (this.buckets[at] as number) };
  }

  /** Number and sum of the values from the buckets; the last bucket counts as the largest value. */
  inBuckets(): { readonly count: number; readonly sum: Nanoseconds } {
    let count = 0;
    let sum = 0;
    for (let i = 0; i < BUCKETS - 1; i++) {
      const times = this.buckets[i] as number;
      if (times === 0) continue;
      count += times;
      sum += times * middleOf(i);
    }
    const last = this.buckets[BUCKETS - 1] as number;
    return { count: count + last, sum: sum + last * this.max };
  }

  get mean(): Nanoseconds {
    return this.count === 0 ? 0 : (this.stats[ORIGIN] ?? 0) + (this.stats[SUM] ?? 0) / this.count;
  }

  get min(): Nanoseconds {
    return this.stats[MIN] ?? 0;
  }

  get max(): Nanoseconds {
    return this.stats[MAX] ?? 0;
  }

  /** Sum of squared deviations from the mean. */
  private get deviations(): number {
    if (this.count === 0) return 0;
    return Math.max(0, (this.stats[SQUARES] ?? 0) - (this.stats[SUM] ?? 0) ** 2 / this.count);
  }

  /** Sample standard deviation. */
  get stddev(): Nanoseconds {
    return this.count < 2 ? 0 : Math.sqrt(this.deviations / (this.count - 1));
  }

  /** The smallest value that at least this share (0…1) of all values does not exceed; the middle of its bucket. */
  percentile(share: number): Nanoseconds {
    return percentileOf(this.count, share, (i) => this.buckets[i] ?? 0, this.min, this.max, bucketOf(this.min));
  }

  /** Adds all values of another histogram. */
  merge(other: Histogram): void {
    if (other.count === 0) return;
    const to = bucketOf(other.max);
    for (let i = bucketOf(other.min); i <= to; i++) this.buckets[i] = (this.buckets[i] ?? 0) + (other.buckets[i] ?? 0);
    this.stats[BELOW] = Math.max(this.below, other.below);
    const count = this.count + other.count;
    const empty = this.count === 0;
    const delta = other.mean - this.mean;
    const mean = empty ? other.mean : this.mean + (delta * other.count) / count;
    const deviations = empty ? other.deviations : this.deviations + other.deviations + (delta * delta * this.count * other.count) / count;
    this.stats[MIN] = empty ? other.min : Math.min(this.min, other.min);
    this.stats[MAX] = empty ? other.max : Math.max(this.max, other.max);
    this.stats[COUNT] = count;
    this.stats[ORIGIN] = mean;
    this.stats[SUM] = 0;
    this.stats[SQUARES] = deviations;
  }

  /**
   * A histogram of the values that are not in `other`, which must be a subset: number, mean and deviation are exact, minimum and maximum to
   * the width of a bucket where `other` had them.
   */
  without(other: Histogram): Histogram {
    const rest = new Histogram();
    rest.merge(this);
    if (other.count === 0) return rest;
    const count = this.count - other.count;
    if (count <= 0) return new Histogram();
    for (let i = 0; i < BUCKETS; i++) rest.buckets[i] = (this.buckets[i] as number) - (other.buckets[i] as number);
    const mean = (this.sum - other.sum) / count;
    const delta = other.mean - mean;
    rest.stats[COUNT] = count;
    rest.stats[ORIGIN] = mean;
    rest.stats[SUM] = 0;
    rest.stats[SQUARES] = Math.max(0, this.deviations - other.deviations - (delta * delta * count * other.count) / this.count);
    const first = rest.buckets.findIndex((times) => times > 0);
    const last = rest.buckets.findLastIndex((times) => times > 0);
    rest.stats[MIN] = bucketOf(this.min) === first ? this.min : middleOf(first);
    rest.stats[MAX] = bucketOf(this.max) === last ? this.max : middleOf(last);
    return rest;
  }

  clear(): void {
    this.stats.fill(0);
    this.buckets.fill(0);
  }

  /** Figures in milliseconds. */
  summary(): LatencySummary {
    const ms = (nanoseconds: number) => nanoseconds / 1e6;
    return {
      count: this.count,
      mean: ms(this.mean),
      stddev: ms(this.stddev),
      min: ms(this.min),
      p50: ms(this.percentile(0.5)),
      p75: ms(this.percentile(0.75)),
      p90: ms(this.percentile(0.9)),
      p95: ms(this.percentile(0.95)),
      p99: ms(this.percentile(0.99)),
      p99_9: ms(this.percentile(0.999)),
      max: ms(this.max),
    };
  }

  /** The counts as they are now, for a later `Interval`. */
  get counts(): Uint32Array {
    return this.buckets;
  }
}

/** `from`: no value lies in a bucket before it. */
function percentileOf(count: number, share: number, read: (bucket: number) => number, min: number, max: number, from = 0): number {
  if (count === 0) return 0;
  let left = rank(share, count);
  if (left >= count && max !== Number.POSITIVE_INFINITY) return max;
  for (let i = from; i < BUCKETS; i++) {
    left -= read(i);
    if (left <= 0) return Math.min(max, Math.max(min, middleOf(i)));
  }
  return max;
}
