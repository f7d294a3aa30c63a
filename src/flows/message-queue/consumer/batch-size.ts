/** Messages leased at once at most, where nobody says how many. */
export const MOST_BATCH = 1000;
/** A batch that is done within the first is followed by one twice as large, one that takes longer by half, beyond the second by the smallest; ms. */
const QUICK_MS = 10;
const SLOW_MS = 50;

/**
 * How many messages to lease at once: at first as many as can be worked on, then more as long as batches are done quickly. What one
 * consumer holds that is slow, or dies of a message, others cannot have.
 */
export class BatchSize {
  value: number;
  private leasedAt = 0;
  private lastLeased = 0;

  /** `fixed`: always this many; null: adapted, never below `least`. */
  constructor(
    private readonly fixed: number | null,
    private readonly least: number,
  ) {
    this.value = fixed ?? least;
  }

  /** The last batch is done; `now` in milliseconds since 1970. */
  adapt(now: number): void {
    if (this.fixed !== null) return;
    const took = now - this.leasedAt;
    if (took > SLOW_MS) this.value = this.least;
    else if (took > QUICK_MS) this.value = Math.max(this.least, this.value >> 1);
    else if (this.lastLeased >= this.value) this.value = Math.min(MOST_BATCH, 2 * this.value);
    this.leasedAt = now;
  }

  /** So many came with the lease just made. */
  leased(count: number): void {
    this.lastLeased = count;
  }
}
