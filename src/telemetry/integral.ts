import type { Nanoseconds } from "../kernel/clock.ts";

/** A counter and the time integral of its value. */
export class CountIntegral {
  count = 0;
  private area = 0;

  constructor(private at: Nanoseconds) {}

  increment(now: Nanoseconds): void {
    if (now > this.at) {
      this.area += this.count * (now - this.at);
      this.at = now;
    }
    this.count++;
  }

  until(now: Nanoseconds): number {
    return this.area + this.count * Math.max(0, now - this.at);
  }
}
