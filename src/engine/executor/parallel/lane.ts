import { BATCH_END } from "../../../kernel/frame-ring.ts";
import { wordsFor } from "../../../kernel/word-buffer.ts";
import { Batcher } from "../../../queueing/batcher.ts";
import type { Item } from "../../../queueing/item.ts";
import type { Job } from "../executor.ts";
import type { Feed } from "../feed.ts";
import { HEAD_WORDS, ItemFrameWriter } from "./item-frame.ts";
import type { WorkerLink } from "./link.ts";

/**
 * Work that a Worker holds beside its running batches, in nanoseconds: enough to keep it busy while a thread is woken. All
 * other items wait in the queue, where overflow acts.
 */
const LOOKAHEAD = 4e6;
const SMALLEST_WINDOW = 4;
/**
 * Nanoseconds: a batch of this length leaves time to ask for the next while it runs, so the Worker asks only when one is left.
 * Shorter batches are ordered earlier, several per wake-up of the source's thread.
 */
const LONG_BATCH = 2e6;
const LARGEST_WINDOW = 128;

/** Dispatches batches to one Worker: its shard of the queue, its batcher, its link and its window of batches in flight. */
export class Lane {
  private readonly batcher: Batcher;
  /** The batch being written; it may take several frames. */
  private outbox: Item[] = [];
  private written = 0;
  private readonly itemFrames = new ItemFrameWriter();
  private batchesSent = 0;
  itemsSent = 0;
  /** Batches with measured items that were sent, and these items. */
  batchesMade = 0;
  itemsBatched = 0;
  private doneAtRequest = 0;
  private lastProgress = -1;
  private progressAt = 0;
  /** True while the next frame waits for room on the link. */
  private crowded = false;
  /** True when frames were published after the last flush. */
  private unflushed = false;
  /** Most batches in flight to this Worker. */
  private window: number;
  /** Mean time from one batch's end to the next, in nanoseconds; 0 before the first. */
  private batchTime = 0;
  /** Batches that the Worker runs concurrently. */
  private readonly slots: number;

  constructor(
    private readonly job: Job,
    private readonly link: WorkerLink,
    private readonly shard: number,
    private readonly feed: Feed,
  ) {
    this.batcher = new Batcher(feed.queue, shard, job.settings.batch);
    this.slots = job.settings.slots[shard] ?? job.settings.concurrency;
    this.window = this.slots - 1 + SMALLEST_WINDOW;
    this.adapt();
  }

  /** Sends ready batches as far as the window allows. `last`: incomplete batches too. True when items left the queue. */
  dispatch(now: number, last: boolean): boolean {
    let dispatched = false;
    this.crowded = false;
    this.adapt();
    for (;;) {
      if (this.batchesInFlight >= this.window) break;
      if (this.written < this.outbox.length) {
        if (!this.write()) break;
        continue;
      }
      const before = this.batcher.items.length;
      const ready = this.batcher.collect(now, last);
      if (this.batcher.items.length > before) dispatched = true;
      if (!ready) break;
      this.outbox.length = 0;
      this.outbox = this.batcher.release(this.outbox);
      this.written = 0;
      const measured = this.job.recorder.measuredIn(this.outbox);
      if (measured > 0) this.batchesMade++;
      this.itemsBatched += measured;
    }
    if (this.unflushed) this.link.flush();
    this.unflushed = false;
    return dispatched;
  }

  /** When the incomplete batch is due to be sent; Infinity while the window is full. */
  get dueAt(): number {
    return this.batchesInFlight < this.window ? this.batcher.dueAt : Number.POSITIVE_INFINITY;
  }

  /** Batches in flight: sent and not done. */
  get batchesInFlight(): number {
    return this.batchesSent - this.link.batchesDone;
  }

  /** Adapts the window to the duration of batches. */
  private adapt(): void {
    if (this.job.intake.anywhere) {
      // No item waits for this Worker while another is free.
      this.window = this.slots;
      return;
    }
    if (this.job.settings.offload !== "none") {
      // Each processor of the event loop sends one batch and waits for it.
      this.window = this.job.settings.concurrency;
      return;
    }
    this.batchTime = this.timeOfBatch();
    const ahead = this.batchTime === 0 ? SMALLEST_WINDOW : Math.ceil(LOOKAHEAD / Math.max(1, this.batchTime));
    this.window = this.slots - 1 + Math.min(LARGEST_WINDOW, Math.max(SMALLEST_WINDOW, ahead));
  }

  /** Nanoseconds from one batch's end to the next under load: CPU or blocked time per batch, or concurrent waits, whichever is longer. */
  private timeOfBatch(): number {
    const { recorder } = this.link;
    const { busy, batches } = recorder.counts();
    if (batches === 0) return 0;
    const waiting = (recorder.service.mean * this.itemsSent) / this.batchesSent / this.slots;
    return Math.max(busy / batches, waiting);
  }

  /** True when items wait for this Worker, or the run waits for the end of its last batch. */
  private get waiting(): boolean {
    return this.feed.queue.depthOf(this.shard) > 0 || this.written < this.outbox.length || this.feed.ended;
  }

  /** Items of the incomplete batch. */
  get incomplete(): number {
    return this.batcher.items.length;
  }

  get itemsDone(): number {
    const { processed, failed } = this.link.recorder.counts();
    return processed + failed;
  }

  /** True when the Worker needs more batches, or, in a closed loop, when its clients have new answers. */
  get needsMore(): boolean {
    if (this.crowded && !this.link.crowded) return true;
    if (this.job.source.closedLoop) return this.link.batchesDone !== this.doneAtRequest;
    return this.link.batchesDone !== this.doneAtRequest && this.waiting && this.batchesInFlight <= this.lowWater;
  }

  /** Requests a wake-up at the low-water mark; false when the Worker is there already. */
  requestWakeUp(): boolean {
    this.doneAtRequest = this.link.batchesDone;
    if (this.job.source.closedLoop) return this.batchesInFlight === 0 || this.link.wakeAt(this.doneAtRequest + 1);
    if (!this.waiting || this.batchesInFlight === 0) return true;
    return this.link.wakeAt(this.batchesSent - this.lowWater);
  }

  private get lowWater(): number {
    // Nothing is left to send: only the end of the last batch matters.
    if (this.feed.ended && this.feed.queue.depthOf(this.shard) === 0) return 0;
    if (this.job.settings.offload !== "none" || this.job.intake.anywhere) return this.window - 1;
    return this.slots === 1 && this.batchTime >= LONG_BATCH ? 1 : this.window >> 1;
  }

  /** Nanoseconds without progress while batches are in flight, as of the last call. */
  silence(now: number): number {
    const progress = this.link.alive + this.itemsDone;
    if (progress !== this.lastProgress || this.batchesInFlight === 0) {
      this.lastProgress = progress;
      this.progressAt = now;
    }
    return now - this.progressAt;
  }

  /** True when nothing is left to send and no batch is in flight. */
  get done(): boolean {
    return this.written === this.outbox.length && this.batcher.items.length === 0 && this.batchesInFlight === 0;
  }

  /** Items that left the queue and have not ended. */
  get itemsInFlight(): number {
    const { processed, failed, abandoned } = this.link.recorder.counts();
    return this.batcher.items.length + (this.outbox.length - this.written) + this.itemsSent - processed - failed - abandoned;
  }

  /** Counts the items that were never sent as abandoned. */
  abandon(now: number): void {
    for (const item of this.batcher.items) this.job.recorder.abandoned(item, now);
    for (let i = this.written; i < this.outbox.length; i++) this.job.recorder.abandoned(this.outbox[i] as Item, now);
    this.outbox.length = 0;
    this.written = 0;
    this.batcher.release([]);
  }

  /** Writes the outbox as frames; false when the link has no room for the next one. */
  private write(): boolean {
    const { frames } = this.link;
    const { intake, source } = this.job;
    const piece = this.job.settings.offload === "message" ? 1 : Number.POSITIVE_INFINITY;
    while (this.written < this.outbox.length) {
      const first = this.wordsOf(this.outbox[this.written] as Item);
      const room = this.roomFor(first);
      if (room === 0) return false;
      const { words } = frames;
      const limit = words.at + Math.min(room, frames.largestFrame);
      const from = this.written;
      this.itemFrames.begin();
      while (this.written < this.outbox.length) {
        const item = this.outbox[this.written] as Item;
        if (this.written - from === piece || words.at + this.wordsOf(item) > limit) break;
        this.itemFrames.write(item, words);
        intake.encode(item, words, this.shard);
        this.written++;
        source.pool.give(item);
      }
      const last = this.written === this.outbox.length || this.written - from === piece;
      if (last) this.batchesSent++;
      this.itemsSent += this.written - from;
      frames.publish(this.written - from, last ? BATCH_END : 0);
      this.unflushed = true;
      if (last) return true;
    }
    return true;
  }

  /** Opens a frame of at least `words` words; 0, and a requested wake-up, when there is no room yet. */
  private roomFor(words: number): number {
    const { frames } = this.link;
    if (words > frames.largestFrame) throw new Error(`a message of ${words * 8} bytes does not fit the link`);
    let room = frames.open(words);
    this.crowded = room === 0;
    if (!this.crowded) return room;
    this.link.wakeAtRoom();
    // The Worker may have made room just before the request.
    room = frames.open(words);
    this.crowded = room === 0;
    return room;
  }

  private wordsOf(item: Item): number {
    return HEAD_WORDS + wordsFor(this.job.intake.encodedBytes(item, this.shard));
  }
}
