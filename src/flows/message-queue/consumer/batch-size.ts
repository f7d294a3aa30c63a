/** Messages leased at once at most, where the caller sets no number. */
export const MOST_BATCH = 1000;
/**
 * A batch done within the first time is followed by one twice as large, within the second by one half as large, after that by the
 * smallest; ms.
 */
const QUICK_MS = 10;
const SLOW_MS = 50;

/**
 * Number of messages to lease at once: at first as many as are handled at a time, then more as long as batches are done quickly. Messages
 * held by a slow or crashed consumer are not available to others.
 */
export class BatchSize {
  value: number;
  private leasedAt = 0;
  private lastLeased = 0;

  /** `fixed`: always this number; null: adapted, never below `least`. */
  constructor(
    private readonly fixed: number | null,
    private readonly least: number,
  ) {
    this.value = fixed ?? least;
  }

  /** To be called when the last batch is done; `now` in milliseconds since 1970. */
  adapt(now: number): void {
    if (this.fixed !== null) return;
    const took = now - this.leasedAt;
    if (took > SLOW_MS) this.value = this.least;
    else if (took > QUICK_MS) this.value = Math.max(this.least, this.value >> 1);
    else if (this.lastLeased >= this.value) this.value = Math.min(MOST_BATCH, 2 * this.value);
    this.leasedAt = now;
  }

  /** To be called with the number of messages that the last lease returned. */
  leased(count: number): void {
    this.lastLeased = count;
  }
}
