import { type Clock, monotonic, type Nanoseconds, threadCpu } from "../../kernel/clock.ts";
import type { WorkFigures } from "../../telemetry/result.ts";

/** Computing between two timed pieces: reading a thread's CPU time is a system call. */
const EVERY_MS = 1;
/**
 * Shorter pieces are timed by the wall clock, which is read thirty times as fast; one that takes this many times the usual was interrupted.
 */
const SHORT: Nanoseconds = 250_000;
const INTERRUPTED = 1.5;
/** Shorter pieces are not timed: beginning and ending one takes a few tenths of a microsecond, which would look like a slower core. */
const SHORTEST: Nanoseconds = 50_000;
/** Relative step of the estimate of the usual time at each piece: up or down, so that it settles at the median. */
const STEP = 0.02;
/** Least computing, and fewest pieces, for figures. */
const LEAST_MS = 20;
const LEAST_PIECES = 10;

/** Sums over one thread's pieces; plain numbers, so that they cross threads and can be added. */
export interface WorkSums {
  /** Of all computing, timed or not. */
  readonly rounds: number;
  readonly timedRounds: number;
  /** CPU time of the timed pieces. */
  readonly cpu: Nanoseconds;
  /** Wall time less CPU time of the pieces long enough to know it, and their rounds. */
  readonly takenAway: Nanoseconds;
  readonly longRounds: number;
  readonly pieces: number;
  /** Sums of each piece's CPU time ÷ asked time, and of its square. */
  readonly ratios: number;
  readonly squares: number;
}

const NOTHING: WorkSums = { rounds: 0, timedRounds: 0, cpu: 0, takenAway: 0, longRounds: 0, pieces: 0, ratios: 0, squares: 0 };

/** Times some of the calibrated pieces of work that a thread computes, to check their duration. */
export class WorkMeter {
  private sums: { -readonly [K in keyof WorkSums]: WorkSums[K] } = { ...NOTHING };
  private readonly every: number;
  private readonly shortest: number;
  /** Rounds since a piece was last timed. */
  private pending = 0;
  /** Instant of `clock` from which on pieces count. */
  private from: Nanoseconds = Number.NEGATIVE_INFINITY;
  /** Usual time ÷ asked time of short pieces. */
  private usual = 1;
  private cpuCost: Nanoseconds = 0;
  private clockCost: Nanoseconds = 0;

  constructor(
    private readonly roundsPerMs: number,
    private readonly clock: Clock = monotonic,
    private readonly cpu: () => Nanoseconds | null = threadCpu,
  ) {
    this.every = EVERY_MS * roundsPerMs;
    this.shortest = (SHORTEST / 1e6) * roundsPerMs;
  }

  /** Measures the cost of reading its clocks, once that code is warm: takes a tenth of a millisecond. */
  prepare(): this {
    // The clock itself is read once more.
    this.clockCost = leastSpan(() => this.clock.now(), this.clock) / (READINGS + 1);
    this.cpuCost = (leastSpan(this.cpu, this.clock) - this.clockCost) / READINGS;
    return this;
  }

  /** Resets the sums; pieces before the instant, by the meter's own clock, do not count. */
  begin(from: Nanoseconds): void {
    this.sums = { ...NOTHING };
    this.pending = 0;
    this.from = from;
  }

  /** Computes, and times it when that is due. */
  run(burn: (rounds: number, chain: number) => number, rounds: number, chain: number): number {
    this.sums.rounds += rounds;
    this.pending += rounds;
    if (this.pending < this.every || rounds < this.shortest) return burn(rounds, chain);
    this.pending = 0;
    const asked = (rounds / this.roundsPerMs) * 1e6;
    return asked < SHORT ? this.timeShort(burn, rounds, chain, asked) : this.timeLong(burn, rounds, chain, asked);
  }

  private timeShort(burn: (rounds: number, chain: number) => number, rounds: number, chain: number, asked: Nanoseconds): number {
    const began = this.clock.now();
    const end = burn(rounds, chain);
    const took = this.clock.now() - began - this.clockCost;
    this.usual *= took > this.usual * asked ? 1 + STEP : 1 - STEP;
    if (this.counts(began) && took < INTERRUPTED * this.usual * asked) this.add(rounds, took, asked);
    return end;
  }

  private timeLong(burn: (rounds: number, chain: number) => number, rounds: number, chain: number, asked: Nanoseconds): number {
    const began = this.clock.now();
    const before = this.cpu();
    const end = burn(rounds, chain);
    const after = this.cpu();
    const wall = this.clock.now() - began - this.clockCost - 2 * this.cpuCost;
    if (!this.counts(began)) return end;
    if (before === null || after === null) {
      this.add(rounds, wall, asked);
      return end;
    }
    const used = after - before - this.cpuCost;
    this.add(rounds, used, asked);
    this.sums.takenAway += wall - used;
    this.sums.longRounds += rounds;
    return end;
  }

  /** False, with the sums reset, until pieces count. */
  private counts(at: Nanoseconds): boolean {
    if (at >= this.from) return true;
    this.sums.rounds = 0;
    return false;
  }

  private add(rounds: number, used: Nanoseconds, asked: Nanoseconds): void {
    const { sums } = this;
    const ratio = used / asked;
    sums.timedRounds += rounds;
    sums.cpu += used;
    sums.pieces++;
    sums.ratios += ratio;
    sums.squares += ratio * ratio;
  }

  get total(): WorkSums {
    return { ...this.sums };
  }
}

/** Readings timed together to find the cost of one. */
const READINGS = 20;

/** Shortest duration of a number of readings, of a few tries: longer ones were disturbed. */
function leastSpan(reading: () => unknown, clock: Clock): Nanoseconds {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const began = clock.now();
    for (let j = 0; j < READINGS; j++) reading();
    least = Math.min(least, clock.now() - began);
  }
  return least;
}

/** Timing of computing over all threads; null: too little of it. `roundsPerMs`: as calibrated. */
export function workFigures(threads: readonly WorkSums[], roundsPerMs: number): WorkFigures | null {
  const sum = (pick: (sums: WorkSums) => number) => threads.reduce((total, sums) => total + pick(sums), 0);
  const pieces = sum(({ pieces }) => pieces);
  const timedRounds = sum(({ timedRounds }) => timedRounds);
  const rounds = sum(({ rounds }) => rounds);
  if (pieces < LEAST_PIECES || rounds < LEAST_MS * roundsPerMs) return null;
  const longRounds = sum(({ longRounds }) => longRounds);
  const cpuMs = sum(({ cpu }) => cpu) / 1e6;
  const mean = sum(({ ratios }) => ratios) / pieces;
  const variance = Math.max(0, sum(({ squares }) => squares) / pieces - mean * mean);
  return {
    askedMs: rounds / roundsPerMs,
    roundsPerMs: timedRounds / cpuMs,
    slowerBy: (cpuMs * roundsPerMs) / timedRounds - 1,
    slowerByError: Math.sqrt(variance / pieces),
    takenAwayMs: longRounds === 0 ? null : Math.max(0, (sum(({ takenAway }) => takenAway) / 1e6) * (rounds / longRounds)),
  };
}
