import type { Nanoseconds } from "../kernel/clock.ts";
import { HISTOGRAM_BYTES, Histogram } from "../kernel/histogram.ts";
import {
  ABANDONED,
  BATCHED,
  BATCHES,
  BUSY_TIME,
  type Counts,
  countsOf,
  DISORDER,
  DROPPED_NEWEST,
  DROPPED_OLDEST,
  EARLY,
  EARLY_INSTANTS,
  ENDED,
  ENDED_INSTANTS,
  FAILED,
  FIRST_DUE,
  LAST_DONE,
  MEASURED,
  MEASURED_BATCHES,
  MEASURED_FAILED,
  OTHERS,
  OTHERS_INSIDE,
  PROCESSED,
  REJECTED,
  STRAYED,
  UNBEGUN,
  UNBEGUN_INSTANTS,
} from "./counts.ts";

/** The data of a finished item that a recorder needs: key, sequence and instants. */
export interface Passage {
  readonly key: number;
  readonly sequence: number;
  readonly due: Nanoseconds;
  readonly taken: Nanoseconds;
  readonly dequeued: Nanoseconds;
}

const PARTS = ["sojourn", "schedule", "queue", "batch", "service"] as const;
export type LatencyPart = (typeof PARTS)[number];
/** Histograms of a recorder: one for each part, and one for the sojourns of failed items. */
const HISTOGRAMS = PARTS.length + 1;

const TALLY = 32;
/** Bytes of shared memory of one recorder. */
export const RECORDER_BYTES = TALLY * 8 + Math.ceil(HISTOGRAM_BYTES / 8) * 8 * HISTOGRAMS;

/**
 * What one thread records about items: counts, latencies of all that were completed or failed, order, and times of leaving, which are the
 * departures side of Little's law and independent of latencies. One thread writes; it lies in shared memory, so the sampler can read it at
 * any time. Items due during warm-up are counted but not measured.
 */
export class Recorder {
  readonly sojourn: Histogram;
  readonly schedule: Histogram;
  readonly queue: Histogram;
  readonly batch: Histogram;
  readonly service: Histogram;
  /** Sojourns of failed items, which are in `sojourn` too. */
  readonly failures: Histogram;
  private readonly tally: Float64Array;
  private lastSequence = new Uint32Array(1024);

  constructor(
    readonly memory: SharedArrayBuffer = new SharedArrayBuffer(RECORDER_BYTES),
    private readonly warmup: Nanoseconds = 0,
  ) {
    this.tally = new Float64Array(memory, 0, TALLY);
    const step = Math.ceil(HISTOGRAM_BYTES / 8) * 8;
    const [sojourn, schedule, queue, batch, service] = PARTS.map((_, i) => new Histogram(memory, TALLY * 8 + i * step));
    if (!sojourn || !schedule || !queue || !batch || !service) throw new Error("unreachable");
    this.sojourn = sojourn;
    this.schedule = schedule;
    this.queue = queue;
    this.batch = batch;
    this.service = service;
    this.failures = new Histogram(memory, TALLY * 8 + PARTS.length * step);
    this.tally[FIRST_DUE] = Number.POSITIVE_INFINITY;
  }

  /** Records that an item was completed. */
  processed(item: Passage, started: Nanoseconds, ended: Nanoseconds): void {
    const tally = this.tally;
    this.checkOrder(item);
    tally[PROCESSED] = (tally[PROCESSED] as number) + 1;
    tally[ENDED] = (tally[ENDED] as number) + 1;
    tally[ENDED_INSTANTS] = (tally[ENDED_INSTANTS] as number) + ended;
    if (item.due < this.warmup) {
      this.leftEarly(1, ended);
      return;
    }
    tally[MEASURED] = (tally[MEASURED] as number) + 1;
    this.timed(item, started, ended);
  }

  /**
   * Records that items `from`…`to − 1` were completed one right after another between two readings of the clock; instants between are
   * interpolated. Equal waits of neighbours are recorded as one count: in a batch that is most of them.
   */
  processedTogether(items: readonly Passage[], from: number, to: number, began: Nanoseconds, ended: Nanoseconds): void {
    const tally = this.tally;
    const each = (ended - began) / (to - from);
    let measured = 0;
    let lastDone = 0;
    for (let i = from; i < to; ) {
      const first = items[i] as Passage;
      this.checkOrder(first);
      let end = i + 1;
      // Neighbours that fell due, were taken and were batched together.
      for (; end < to; end++) {
        const next = items[end] as Passage;
        if (next.due !== first.due || next.taken !== first.taken || next.dequeued !== first.dequeued) break;
        this.checkOrder(next);
      }
      const started = began + (i - from) * each;
      const count = end - i;
      if (first.due >= this.warmup) {
        this.schedule.recordMany(first.taken - first.due, count);
        this.queue.recordMany(first.dequeued - first.taken, count);
        this.batch.recordRamp(started - first.dequeued, each, count);
        this.sojourn.recordRamp(started + each - first.due, each, count);
        if (first.due < (tally[FIRST_DUE] as number)) tally[FIRST_DUE] = first.due;
        measured += count;
        lastDone = started + each * count;
      } else {
        this.leftEarly(count, instantsOf(started, each, count));
      }
      i = end;
    }
    tally[PROCESSED] = (tally[PROCESSED] as number) + (to - from);
    tally[ENDED] = (tally[ENDED] as number) + (to - from);
    tally[ENDED_INSTANTS] = (tally[ENDED_INSTANTS] as number) + instantsOf(began, each, to - from);
    if (measured === 0) return;
    this.service.recordMany(each, measured);
    tally[MEASURED] = (tally[MEASURED] as number) + measured;
    if (lastDone > (tally[LAST_DONE] as number)) tally[LAST_DONE] = lastDone;
  }

  /** Records that an item failed; its state is as before, but its time counts. */
  failed(item: Passage, ended: Nanoseconds, started: Nanoseconds = ended): void {
    const tally = this.tally;
    this.checkOrder(item);
    tally[FAILED] = (tally[FAILED] as number) + 1;
    this.ended(ended);
    if (item.due < this.warmup) {
      this.leftEarly(1, ended);
      return;
    }
    tally[MEASURED_FAILED] = (tally[MEASURED_FAILED] as number) + 1;
    this.failures.record(ended - item.due);
    this.timed(item, started, ended);
  }

  /** Records the times of an item that ended, whether processed or failed. */
  private timed(item: Passage, started: Nanoseconds, ended: Nanoseconds): void {
    const tally = this.tally;
    this.sojourn.record(ended - item.due);
    this.schedule.record(item.taken - item.due);
    this.queue.record(item.dequeued - item.taken);
    this.batch.record(started - item.dequeued);
    this.service.record(ended - started);
    if (item.due < (tally[FIRST_DUE] as number)) tally[FIRST_DUE] = item.due;
    if (ended > (tally[LAST_DONE] as number)) tally[LAST_DONE] = ended;
  }

  /** Sojourns of processed items. */
  get wellDone(): Histogram {
    return this.sojourn.without(this.failures);
  }

  /** Recounts a processed item as failed: something it left running threw. False when there is none. */
  stray(): boolean {
    if ((this.tally[PROCESSED] ?? 0) < 1) return false;
    this.tally[PROCESSED] = (this.tally[PROCESSED] ?? 0) - 1;
    this.tally[FAILED] = (this.tally[FAILED] ?? 0) + 1;
    this.tally[STRAYED] = (this.tally[STRAYED] ?? 0) + 1;
    return true;
  }

  rejected(item: Passage, now: Nanoseconds): void {
    this.add(REJECTED, item, now);
    this.goneUnbegun(now);
  }

  droppedNewest(item: Passage, now: Nanoseconds): void {
    this.add(DROPPED_NEWEST, item, now);
    this.goneUnbegun(now);
  }

  droppedOldest(item: Passage, now: Nanoseconds): void {
    this.add(DROPPED_OLDEST, item, now);
    this.goneUnbegun(now);
  }

  /** Records an item that left the queue but was unfinished when the run stopped. It counts in Little's law until now. */
  abandoned(item: Passage, now: Nanoseconds): void {
    this.add(ABANDONED, item, now);
    this.ended(now);
  }

  /** As `abandoned`, for a due item that never entered a queue. */
  leftWaiting(item: Passage, now: Nanoseconds): void {
    this.add(ABANDONED, item, now);
    this.goneUnbegun(now);
  }

  /** Adds processing time of this thread. */
  busy(span: Nanoseconds): void {
    this.tally[BUSY_TIME] = (this.tally[BUSY_TIME] ?? 0) + span;
  }

  /** Number of measured items in a batch: those due after warm-up. */
  measuredIn(items: readonly Passage[]): number {
    if (this.warmup === 0) return items.length;
    let measured = 0;
    for (const { due } of items) if (due >= this.warmup) measured++;
    return measured;
  }

  /** Records a batch with `measured` measured items. A batch entirely within the warm-up counts as done only. */
  batchDone(measured: number): void {
    this.tally[BATCHES] = (this.tally[BATCHES] ?? 0) + 1;
    if (measured === 0) return;
    this.tally[MEASURED_BATCHES] = (this.tally[MEASURED_BATCHES] ?? 0) + 1;
    this.tally[BATCHED] = (this.tally[BATCHED] ?? 0) + measured;
  }

  /** Adds up the time inside of an item that is in no histogram. */
  private add(what: number, item: Passage, now: Nanoseconds): void {
    const tally = this.tally;
    tally[what] = (tally[what] as number) + 1;
    if (item.due < this.warmup) {
      this.leftEarly(1, now);
      return;
    }
    if (item.due < (tally[FIRST_DUE] as number)) tally[FIRST_DUE] = item.due;
    tally[OTHERS] = (tally[OTHERS] as number) + 1;
    tally[OTHERS_INSIDE] = (tally[OTHERS_INSIDE] as number) + (now - item.due);
  }

  private ended(now: Nanoseconds): void {
    this.tally[ENDED] = (this.tally[ENDED] as number) + 1;
    this.tally[ENDED_INSTANTS] = (this.tally[ENDED_INSTANTS] as number) + now;
  }

  private goneUnbegun(now: Nanoseconds): void {
    this.tally[UNBEGUN] = (this.tally[UNBEGUN] as number) + 1;
    this.tally[UNBEGUN_INSTANTS] = (this.tally[UNBEGUN_INSTANTS] as number) + now;
  }

  /** Records departures of items due during warm-up, by the sum of their instants. */
  private leftEarly(count: number, instants: number): void {
    this.tally[EARLY] = (this.tally[EARLY] as number) + count;
    this.tally[EARLY_INSTANTS] = (this.tally[EARLY_INSTANTS] as number) + instants;
  }

  private checkOrder(item: Passage): void {
    if (item.sequence === 0) return;
    if (item.key >= this.lastSequence.length) {
      const grown = new Uint32Array(Math.max(item.key + 1, this.lastSequence.length * 2));
      grown.set(this.lastSequence);
      this.lastSequence = grown;
    }
    if (item.sequence <= (this.lastSequence[item.key] as number)) this.tally[DISORDER] = (this.tally[DISORDER] ?? 0) + 1;
    this.lastSequence[item.key] = item.sequence;
  }

  /** Processing time of this thread so far. */
  get busyTotal(): Nanoseconds {
    return this.tally[BUSY_TIME] ?? 0;
  }

  /** Time integral of the number of items done after leaving the queue; `now` is not before any event. */
  endedUntil(now: Nanoseconds): number {
    const tally = this.tally;
    let count = 0;
    let instants = 0;
    // Another thread may be writing: read until two readings agree.
    for (let i = 0; i < 4; i++) {
      count = tally[ENDED] as number;
      instants = tally[ENDED_INSTANTS] as number;
      if (count === tally[ENDED] && instants === tally[ENDED_INSTANTS]) break;
    }
    return count * now - instants;
  }

  /** The present counts. */
  counts(): Counts {
    return countsOf(this.tally);
  }
}

/** Sum of the instants at which `count` items ended that took `each` one after another from `began` on. */
function instantsOf(began: Nanoseconds, each: Nanoseconds, count: number): number {
  return count * began + (each * count * (count + 1)) / 2;
}
