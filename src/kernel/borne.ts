/**
 * Whether a percentile is a figure or only the few slowest items that a run happened to have: decided here alone, by the number of items
 * beyond it.
 */

/** Items beyond a percentile from which it is borne: their share has a standard error of 13 %, and no single one is the figure. */
export const FEWEST_BEYOND = 60;

/** Items beyond a percentile, out of `count`. */
export function beyond(count: number, share: number): number {
  // 6000 × (1 − 0.99) is a little less than 60 in binary.
  return Math.round((count - count * share) * 1e6) / 1e6;
}

/** True when enough items lie beyond the percentile. */
export function isBorne(count: number, share: number): boolean {
  return beyond(count, share) >= FEWEST_BEYOND;
}
