/** Fits of throughput against the number of servers. */

import { studentBound } from "../kernel/student.ts";
import { type Curve, leastSquares } from "./least-squares.ts";

export interface ScalePoint {
  /** Workers, connections, requests in flight. */
  readonly n: number;
  /** Throughput there, per second. */
  readonly rate: number;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface ScaleFit {
  /** X₁: throughput of one, per second. */
  readonly single: number;
  /** σ: the share that does not run in parallel. */
  readonly contention: number;
  /** κ: the cost of agreement for each pair; 0 in Amdahl's law. */
  readonly coherency: number;
  /** The n with the highest throughput; null: not within `PEAK_IN_SIGHT` times the largest n. */
  readonly peak: number | null;
  /** Share of the variation that the curve explains, R²; null: it has as many parameters as points, or nothing varies. */
  readonly explained: number | null;
  /** 95 % confidence interval of each; null: as many parameters as points. */
  readonly intervals: { readonly single: Interval; readonly contention: Interval; readonly coherency: Interval } | null;
  /** The fitted points. */
  readonly points: readonly ScalePoint[];
}

export interface FitOptions {
  /** Points beyond this many servers do not follow the law: they lack cores. */
  readonly cores?: number;
}

/** A peak beyond this multiple of the largest n is a guess. */
const PEAK_IN_SIGHT = 4;
/** Least R² of a curve that is reported. */
const LEAST_EXPLAINED = 0.9;
const CONFIDENCE = 0.95;

/** X(n) = X₁n / (1 + σ(n − 1) + κn(n − 1)): the universal scalability law (N. J. Gunther, 1993); Amdahl's (1967) with κ = 0. */
export function scaleRate({ single, contention, coherency }: Pick<ScaleFit, "single" | "contention" | "coherency">, n: number): number {
  return (single * n) / (1 + contention * (n - 1) + coherency * n * (n - 1));
}

/** Fits Amdahl's law; null with fewer than two different n. */
export function fitAmdahl(points: readonly ScalePoint[], options: FitOptions = {}): ScaleFit | null {
  return fit(points, options, 2);
}

/** Fits the universal scalability law; null with fewer than three different n. */
export function fitUsl(points: readonly ScalePoint[], options: FitOptions = {}): ScaleFit | null {
  return fit(points, options, 3);
}

/** A fitted law, or why there is none: a clause that can follow "Amdahl's law is not fitted: ". */
export type LawFit = { readonly fit: ScaleFit; readonly why?: never } | { readonly fit: null; readonly why: string };

/** Amdahl's law, where there are more points than parameters and the curve fits them. */
export function tellAmdahl(points: readonly ScalePoint[], options: FitOptions = {}): LawFit {
  return told(fitAmdahl(points, options), points, options);
}

/** The universal scalability law, under the same conditions. */
export function tellUsl(points: readonly ScalePoint[], options: FitOptions = {}): LawFit {
  return told(fitUsl(points, options), points, options);
}

function told(found: ScaleFit | null, all: readonly ScalePoint[], options: FitOptions): LawFit {
  const count = usable(all, options).length;
  if (found === null || found.intervals === null) {
    const { cores = 0 } = options;
    const where = count < all.length && all.some(({ n }) => n > cores && cores > 0) ? ` with no more Workers than there are cores` : "";
    return { fit: null, why: `${count} ${count === 1 ? "point" : "points"}${where} ${count === 1 ? "is" : "are"} too few` };
  }
  if (found.explained === null) return { fit: null, why: "the throughput is the same at every point" };
  if (found.explained < LEAST_EXPLAINED)
    return { fit: null, why: `its curve does not go through the points (R² ${found.explained.toFixed(2)})` };
  return { fit: found };
}

/** The points that may follow the law. */
function usable(points: readonly ScalePoint[], { cores = Number.POSITIVE_INFINITY }: FitOptions): ScalePoint[] {
  return points.filter(({ n, rate }) => n > 0 && n <= cores && rate > 0 && Number.isFinite(rate));
}

/** The law as a curve of X₁, σ and, with a third parameter, κ. */
function curveOf(parameters: 2 | 3): Curve {
  const shape = ([single = 0, contention = 0, coherency = 0]: readonly number[]) => ({ single, contention, coherency });
  return {
    least: [0, 0, 0].slice(0, parameters),
    value: (values, n) => scaleRate(shape(values), n),
    gradient: (values, n) => {
      const law = shape(values);
      const alone = scaleRate({ ...law, single: 1 }, n);
      const inner = (-law.single * alone * alone) / n;
      return [alone, inner * (n - 1), inner * n * (n - 1)].slice(0, parameters);
    },
  };
}

function fit(all: readonly ScalePoint[], options: FitOptions, parameters: 2 | 3): ScaleFit | null {
  const points = usable(all, options);
  if (new Set(points.map(({ n }) => n)).size < parameters) return null;
  const single = Math.max(...points.map(({ n, rate }) => rate / n));
  const largest = Math.max(...points.map(({ n }) => n));
  const starts = [0, 0.03, 0.3, 1].flatMap((contention) =>
    (parameters === 2 ? [0] : [0, 0.1 / largest ** 2, 1 / largest, 1]).map((coherency) =>
      [single, contention, coherency].slice(0, parameters),
    ),
  );
  const found = leastSquares(
    curveOf(parameters),
    points.map(({ n, rate }) => ({ x: n, y: rate })),
    starts,
  );
  if (found === null) return null;
  const [one = 0, contention = 0, coherency = 0] = found.parameters;
  return {
    single: one,
    contention,
    coherency,
    peak: peakOf(contention, coherency, largest),
    explained: explainedBy(points, found.left, parameters),
    intervals: intervalsOf(found.parameters, found.errors, points.length - parameters),
    points,
  };
}

/** dX/dn = 0 at √((1 − σ) / κ). */
function peakOf(contention: number, coherency: number, largest: number): number | null {
  if (!(coherency > 0)) return null;
  const peak = Math.sqrt(Math.max(0, 1 - contention) / coherency);
  return peak <= PEAK_IN_SIGHT * largest ? peak : null;
}

function explainedBy(points: readonly ScalePoint[], left: number, parameters: number): number | null {
  const mean = points.reduce((sum, { rate }) => sum + rate, 0) / points.length;
  const total = points.reduce((sum, { rate }) => sum + (rate - mean) ** 2, 0);
  const varies = total > points.length * (1e-9 * mean) ** 2;
  return points.length > parameters && varies ? Math.max(0, 1 - left / total) : null;
}

function intervalsOf(parameters: readonly number[], errors: readonly number[] | null, freedom: number): ScaleFit["intervals"] {
  if (errors === null) return null;
  const bound = studentBound(CONFIDENCE, freedom);
  const interval = (i: number): Interval => {
    const value = parameters[i] ?? 0;
    const off = bound * (errors[i] ?? 0);
    return { low: Math.max(0, value - off), high: value + off };
  };
  return { single: interval(0), contention: interval(1), coherency: interval(2) };
}
