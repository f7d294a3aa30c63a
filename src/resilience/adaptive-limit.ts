import type { Nanoseconds } from "../kernel/clock.ts";

export interface LimitRule {
  readonly min: number;
  readonly max: number;
  /** What the limit is multiplied by at a sign of overload. */
  readonly decrease: number;
  /** A call slower than this is a sign of overload; Infinity: none is. */
  readonly targetLatency: Nanoseconds;
}

/**
 * How many calls may be in flight, felt out by additive increase and multiplicative decrease (D.-M. Chiu and R. Jain, 1989):
 * one more per round of successes, a share of it at a sign of overload. Calls begun before the last cut do not cut again.
 */
export class AdaptiveLimit {
  private exact: number;
  private cutAt: Nanoseconds = -1;

  constructor(private readonly rule: LimitRule) {
    this.exact = rule.min;
  }

  get limit(): number {
    return Math.floor(this.exact);
  }

  /** A call that began at `started` ended well; `inFlight` of them were under way, it included. */
  succeeded(started: Nanoseconds, ended: Nanoseconds, inFlight: number): void {
    if (ended - started > this.rule.targetLatency) {
      this.overloaded(started, ended);
      return;
    }
    // A limit that is not used up says nothing about a higher one.
    if (inFlight >= this.limit) this.exact = Math.min(this.rule.max, this.exact + 1 / this.exact);
  }

  /** A call that began at `started` failed in a way that more calls would make worse. */
  overloaded(started: Nanoseconds, ended: Nanoseconds): void {
    if (started <= this.cutAt) return;
    this.cutAt = ended;
    this.exact = Math.max(this.rule.min, this.exact * this.rule.decrease);
  }
}
