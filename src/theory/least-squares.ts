/** Non-linear least squares for a few parameters with lower bounds. */

export interface Curve {
  /** Value at one point, and its derivative by each parameter there. */
  value(parameters: readonly number[], x: number): number;
  gradient(parameters: readonly number[], x: number): readonly number[];
  /** Lower bound of each parameter. */
  readonly least: readonly number[];
}

export interface Observation {
  readonly x: number;
  readonly y: number;
}

export interface Fitted {
  readonly parameters: readonly number[];
  /** Residual sum of squares. */
  readonly left: number;
  /** Standard error of each parameter, from the Jacobian and the residual variance; null: as many parameters as observations. */
  readonly errors: readonly number[] | null;
}

const MOST_STEPS = 500;

/**
 * The least squares from the best of several starts (K. Levenberg, 1944; D. W. Marquardt, 1963): a parameter at its bound that would
 * improve beyond it stays there.
 */
export function leastSquares(curve: Curve, observations: readonly Observation[], starts: readonly (readonly number[])[]): Fitted | null {
  const ends = starts.map((start) => descend(curve, observations, start)).filter((end) => Number.isFinite(end.left));
  if (ends.length === 0) return null;
  const best = ends.reduce((least, end) => (end.left < least.left ? end : least));
  return { ...best, errors: standardErrors(curve, observations, best) };
}

interface End {
  readonly parameters: readonly number[];
  readonly left: number;
}

function descend(curve: Curve, observations: readonly Observation[], start: readonly number[]): End {
  let parameters = start;
  let left = squares(curve, observations, start);
  let damping = 1e-3;
  for (let step = 0; step < MOST_STEPS && damping < 1e12; step++) {
    const { product, slope } = normalEquations(curve, observations, parameters);
    const free = parameters.map((value, i) => value > at(curve.least, i) || at(slope, i) > 0);
    const damped = product.map((row, i) => row.map((value, j) => (i === j ? value * (1 + damping) || 1 : free[i] && free[j] ? value : 0)));
    const moved = solve(
      damped,
      slope.map((value, i) => (free[i] ? value : 0)),
    );
    if (moved === null) break;
    const next = parameters.map((value, i) => Math.max(at(curve.least, i), value + at(moved, i)));
    const rest = squares(curve, observations, next);
    if (!(rest < left)) {
      damping *= 10;
      continue;
    }
    parameters = next;
    left = rest;
    damping = Math.max(1e-12, damping / 10);
  }
  return { parameters, left };
}

function squares(curve: Curve, observations: readonly Observation[], parameters: readonly number[]): number {
  return observations.reduce((sum, { x, y }) => sum + (y - curve.value(parameters, x)) ** 2, 0);
}

/** JᵀJ and Jᵀr: J the derivatives by each parameter at each observation, r the residuals. */
function normalEquations(curve: Curve, observations: readonly Observation[], parameters: readonly number[]) {
  const product = parameters.map(() => parameters.map(() => 0));
  const slope = parameters.map(() => 0);
  for (const { x, y } of observations) {
    const gradient = curve.gradient(parameters, x);
    const rest = y - curve.value(parameters, x);
    for (const [i, a] of gradient.entries()) {
      slope[i] = at(slope, i) + a * rest;
      const row = product[i] ?? [];
      for (const [j, b] of gradient.entries()) row[j] = at(row, j) + a * b;
    }
  }
  return { product, slope };
}

function standardErrors(curve: Curve, observations: readonly Observation[], { parameters, left }: End): number[] | null {
  const freedom = observations.length - parameters.length;
  if (freedom <= 0) return null;
  const { product } = normalEquations(curve, observations, parameters);
  const errors = parameters.map((_, i) => {
    const column = solve(
      product,
      parameters.map((__, j) => (i === j ? 1 : 0)),
    );
    return column === null ? Number.NaN : Math.sqrt(Math.max(0, at(column, i) * (left / freedom)));
  });
  return errors.every(Number.isFinite) ? errors : null;
}

/** Gaussian elimination with the largest pivot, rows and columns scaled by the diagonal; null: no unique solution. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] | null {
  const scale = matrix.map((row, i) => Math.sqrt(at(row, i)));
  if (scale.some((value) => !(value > 0))) return null;
  const rows = matrix.map((row, i) => [...row.map((value, j) => value / at(scale, i) / at(scale, j)), at(right, i) / at(scale, i)]);
  const size = rows.length;
  for (let i = 0; i < size; i++) {
    const from = rows.slice(i).reduce((best, row) => (Math.abs(at(row, i)) > Math.abs(at(best, i)) ? row : best));
    if (Math.abs(at(from, i)) < 1e-14) return null;
    const place = rows.indexOf(from);
    rows[place] = rows[i] ?? from;
    rows[i] = from;
    for (const row of rows) {
      if (row === from) continue;
      const factor = at(row, i) / at(from, i);
      for (let j = i; j <= size; j++) row[j] = at(row, j) - factor * at(from, j);
    }
  }
  return rows.map((row, i) => at(row, size) / at(row, i) / at(scale, i));
}

function at(values: readonly number[], i: number): number {
  return values[i] ?? 0;
}
