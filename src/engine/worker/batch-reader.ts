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
    const { fromJson } = this.processor;
    if (fromJson === undefined) throw new Error("items of this workload cannot leave their process");
    const parsed: unknown = JSON.parse(`[${lines.replaceAll("\n", ",")}]`);
    const items = (parsed as readonly unknown[]).map((line) => {
      const [number, key, due, content] = Array.isArray(line) ? (line as readonly unknown[]) : [];
      if (!isWhole(number) || !isWhole(key) || typeof due !== "number")
        throw new Error("a stream of the run holds an entry that is no item");
      const item = this.pool.take();
      item.index = number;
      item.sequence = number;
      item.key = key;
      item.due = due;
      fromJson.call(this.processor, content, item);
      return item;
    });
    if (this.order !== null) arrange(items, ({ key }) => key, this.order);
    return items;
  }

  /** Takes an item back for reuse. */
  release(item: Item): void {
    this.pool.giveFilled(item);
  }

  /** The machines that the items are for. */
  machinesOf(items: readonly Item[]): BatchMachine[] {
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
