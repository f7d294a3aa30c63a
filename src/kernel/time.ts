import type { Nanoseconds } from "./clock.ts";

/**
 * How a mode waits. Instants are nanoseconds since t = 0. Code that decides by time takes one of these, so its tests run on a virtual clock
 * and never sleep.
 */
export interface Time {
  now(): Nanoseconds;
  /** Blocks the thread; it counts as busy. */
  blockUntil(at: Nanoseconds): void;
  /**
   * Blocks the idle thread until `at` exactly or until about `about`, whichever comes first, or until `early`, called when the bell rings,
   * returns true.
   */
  rest(at: Nanoseconds, early: () => boolean, about?: Nanoseconds): void;
  /**
   * Resolves at the instant; the loop continues meanwhile. For arrivals and work, to which a tenth of a millisecond matters: the thread
   * spins at the end.
   */
  sleepUntil(at: Nanoseconds): Promise<void>;
  /** As `sleepUntil`, for what may come some tenths of a millisecond late (samples, queries, polls): the thread sleeps to the end. */
  sleepAbout(at: Nanoseconds): Promise<void>;
  /** Calls `look` whenever the loop may find changes by other threads; it returns true when it woke a task. */
  watch(look: () => boolean): void;
  /** Lets everything else that is ready on this loop run. */
  turn(): Promise<void>;
  /** Time for which this thread has been idle. */
  readonly idle: Nanoseconds;
  /** Called with how late each sleeper was woken. */
  onLate: ((late: Nanoseconds) => void) | null;
}
