/** Quantile of Student's t: the multiple of its standard error within which an estimate lies with probability `level`. */
export function studentBound(level: number, freedom: number): number {
  if (freedom <= 0) return Number.POSITIVE_INFINITY;
  let low = 0;
  let high = 1;
  while (within(high, freedom) < level) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (within(middle, freedom) < level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|T| > t) for integer degrees of freedom, to an absolute 1e-15: the p-value of a two-sided t-test. */
export function studentTail(t: number, freedom: number): number {
  return Math.max(0, 1 - within(t, freedom));
}

/** P(|T| ≤ t) for integer degrees of freedom: M. Abramowitz, I. A. Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4. */
function within(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const cosine = Math.cos(angle);
  const odd = freedom % 2 === 1;
  let term = odd ? cosine : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k < freedom; k += 2) {
    term *= (cosine * cosine * (k - 1)) / k;
    sum += term;
  }
  const series = Math.sin(angle) * sum;
  return odd ? (2 / Math.PI) * (angle + series) : series;
}
