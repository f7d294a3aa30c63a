import { BATCH_END } from "../../../kernel/frame-ring.ts";
import { wordsFor } from "../../../kernel/words.ts";
import { Batcher } from "../../../queueing/batcher.ts";
import type { Item } from "../../../queueing/item.ts";
import type { Job } from "../executor.ts";
import type { Feed } from "../feed.ts";
import { HEAD_WORDS, ItemFrameWriter } from "./item-frame.ts";
import type { WorkerLink } from "./link.ts";

/**
 * Batches a Worker holds at most beside those at work: as many as it works off in about 4 ms, which covers the
 * time it takes to wake a thread. All else waits in the queue, where overflow acts.
 */
const AHEAD = 4e6;
const SMALLEST_WINDOW = 4;
/** From here on one more batch at work is time enough to be heard and given the next: each wake-up of the source's thread costs. */
const LONG_BATCH = 2e6;
const LARGEST_WINDOW = 128;

/** The way to one Worker: its shard of the queue, its batcher, its link. */
export class Lane {
  private readonly batcher: Batcher;
  /** The batch being written; it may take several frames. */
  private outbox: Item[] = [];
  private written = 0;
  private readonly heads = new ItemFrameWriter();
  private batchesSent = 0;
  itemsSent = 0;
  /** Batches gathered and handed over, and their items: those that are measured. */
  batchesMade = 0;
  itemsBatched = 0;
  private doneWhenAsked = 0;
  private lastSign = -1;
  private heardAt = 0;
  /** Waits for room on the link. */
  private crowded = false;
  /** Something was written since the Worker was last woken. */
  private unheard = false;
  private window: number;
  /** Mean time between two batches' ends, in nanoseconds; 0: none is done. */
  private batchTime = 0;
  /** Batches the Worker has at work at once. */
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

  /** Sends every batch that is ready while the Worker may hold one more. True when the queue has become shorter. */
  deal(now: number, last: boolean): boolean {
    let dealt = false;
    this.crowded = false;
    this.adapt();
    for (;;) {
      if (this.held >= this.window) break;
      if (this.written < this.outbox.length) {
        if (!this.write()) break;
        continue;
      }
      const before = this.batcher.items.length;
      const ready = this.batcher.collect(now, last);
      if (this.batcher.items.length > before) dealt = true;
      if (!ready) break;
      this.outbox.length = 0;
      this.outbox = this.batcher.release(this.outbox);
      this.written = 0;
      const measured = this.job.recorder.measuredIn(this.outbox);
      if (measured > 0) this.batchesMade++;
      this.itemsBatched += measured;
    }
    if (this.unheard) this.link.flush();
    this.unheard = false;
    return dealt;
  }

  /** When what is gathered goes, if the Worker may have it then: it holds more when its batches took less time. */
  get dueAt(): number {
    return this.held < this.window ? this.batcher.dueAt : Number.POSITIVE_INFINITY;
  }

  /** Batches sent and not done. */
  get held(): number {
    return this.batchesSent - this.link.batchesDone;
  }

  /** Looks at how long batches take, and how many a Worker may hold. */
  private adapt(): void {
    if (this.job.intake.anywhere) {
      // Nothing waits behind what is at work here while another Worker is free.
      this.window = this.slots;
      return;
    }
    if (this.job.settings.offload !== "none") {
      // Each of the loop's processors hands over one piece and waits for it.
      this.window = this.job.settings.concurrency;
      return;
    }
    this.batchTime = this.timeOfBatch();
    const ahead = this.batchTime === 0 ? SMALLEST_WINDOW : Math.ceil(AHEAD / Math.max(1, this.batchTime));
    this.window = this.slots - 1 + Math.min(LARGEST_WINDOW, Math.max(SMALLEST_WINDOW, ahead));
  }

  /** Nanoseconds from the end of one batch to that of the next while there are enough: held by the thread, or waiting side by side. */
  private timeOfBatch(): number {
    const { recorder } = this.link;
    const { busy, batches } = recorder.counts();
    if (batches === 0) return 0;
    const waiting = (recorder.service.mean * this.itemsSent) / this.batchesSent / this.slots;
    return Math.max(busy / batches, waiting);
  }

  /** Something waits for this Worker, or for the end of its last batch. */
  private get waiting(): boolean {
    return this.feed.queue.depthOf(this.shard) > 0 || this.written < this.outbox.length || this.feed.ended;
  }

  /** Items gathered for a batch that has not gone. */
  get gathered(): number {
    return this.batcher.items.length;
  }

  get itemsDone(): number {
    const { processed, failed } = this.link.recorder.counts();
    return processed + failed;
  }

  /** The Worker has come down to the number of batches at which it is to be given more, or someone waits for each. */
  get wantsMore(): boolean {
    if (this.crowded && !this.link.crowded) return true;
    if (this.job.source.closedLoop) return this.link.batchesDone !== this.doneWhenAsked;
    return this.link.batchesDone !== this.doneWhenAsked && this.waiting && this.held <= this.lowWater;
  }

  /** Has the Worker ring when it comes down to the low-water mark; false when it is there already. */
  askForMore(): boolean {
    this.doneWhenAsked = this.link.batchesDone;
    if (this.job.source.closedLoop) return this.held === 0 || this.link.wakeAt(this.doneWhenAsked + 1);
    if (!this.waiting || this.held === 0) return true;
    return this.link.wakeAt(this.batchesSent - this.lowWater);
  }

  private get lowWater(): number {
    // Nothing is left to give: only the end of its last batch matters.
    if (this.feed.ended && this.feed.queue.depthOf(this.shard) === 0) return 0;
    if (this.job.settings.offload !== "none" || this.job.intake.anywhere) return this.window - 1;
    return this.slots === 1 && this.batchTime >= LONG_BATCH ? 1 : this.window >> 1;
  }

  /** Nanoseconds since the Worker last gave a sign of life, of those it has something to do; looked at every now and then. */
  silence(now: number): number {
    const sign = this.link.alive + this.itemsDone;
    if (sign !== this.lastSign || this.held === 0) {
      this.lastSign = sign;
      this.heardAt = now;
    }
    return now - this.heardAt;
  }

  /** Everything that came this way is done. */
  get done(): boolean {
    return this.written === this.outbox.length && this.batcher.items.length === 0 && this.held === 0;
  }

  /** Items that left the queue and are not done. */
  get inFlight(): number {
    const { processed, failed, abandoned } = this.link.recorder.counts();
    return this.batcher.items.length + (this.outbox.length - this.written) + this.itemsSent - processed - failed - abandoned;
  }

  /** Accounts for what the Worker never got, and for what it held when it is gone. */
  abandon(now: number): void {
    for (const item of this.batcher.items) this.job.recorder.abandoned(item, now);
    for (let i = this.written; i < this.outbox.length; i++) this.job.recorder.abandoned(this.outbox[i] as Item, now);
    this.outbox.length = 0;
    this.written = 0;
    this.batcher.release([]);
  }

  /** Writes as many items as fit into one frame after another; false when the link has no room for the next. */
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
      this.heads.begin();
      while (this.written < this.outbox.length) {
        const item = this.outbox[this.written] as Item;
        if (this.written - from === piece || words.at + this.wordsOf(item) > limit) break;
        this.heads.write(item, words);
        intake.encode(item, words, this.shard);
        this.written++;
        source.pool.give(item);
      }
      const last = this.written === this.outbox.length || this.written - from === piece;
      if (last) this.batchesSent++;
      this.itemsSent += this.written - from;
      frames.publish(this.written - from, last ? BATCH_END : 0);
      this.unheard = true;
      if (last) return true;
    }
    return true;
  }

  /** Opens a frame for so many words at least; 0 when there is no room for it yet: the Worker tells when there is more. */
  private roomFor(words: number): number {
    const { frames } = this.link;
    if (words > frames.largestFrame) throw new Error(`a message of ${words * 8} bytes does not fit the link`);
    let room = frames.open(words);
    this.crowded = room === 0;
    if (!this.crowded) return room;
    this.link.wakeAtRoom();
    // It may have made room just before it was asked to tell.
    room = frames.open(words);
    this.crowded = room === 0;
    return room;
  }

  private wordsOf(item: Item): number {
    return HEAD_WORDS + wordsFor(this.job.intake.encodedBytes(item, this.shard));
  }
}
