import type { Nanoseconds } from "../kernel/clock.ts";
import type { DueTimes } from "./tape.ts";

/**
 * How much has fallen due by now, whether or not anyone was ready: reads due times of its own, so that what a late source
 * has not got to yet is counted all the same. Also the arrivals side of Little's law.
 */
export class Offered {
  /** Arrivals due so far. */
  count = 0;
  /** Of these, due after warm-up. */
  measured = 0;
  /** Due time of the last arrival so far. */
  last: Nanoseconds = 0;
  /** True when nothing more will fall due. */
  ended = false;
  private area = 0;
  private areaAt: Nanoseconds = 0;
  private pending: Nanoseconds;

  constructor(
    private readonly times: DueTimes,
    private readonly warmup: Nanoseconds,
  ) {
    this.areaAt = warmup;
    this.pending = this.read(0);
  }

  /** Counts everything due at or before the instant. */
  advance(now: Nanoseconds): void {
    if (Number.isNaN(this.pending)) this.pending = this.read(now);
    while (this.pending <= now) {
      this.count += this.times.together;
      this.last = this.pending;
      if (this.pending >= this.warmup) {
        this.area += this.measured * (this.pending - this.areaAt);
        this.areaAt = this.pending;
        this.measured += this.times.together;
      }
      this.pending = this.read(now);
    }
  }

  /** Nothing more falls due after this instant: the run was stopped. */
  stop(now: Nanoseconds): void {
    if (this.ended) return;
    this.advance(now);
    this.end();
  }

  /** Time integral of the number due, from the end of warm-up to the instant. */
  areaUntil(now: Nanoseconds): number {
    return this.area + this.measured * Math.max(0, now - this.areaAt);
  }

  private read(now: Nanoseconds): Nanoseconds {
    const due = this.times.next(now);
    if (due === Number.POSITIVE_INFINITY) this.end();
    return due * 1000;
  }

  private end(): void {
    this.ended = true;
    this.pending = Number.POSITIVE_INFINITY;
    this.times.close();
  }
}
