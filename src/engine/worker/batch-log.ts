import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Item } from "../../queueing/item.ts";
import type { BatchBook } from "../executor/batch-runner.ts";
import type { Stretch } from "../executor/distributed/record.ts";

/** What became of the items of one batch, by their numbers in the partition, which are their `index`. */
export class BatchLog implements BatchBook {
  stretches: Stretch[] = [];
  /** Items processed so far, in all batches. */
  processedTotal = 0;

  /** `figuresOf`: what an item that has ended adds to the figures of its workload; undefined: nothing. */
  constructor(private readonly figuresOf: (item: Item) => unknown = () => undefined) {}

  /** Begins another batch. */
  begin(): void {
    this.stretches = [];
  }

  processed(item: Item, began: Nanoseconds, ended: Nanoseconds): void {
    this.processedTotal++;
    this.add(item, began, ended, null);
  }

  processedTogether(items: readonly Item[], from: number, to: number, began: Nanoseconds, ended: Nanoseconds): void {
    this.processedTotal += to - from;
    const each = (ended - began) / (to - from);
    for (let i = from; i < to; ) {
      const first = items[i]?.index ?? 0;
      let count = 1;
      // Numbers may have gaps: items between were dropped.
      while (i + count < to && items[i + count]?.index === first + count) count++;
      const start = began + (i - from) * each;
      this.stretches.push({ first, count, began: start, ended: start + count * each, reason: null });
      i += count;
    }
  }

  failed(item: Item, ended: Nanoseconds, began: Nanoseconds, reason: string): void {
    this.add(item, began, ended, reason);
  }

  private add(item: Item, began: Nanoseconds, ended: Nanoseconds, reason: string | null): void {
    const stretch = { first: item.index, count: 1, began, ended, reason };
    const figures = this.figuresOf(item);
    this.stretches.push(figures === undefined ? stretch : { ...stretch, figures });
  }

  measuredIn(): number {
    return 0;
  }

  abandoned(): void {}

  batchDone(): void {}

  busy(): void {}
}
