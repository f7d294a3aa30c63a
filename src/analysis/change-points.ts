import { studentTail } from "../kernel/student.ts";

/**
 * Change points of a series: where its mean changes. E-divisive with means (D. S. Matteson, N. A. James, A nonparametric approach for multiple
 * change point analysis of multivariate data, 2014) in windows, with Student's t-test in place of permutations, so that the same series has
 * the same points (M. Fleming et al., Hunter: using change point detection to hunt for performance regressions, 2023, which Apache Otava
 * implements; docs/MATH.md there).
 */
export interface ChangePoint {
  /** Index of the first value after the change. */
  readonly index: number;
  /** Means from the change before to this one, and from this one to the next. */
  readonly before: number;
  readonly after: number;
  readonly p: number;
}

export interface ChangeOptions {
  readonly window: number;
  /** Significance that a change point needs, and the least relative change. */
  readonly p: number;
  readonly magnitude: number;
}

/** Apache Otava's defaults, except for the magnitude. */
export const CHANGE_OPTIONS: ChangeOptions = { window: 50, p: 0.001, magnitude: 0.02 };

/** The change points of a series, in order. */
export function changePoints(values: readonly number[], options: ChangeOptions = CHANGE_OPTIONS): ChangePoint[] {
  const { window, p, magnitude } = options;
  // Weaker ones first, since one between two strong ones may hide both.
  const weak = p < 0.05 ? p * 10 : p < 0.5 ? p * 2 : p;
  return merged(values, weakPoints(values, window, weak), p, magnitude);
}

/** Points of any window, in order: windows overlap by half, and none begins before a point that was found. */
function weakPoints(values: readonly number[], window: number, p: number): number[] {
  const found: number[] = [];
  const step = Math.floor(window / 2);
  for (let start = 0; start < values.length; ) {
    const points = divided(values.slice(start, start + window), p).map((index) => start + index);
    found.push(...points);
    start = Math.max(points.at(-1) ?? 0, start + step);
  }
  return found;
}

/** Divides a window at its best candidate, then its parts, while the candidates are significant. */
function divided(values: readonly number[], p: number): number[] {
  const points: number[] = [];
  for (;;) {
    const bounds = [0, ...points, values.length];
    const candidates = bounds.slice(1).flatMap((end, i) => candidateIn(values, bounds[i] ?? 0, end) ?? []);
    if (candidates.length === 0) return points;
    const best = candidates.reduce((one, other) => (other.divergence > one.divergence ? other : one));
    const { from, index, to } = best;
    if (!(tested(values, from, index, to).p <= p)) return points;
    points.push(index);
    points.sort((a, b) => a - b);
  }
}

interface Candidate {
  readonly from: number;
  readonly index: number;
  readonly to: number;
  readonly divergence: number;
}

/**
 * The index at which [from, to) is most unlike itself: the largest divergence of [from, index) and [index, end), over all ends. Matteson and
 * James, equations 5 and 6, with α = 1: twice the mean distance between the parts less those within each, times nm ÷ (n + m).
 */
function candidateIn(values: readonly number[], from: number, to: number): Candidate | null {
  const part = values.slice(from, to);
  // sums[j][i]: distances of the first i values from value j.
  const sums = part.map((one) => runningSums(part.map((other) => Math.abs(one - other))));
  const sum = (j: number, start: number, end: number) => (sums[j]?.[end] ?? 0) - (sums[j]?.[start] ?? 0);
  let best: Candidate | null = null;
  let withinFirst = 0;
  for (let n = 1; n < part.length; n++) {
    withinFirst += sum(n - 1, 0, n - 1);
    let [between, withinSecond] = [0, 0];
    for (let end = n + 1; end <= part.length; end++) {
      const m = end - n;
      between += sum(end - 1, 0, n);
      withinSecond += sum(end - 1, n, end - 1);
      const inFirst = n > 1 ? (m * withinFirst) / (n - 1) : 0;
      const inSecond = m > 1 ? (n * withinSecond) / (m - 1) : 0;
      const divergence = (2 / (n + m)) * (between - inFirst - inSecond);
      if (divergence > (best?.divergence ?? 0)) best = { from, index: from + n, to, divergence };
    }
  }
  return best;
}

function runningSums(values: readonly number[]): number[] {
  let sum = 0;
  return [
    0,
    ...values.map((value) => {
      sum += value;
      return sum;
    }),
  ];
}

/**
 * Leaves out points one by one, the weakest first, until all that are left are significant and of some size between their neighbours. As in
 * Otava, whose published results these are, the point before one left out keeps its test; only the one after it is tested again.
 */
function merged(values: readonly number[], indices: readonly number[], p: number, magnitude: number): ChangePoint[] {
  const between = (at: readonly number[], i: number) => tested(values, at[i - 1] ?? 0, at[i] ?? 0, at[i + 1] ?? values.length);
  let points = indices.map((_, i) => between(indices, i));
  while (points.length > 0) {
    const faintest = points.reduce((one, other) => (other.p > one.p ? other : one));
    const smallest = points.reduce((one, other) => (sizeOf(other) < sizeOf(one) ? other : one));
    const isFaint = faintest.p >= p;
    if (!isFaint && sizeOf(smallest) > magnitude) return points;
    const gone = points.indexOf(isFaint ? faintest : smallest);
    const left = points.toSpliced(gone, 1);
    const at = left.map(({ index }) => index);
    points = left.map((point, i) => (i === gone ? between(at, i) : point));
  }
  return points;
}

/** The larger of the relative changes there and back; a change from or to 0 is as large as any. */
function sizeOf({ before, after }: ChangePoint): number {
  if (before === after) return 0;
  return before === 0 || after === 0 ? Number.POSITIVE_INFINITY : Math.max(Math.abs(after / before - 1), Math.abs(before / after - 1));
}

/** Two-sided t-test of [from, index) against [index, to), whose variances are taken for equal; as in Otava they are mean squares (÷ n). */
function tested(values: readonly number[], from: number, index: number, to: number): ChangePoint {
  const [first, second] = [values.slice(from, index), values.slice(index, to)];
  const [before, after] = [meanOf(first), meanOf(second)];
  const freedom = first.length + second.length - 2;
  const squares = (part: readonly number[], mean: number) => part.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const pooled = (part: readonly number[], mean: number) => ((part.length - 1) / part.length) * squares(part, mean);
  const variance = (pooled(first, before) + pooled(second, after)) / freedom;
  const error = Math.sqrt(variance * (1 / first.length + 1 / second.length));
  const t = Math.abs(after - before) / error;
  return { index, before, after, p: freedom < 1 || before === after ? 1 : studentTail(t, freedom) };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
