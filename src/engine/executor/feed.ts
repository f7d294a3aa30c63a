import type { Nanoseconds } from "../../kernel/clock.ts";
import { formatBytes } from "../../kernel/units.ts";
import { Wakeup } from "../../kernel/wakeup.ts";
import { BoundedQueue, type FeedQueue } from "../../queueing/bounded-queue.ts";
import type { Item } from "../../queueing/item.ts";
import { rssBytes } from "../../telemetry/memory.ts";
import type { Execution, Job } from "./executor.ts";

/** With an unlimited queue, memory is checked after this many offers, and the first time after this long. */
const LOOK_EVERY = 16_384;
const LOOK_AFTER: Nanoseconds = 10e6;

/** Most items offered before the consumer gets its turn, however many are due. */
const LONGEST_RUSH = 65_536;

/** The queue that a job asks for, in this process. */
export function queueOf({ settings: { capacity, overflow } }: Job, shards: number): BoundedQueue {
  return new BoundedQueue(capacity, overflow, shards);
}

/** Moves items from the source into the queue, applying the overflow rule: the same in `async`, `parallel` and `distributed`. */
export class Feed<Queue extends FeedQueue = BoundedQueue> {
  /** Notified when there is more in the queue, or nothing more will come. */
  readonly arrived: Wakeup;
  /** True when nothing more will come. */
  ended = false;
  private readonly room: Wakeup;
  private offers = 0;
  private lookAt: Nanoseconds = 0;
  private readonly rssAtStart = rssBytes();
  private readonly shards: number;

  constructor(
    private readonly job: Job,
    readonly queue: Queue,
    /** Batches held by a Worker. */
    private readonly held: (shard: number) => number = () => 0,
  ) {
    this.shards = queue.shardCount;
    this.arrived = new Wakeup(job.time);
    this.room = new Wakeup(job.time);
  }

  /** Runs until the tape ends or the run stops. `busy`: time for which this thread has been processing so far. */
  async run(busy: () => number): Promise<void> {
    const { source, time, lifecycle, recorder } = this.job;
    let sinceNotified = 0;
    for (;;) {
      let now = time.now();
      if (source.ended(now) || !lifecycle.taking || lifecycle.expired(now)) break;
      if (source.readAt(now) > now) {
        const before = busy();
        await source.change(now);
        now = time.now();
        source.noteWoken(now, busy() - before);
        if (source.readAt(now) > now || !lifecycle.taking) continue;
      }
      const items = source.takeDue(now);
      if (items.length === 0) continue;
      // A read was in progress when the run ended: nothing takes its items out of the queue any more.
      if (this.ended) {
        for (const item of items) recorder.leftWaiting(item, now);
        continue;
      }
      for (let at = this.offerFrom(items, 0, now); at < items.length; at = this.offerFrom(items, at + 1, now)) {
        const item = items[at] as Item;
        await this.waitForRoom(item, this.shardOf(item), now);
        // Others had a turn meanwhile, and may have taken something out.
        now = time.now();
        if (lifecycle.expired(now) || !lifecycle.taking) {
          for (let rest = at; rest < items.length; rest++) recorder.leftWaiting(items[rest] as Item, now);
          break;
        }
      }
      // Under a drop rule, all items due together compete for the queue before anything is taken out.
      sinceNotified += items.length;
      if (this.queue.overflow === "block" || source.nextRead > now || sinceNotified > LONGEST_RUSH) {
        sinceNotified = 0;
        this.arrived.notify();
        // However much more is due, the consumer gets a turn.
        if (source.nextRead <= now) await null;
      }
    }
    this.ended = true;
    this.arrived.notify();
  }

  /** Resets the queue's figures after the warm-up. */
  async observeAfterWarmup(): Promise<void> {
    const { time, settings } = this.job;
    this.queue.startObserving(time.now());
    if (settings.warmup === 0) return;
    await time.sleepUntil(settings.warmup);
    this.queue.startObserving(time.now());
  }

  /**
   * True when every client of a closed loop waits for the `held` items of an incomplete batch: nothing more can come before it is released.
   */
  stalled(held: number): boolean {
    const { source } = this.job;
    // Nor is anything sent that is still being read.
    const allIn = this.queue.depth === 0 && source.nextDue === Number.POSITIVE_INFINITY;
    return source.closedLoop && held > 0 && allIn && source.unanswered === held;
  }

  /** The consumer took something out: a source that waits for room may continue. */
  freed(): void {
    this.room.notify();
  }

  /** The queue's figures so far. */
  figures(now: number): Execution["queue"] {
    return { meanDepth: this.queue.meanDepth(now), highWater: this.queue.highWater, full: this.queue.full };
  }

  /** Ends the feed: accounts for what is queued, held by the source, or due and never taken. Returns the instant at which that is done. */
  async settle(feeding: Promise<void>, now: number): Promise<number> {
    const { source, time } = this.job;
    this.abandon(now);
    await feeding;
    const endedAt = time.now();
    source.offered.advance(endedAt);
    source.abandonRest(endedAt);
    return endedAt;
  }

  private abandon(now: number): void {
    this.ended = true;
    for (let shard = 0; shard < this.shards; shard++) {
      for (let item = this.queue.take(shard, now); item !== undefined; item = this.queue.take(shard, now)) {
        this.job.recorder.abandoned(item, now);
      }
    }
    this.room.notify();
  }

  /** Offers items until one has to wait; returns its index, or their number. A loop without waits, for the compiler. */
  private offerFrom(items: readonly Item[], from: number, now: number): number {
    const { queue } = this;
    const first = this.shards === 1 && queue.capacity !== Number.POSITIVE_INFINITY ? queue.offerAll(items, from, 0, now) : from;
    for (let i = first; i < items.length; i++) {
      const item = items[i] as Item;
      if (!this.offer(item, this.shardOf(item), now)) return i;
    }
    return items.length;
  }

  private shardOf(item: Item): number {
    if (this.shards === 1) return 0;
    return this.job.intake.anywhere ? this.leastBusy() : this.job.intake.shardOf(item.key, this.shards);
  }

  /** Number of the Worker with the least work per slot. */
  private leastBusy(): number {
    const { slots } = this.job.settings;
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let shard = 0; shard < this.shards; shard++) {
      const load = (this.queue.depthOf(shard) + this.held(shard)) / (slots[shard] ?? 1);
      if (load >= least) continue;
      least = load;
      best = shard;
    }
    return best;
  }

  /** False when the queue is full and the source has to wait. */
  private offer(item: Item, shard: number, now: number): boolean {
    const { recorder, source } = this.job;
    if (this.queue.capacity === Number.POSITIVE_INFINITY && (++this.offers % LOOK_EVERY === 0 || now >= this.lookAt)) this.checkMemory(now);
    const outcome = this.queue.offer(item, shard, now);
    switch (outcome) {
      case "queued":
        return true;
      case "full":
        return false;
      case "dropped-newest":
        recorder.droppedNewest(item, now);
        source.release(item);
        return true;
      case "dropped-oldest": {
        const displaced = this.queue.displaced;
        if (displaced !== null) {
          recorder.droppedOldest(displaced, now);
          source.release(displaced);
        }
        return true;
      }
      default:
        return outcome satisfies never;
    }
  }

  /** Waits until the item is in the queue, or the run stops. */
  private async waitForRoom(item: Item, shard: number, from: number): Promise<void> {
    const { time, lifecycle, source } = this.job;
    this.arrived.notify();
    let now = from;
    do {
      await this.room.wait();
      now = time.now();
    } while (lifecycle.taking && !lifecycle.expired(now) && !this.offer(item, shard, now));
    source.blocked.add("queue", from, now);
  }

  private checkMemory(now: number): void {
    this.lookAt = now + LOOK_AFTER;
    const { memoryLimit } = this.job.settings;
    const grown = rssBytes() - this.rssAtStart;
    if (grown > memoryLimit) {
      this.job.lifecycle.fail(
        now,
        `The unlimited queue reached its memoryLimit of ${formatBytes(memoryLimit)} with ${this.queue.depth} items waiting; a bounded queue (queue.capacity) or a drop rule (queue.overflow) would hold.`,
      );
    }
  }
}
