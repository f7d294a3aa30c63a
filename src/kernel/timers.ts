import { stampClock, wallClock } from "./clock.ts";

/**
 * Time, order and chance as an application sees them; times in milliseconds. Code that depends on them takes one of these, so that its
 * tests never sleep, and a whole application can be rerun exactly.
 */
export interface Timers {
  /** Milliseconds of a monotonic clock with an arbitrary zero. */
  now(): number;
  /** Milliseconds since 1970. */
  wall(): number;
  /** As `wall`, for very frequent stamps: in a burst it may stand still for some milliseconds. Default: `wall`. */
  readonly stamp?: () => number;
  /** As `now`, with the same licence as `stamp`. Default: `now`. */
  readonly pulse?: () => number;
  /** Runs something once, after a delay. Returns a function that cancels it. */
  after(ms: number, run: () => void): () => void;
  /** Runs something once, after the event loop's next turn. Default: `setImmediate`. */
  readonly soon?: (run: () => void) => void;
  /** A number in [0, 1), for jitter, tokens and ids. Default: `Math.random`. */
  readonly random?: () => number;
}

/** Longest delay of `setTimeout`. */
const LONGEST = 2 ** 31 - 1;

export const realTimers: Timers = {
  now: () => performance.now(),
  wall: wallClock,
  stamp: stampClock(),
  pulse: stampClock(undefined, () => performance.now()),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(LONGEST, Math.max(0, ms)));
    return () => clearTimeout(timer);
  },
};

/** The function to stamp with. */
export function stampOf(timers: Timers): () => number {
  return timers.stamp ?? (() => timers.wall());
}

/** A clock of milliseconds since 1970 that no change of the wall clock moves once it is made. */
export interface SteadyClock {
  now(): number;
  /** As `now`, for very frequent stamps: in a burst it may stand still for some milliseconds. */
  stamp(): number;
}

/** `epoch`: the milliseconds since 1970 at which `timers.now()` is 0. */
export function steadyClock(timers: Timers, epoch = timers.wall() - timers.now()): SteadyClock {
  const pulse = timers.pulse ?? (() => timers.now());
  return { now: () => Math.floor(epoch + timers.now()), stamp: () => Math.floor(epoch + pulse()) };
}

/** Runs something once, after a turn of the event loop. */
export function soon(timers: Timers, run: () => void): void {
  if (timers.soon === undefined) setImmediate(run);
  else timers.soon(run);
}

/** Resolves after a turn of the event loop. */
export function turn(timers: Timers): Promise<void> {
  return new Promise<void>((resolve) => soon(timers, resolve));
}

/** A random number in [0, 1). */
export function chance(timers: Timers): number {
  return timers.random === undefined ? Math.random() : timers.random();
}

/** A UUID of version 4 (RFC 9562). */
export function newId(timers: Timers): string {
  const { random } = timers;
  if (random === undefined) return crypto.randomUUID();
  return "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replace(/[xy]/g, (digit) =>
    Math.floor(digit === "x" ? random() * 16 : 8 + random() * 4).toString(16),
  );
}

/** Resolves after a delay, or as soon as the signal is aborted. */
export function pause(timers: Timers, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = timers.after(ms, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/**
 * The promise, or `late` when it has not settled in time; the promise itself continues. Rejects with the signal's reason as soon as the
 * signal is aborted, so that no timer outlives its waiter.
 */
export function within<T, L>(timers: Timers, ms: number, work: Promise<T>, late: L, signal?: AbortSignal): Promise<T | L> {
  return new Promise((resolve, reject) => {
    const aborted = () => {
      cancel();
      reject(signal?.reason);
    };
    const done = () => {
      cancel();
      signal?.removeEventListener("abort", aborted);
    };
    const cancel = timers.after(ms, () => {
      done();
      resolve(late);
    });
    if (signal?.aborted === true) aborted();
    else signal?.addEventListener("abort", aborted, { once: true });
    work.then(
      (value) => {
        done();
        resolve(value);
      },
      (error) => {
        done();
        reject(error);
      },
    );
  });
}
