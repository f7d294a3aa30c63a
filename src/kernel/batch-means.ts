import { studentBound } from "./student.ts";

/** A mean with the interval that holds it with 95 %. */
export interface MeanInterval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

const LEVEL = 0.95;
/** Numbers of batches to try: the first one whose batches show no dependence is used. */
const BATCHES = [20, 10] as const;
/**
 * Standard errors, 1 ÷ √batches, above which a correlation of neighbouring batches is more than chance (one-sided, 95 %). Without any it
 * is 1 ÷ batches below 0, since the mean is theirs.
 */
const SURE = 1.645;

/**
 * The interval of a mean from a single run, by batch means: items that follow each other wait for the same, and are no independent sample,
 * but long stretches of the run nearly are (A. M. Law, Simulation Modeling and Analysis, 2015, section 9.5.3). Batches are equal in time and
 * differ in their numbers of items: the mean is a ratio, its error from the residuals of the batches (W. G. Cochran, Sampling Techniques,
 * 1977, section 6.3).
 */
export class BatchMeans {
  private readonly parts: { readonly count: number; readonly sum: number }[] = [];
  private before = { count: 0, sum: 0 };

  /** Number and sum of all items so far, at the end of a part as long as the others. */
  add(count: number, sum: number): void {
    this.parts.push({ count: count - this.before.count, sum: sum - this.before.sum });
    this.before = { count, sum };
  }

  /**
   * In a unit of the values; null: too few parts, or neighbouring batches are alike however long: nothing independent was seen. Null too
   * where it does not hold `mean`, that of all items: what is in no batch, at the beginning or after the last part, is unlike the rest.
   */
  interval(unit = 1, mean: number | null = null): MeanInterval | null {
    for (const batches of BATCHES) {
      const found = this.intervalOf(batches);
      if (found === null) continue;
      const { low, high } = { low: found.low / unit, high: found.high / unit };
      return mean === null || (low <= mean && mean <= high) ? { mean: found.mean / unit, low, high } : null;
    }
    return null;
  }

  private intervalOf(batches: number): MeanInterval | null {
    const length = Math.floor(this.parts.length / batches);
    if (length === 0) return null;
    // What does not fill a batch is left out at the beginning, where the queue was still empty.
    const first = this.parts.length - length * batches;
    const sums = Array.from({ length: batches }, (_, i) => total(this.parts.slice(first + i * length, first + (i + 1) * length)));
    const all = total(sums);
    if (all.count === 0) return null;
    const mean = all.sum / all.count;
    const residuals = sums.map(({ count, sum }) => sum - mean * count);
    if (lagCorrelation(residuals) > SURE / Math.sqrt(batches) - 1 / batches) return null;
    const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0);
    const error = Math.sqrt((batches / (batches - 1)) * squares) / all.count;
    const half = studentBound(LEVEL, batches - 1) * error;
    return { mean, low: mean - half, high: mean + half };
  }
}

function total(parts: readonly { readonly count: number; readonly sum: number }[]) {
  return parts.reduce((all, { count, sum }) => ({ count: all.count + count, sum: all.sum + sum }), { count: 0, sum: 0 });
}

/** Correlation of neighbouring values whose mean is 0; 0 where all are. */
function lagCorrelation(values: readonly number[]): number {
  const squares = values.reduce((sum, value) => sum + value ** 2, 0);
  const products = values.reduce((sum, value, i) => sum + value * (values[i + 1] ?? 0), 0);
  return squares > 0 ? products / squares : 0;
}
