import type { Nanoseconds } from "../../kernel/clock.ts";
import { Deque } from "../../kernel/deque.ts";
import { Heap } from "../../kernel/heap.ts";
import type { ReadLatency } from "../../load/read-latency.ts";
import type { DueTimes, Steering } from "../../load/tape.ts";
import type { SourceStalls } from "./stalls.ts";

/** Overlapping reads: each begins when its arrival is due and a connection is free; they are delivered in tape order. */
export class Connections {
  private readonly ends = new Deque<Nanoseconds>();
  private readonly reading = new Heap<null>();
  private due: Nanoseconds;
  private together = 0;
  /** Since when something is due while every connection is reading; null: nothing is. */
  private fullSince: Nanoseconds | null = null;
  /** Time for which the source had waited for the queue by then. */
  private queuedBefore: Nanoseconds = 0;

  constructor(
    private readonly times: DueTimes,
    private readonly latency: ReadLatency,
    private readonly count: number,
  ) {
    this.due = this.readDue(0);
  }

  /**
   * Begins reads that can begin by now, and records how long something waited for a connection. Returns when the next arrival in tape order
   * has been read, Infinity if that read has not begun.
   */
  advance(now: Nanoseconds, blocked: SourceStalls): Nanoseconds {
    if (Number.isNaN(this.due)) this.due = this.readDue(now);
    // From here on it does not wait for lack of a connection.
    const free = Math.min(now, this.reading.next);
    while (this.reading.next <= now) this.reading.pop();
    while (this.due <= now && this.reading.size < this.count) this.begin(now);
    const full = this.due <= now;
    // Waiting for the queue is recorded as that.
    if (this.fullSince !== null) blocked.add("reading", this.fullSince + blocked.queue - this.queuedBefore, free);
    this.fullSince = full ? now : null;
    this.queuedBefore = blocked.queue;
    return this.nextRead;
  }

  /** When the next arrival in tape order will have been read; Infinity when that read has not begun. */
  get nextRead(): Nanoseconds {
    return this.ends.peek() ?? Number.POSITIVE_INFINITY;
  }

  /** To be called when the arrival that was read first is taken. */
  delivered(): void {
    this.ends.shift();
  }

  /** Changes the load that the due times come from; null: it cannot be changed. */
  get steering(): Steering | null {
    return this.times.steering ?? null;
  }

  /** When there may be something to do: a read ends, or one can begin. */
  get nextChange(): Nanoseconds {
    const begins = this.reading.size < this.count ? this.due : this.reading.next;
    return Math.min(this.ends.peek() ?? Number.POSITIVE_INFINITY, Number.isNaN(begins) ? Number.POSITIVE_INFINITY : begins);
  }

  private begin(now: Nanoseconds): void {
    const end = now + this.latency.next();
    this.ends.push(end);
    this.reading.push(end, null);
    if (--this.together === 0) this.due = this.readDue(now);
  }

  private readDue(now: Nanoseconds): Nanoseconds {
    this.together = this.times.together;
    return this.times.next(now) * 1000;
  }
}
