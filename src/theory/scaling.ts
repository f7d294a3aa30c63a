/** How throughput grows with the number of servers, fitted to measurements. */

export interface ScalePoint {
  /** Workers, connections, requests in flight. */
  readonly n: number;
  /** Throughput there, per second. */
  readonly rate: number;
}

export interface ScaleFit {
  /** Throughput of one, per second. */
  readonly single: number;
  /** σ: the share that does not run side by side. */
  readonly contention: number;
  /** κ: what every pair costs to agree; 0 in Amdahl's law. */
  readonly coherency: number;
  /** Where throughput is highest; null: it goes on rising. */
  readonly peak: number | null;
  /** Share of the variation that the curve explains, R². */
  readonly explained: number;
}

/** X(n) = X₁n / (1 + σ(n − 1) + κn(n − 1)): the universal scalability law (N. J. Gunther, 1993); Amdahl's (1967) with κ = 0. */
export function scaleRate({ single, contention, coherency }: Pick<ScaleFit, "single" | "contention" | "coherency">, n: number): number {
  return (single * n) / (1 + contention * (n - 1) + coherency * n * (n - 1));
}

/** Fits Amdahl's law; null with fewer than two different n. */
export function fitAmdahl(points: readonly ScalePoint[]): ScaleFit | null {
  return fit(points, false);
}

/** Fits the universal scalability law; null with fewer than three different n. */
export function fitUsl(points: readonly ScalePoint[]): ScaleFit | null {
  return fit(points, true);
}

/**
 * n/X(n) = a + b(n − 1) + c·n(n − 1) is linear in a = 1/X₁, b = σ/X₁, c = κ/X₁: least squares, with b and c kept from going
 * below 0 by leaving out the term that would.
 */
function fit(points: readonly ScalePoint[], withCoherency: boolean): ScaleFit | null {
  const usable = points.filter(({ n, rate }) => n > 0 && rate > 0);
  if (new Set(usable.map(({ n }) => n)).size < (withCoherency ? 3 : 2)) return null;
  const terms: ((n: number) => number)[] = [() => 1, (n) => n - 1, ...(withCoherency ? [(n: number) => n * (n - 1)] : [])];
  let active = terms.map((_, i) => i);
  let solved = leastSquares(usable, active, terms);
  while (solved !== null && active.length > 1) {
    const worst = active.slice(1).find((term) => (solved?.[active.indexOf(term)] ?? 0) < 0);
    if (worst === undefined) break;
    active = active.filter((term) => term !== worst);
    solved = leastSquares(usable, active, terms);
  }
  if (solved === null) return null;
  const coefficient = (term: number) => (active.includes(term) ? (solved?.[active.indexOf(term)] ?? 0) : 0);
  const a = coefficient(0);
  if (!(a > 0)) return null;
  const shape = { single: 1 / a, contention: coefficient(1) / a, coherency: coefficient(2) / a };
  const peak = shape.coherency > 0 ? Math.sqrt(Math.max(0, 1 - shape.contention) / shape.coherency) : null;
  const mean = usable.reduce((sum, { rate }) => sum + rate, 0) / usable.length;
  const total = usable.reduce((sum, { rate }) => sum + (rate - mean) ** 2, 0);
  const left = usable.reduce((sum, { n, rate }) => sum + (rate - scaleRate(shape, n)) ** 2, 0);
  return { ...shape, peak, explained: total > 0 ? Math.max(0, 1 - left / total) : 1 };
}

/** Normal equations by Gaussian elimination; each point weighs as its rate, so that the fit is of X and not of n/X. */
function leastSquares(
  points: readonly ScalePoint[],
  active: readonly number[],
  terms: readonly ((n: number) => number)[],
): number[] | null {
  const size = active.length;
  const rows = Array.from({ length: size }, () => new Array<number>(size + 1).fill(0));
  for (const { n, rate } of points) {
    const weight = (rate * rate) / n;
    const x = active.map((term) => terms[term]?.(n) ?? 0);
    for (let i = 0; i < size; i++) {
      const row = rows[i] as number[];
      for (let j = 0; j < size; j++) row[j] = (row[j] ?? 0) + weight * weight * (x[i] ?? 0) * (x[j] ?? 0);
      row[size] = (row[size] ?? 0) + weight * weight * (x[i] ?? 0) * (n / rate);
    }
  }
  for (let i = 0; i < size; i++) {
    const pivot = rows.slice(i).reduce((best, row) => (Math.abs(row[i] ?? 0) > Math.abs(best[i] ?? 0) ? row : best));
    const at = rows.indexOf(pivot);
    if (Math.abs(pivot[i] ?? 0) < 1e-300) return null;
    [rows[i], rows[at]] = [pivot, rows[i] as number[]];
    for (let k = 0; k < size; k++) {
      if (k === i) continue;
      const row = rows[k] as number[];
      const factor = (row[i] ?? 0) / (pivot[i] ?? 1);
      for (let j = i; j <= size; j++) row[j] = (row[j] ?? 0) - factor * (pivot[j] ?? 0);
    }
  }
  return rows.map((row, i) => (row[size] ?? 0) / (row[i] ?? 1));
}
