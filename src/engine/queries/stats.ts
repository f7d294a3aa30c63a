import type { Nanoseconds } from "../../kernel/clock.ts";
import { HISTOGRAM_BYTES, Histogram } from "../../kernel/histogram.ts";

const SENT = 0;
const ANSWERED = 1;
const HEAD = 64;
const STEP = Math.ceil(HISTOGRAM_BYTES / 8) * 8;

/** Outcomes of queries. In shared memory: one thread writes, the others read. */
export class QueryStats {
  /** From a query's due time until its answer. */
  readonly latency: Histogram;
  /** Age of the state in the answer. */
  readonly staleness: Histogram;
  private readonly counts: Float64Array;

  constructor(
    readonly memory: SharedArrayBuffer = new SharedArrayBuffer(HEAD + 2 * STEP),
    private readonly warmup: Nanoseconds = 0,
  ) {
    this.counts = new Float64Array(memory, 0, 2);
    this.latency = new Histogram(memory, HEAD);
    this.staleness = new Histogram(memory, HEAD + STEP);
  }

  get sent(): number {
    return this.counts[SENT] ?? 0;
  }

  get answered(): number {
    return this.counts[ANSWERED] ?? 0;
  }

  ask(): void {
    this.counts[SENT] = this.sent + 1;
  }

  answer(due: Nanoseconds, now: Nanoseconds, age: Nanoseconds): void {
    this.counts[ANSWERED] = this.answered + 1;
    if (due < this.warmup) return;
    this.latency.record(now - due);
    this.staleness.record(age);
  }
}
