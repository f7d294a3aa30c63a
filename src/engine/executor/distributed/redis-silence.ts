import type { Nanoseconds } from "../../../kernel/clock.ts";

/** Interval of looking. */
export const SILENCE_LOOK: Nanoseconds = 100e6;

/**
 * The longest time for which a server that is asked again and again gave no answer, added up by looks: while this process itself stands
 * still there are none, and that does not count.
 */
export class RedisSilence {
  longest: Nanoseconds = 0;
  /** The present one. */
  current: Nanoseconds = 0;
  ended = false;
  private last: Nanoseconds = 0;

  begin(now: Nanoseconds): void {
    this.last = now;
  }

  look(now: Nanoseconds): void {
    if (this.ended) return;
    this.current += Math.min(now - this.last, 2 * SILENCE_LOOK);
    this.last = now;
    this.longest = Math.max(this.longest, this.current);
  }

  answered(now: Nanoseconds): void {
    this.look(now);
    this.current = 0;
  }

  /** It is no longer asked. */
  end(): void {
    this.ended = true;
    this.current = 0;
  }
}
