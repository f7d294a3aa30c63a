import { createRequire } from "node:module";

/** An instant or a span in nanoseconds, held in a double (exact up to 104 days). */
export type Nanoseconds = number;

/** Reads instants of one monotonic clock, in nanoseconds. */
export interface Clock {
  now(): Nanoseconds;
}

const REALTIME = 0;
const MONOTONIC = process.platform === "darwin" ? 6 : 1;
/** The wall clock as of the kernel's last tick, 1 to 10 ms ago, at a tenth of the cost of the exact time. Linux only. */
const REALTIME_COARSE = process.platform === "linux" ? 5 : null;
const THREAD_CPU = process.platform === "darwin" ? 16 : 3;

const onBun = process.versions.bun !== undefined;

type Foreign = typeof import("bun:ffi");
type ClockGetTime = (id: number, at: ReturnType<Foreign["ptr"]>) => number;

function loadClockGetTime(foreign: Foreign | null): ClockGetTime | null {
  if (foreign === null) return null;
  const candidates = process.platform === "darwin" ? ["libSystem.B.dylib"] : ["libc.so.6", "libc.so"];
  for (const name of candidates) {
    try {
      const library = foreign.dlopen(name, { clock_gettime: { args: ["int", "ptr"], returns: "int" } });
      return library.symbols.clock_gettime;
    } catch {
      // The next candidate, or the fallback below.
    }
  }
  return null;
}

const foreign = onBun ? (createRequire(import.meta.url)("bun:ffi") as Foreign) : null;
const clockGetTime = loadClockGetTime(foreign);

// An explicit ArrayBuffer: the storage of a small typed array made by length moves once its buffer is asked for.
const timespec = new Uint32Array(new ArrayBuffer(16));
const timespecAt = foreign?.ptr(timespec) as ReturnType<Foreign["ptr"]>;

function read(id: number): Nanoseconds {
  if (clockGetTime === null) return 0;
  clockGetTime(id, timespecAt);
  // struct timespec: two 64-bit words; the seconds of a monotonic clock fit the lower half.
  return (timespec[0] ?? 0) * 1e9 + (timespec[2] ?? 0);
}

const fallbackOrigin = performance.timeOrigin * 1e6;

function monotonicNow(): () => Nanoseconds {
  if (clockGetTime !== null) return () => read(MONOTONIC);
  // Node's own reads the same clock.
  return onBun ? () => fallbackOrigin + performance.now() * 1e6 : () => Number(process.hrtime.bigint());
}

/**
 * One clock for all threads and processes of this machine: `clock_gettime(CLOCK_MONOTONIC)`.
 * On Bun without a C library to call, wall-clock origin plus `performance.now()`, which agrees across threads to about a millisecond.
 */
export const monotonic: Clock = { now: monotonicNow() };

/** As `Date.now()`, a quarter quicker. */
export const wallClock: () => number = clockGetTime === null ? Date.now : () => Math.floor(read(REALTIME) / 1e6);

/** Stamps within one kernel tick that are all read from the clock; of those after them, one in 64. */
const READ_EACH = 64;

/** Nanoseconds that the wall clock has gone since a second of its own, as exactly as the system tells. */
export function wallSince(second: number): Nanoseconds {
  if (clockGetTime === null) return (Date.now() - second * 1000) * 1e6;
  clockGetTime(REALTIME, timespecAt);
  return ((timespec[0] ?? 0) - second) * 1e9 + (timespec[2] ?? 0);
}

/** Changes with each kernel tick; null: not available. */
const kernelTick: (() => number) | null =
  clockGetTime === null || REALTIME_COARSE === null || read(REALTIME_COARSE) === 0
    ? null
    : () => {
        clockGetTime(REALTIME_COARSE, timespecAt);
        return (timespec[0] as number) * 1e9 + (timespec[2] as number);
      };

/**
 * A wall clock for millions of stamps a second: exact, except in a burst of more than 64 stamps within one kernel tick, where 63 of 64
 * repeat the last. A stamp is never ahead of the time, and behind it by less than a tick.
 */
export function stampClock(tick: (() => number) | null = kernelTick, wall: () => number = wallClock): () => number {
  if (tick === null) return wall;
  let seen = 0;
  /** Stamps of this tick that are still to be exact, and those that repeat the last before the next that is. */
  let exact = 0;
  let repeats = 0;
  let last = 0;
  const look = (now: number): number => {
    if (now !== seen) exact = READ_EACH;
    seen = now;
    if (exact > 0) exact--;
    repeats = exact > 0 ? 0 : READ_EACH - 1;
    last = wall();
    return last;
  };
  return () => {
    const now = tick();
    if (now !== seen || repeats === 0) return look(now);
    repeats--;
    return last;
  };
}

/** CPU time of this thread; null where the system does not report it. */
export function threadCpu(): Nanoseconds | null {
  return clockGetTime === null ? null : read(THREAD_CPU);
}

/** Starts measuring this thread's CPU time. Returns a function for the CPU time used since, or null. */
export function threadCpuTimer(): () => Nanoseconds | null {
  const before = threadCpu();
  return () => {
    const now = threadCpu();
    return now === null || before === null ? null : now - before;
  };
}

/** True when instants of different threads can be compared to the nanosecond. */
export const sharedClock = clockGetTime !== null;
