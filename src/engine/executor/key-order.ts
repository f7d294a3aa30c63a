import type { Item } from "../../queueing/item.ts";

/** Queues of items by key, filled when their batch begins; only the first item of each queue may be worked. */
export class KeyOrder {
  /** By key; most keys have one item at a time. */
  private readonly first: (Item | undefined)[] = [];
  private readonly behind = new Map<number, Item[]>();
  private readonly waiting = new Map<Item, () => void>();

  join(item: Item): void {
    const { key } = item;
    while (this.first.length <= key) this.first.push(undefined);
    if (this.first[key] === undefined) {
      this.first[key] = item;
      return;
    }
    const queue = this.behind.get(key);
    if (queue === undefined) this.behind.set(key, [item]);
    else queue.push(item);
  }

  mayStart(item: Item): boolean {
    return this.first[item.key] === item;
  }

  whenItMay(item: Item, start: () => void): void {
    this.waiting.set(item, start);
  }

  end(item: Item): void {
    const { key } = item;
    const queue = this.behind.size === 0 ? undefined : this.behind.get(key);
    const next = queue?.shift();
    this.first[key] = next;
    if (next === undefined) {
      if (queue !== undefined) this.behind.delete(key);
      return;
    }
    const wake = this.waiting.get(next);
    this.waiting.delete(next);
    // Deferred: a key's items would pile up on the stack, each within the one before.
    if (wake !== undefined) queueMicrotask(wake);
  }
}
