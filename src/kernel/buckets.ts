/** Buckets of a histogram: of equal width up to 2048, then 1024 for each power of two. */

const SUB_BITS = 11;
const HALF = 1 << (SUB_BITS - 1);
/** Values from here on (19.5 h) are counted in the last bucket; `max` stays exact. */
const TOP_BITS = 46;
/** Number of buckets. */
export const BUCKETS = (1 << SUB_BITS) + (TOP_BITS - SUB_BITS) * HALF;

/** The bucket that a value of 0 or more falls into. */
export function bucketOf(value: number): number {
  if (value < 2147483648) {
    const v = value | 0;
    const shift = 32 - SUB_BITS - Math.clz32(v | ((1 << SUB_BITS) - 1));
    return (shift << (SUB_BITS - 1)) + (v >>> shift);
  }
  const high = Math.floor(value / 1048576);
  if (high >= 2 ** (TOP_BITS - 20)) return BUCKETS - 1;
  const shift = 32 - SUB_BITS - Math.clz32(high);
  return ((shift + 20) << (SUB_BITS - 1)) + (high >>> shift);
}

/** The middle of a bucket. */
export function middleOf(bucket: number): number {
  if (bucket < 1 << SUB_BITS) return bucket;
  const shift = (bucket >>> (SUB_BITS - 1)) - 1;
  const width = 2 ** shift;
  return (bucket - shift * HALF) * width + (width - 1) / 2;
}

/** Rank (from 1) of a percentile among `count` ordered values. */
export function rank(share: number, count: number): number {
  return Math.max(1, Math.ceil(share * count - 1e-9));
}
