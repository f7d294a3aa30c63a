import type { Nanoseconds } from "../kernel/clock.ts";
import { arrange, type BatchOrder } from "./arrange.ts";
import type { BoundedQueue } from "./bounded-queue.ts";
import type { Item } from "./item.ts";

export interface BatchRule {
  /** Most items in a batch; Infinity for no limit. */
  readonly size: number;
  /** Longest that the first item of a batch waits for others; Infinity: until it is full or nothing more can come. */
  readonly timeout: Nanoseconds;
  /** Order of work within a batch; absent: as the items came. */
  readonly order?: BatchOrder | undefined;
}

/** Size alone, timeout alone, both (whichever comes first), or neither (every item by itself). Timeout in microseconds. */
export function batchRule(batch: {
  readonly size?: number | undefined;
  readonly timeout?: number | undefined;
  readonly order?: BatchOrder;
}): BatchRule {
  return {
    order: batch.order,
    size: batch.size ?? (batch.timeout === undefined ? 1 : Number.POSITIVE_INFINITY),
    timeout: batch.timeout === undefined ? Number.POSITIVE_INFINITY : batch.timeout * 1000,
  };
}

const keyOf = ({ key }: Item): number => key;

/** Gathers items of one shard into batches and decides when a batch is released. Never releases an empty one. */
export class Batcher {
  items: Item[] = [];
  private deadline: Nanoseconds = Number.POSITIVE_INFINITY;

  constructor(
    private readonly queue: BoundedQueue,
    private readonly shard: number,
    private readonly rule: BatchRule,
  ) {}

  /**
   * Takes the items that have come by now. True when the batch is to be released: full, overdue, or `last` because nothing more can come.
   */
  collect(now: Nanoseconds, last: boolean): boolean {
    const before = this.items.length;
    this.queue.takeInto(this.items, this.rule.size - before, this.shard, now);
    if (before === 0 && this.items.length > 0) this.deadline = now + this.rule.timeout;
    return this.items.length > 0 && (last || this.items.length >= this.rule.size || now >= this.deadline);
  }

  /** When the gathered items are released even if no more come; Infinity when only size decides or there are none. */
  get dueAt(): Nanoseconds {
    return this.items.length > 0 ? this.deadline : Number.POSITIVE_INFINITY;
  }

  /** Returns the gathered items and begins a new batch in `fresh` (an empty array, for reuse). */
  release(fresh: Item[]): Item[] {
    const batch = this.items;
    if (this.rule.order !== undefined) arrange(batch, keyOf, this.rule.order);
    this.items = fresh;
    this.deadline = Number.POSITIVE_INFINITY;
    return batch;
  }
}
