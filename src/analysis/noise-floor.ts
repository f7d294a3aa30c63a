/** How much comparisons of a scenario with itself differ: what is smaller is noise. */

/** Comparisons of A with A below which their spread is not known. */
export const LEAST_COMPARISONS = 8;

/**
 * The change, as a share, above which one is rare among comparisons of A with A: the third quartile and three times the interquartile range
 * of the sizes of theirs (an extreme outlier by J. W. Tukey, Exploratory Data Analysis, 1977). `changes`: logarithms of the estimated ratios.
 * null: too few of them.
 */
export function noiseFloor(changes: readonly number[]): number | null {
  if (changes.length < LEAST_COMPARISONS) return null;
  const sizes = changes.map(Math.abs).sort((a, b) => a - b);
  const [first, third] = [quantile(sizes, 0.25), quantile(sizes, 0.75)];
  return Math.expm1(third + 3 * (third - first));
}

/** By interpolation between the two nearest (R. J. Hyndman, Y. Fan, Sample quantiles in statistical packages, 1996, definition 7). */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  return below + (place % 1) * ((sorted[Math.ceil(place)] ?? below) - below);
}
