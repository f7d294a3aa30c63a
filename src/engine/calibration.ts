import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import envPaths from "env-paths";
import type { Nanoseconds } from "../kernel/clock.ts";
import { LoopTime, type Time } from "../kernel/time.ts";
import type { Calibration } from "../telemetry/result.ts";
import { burn } from "./effort.ts";

/** How far the cached rate may be off at the quick check before it is measured anew. */
const TOLERANCE = 0.02;
const PIECE_MS = 5;
/** Rest before each piece: most loads leave a core some time to sleep, and one that has slept is slower by a percent for milliseconds. */
const REST_MS = 5;
/** Pieces of a quick check, and of a measurement: a core's speed wanders by a percent or two within seconds. */
const CHECK_PIECES = 30;
const MEASURE_PIECES = 150;
/** What a check that confirms the rate counts for in it: over many starts the rate follows the core's mean speed. */
const CHECK_WEIGHT = CHECK_PIECES / MEASURE_PIECES;

/**
 * Finds out how many rounds of `burn` take a millisecond here, on average, on a core that works half of the time: from the cache if a
 * quick check confirms it.
 */
export function calibrate(time: Time = new LoopTime(), cacheFile: string = defaultCacheFile(), compute: typeof burn = burn): Calibration {
  const timeRatio = (roundsPerMs: number, pieces: number) => timesAsked(roundsPerMs, pieces, time, compute);
  warm(time, compute);
  const machine = `${cpus()[0]?.model ?? "unknown"} × ${cpus().length}, Bun ${Bun.version}`;
  const cached = readCache(cacheFile, machine);
  if (cached !== null) {
    let checkRatio = timeRatio(cached, CHECK_PIECES);
    // Now and then a core is slow for a third of a second; to measure anew takes six times as long as to look again.
    if (Math.abs(checkRatio - 1) > TOLERANCE) checkRatio = timeRatio(cached, CHECK_PIECES);
    if (Math.abs(checkRatio - 1) <= TOLERANCE) {
      const roundsPerMs = cached / (1 + CHECK_WEIGHT * (checkRatio - 1));
      writeCache(cacheFile, machine, roundsPerMs);
      return { roundsPerMs, checkRatio: (checkRatio * roundsPerMs) / cached, cached: true };
    }
  }
  let roundsPerMs = 500_000;
  for (let round = 0; round < 3; round++) roundsPerMs /= timeRatio(roundsPerMs, round === 2 ? MEASURE_PIECES : 5);
  const checkRatio = timeRatio(roundsPerMs, CHECK_PIECES);
  writeCache(cacheFile, machine, roundsPerMs);
  return { roundsPerMs, checkRatio, cached: false };
}

/** Time taken over time asked, of so many pieces. */
function timesAsked(roundsPerMs: number, pieces: number, time: Time, compute: typeof burn): number {
  const rounds = Math.round(roundsPerMs * PIECE_MS);
  const times: Nanoseconds[] = [];
  let chain = 1;
  for (let i = 0; i < pieces; i++) {
    time.rest(time.now() + REST_MS * 1e6, () => false);
    const from = time.now();
    chain = compute(rounds, chain);
    times.push(time.now() - from);
  }
  if (chain === 0.5) throw new Error("unreachable"); // keeps the chain alive
  return Math.max(1e-3, undisturbedMean(times) / (PIECE_MS * 1e6));
}

/**
 * Mean of the times that are no interruptions: those up to 1.5 × the median. The mean, because capacity and waiting times
 * go by it, and a core's speed changes from one millisecond to the next, more often down than up.
 */
export function undisturbedMean(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const limit = 1.5 * (sorted[sorted.length >> 1] ?? 0);
  let sum = 0;
  let count = 0;
  for (; count < sorted.length && (sorted[count] as number) <= limit; count++) sum += sorted[count] as number;
  return count === 0 ? 0 : sum / count;
}

/** Lets the compiler reach its last tier. */
function warm(time: Time, compute: typeof burn): void {
  const until = time.now() + 60e6;
  let chain = 1;
  while (time.now() < until) chain = compute(20_000, chain);
}

function defaultCacheFile(): string {
  return process.env["LAB_TUI_CACHE"]
    ? join(process.env["LAB_TUI_CACHE"], "calibration.json")
    : join(envPaths("lab-tui", { suffix: "" }).cache, "calibration.json");
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
