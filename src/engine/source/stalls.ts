import type { Nanoseconds } from "../../kernel/clock.ts";

/** Causes that keep the source from taking due items. */
export type StallCause = "reading" | "processing" | "queries" | "queue";

/** Time for which something due waited to be taken, by cause; time before `since`, the warm-up, does not count. */
export class SourceStalls {
  reading: Nanoseconds = 0;
  processing: Nanoseconds = 0;
  queries: Nanoseconds = 0;
  queue: Nanoseconds = 0;

  constructor(private readonly since: Nanoseconds) {}

  add(cause: StallCause, from: Nanoseconds, to: Nanoseconds): void {
    const span = to - Math.max(from, this.since);
    if (span > 0) this[cause] += span;
  }

  get total(): Nanoseconds {
    return this.reading + this.processing + this.queries + this.queue;
  }
}
