import type { Nanoseconds } from "../kernel/clock.ts";

/** How often something has happened, and the time integral of that number. Kept at every event, whoever looks and when. */
export class CountIntegral {
  count = 0;
  private instants = 0;

  add(at: Nanoseconds, times = 1): void {
    this.count += times;
    this.instants += at * times;
  }

  /** From t = 0 to an instant that is not before any event. */
  until(now: Nanoseconds): number {
    return this.count * now - this.instants;
  }
}
