import type { Nanoseconds } from "../../kernel/clock.ts";
import { arrange } from "../../queueing/arrange.ts";
import type { SimulatedMachine } from "./machine.ts";
import { NONE } from "./messages.ts";
import type { Shards } from "./shards.ts";

/** Makes batches of one shard's messages: a batch is released when it is full, overdue, or nothing more can come. */
export class Gatherer {
  items: number[] = [];
  private deadline: Nanoseconds = Number.POSITIVE_INFINITY;

  constructor(
    private readonly machine: SimulatedMachine,
    private readonly queue: Shards,
    private readonly shard: number,
  ) {}

  /** Takes the messages that have come by now. True when the batch is to be released. */
  collect(now: Nanoseconds, last: boolean): boolean {
    const { size, timeout } = this.machine.batch;
    const { items } = this;
    const before = items.length;
    while (items.length < size) {
      const id = this.queue.take(this.shard);
      if (id === NONE) break;
      items.push(id);
    }
    if (before === 0 && items.length > 0) this.deadline = now + timeout;
    return items.length > 0 && (last || items.length >= size || now >= this.deadline);
  }

  /** When the batch is released even if no more come. */
  get dueAt(): Nanoseconds {
    return this.items.length > 0 ? this.deadline : Number.POSITIVE_INFINITY;
  }

  /** Returns the batch and begins a new one in `fresh`, an empty list. */
  release(fresh: number[]): number[] {
    const batch = this.items;
    const { order = "arrival" } = this.machine.batch;
    if (order !== "arrival") arrange(batch, (id) => this.queue.keyOf(id), order);
    this.items = fresh;
    return batch;
  }
}
