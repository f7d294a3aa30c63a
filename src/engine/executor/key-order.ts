import type { Item } from "../../queueing/item.ts";

/** Queues of items by key, filled when their batch begins; only the first item of each queue may be worked. */
export class KeyOrder {
  private readonly queues = new Map<number, Item[]>();
  private readonly waiting = new Map<Item, () => void>();

  join(item: Item): void {
    const queue = this.queues.get(item.key);
    if (queue === undefined) this.queues.set(item.key, [item]);
    else queue.push(item);
  }

  mayStart(item: Item): boolean {
    return this.queues.get(item.key)?.[0] === item;
  }

  whenItMay(item: Item, start: () => void): void {
    this.waiting.set(item, start);
  }

  end(item: Item): void {
    const queue = this.queues.get(item.key) ?? [];
    queue.shift();
    const next = queue[0];
    if (next === undefined) {
      this.queues.delete(item.key);
      return;
    }
    const wake = this.waiting.get(next);
    this.waiting.delete(next);
    // Deferred: a key's items would pile up on the stack, each within the one before.
    if (wake !== undefined) queueMicrotask(wake);
  }
}
