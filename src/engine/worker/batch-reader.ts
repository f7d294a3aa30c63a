import { workerName } from "../../load/keys.ts";
import { arrange, type BatchOrder } from "../../queueing/arrange.ts";
import { type Item, ItemPool } from "../../queueing/item.ts";
import type { Processor } from "../../workloads/workload.ts";
import type { Taken } from "../executor/distributed/streams.ts";
import type { BatchMachine } from "./partition-states.ts";

/** Reads the lines of a batch as items of a processor. */
export class BatchReader {
  private readonly pool = new ItemPool();
  private readonly names = new Map<number, string>();

  constructor(
    private readonly processor: Processor,
    private readonly order: BatchOrder | null,
  ) {}

  /** The items of a batch, each with its number in the partition as its index. Throws when it holds what is none. */
  read({ lines }: Taken): Item[] {
    const items = lines.split("\n").map((line) => this.itemOf(line));
    if (this.order !== null) arrange(items, ({ key }) => key, this.order);
    return items;
  }

  /** The item of a line: its number, its key, when it was due, and what the source's `toJson` wrote. */
  private itemOf(line: string): Item {
    const first = line.indexOf(",");
    const second = line.indexOf(",", first + 1);
    const third = line.indexOf(",", second + 1);
    const number = Number(line.slice(0, Math.max(0, first)));
    const key = Number(line.slice(first + 1, second));
    const due = Number(line.slice(second + 1, third));
    if (third < 0 || !isWhole(number) || !isWhole(key) || !Number.isFinite(due) || this.processor.fromJson === undefined)
      throw new Error("a stream of the run holds an entry that is no item");
    const item = this.pool.take();
    item.index = number;
    item.sequence = number;
    item.key = key;
    item.due = due;
    this.processor.fromJson(line.slice(third + 1), item);
    return item;
  }

  /** Takes an item back for reuse. */
  release(item: Item): void {
    this.pool.giveFilled(item);
  }

  /** The machines that the items are for; none where they leave no states. */
  machinesOf(items: readonly Item[]): BatchMachine[] {
    if (this.processor.adopt === undefined) return [];
    const keys = new Set<number>();
    for (const { key } of items) keys.add(key);
    return Array.from(keys, (key) => ({ key, name: this.nameOf(key) }));
  }

  private nameOf(key: number): string {
    const known = this.names.get(key);
    if (known !== undefined) return known;
    const name = this.processor.nameOfKey?.(key) ?? workerName(key);
    this.names.set(key, name);
    return name;
  }
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
