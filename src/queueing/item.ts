import type { Nanoseconds } from "../kernel/clock.ts";

/**
 * One piece of work on its way through the pipeline, with the instants it passed. Items are pooled: whoever sees one
 * leave the pipeline gives it back.
 */
export class Item {
  /** Place on the tape, from 0. */
  index = 0;
  /** Number of the key (the state machine) it belongs to. */
  key = 0;
  /** Counts the items of one key in tape order, from 1; what the order check compares. 0: there is no order to keep. */
  sequence = 0;
  /** The instant it fell due. */
  due: Nanoseconds = 0;
  /** Taken in by the source (and into the queue, where there is one). */
  taken: Nanoseconds = 0;
  /** Left the queue for a batch. */
  dequeued: Nanoseconds = 0;
  /** Time its work takes, where that differs from item to item. */
  demand: Nanoseconds = 0;
  /** What is to be done; only the workload looks inside. */
  payload: unknown = null;
  /** Ballast bytes that are never read, so that a waiting item takes the memory it would; kept when the item is used again. */
  body: Uint8Array | null = null;
}

/** Items for reuse, so that a message costs no allocation. */
export class ItemPool {
  private readonly free: Item[] = [];

  take(): Item {
    return this.free.pop() ?? new Item();
  }

  give(item: Item): void {
    item.payload = null;
    this.free.push(item);
  }

  /** As `give`, for a source that reuses this payload for the next. */
  giveFilled(item: Item): void {
    this.free.push(item);
  }
}
