/** Judges the interval of a ratio, B ÷ A, against a margin: changes within 1 ± margin are of no interest. */

/** A range of ratios; 1: no change. */
interface RatioRange {
  readonly low: number;
  readonly high: number;
}

export type ChangeVerdict = "better" | "worse" | "same" | "cannot tell";

/** `better`: the side on which the figure is better. An interval that is wholly beyond or within the margin tells; null: there is none. */
export function changeVerdict(interval: RatioRange | null, margin: number, better: "less" | "more"): ChangeVerdict {
  if (interval === null) return "cannot tell";
  if (interval.low > 1 + margin) return better === "more" ? "better" : "worse";
  if (interval.high < 1 - margin) return better === "less" ? "better" : "worse";
  return interval.low >= 1 - margin && interval.high <= 1 + margin ? "same" : "cannot tell";
}

/** Half the width of an interval: the smallest change, as a share, that its comparison could have found. */
export function smallestDetectable({ low, high }: RatioRange): number {
  return (high - low) / 2;
}

/**
 * About how many rounds in all the interval needs to tell, given that its width falls with the square root of their number: until half of it
 * is within the margin, or, where it is already, within the distance of the ratio from the margin's edge. null: no number would do.
 */
export function roundsNeeded(interval: RatioRange, ratio: number, rounds: number, margin: number): number | null {
  const half = smallestDetectable(interval);
  const edge = Math.abs(Math.abs(ratio - 1) - margin);
  const wanted = margin > 0 && half > margin ? margin : edge;
  const needed = Math.ceil(rounds * (half / wanted) ** 2 - 1e-9);
  return Number.isFinite(needed) ? Math.max(rounds + 1, needed) : null;
}
