import type { Nanoseconds } from "../kernel/clock.ts";

/**
 * One piece of work on its way through the pipeline, with the instants it passed. Items are pooled: the code that takes one out of the
 * pipeline returns it.
 */
export class Item {
  /** Place on the tape, from 0. */
  index = 0;
  /** Number of the key (the state machine) it belongs to. */
  key = 0;
  /** Position among the items of its key in tape order, from 1, for the order check. 0: no order is kept. */
  sequence = 0;
  /** The instant it fell due. */
  due: Nanoseconds = 0;
  /** When the source took it (and queued it, where there is a queue). */
  taken: Nanoseconds = 0;
  /** When it left the queue for a batch. */
  dequeued: Nanoseconds = 0;
  /** Duration of its work, where that varies between items. */
  demand: Nanoseconds = 0;
  /** The work to do; only the workload reads it. */
  payload: unknown = null;
  /** Ballast bytes that are never read, so that a waiting item occupies its real memory; kept for reuse. */
  body: Uint8Array | null = null;
}

/** Pool of items, so that a message costs no allocation. */
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
