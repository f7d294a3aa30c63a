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

/** How far the cached rate may be off at the quick check before it is measured anew. */
const TOLERANCE = BOUNDS.calibration;
const PIECE_MS = 5;
/** Rest before each piece: most loads leave a core some time to sleep, and one that has slept is slower by a percent for milliseconds. */
const REST_MS = 5;
const WARM_MS = 60;
/** Pieces of a quick check, and of a measurement: a core's speed wanders by a percent or two within seconds. */
const CHECK_PIECES = 30;
const MEASURE_PIECES = 150;
/**
 * How many times as long as half of the pieces one takes that was interrupted. In CPU time an interruption costs only what the caches have
 * to be filled with again.
 */
const INTERRUPTED = { thread: 1.05, wall: 1.5 } as const;
/** What a check that confirms the rate counts for in it: over many starts the rate follows the core's mean speed. */
const CHECK_WEIGHT = CHECK_PIECES / MEASURE_PIECES;
/** Measurements before it is told that their checks do not agree with them. */
const MEASUREMENTS = 3;
/** Where a measurement begins from. */
const FIRST_GUESS = 500_000;

/** CPU time that this thread has used; null: the system does not tell. */
export type CpuClock = () => Nanoseconds | null;

/**
 * Finds out how many rounds of `burn` take a millisecond of CPU time here, on average, on a core that works half of the time: from the
 * cache if a quick check confirms it, else measured until a check does, three times at most. By CPU time, so that it does not matter who else
 * has the core meanwhile; by the wall clock where there is none. `time`: where it rests; `cpu`: of the same machine, so that one that
 * is made up has the one it brings, or none.
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
  // One that its own check contradicts is not for others to begin with.
  if (agrees(measured.checkRatio)) writeCache(cacheFile, machine, measured.roundsPerMs);
  return { ...measured, cached: false, clock };
}

/** Time taken over time asked, by so many pieces at a rate. */
type TimeRatio = (roundsPerMs: number, pieces: number) => number;
type Found = Pick<Calibration, "roundsPerMs" | "checkRatio">;

function agrees(checkRatio: number): boolean {
  return Math.abs(checkRatio - 1) <= TOLERANCE;
}

/** A rate that was found before, moved a little to what a check finds; null: the check contradicts it. */
function confirm(cached: number, timeRatio: TimeRatio): Found | null {
  let checkRatio = timeRatio(cached, CHECK_PIECES);
  // Now and then a core is slow for a third of a second; to measure anew takes six times as long as to look again.
  if (!agrees(checkRatio)) checkRatio = timeRatio(cached, CHECK_PIECES);
  if (!agrees(checkRatio)) return null;
  const roundsPerMs = cached / (1 + CHECK_WEIGHT * (checkRatio - 1));
  return { roundsPerMs, checkRatio: (checkRatio * roundsPerMs) / cached };
}

/** Measures until a check agrees; where none does, what was measured last and what its check found. */
function measure(timeRatio: TimeRatio): Found {
  let roundsPerMs = FIRST_GUESS;
  let checkRatio = Number.POSITIVE_INFINITY;
  for (let i = 0; i < MEASUREMENTS && !agrees(checkRatio); i++) {
    // First about how long a piece is, so that the measurement's are as long as they should be.
    for (const pieces of [5, 5, MEASURE_PIECES]) roundsPerMs /= timeRatio(roundsPerMs, pieces);
    checkRatio = timeRatio(roundsPerMs, CHECK_PIECES);
  }
  return { roundsPerMs, checkRatio };
}

/** How long each of so many pieces takes. */
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
 * Mean of the times that are no interruptions: those up to so many times the median. The mean, because capacity and waiting times
 * go by it, and a core's speed changes from one millisecond to the next, more often down than up.
 */
export function undisturbedMean(times: readonly number[], limit: number = INTERRUPTED.wall): number {
  const sorted = [...times].sort((a, b) => a - b);
  const longest = limit * (sorted[sorted.length >> 1] ?? 0);
  let sum = 0;
  let count = 0;
  for (; count < sorted.length && (sorted[count] as number) <= longest; count++) sum += sorted[count] as number;
  return count === 0 ? 0 : sum / count;
}

/** Lets the compiler reach its last tier; where the core is shared that takes longer, but not for ever. */
function warm(time: Time, now: () => Nanoseconds, compute: typeof burn): void {
  const until = now() + WARM_MS * 1e6;
  const latest = time.now() + 10 * WARM_MS * 1e6;
  let chain = 1;
  while (now() < until && time.now() < latest) chain = compute(20_000, chain);
}

/** "" where there is no place for it: no file has that name, so nothing is found there and nothing is kept. */
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
