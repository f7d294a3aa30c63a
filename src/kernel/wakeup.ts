import type { Nanoseconds } from "./clock.ts";
import type { Time } from "./time.ts";

/**
 * Interval of polling, whatever is waited for, so that a stop is noticed. All waiters poll at the same instants, at which samples are taken
 * too, so that a waiting thread wakes once for all of it.
 */
export const LOOK_EVERY: Nanoseconds = 100e6;

/** The next polling instant. */
export function nextLook(now: Nanoseconds): Nanoseconds {
  return (Math.floor(now / LOOK_EVERY) + 1) * LOOK_EVERY;
}

/** Wakes one task of a loop that waits for something to change. */
export class Wakeup {
  private wake: (() => void) | null = null;
  private alarmAt: Nanoseconds = Number.POSITIVE_INFINITY;
  private lookAt: Nanoseconds = Number.POSITIVE_INFINITY;

  constructor(private readonly time: Time) {}

  /** Wakes the waiting task; true when there was one. */
  notify(): boolean {
    const wake = this.wake;
    this.wake = null;
    wake?.();
    return wake !== null;
  }

  /**
   * Resolves at the next `notify`, at `alarm` exactly, or about `look`, whichever comes first; may resolve early, so the caller checks
   * again.
   */
  wait(alarm: Nanoseconds = Number.POSITIVE_INFINITY, look: Nanoseconds = nextLook(this.time.now())): Promise<void> {
    if (alarm < this.alarmAt) {
      this.alarmAt = alarm;
      void this.time.sleepUntil(alarm).then(() => {
        this.alarmAt = Number.POSITIVE_INFINITY;
        this.notify();
      });
    }
    if (look < this.lookAt) {
      this.lookAt = look;
      void this.time.sleepAbout(look).then(() => {
        this.lookAt = Number.POSITIVE_INFINITY;
        this.notify();
      });
    }
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}
