import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { type Nanoseconds, threadCpu } from "../kernel/clock.ts";
import { LoopTime } from "../kernel/loop-time.ts";
import { ownFolder } from "../kernel/own-folder.ts";
import type { Time } from "../kernel/time.ts";
import { BOUNDS } from "../telemetry/disturbance.ts";
import type { Calibration } from "../telemetry/machine.ts";
import { burn } from "./work/effort.ts";

/** How far the cached rate may be off at the quick check before it is measured again. */
const TOLERANCE = BOUNDS.calibration;
const PIECE_MS = 5;
/** Rest before each piece: most loads leave a core time to sleep, and a core that has slept is a percent slower for some milliseconds. */
const REST_MS = 5;
const WARM_MS = 60;
/** Pieces of a quick check, and of a measurement: a core's speed varies by a percent or two within seconds. */
const CHECK_PIECES = 30;
const MEASURE_PIECES = 150;
/** Multiple of the median from which a piece counts as interrupted. In CPU time an interruption costs only the refilling of caches. */
const INTERRUPTED = { thread: 1.05, wall: 1.5 } as const;
/** Weight of a confirming check in the rate: over many starts the rate follows the core's mean speed. */
const CHECK_WEIGHT = CHECK_PIECES / MEASURE_PIECES;
/** Measurements before it is reported that their checks disagree with them. */
const MEASUREMENTS = 3;
/** Initial rate of a measurement. */
const FIRST_GUESS = 500_000;

/** CPU time of this thread; null: the system does not report it. */
export type CpuClock = () => Nanoseconds | null;

/**
 * Determines how many rounds of `burn` take a millisecond of CPU time here, on average, on a core that works half of the time: from the
 * cache if a quick check confirms it, else by measuring until a check does, at most three times. By CPU time, so that other users of the
 * core do not matter; by the wall clock where there is none. `time`: for the rests; `cpu`: clock of the same machine, which a simulated
 * machine supplies, or lacks.
 */
export function calibrate(
  time: Time = new LoopTime(),
  cacheFile: string = defaultCacheFile(),
  compute: typeof burn = burn,
  cpu: CpuClock | null = time instanceof LoopTime ? threadCpu : null,
): Calibration {
  const clock = cpu === null || cpu() === null ? "wall" : "thread";
  const now = () => cpu?.() ?? time.now();
  const timeRatio = (roundsPerMs: number, pieces: number) => {
    const times = timesOf(Math.round(roundsPerMs * PIECE_MS), pieces, time, now, compute);
    return Math.max(1e-3, undisturbedMean(times, INTERRUPTED[clock]) / (PIECE_MS * 1e6));
  };
  warm(time, now, compute);
  const machine = `${cpus()[0]?.model ?? "unknown"} × ${cpus().length}, Bun ${Bun.version}`;
  const cached = readCache(cacheFile, machine);
  const confirmed = cached === null ? null : confirm(cached, timeRatio);
  if (cached !== null && confirmed !== null) {
    writeCache(cacheFile, machine, confirmed.roundsPerMs);
    return { ...confirmed, cached: true, clock };
  }
  const measured = measure(timeRatio);
  // A measurement that its own check contradicts must not be cached for others.
  if (agrees(measured.checkRatio)) writeCache(cacheFile, machine, measured.roundsPerMs);
  return { ...measured, cached: false, clock };
}

/** Measured time ÷ asked time of a number of pieces at a rate. */
type TimeRatio = (roundsPerMs: number, pieces: number) => number;
type Found = Pick<Calibration, "roundsPerMs" | "checkRatio">;

function agrees(checkRatio: number): boolean {
  return Math.abs(checkRatio - 1) <= TOLERANCE;
}

/** A cached rate, moved slightly towards the check's result; null: the check contradicts it. */
function confirm(cached: number, timeRatio: TimeRatio): Found | null {
  let checkRatio = timeRatio(cached, CHECK_PIECES);
  // At times a core is slow for a third of a second; a second check takes a sixth of the time of a new measurement.
  if (!agrees(checkRatio)) checkRatio = timeRatio(cached, CHECK_PIECES);
  if (!agrees(checkRatio)) return null;
  const roundsPerMs = cached / (1 + CHECK_WEIGHT * (checkRatio - 1));
  return { roundsPerMs, checkRatio: (checkRatio * roundsPerMs) / cached };
}

/** Measures until a check agrees; if none does, returns the last measurement with its check's result. */
function measure(timeRatio: TimeRatio): Found {
  let roundsPerMs = FIRST_GUESS;
  let checkRatio = Number.POSITIVE_INFINITY;
  for (let i = 0; i < MEASUREMENTS && !agrees(checkRatio); i++) {
    // First approximations of the length of a piece, so that those of the measurement have the right length.
    for (const pieces of [5, 5, MEASURE_PIECES]) roundsPerMs /= timeRatio(roundsPerMs, pieces);
    checkRatio = timeRatio(roundsPerMs, CHECK_PIECES);
  }
  return { roundsPerMs, checkRatio };
}

/** Durations of a number of pieces. */
function timesOf(rounds: number, pieces: number, time: Time, now: () => Nanoseconds, compute: typeof burn): Nanoseconds[] {
  const times: Nanoseconds[] = [];
  let chain = 1;
  for (let i = 0; i < pieces; i++) {
    time.rest(time.now() + REST_MS * 1e6, () => false);
    const from = now();
    chain = compute(rounds, chain);
    times.push(now() - from);
  }
  if (chain === 0.5) throw new Error("unreachable"); // keeps the chain alive
  return times;
}

/**
 * Mean of the times without interruptions: those up to `limit` times the median. The mean, because capacity and waiting times depend on it,
 * and a core's speed changes from one millisecond to the next, more often down than up.
 */
export function undisturbedMean(times: readonly number[], limit: number = INTERRUPTED.wall): number {
  const sorted = [...times].sort((a, b) => a - b);
  const longest = limit * (sorted[sorted.length >> 1] ?? 0);
  let sum = 0;
  let count = 0;
  for (; count < sorted.length && (sorted[count] as number) <= longest; count++) sum += sorted[count] as number;
  return count === 0 ? 0 : sum / count;
}

/** Lets the compiler reach its last tier; on a shared core that takes longer, but not indefinitely. */
function warm(time: Time, now: () => Nanoseconds, compute: typeof burn): void {
  const until = now() + WARM_MS * 1e6;
  const latest = time.now() + 10 * WARM_MS * 1e6;
  let chain = 1;
  while (now() < until && time.now() < latest) chain = compute(20_000, chain);
}

/** "" where there is no place for it: no file has that name, so nothing is read or written. */
function defaultCacheFile(): string {
  const folder = process.env["LAB_TUI_CACHE"] || ownFolder("cache");
  return folder === null ? "" : join(folder, "calibration.json");
}

function readCache(file: string, machine: string): number | null {
  try {
    const cache = JSON.parse(readFileSync(file, "utf8")) as { machine?: unknown; roundsPerMs?: unknown };
    return cache.machine === machine && typeof cache.roundsPerMs === "number" && cache.roundsPerMs > 1e3 && cache.roundsPerMs < 1e8
      ? cache.roundsPerMs
      : null;
  } catch {
    return null;
  }
}

function writeCache(file: string, machine: string, roundsPerMs: number): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify({ machine, roundsPerMs })}\n`);
  } catch {
    // Without a cache the next run measures again.
  }
}
