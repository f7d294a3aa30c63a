import type { Nanoseconds } from "../kernel/clock.ts";
import type { Time } from "../kernel/time.ts";

/** Wakes one task of a loop that waits for something to change. */
export class Signal {
  private wake: (() => void) | null = null;
  private alarmAt: Nanoseconds = Number.POSITIVE_INFINITY;

  constructor(private readonly time: Time) {}

  /** True when someone was waiting. */
  notify(): boolean {
    const wake = this.wake;
    this.wake = null;
    wake?.();
    return wake !== null;
  }

  /** Resolves at the next `notify`, or at the instant at the latest (it may come early: look again). */
  wait(latest: Nanoseconds = Number.POSITIVE_INFINITY): Promise<void> {
    if (latest < this.alarmAt) {
      this.alarmAt = latest;
      void this.time.sleepUntil(latest).then(() => {
        this.alarmAt = Number.POSITIVE_INFINITY;
        this.notify();
      });
    }
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}
