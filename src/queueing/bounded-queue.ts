import type { Nanoseconds } from "../kernel/clock.ts";
import { Deque } from "../kernel/deque.ts";
import { CountIntegral } from "../telemetry/integral.ts";
import type { Item } from "./item.ts";

export type Overflow = "block" | "drop-newest" | "drop-oldest";

/** Outcome of offering an item. `full`: not added, the source waits for room. */
export type Offer = "queued" | "full" | "dropped-newest" | "dropped-oldest";

/** What a rule says to an item that finds the queue full; null: it comes in, and the oldest makes room for it. */
export function refusalBy(overflow: Overflow): "full" | "dropped-newest" | null {
  switch (overflow) {
    case "block":
      return "full";
    case "drop-newest":
      return "dropped-newest";
    case "drop-oldest":
      return null;
    default:
      return overflow satisfies never;
  }
}

/** A queue as a feed fills it: where it drops, measures, and what is left in it at the end. */
export interface FeedQueue {
  readonly capacity: number;
  readonly overflow: Overflow;
  readonly shardCount: number;
  readonly depth: number;
  readonly highWater: number;
  readonly full: Nanoseconds;
  /** The item that the last `dropped-oldest` evicted. */
  readonly displaced: Item | null;
  offer(item: Item, shard: number, now: Nanoseconds): Offer;
  offerAll(items: readonly Item[], from: number, shard: number, now: Nanoseconds): number;
  take(shard: number, now: Nanoseconds): Item | undefined;
  depthOf(shard: number): number;
  startObserving(now: Nanoseconds): void;
  meanDepth(now: Nanoseconds): number;
}

/**
 * The queue between source and processing: one capacity for all, first in first out within each shard (one shard, or one per Worker).
 * Measures depth, high-water mark and time at capacity.
 */
export class BoundedQueue implements FeedQueue {
  depth = 0;
  highWater = 0;
  /** Time spent at capacity. */
  full: Nanoseconds = 0;
  /** The item that the last `dropped-oldest` evicted. */
  displaced: Item | null = null;
  /** Items taken out, not counting evicted ones. */
  readonly removed = new CountIntegral();
  private area = 0;
  private changedAt: Nanoseconds = 0;
  private observedArea = 0;
  private observedFrom: Nanoseconds = 0;
  private readonly shards: readonly Deque<Item>[];

  /** `capacity` in items, Infinity for an unlimited queue. */
  constructor(
    readonly capacity: number,
    readonly overflow: Overflow,
    readonly shardCount = 1,
  ) {
    const hint = Number.isFinite(capacity) ? Math.min(capacity, 4096) : 4096;
    this.shards = Array.from({ length: shardCount }, () => new Deque<Item>(hint));
  }

  /** Offers an item at an instant; sets its `taken` when it is added. */
  offer(item: Item, shard: number, now: Nanoseconds): Offer {
    let outcome: Offer = "queued";
    if (this.depth >= this.capacity) {
      const refusal = refusalBy(this.overflow);
      if (refusal !== null) return refusal;
      this.observe(now);
      this.displaced = this.removeOldest();
      outcome = "dropped-oldest";
    } else {
      this.observe(now);
    }
    item.taken = now;
    this.shards[shard]?.push(item);
    this.depth++;
    if (this.depth > this.highWater) this.highWater = this.depth;
    return outcome;
  }

  /** Adds items from index `from` on, as many as find room, at one instant, whatever the overflow rule. Returns the index of the next. */
  offerAll(items: readonly Item[], from: number, shard: number, now: Nanoseconds): number {
    const to = from + Math.min(items.length - from, this.capacity - this.depth);
    const ring = this.shards[shard];
    if (to === from || ring === undefined) return from;
    this.observe(now);
    for (let i = from; i < to; i++) {
      const item = items[i] as Item;
      item.taken = now;
      ring.push(item);
    }
    this.depth += to - from;
    if (this.depth > this.highWater) this.highWater = this.depth;
    return to;
  }

  /** Moves up to `most` of a shard's oldest items to the end of a list. */
  takeInto(list: Item[], most: number, shard: number, now: Nanoseconds): void {
    const ring = this.shards[shard];
    const count = Math.min(most, ring?.length ?? 0);
    if (ring === undefined || count === 0) return;
    this.observe(now);
    this.depth -= count;
    this.removed.add(now, count);
    const from = list.length;
    ring.shiftInto(list, count);
    for (let i = from; i < list.length; i++) (list[i] as Item).dequeued = now;
  }

  /** Takes the oldest item of a shard. */
  take(shard: number, now: Nanoseconds): Item | undefined {
    const item = this.shards[shard]?.shift();
    if (item === undefined) return undefined;
    this.observe(now);
    this.depth--;
    this.removed.add(now);
    item.dequeued = now;
    return item;
  }

  depthOf(shard: number): number {
    return this.shards[shard]?.length ?? 0;
  }

  get hasRoom(): boolean {
    return this.depth < this.capacity;
  }

  /** Resets the figures; items in the queue stay. */
  startObserving(now: Nanoseconds): void {
    this.observedArea = this.areaUntil(now);
    this.observedFrom = now;
    this.full = 0;
    this.highWater = this.depth;
  }

  /** Time-weighted mean depth since observation began. */
  meanDepth(now: Nanoseconds): number {
    const area = this.areaUntil(now) - this.observedArea;
    const span = now - this.observedFrom;
    return span > 0 ? area / span : 0;
  }

  /** Time integral of the depth since t = 0. */
  areaUntil(now: Nanoseconds): number {
    this.observe(now);
    return this.area;
  }

  private observe(now: Nanoseconds): void {
    const span = now - this.changedAt;
    if (span <= 0) return;
    this.area += this.depth * span;
    if (this.depth >= this.capacity) this.full += span;
    this.changedAt = now;
  }

  private removeOldest(): Item | null {
    let oldest: Deque<Item> | null = null;
    let oldestIndex = Number.POSITIVE_INFINITY;
    for (const shard of this.shards) {
      const head = shard.peek();
      if (head !== undefined && head.index < oldestIndex) {
        oldest = shard;
        oldestIndex = head.index;
      }
    }
    const item = oldest?.shift() ?? null;
    if (item !== null) this.depth--;
    return item;
  }
}
