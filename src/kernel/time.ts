import type { Nanoseconds } from "./clock.ts";

/**
 * How a mode waits. Instants are nanoseconds since t = 0. Everything that decides by time takes one of these, so its
 * tests run on a virtual clock and never sleep.
 */
export interface Time {
  now(): Nanoseconds;
  /** Blocks the thread, which counts as having it in hand. */
  blockUntil(at: Nanoseconds): void;
  /**
   * Blocks the thread, which has nothing to do, until `at` exactly or `about` more or less, whichever comes first; `early`, asked
   * when the bell rings, ends it before.
   */
  rest(at: Nanoseconds, early: () => boolean, about?: Nanoseconds): void;
  /** Resolves at the instant; the loop goes on meanwhile. For arrivals and for work, which a tenth of a millisecond matters to: the thread spins to it. */
  sleepUntil(at: Nanoseconds): Promise<void>;
  /** As `sleepUntil`, for what may come some tenths of a millisecond late (samples, queries, looks): the thread sleeps to the end. */
  sleepAbout(at: Nanoseconds): Promise<void>;
  /** Looks, whenever the loop may have something new, at what other threads change; true when it woke a task. */
  watch(look: () => boolean): void;
  /** Gives everything else that is ready on this loop its turn. */
  turn(): Promise<void>;
  /** How long this thread has had nothing to do so far. */
  readonly idle: Nanoseconds;
  /** Told how late each sleeper was woken. */
  onLate: ((late: Nanoseconds) => void) | null;
}
