import type { Nanoseconds } from "../../../kernel/clock.ts";
import { Deque } from "../../../kernel/deque.ts";
import { Heap } from "../../../kernel/heap.ts";
import { type FeedQueue, type Offer, type Overflow, refusalBy } from "../../../queueing/bounded-queue.ts";
import type { Item } from "../../../queueing/item.ts";
import { CountIntegral } from "../../../telemetry/integral.ts";
import { PartitionItems, type SentPiece, toSendAgain } from "./partition-items.ts";
import type { ItemPlace, Piece } from "./streams.ts";

export interface StreamQueueRule {
  readonly capacity: number;
  readonly overflow: Overflow;
  readonly partitions: number;
  /** Time for which what is done is kept, should the server lose it. */
  readonly keptFor: Nanoseconds;
  readonly partitionOf: (item: Item) => number;
  /** The line that stands for an item in the stream of its partition; `number`: its own there. */
  readonly lineOf: (item: Item, number: number) => string;
}

/**
 * The queue of mode `distributed`: what waits to be sent, and what is in the streams, until it is committed or dropped. Capacity and
 * overflow act on both together; what is taken by a worker counts until it is committed.
 */
export class StreamQueue implements FeedQueue {
  readonly shardCount = 1;
  readonly capacity: number;
  readonly overflow: Overflow;
  highWater = 0;
  full: Nanoseconds = 0;
  displaced: Item | null = null;
  /** Items in the streams. */
  inStreams = 0;
  /** Items that a worker took, by the instants at which it did. */
  readonly removed = new CountIntegral();
  private readonly accepted = new CountIntegral();
  private readonly evicted = new CountIntegral();
  private readonly outbox = new Deque<Item>(1024);
  private readonly partitions: readonly PartitionItems[];
  /** What was sent, in that order. */
  private readonly kept = new Deque<SentPiece>();
  /** The pieces that are being gathered, by partition. */
  private readonly open: (SentPiece | undefined)[];
  private observedArea = 0;
  private observedFrom: Nanoseconds = 0;
  private fullSince: Nanoseconds | null = null;

  constructor(private readonly rule: StreamQueueRule) {
    this.capacity = rule.capacity;
    this.overflow = rule.overflow;
    this.open = new Array<SentPiece | undefined>(rule.partitions).fill(undefined);
    this.partitions = Array.from({ length: rule.partitions }, () => new PartitionItems());
  }

  get depth(): number {
    return this.outbox.length + this.inStreams;
  }

  /** Items that wait to be sent. */
  get unsent(): number {
    return this.outbox.length;
  }

  /** `drop-oldest`: items by which the queue is too long, until as many are dropped from the streams. */
  get excess(): number {
    return this.overflow === "drop-oldest" ? Math.max(0, this.depth - this.capacity) : 0;
  }

  offer(item: Item, _: number, now: Nanoseconds): Offer {
    let outcome: Offer = "queued";
    if (this.depth >= this.capacity) {
      const refusal = refusalBy(this.overflow);
      if (refusal !== null) return refusal;
      // The oldest are dropped where they are, in the streams. With a server that does not answer, the oldest that was not sent.
      if (this.depth >= 2 * this.capacity && this.outbox.length > 0) {
        this.displaced = this.outbox.shift() ?? null;
        this.evicted.add(now);
        outcome = "dropped-oldest";
      }
    }
    this.accept(item, now);
    return outcome;
  }

  offerAll(items: readonly Item[], from: number, _: number, now: Nanoseconds): number {
    const to = from + Math.min(items.length - from, Math.max(0, this.capacity - this.depth));
    for (let i = from; i < to; i++) this.accept(items[i] as Item, now);
    return to;
  }

  private accept(item: Item, now: Nanoseconds): void {
    item.taken = now;
    this.outbox.push(item);
    this.accepted.add(now);
    this.highWater = Math.max(this.highWater, Math.min(this.depth, this.capacity));
    if (this.depth >= this.capacity) this.fullSince ??= now;
  }

  /** Moves up to `most` waiting items of at most about `bytes` characters into the streams; returns what is to be sent, by partition. */
  send(most: number, bytes: number): SentPiece[] {
    const sent: SentPiece[] = [];
    let length = 0;
    for (let i = Math.min(most, this.outbox.length); i > 0 && length < bytes; i--) {
      const item = this.outbox.shift() as Item;
      const partition = this.rule.partitionOf(item);
      const items = this.partitions[partition] as PartitionItems;
      const number = items.added + 1;
      let piece = this.open[partition];
      if (piece === undefined) {
        piece = { partition, first: number, count: 0, text: "", dropped: [], left: 0, doneAt: 0 };
        this.open[partition] = piece;
        sent.push(piece);
      }
      const line = this.rule.lineOf(item, number);
      length += line.length;
      items.push(item, piece, line);
      this.inStreams++;
    }
    for (const { partition } of sent) this.open[partition] = undefined;
    for (const piece of sent) this.kept.push(piece);
    return sent;
  }

  /** Takes a committed item out of the streams; null: it was accounted for before. */
  committed({ partition, number }: ItemPlace, dequeued: Nanoseconds, now: Nanoseconds): Item | null {
    const item = this.partitions[partition]?.take(number, now) ?? null;
    if (item === null) return null;
    item.dequeued = Math.max(item.taken, dequeued);
    this.removed.add(item.dequeued);
    this.left(now);
    return item;
  }

  /** Takes a dropped item out of the streams; if it is sent again, it is marked as dropped. */
  dropped({ partition, number }: ItemPlace, now: Nanoseconds): Item | null {
    const item = this.partitions[partition]?.take(number, now, true) ?? null;
    if (item === null) return null;
    this.evicted.add(now);
    this.left(now);
    return item;
  }

  private left(now: Nanoseconds): void {
    this.inStreams--;
    if (this.depth >= this.capacity || this.fullSince === null) return;
    this.full += Math.max(0, now - this.fullSince);
    this.fullSince = null;
  }

  /** The places of up to `most` items in the streams, the oldest first. */
  oldest(most: number): ItemPlace[] {
    const heads = new Heap<{ readonly place: ItemPlace; readonly rest: ReturnType<PartitionItems["items"]> }>();
    const offer = (partition: number, rest: ReturnType<PartitionItems["items"]>) => {
      const { value, done } = rest.next();
      if (done !== true) heads.push(value[1].index, { place: { partition, number: value[0] }, rest });
    };
    for (const [partition, items] of this.partitions.entries()) offer(partition, items.items());
    const places: ItemPlace[] = [];
    while (places.length < most) {
      const next = heads.pop();
      if (next === undefined) break;
      places.push(next.place);
      offer(next.place.partition, next.rest);
    }
    return places;
  }

  /** All that may have to be sent again, in order. */
  get keptPieces(): Piece[] {
    return Array.from(this.kept, toSendAgain);
  }

  /** Forgets what was done long enough ago. */
  forget(now: Nanoseconds): void {
    const { keptFor } = this.rule;
    for (let first = this.kept.peek(); first !== undefined && first.left === 0 && first.doneAt + keptFor < now; first = this.kept.peek()) {
      this.kept.shift();
    }
  }

  take(_: number, now: Nanoseconds): Item | undefined {
    const unsent = this.outbox.shift();
    if (unsent !== undefined) {
      this.removed.add(now);
      unsent.dequeued = now;
      return unsent;
    }
    for (const [partition, items] of this.partitions.entries()) {
      const first = items.items().next();
      if (first.done !== true) return this.committed({ partition, number: first.value[0] }, now, now) ?? undefined;
    }
    return undefined;
  }

  /** Removes the oldest item that was not sent. */
  dropUnsent(now: Nanoseconds): Item | undefined {
    const item = this.outbox.shift();
    if (item !== undefined) this.evicted.add(now);
    return item;
  }

  depthOf(): number {
    return this.depth;
  }

  startObserving(now: Nanoseconds): void {
    this.observedArea = this.areaUntil(now);
    this.observedFrom = now;
    this.full = 0;
    if (this.fullSince !== null) this.fullSince = now;
    this.highWater = Math.min(this.depth, this.capacity);
  }

  meanDepth(now: Nanoseconds): number {
    const span = now - this.observedFrom;
    return span > 0 ? Math.min(this.highWater, Math.max(0, (this.areaUntil(now) - this.observedArea) / span)) : 0;
  }

  /** Time integral of the number of items that no worker had taken, as far as records tell. */
  areaUntil(now: Nanoseconds): number {
    return this.accepted.until(now) - this.removed.until(now) - this.evicted.until(now);
  }
}
