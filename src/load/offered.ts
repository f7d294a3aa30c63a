import type { Nanoseconds } from "../kernel/clock.ts";
import { CountIntegral } from "../telemetry/integral.ts";
import type { DueTimes, Steering } from "./tape.ts";

/**
 * The number of arrivals due by now, whether or not anything was ready for them: it reads due times of its own, so that arrivals which a
 * late source has not taken yet are counted. Also the arrivals side of Little's law.
 */
export class Offered {
  /** Due time of the last arrival so far. */
  last: Nanoseconds = 0;
  /** True when nothing more will fall due. */
  ended = false;
  private readonly all = new CountIntegral();
  /** Arrivals due during warm-up. */
  private readonly early = new CountIntegral();
  private pending: Nanoseconds;

  constructor(
    private readonly times: DueTimes,
    private readonly warmup: Nanoseconds,
  ) {
    this.pending = this.read(0);
  }

  /** Arrivals due so far. */
  get count(): number {
    return this.all.count;
  }

  /** Arrivals due so far, after warm-up. */
  get measured(): number {
    return this.all.count - this.early.count;
  }

  /** Changes the load that the due times come from; null: it cannot be changed. */
  get steering(): Steering | null {
    return this.times.steering ?? null;
  }

  /** Counts everything due at or before the instant. */
  advance(now: Nanoseconds): void {
    if (Number.isNaN(this.pending)) this.pending = this.read(now);
    while (this.pending <= now) {
      this.all.add(this.pending, this.times.together);
      this.last = this.pending;
      if (this.pending < this.warmup) this.early.add(this.pending, this.times.together);
      this.pending = this.read(now);
    }
  }

  /** Stops the count: the run was stopped at `now`, and nothing falls due after it. */
  stop(now: Nanoseconds): void {
    if (this.ended) return;
    this.advance(now);
    this.end();
  }

  /** Time integral of the number due so far. */
  areaUntil(now: Nanoseconds): number {
    return this.all.until(now);
  }

  /** The same integral for arrivals due after warm-up. */
  measuredAreaUntil(now: Nanoseconds): number {
    return this.all.until(now) - this.early.until(now);
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
