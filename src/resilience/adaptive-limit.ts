import type { Nanoseconds } from "../kernel/clock.ts";

export interface LimitRule {
  readonly min: number;
  readonly max: number;
  /** Factor applied to the limit at a sign of overload. */
  readonly decrease: number;
  /** Latency above which a call is a sign of overload; Infinity: none is. */
  readonly targetLatency: Nanoseconds;
}

/**
 * A limit on calls in flight by additive increase and multiplicative decrease (D.-M. Chiu and R. Jain, 1989): plus one per round of
 * successes, times `decrease` at a sign of overload. Calls begun before the last decrease do not cause another.
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

  /** Records the success of a call that began at `started`; `inFlight` calls were under way, it included. */
  succeeded(started: Nanoseconds, ended: Nanoseconds, inFlight: number): void {
    if (ended - started > this.rule.targetLatency) {
      this.overloaded(started, ended);
      return;
    }
    // A limit that is not reached says nothing about a higher one.
    if (inFlight >= this.limit) this.exact = Math.min(this.rule.max, this.exact + 1 / this.exact);
  }

  /** Records a failure that more calls would make worse. */
  overloaded(started: Nanoseconds, ended: Nanoseconds): void {
    if (started <= this.cutAt) return;
    this.cutAt = ended;
    this.exact = Math.max(this.rule.min, this.exact * this.rule.decrease);
  }
}
