/**
 * Shifts estimated by ranks, with exact intervals: no shape of the distribution is assumed, and one odd round changes little (J. L. Hodges,
 * E. L. Lehmann, Estimates of location based on rank tests, 1963; M. Hollander, D. A. Wolfe, E. Chicken, Nonparametric Statistical Methods,
 * 2014, sections 3.2–3.3 and 4.2–4.3).
 */

/** The probability with which intervals cover what they estimate, and all verdicts on a case hold. */
export const LEVEL = 0.95;

/** An interval, and the probability with which it covers what it estimates: at least the one asked for, since ranks are whole numbers. */
export interface RankInterval {
  readonly low: number;
  readonly high: number;
  readonly level: number;
}

/** An estimate of a shift: statistics in ascending order whose median it is, and the distribution of how many lie below the true one. */
export class RankEstimate {
  private constructor(
    private readonly sorted: Float64Array,
    /** Probability that at most k of the statistics lie below the true shift. */
    private readonly below: Float64Array,
  ) {}

  /** The estimate from differences within pairs, or a single sample: averages of any two (Walsh averages), by Wilcoxon's statistic. */
  static ofPairs(differences: readonly number[]): RankEstimate {
    const averages = differences.flatMap((one, i) => differences.slice(i).map((other) => (one + other) / 2));
    return new RankEstimate(Float64Array.from(averages).sort(), signedRankDistribution(differences.length));
  }

  /** The estimate of `b` against `a`, two independent samples: all differences between them, by the Mann–Whitney statistic. */
  static ofSamples(a: readonly number[], b: readonly number[]): RankEstimate {
    const differences = b.flatMap((one) => a.map((other) => one - other));
    const sizes = `${a.length} ${b.length}`;
    const below = DISTRIBUTIONS.get(sizes) ?? mannWhitneyDistribution(a.length, b.length);
    DISTRIBUTIONS.set(sizes, below);
    return new RankEstimate(Float64Array.from(differences).sort(), below);
  }

  /** The Hodges–Lehmann estimate; NaN of no values. */
  get value(): number {
    const { sorted } = this;
    const upper = sorted[sorted.length >> 1] ?? Number.NaN;
    return sorted.length % 2 === 1 ? upper : ((sorted[(sorted.length >> 1) - 1] ?? Number.NaN) + upper) / 2;
  }

  /** The shortest interval of a level (0…1) or above; null: there are too few values for any. */
  interval(level: number): RankInterval | null {
    const tail = (1 - level) / 2 + ROUNDING;
    let cut = -1;
    while (cut + 1 < this.sorted.length / 2 && (this.below[cut + 1] ?? 1) <= tail) cut++;
    const [low, high] = [this.sorted[cut], this.sorted[this.sorted.length - 1 - cut]];
    return low === undefined || high === undefined ? null : { low, high, level: 1 - 2 * (this.below[cut] ?? 1) };
  }

  /** The two-sided p-value against the shift lying within [from, to]: an interval of level 1 − p or less lies wholly outside. */
  pOutside(from: number, to: number): number {
    const [above, under] = [this.sorted.filter((one) => one > to).length, this.sorted.filter((one) => one < from).length];
    const rest = this.sorted.length - Math.max(above, under);
    return Math.min(1, 2 * (this.below[rest] ?? 1));
  }
}

/** Mann–Whitney distributions by the sizes of the samples: every figure of a comparison has the same. */
const DISTRIBUTIONS = new Map<string, Float64Array>();

/** Rounding error allowed in sums of probabilities. */
const ROUNDING = 1e-12;

/** Rounds that a signed-rank interval of a level needs: the widest one covers 1 − 2/2ⁿ. */
export function leastPairs(level: number): number {
  return Math.ceil(1 - Math.log2(1 - level) - ROUNDING);
}

/** Rounds of each sample that a Mann–Whitney interval of a level needs: the widest one covers 1 − 2 ÷ (2n over n). */
export function leastSamples(level: number): number {
  let n = 1;
  for (let widest = 1; widest > 1 - level + ROUNDING; n++) widest *= (n + 1) / (2 * (2 * n + 1));
  return n;
}

/**
 * P(T ≤ t) of Wilcoxon's signed-rank statistic, t = 0 … n(n + 1)/2: each of the ranks 1 … n is in the sum or not. Probabilities instead of
 * counts: exact up to n = 52, and to 15 digits above.
 */
export function signedRankDistribution(n: number): Float64Array {
  const share = new Float64Array((n * (n + 1)) / 2 + 1);
  share[0] = 1;
  for (let rank = 1; rank <= n; rank++) {
    for (let sum = (rank * (rank + 1)) / 2; sum >= 0; sum--) {
      share[sum] = ((share[sum] ?? 0) + (sum >= rank ? (share[sum - rank] ?? 0) : 0)) / 2;
    }
  }
  return accumulated(share);
}

/**
 * P(U ≤ u) of the Mann–Whitney statistic, u = 0 … nm: the greatest of all values is of either sample with the probability of its size, and
 * exceeds all of the other (H. B. Mann, D. R. Whitney, 1947, equation 1).
 */
export function mannWhitneyDistribution(n: number, m: number): Float64Array {
  // Row i: the distributions of samples of i and of 0 … m values.
  let row = Array.from({ length: m + 1 }, () => Float64Array.of(1));
  for (let i = 1; i <= n; i++) {
    const next = [Float64Array.of(1)];
    for (let j = 1; j <= m; j++) next.push(mixed(row[j] ?? NONE, j, i / (i + j), next[j - 1] ?? NONE));
    row = next;
  }
  return accumulated(row[m] ?? NONE);
}

const NONE = new Float64Array();

/** With `share`, the first distribution moved up by `by`; otherwise the second. */
function mixed(first: Float64Array, by: number, share: number, second: Float64Array): Float64Array<ArrayBuffer> {
  const sum = new Float64Array(Math.max(first.length + by, second.length));
  first.forEach((one, u) => {
    sum[u + by] = share * one;
  });
  second.forEach((one, u) => {
    sum[u] = (sum[u] ?? 0) + (1 - share) * one;
  });
  return sum;
}

function accumulated(share: Float64Array): Float64Array {
  let sum = 0;
  return share.map((one) => {
    sum += one;
    return sum;
  });
}

/**
 * The level of each of several intervals at which none of them lies outside its range by chance, with the probability asked for (S. Holm, A
 * simple sequentially rejective multiple test procedure, 1979): of m, the one with the least p-value has 1 − α/m, the next 1 − α/(m − 1),
 * up to the first whose p-value is greater than its α; that one and the rest share its level.
 */
export function holmLevels(pValues: readonly number[], level: number): number[] {
  const alpha = 1 - level;
  const order = pValues.map((_, i) => i).sort((i, j) => (pValues[i] ?? 1) - (pValues[j] ?? 1));
  const levels = new Array<number>(pValues.length);
  let stopped: number | null = null;
  order.forEach((i, rank) => {
    const own = alpha / (pValues.length - rank);
    if (stopped === null && (pValues[i] ?? 1) > own + ROUNDING) stopped = own;
    levels[i] = 1 - (stopped ?? own);
  });
  return levels;
}
