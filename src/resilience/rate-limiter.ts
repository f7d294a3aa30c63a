import type { Nanoseconds } from "../kernel/clock.ts";
import { SharedCells } from "./cells.ts";

export interface RateRule {
  /** Calls per second. */
  readonly initial: number;
  readonly min: number;
  readonly max: number;
}

/** Consecutive successes after which the rate grows, and the factor. */
export const GROW_AFTER = 10;
export const GROW_BY = 1.1;
/** Factor applied to the rate when the server reports too many requests. */
export const SHRINK_BY = 0.5;

/** Most lateness of one call that the next may make up for. */
const LATE: Nanoseconds = 1e6;

const RATE = 0;
const NEXT_AT = 1;
const SUCCESSES = 2;
const SHRUNK_AT = 3;
const TURNS = 4;
const FIRST_TURN = 5;
/** Most turning points kept. */
const KEPT_TURNS = 200;

/**
 * Paces calls at an adaptive rate: ×1.1 after 10 successes, ×0.5 when the server reports too many. Several refusals of calls sent before
 * the last cut answer one excess, so they cut once. Shared by all threads that are given the same memory.
 */
export class RateLimiter {
  private readonly cells: SharedCells;

  constructor(
    private readonly rule: RateRule,
    memory: SharedArrayBuffer = RateLimiter.memory(),
  ) {
    this.cells = new SharedCells(memory);
    const { values } = this.cells;
    this.cells.lock();
    if (values[RATE] === 0) {
      values[RATE] = rule.initial;
      values[SHRUNK_AT] = -1;
    }
    this.cells.unlock();
  }

  static memory(): SharedArrayBuffer {
    return SharedCells.of(FIRST_TURN + KEPT_TURNS).memory;
  }

  /**
   * Returns `now` when a call may go at once, else the instant at which to ask again. Nothing is reserved in advance, so a rate that is cut
   * applies to every waiting call.
   */
  take(now: Nanoseconds): Nanoseconds {
    const { values } = this.cells;
    this.cells.lock();
    const next = values[NEXT_AT] as number;
    const gap = 1e9 / (values[RATE] as number);
    // A slightly late call does not delay those behind it.
    if (now >= next) values[NEXT_AT] = Math.max(next, now - Math.min(gap / 4, LATE)) + gap;
    this.cells.unlock();
    return Math.max(now, next);
  }

  succeeded(): void {
    const { values } = this.cells;
    this.cells.lock();
    values[SUCCESSES] = (values[SUCCESSES] as number) + 1;
    if ((values[SUCCESSES] as number) >= GROW_AFTER) {
      values[SUCCESSES] = 0;
      values[RATE] = Math.min(this.rule.max, (values[RATE] as number) * GROW_BY);
    }
    this.cells.unlock();
  }

  /** Records that the server refused a call sent at `sentAt`. */
  refused(sentAt: Nanoseconds, now: Nanoseconds): void {
    const { values } = this.cells;
    this.cells.lock();
    if (sentAt > (values[SHRUNK_AT] as number)) {
      const turn = values[TURNS] as number;
      if (turn < KEPT_TURNS) values[FIRST_TURN + turn] = values[RATE] as number;
      values[TURNS] = turn + 1;
      values[RATE] = Math.max(this.rule.min, (values[RATE] as number) * SHRINK_BY);
      values[SHRUNK_AT] = now;
      values[NEXT_AT] = Math.max(values[NEXT_AT] as number, now + 1e9 / (values[RATE] as number));
    }
    values[SUCCESSES] = 0;
    this.cells.unlock();
  }

  /** Present rate in calls per second. */
  get rate(): number {
    return this.cells.values[RATE] as number;
  }

  /** The rates at which it was cut; the first ones are kept. */
  get turns(): number[] {
    const kept = Math.min(KEPT_TURNS, this.cells.values[TURNS] as number);
    return [...this.cells.values.subarray(FIRST_TURN, FIRST_TURN + kept)];
  }
}
