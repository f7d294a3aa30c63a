import type { Nanoseconds } from "../../kernel/clock.ts";
import { Histogram } from "../../kernel/histogram.ts";

/** Counts and measurements of a simulation. */
export class Measures {
  readonly sojourn = new Histogram();
  processed = 0;
  /** Those due after warm-up. */
  measured = 0;
  dropped = 0;
  /** Working time of threads. */
  busy: Nanoseconds = 0;
  /** When the last message was done. */
  end: Nanoseconds = 0;
  lastDone: Nanoseconds = 0;
  private readonly origin: Nanoseconds;

  constructor(warmup: Nanoseconds) {
    this.origin = warmup;
  }

  done(due: Nanoseconds, now: Nanoseconds): void {
    this.processed++;
    if (now > this.end) this.end = now;
    if (due < this.origin) return;
    this.measured++;
    this.sojourn.record(now - due);
    if (now > this.lastDone) this.lastDone = now;
  }
}
