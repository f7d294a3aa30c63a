import type { Nanoseconds } from "../kernel/clock.ts";

/** A counter and the time integral of its value, updated at every event. */
export class CountIntegral {
  count = 0;
  private instants = 0;

  add(at: Nanoseconds, times = 1): void {
    this.count += times;
    this.instants += at * times;
  }

  /** The integral from t = 0 to an instant that is not before any event. */
  until(now: Nanoseconds): number {
    return this.count * now - this.instants;
  }
}
