import type { Nanoseconds } from "../kernel/clock.ts";
import { Cells } from "./cells.ts";

export interface RateRule {
  /** Calls per second. */
  readonly initial: number;
  readonly min: number;
  readonly max: number;
}

/** Successes in a row after which the rate grows, and what it is multiplied by then. */
export const GROW_AFTER = 10;
export const GROW_BY = 1.1;
/** What the rate is multiplied by when the server says it is too much. */
export const SHRINK_BY = 0.5;

/** Lateness of one call that the next makes up for. */
const LATE: Nanoseconds = 1e6;

const RATE = 0;
const NEXT_AT = 1;
const SUCCESSES = 2;
const SHRUNK_AT = 3;
const TURNS = 4;
const FIRST_TURN = 5;
/** Turning points that are kept. */
const KEPT_TURNS = 200;

/**
 * Paces calls at a rate that feels its way: ×1.1 after 10 successes, ×0.5 when told that it is too much. Several refusals of calls
 * sent before the rate was last cut are one answer to one excess, so they cut it once. Shared by all threads that are given
 * the same memory.
 */
export class RateLimiter {
  private readonly cells: Cells;

  constructor(
    private readonly rule: RateRule,
    memory: SharedArrayBuffer = RateLimiter.memory(),
  ) {
    this.cells = new Cells(memory);
    const { values } = this.cells;
    this.cells.lock();
    if (values[RATE] === 0) {
      values[RATE] = rule.initial;
      values[SHRUNK_AT] = -1;
    }
    this.cells.unlock();
  }

  static memory(): SharedArrayBuffer {
    return Cells.of(FIRST_TURN + KEPT_TURNS).memory;
  }

  /**
   * Lets a call go now, and says so with `now`; or says when to ask again. Nothing is promised ahead of its time, so a rate that is
   * cut applies to every waiting call.
   */
  take(now: Nanoseconds): Nanoseconds {
    const { values } = this.cells;
    this.cells.lock();
    const next = values[NEXT_AT] as number;
    const gap = 1e9 / (values[RATE] as number);
    // Who wakes a little late does not slow down those behind.
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

  /** The server refused a call that went at `sentAt`. */
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

  /** Calls per second now. */
  get rate(): number {
    return this.cells.values[RATE] as number;
  }

  /** The rates at which it was cut, the first ones kept. */
  get turns(): number[] {
    const kept = Math.min(KEPT_TURNS, this.cells.values[TURNS] as number);
    return [...this.cells.values.subarray(FIRST_TURN, FIRST_TURN + kept)];
  }
}
