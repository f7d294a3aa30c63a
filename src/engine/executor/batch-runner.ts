import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Time } from "../../kernel/time.ts";
import type { Item } from "../../queueing/item.ts";
import type { FailureCount } from "../../telemetry/result.ts";
import { Tally } from "../../telemetry/tally.ts";
import type { Outcome, Overlap, Processor } from "../../workloads/workload.ts";
import { KeyOrder } from "./key-order.ts";

/** Items of instant work between two readings of the clock; instants between are interpolated. */
export const GROUP = 32;

/** What a batch runner tells of items, as a `Recorder` takes it in. */
export interface BatchBook {
  measuredIn(items: readonly Item[]): number;
  processed(item: Item, started: Nanoseconds, ended: Nanoseconds): void;
  /** Items `from`…`to − 1`, one right after another. */
  processedTogether(items: readonly Item[], from: number, to: number, began: Nanoseconds, ended: Nanoseconds): void;
  failed(item: Item, ended: Nanoseconds, started: Nanoseconds, reason: string): void;
  abandoned(item: Item, now: Nanoseconds): void;
  batchDone(measured: number): void;
  busy(span: Nanoseconds): void;
}

interface Running {
  items: Item[];
  whenDone: (items: Item[]) => void;
  done: number;
  /** Number of its items that are measured; a finished item may have been reused by the time all are done. */
  measured: number;
  /** Its index among the running batches. */
  at: number;
}

/** Works batches off with one thread's processor, and keeps items of one key in tape order, one after another. */
export class BatchRunner {
  /** Batches begun and not done. */
  active = 0;
  /** True once the run ended inside a batch: its items were not released and must not be reused. */
  cutShort = false;
  private readonly failures = new Tally();
  /** An array, since a Set with frequent changes keeps much of its deleted content until a full garbage collection. */
  private readonly running: Running[] = [];
  private readonly spare: Running[] = [];
  private halted = false;
  private readonly turns: KeyOrder | null;
  /** Items are worked without reading the clock, or anything else, between them. */
  private readonly together: boolean;

  constructor(
    private readonly processor: Processor,
    private readonly recorder: BatchBook,
    private readonly time: Time,
    concurrency: number,
    /** Called with each finished item, which may be reused then. */
    private readonly release: (item: Item) => void,
    private readonly expired: (now: Nanoseconds) => boolean,
    /** Items of a batch after which the loop gets a turn; Infinity: none within a batch. */
    private readonly yieldEvery = Number.POSITIVE_INFINITY,
  ) {
    this.together = processor.instant && yieldEvery === Number.POSITIVE_INFINITY;
    this.turns = (concurrency > 1 || processor.overlap !== undefined) && processor.ordered ? new KeyOrder() : null;
  }

  /**
   * Works a batch off. True when it is done; false when some of it has to wait: then `whenDone` is called once it is done, or the run is
   * over.
   */
  work(items: Item[], whenDone: (items: Item[]) => void): boolean {
    this.active++;
    const running = this.begin(items, whenDone);
    if (this.together) {
      this.workInstantly(running);
      this.finish(running);
      return true;
    }
    if (this.turns !== null) for (const item of items) this.turns.join(item);
    const { overlap } = this.processor;
    if (overlap?.now === true) {
      this.beginAll(running, overlap);
      return false;
    }
    if (!this.workOn(running)) return false;
    this.finish(running);
    return true;
  }

  /** Accounts for unfinished items when the run stops; nothing more is recorded. */
  abandon(now: Nanoseconds): void {
    this.halted = true;
    this.processor.halt();
    for (const { items, done } of this.running) {
      for (let i = done; i < items.length; i++) this.recorder.abandoned(items[i] as Item, now);
    }
    this.running.length = 0;
  }

  /** Items at work, or waiting in a batch that was begun. */
  get items(): number {
    let count = 0;
    for (const { items, done } of this.running) count += items.length - done;
    return count;
  }

  get failureCounts(): FailureCount[] {
    return this.failures.counts;
  }

  private begin(items: Item[], whenDone: (items: Item[]) => void): Running {
    const running = this.spare.pop() ?? { items, whenDone, done: 0, measured: 0, at: 0 };
    running.items = items;
    running.whenDone = whenDone;
    running.done = 0;
    running.measured = this.recorder.measuredIn(items);
    running.at = this.running.push(running) - 1;
    return running;
  }

  private finish(running: Running): void {
    this.active--;
    // A batch cut short by the end of the run stays, to be abandoned.
    if (this.halted || running.done < running.items.length) {
      this.cutShort = true;
      return;
    }
    const last = this.running.pop() as Running;
    if (last !== running) {
      this.running[running.at] = last;
      last.at = running.at;
    }
    this.spare.push(running);
    this.recorder.batchDone(running.measured);
  }

  private workInstantly(running: Running): void {
    const { items } = running;
    let now = this.time.now();
    for (let from = 0; from < items.length; from += GROUP) {
      const to = Math.min(items.length, from + GROUP);
      let failed: Outcome[] | null = null;
      for (let i = from; i < to; i++) {
        const outcome = this.processor.process(items[i] as Item) as Outcome;
        if (outcome !== null) {
          failed ??= [];
          failed[i - from] = outcome;
        }
      }
      const ended = this.time.now();
      if (failed === null) this.recorder.processedTogether(items, from, to, now, ended);
      else this.recordApart(items, from, to, failed, now, ended);
      for (let i = from; i < to; i++) this.release(items[i] as Item);
      this.recorder.busy(ended - now);
      now = ended;
    }
    running.done = items.length;
  }

  private recordApart(
    items: readonly Item[],
    from: number,
    to: number,
    failed: readonly Outcome[],
    began: Nanoseconds,
    ended: Nanoseconds,
  ): void {
    const each = (ended - began) / (to - from);
    for (let i = from; i < to; i++) {
      const started = began + (i - from) * each;
      this.record(items[i] as Item, failed[i - from] ?? null, started, started + each);
    }
  }

  /** Continues a batch until an item has to wait: then returns false, and the rest follows when that item is done. */
  private workOn(running: Running): boolean {
    const { items } = running;
    while (running.done < items.length) {
      const item = items[running.done] as Item;
      if (this.turns !== null && !this.turns.mayStart(item)) {
        this.turns.whenItMay(item, () => this.goOn(running));
        return false;
      }
      const started = this.time.now();
      if (this.halted || this.expired(started)) return true;
      if (running.done === 0) this.processor.openBatch?.();
      const outcome = this.processor.process(item);
      if (outcome instanceof Promise) {
        const held = this.time.now();
        this.recorder.busy(held - started);
        void outcome.then((result) => {
          this.end(running, item, result, started);
          this.goOn(running);
        });
        return false;
      }
      const ended = this.end(running, item, outcome, started);
      this.recorder.busy(ended - started);
      if (running.done % this.yieldEvery === 0 && running.done < items.length) {
        void this.time.turn().then(() => this.goOn(running));
        return false;
      }
    }
    return true;
  }

  /** Begins all items of a batch, each in its key's turn; the end of the last one ends the batch. */
  private beginAll(running: Running, overlap: Overlap): void {
    this.processor.openBatch?.();
    for (const item of running.items) this.beginOne(running, item, overlap);
  }

  private beginOne(running: Running, item: Item, overlap: Overlap): void {
    if (this.turns !== null && !this.turns.mayStart(item)) {
      this.turns.whenItMay(item, () => this.beginOne(running, item, overlap));
      return;
    }
    const started = this.time.now();
    if (this.halted || this.expired(started)) {
      this.cutShort = true;
      return;
    }
    overlap.start(item, (outcome) => this.endOne(running, item, outcome, started));
    this.recorder.busy(this.time.now() - started);
  }

  /** Ends an item of a batch, in any order: those that have ended stand first, as `abandon` expects. */
  private endOne(running: Running, item: Item, outcome: Outcome, started: Nanoseconds): void {
    if (this.halted) return;
    const { items, done } = running;
    items[items.indexOf(item, done)] = items[done] as Item;
    items[done] = item;
    this.end(running, item, outcome, started);
    if (running.done < items.length) return;
    this.finish(running);
    running.whenDone(items);
  }

  private goOn(running: Running): void {
    if (!this.halted && !this.workOn(running)) return;
    this.finish(running);
    running.whenDone(running.items);
  }

  private end(running: Running, item: Item, outcome: Outcome, started: Nanoseconds): Nanoseconds {
    const ended = this.time.now();
    if (this.halted) return ended;
    running.done++;
    this.record(item, outcome, started, ended);
    this.turns?.end(item);
    this.release(item);
    return ended;
  }

  private record(item: Item, outcome: Outcome, started: Nanoseconds, ended: Nanoseconds): void {
    if (outcome === null) this.recorder.processed(item, started, ended);
    else {
      this.recorder.failed(item, ended, started, outcome);
      this.failures.add(outcome);
    }
  }
}
