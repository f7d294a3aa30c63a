import { Deque } from "../../../kernel/deque.ts";

interface Keyed {
  readonly key: string | null;
}

/**
 * Keeps the messages of a key in order: one of each key is at work, the others wait behind it. Where no order is asked for, and for
 * messages without a key, all pass.
 */
export class KeyQueues<M extends Keyed> {
  /** Messages waiting behind another of their key. */
  waiting = 0;
  /** Keys at work, and the messages waiting behind each. */
  private readonly queues = new Map<string, Deque<M>>();

  constructor(private readonly ordered: boolean) {}

  /** True when the message may be begun, and its key is taken; false when it waits for its turn. */
  enter(message: M): boolean {
    if (!this.ordered) return true;
    const { key } = message;
    if (key === null) return true;
    const queue = this.queues.get(key);
    if (queue === undefined) {
      this.queues.set(key, new Deque(2));
      return true;
    }
    queue.push(message);
    this.waiting++;
    return false;
  }

  /** The next message of the key of one that is done; undefined: none waits, and the key is free. */
  next(done: M): M | undefined {
    if (!this.ordered) return undefined;
    const { key } = done;
    if (key === null) return undefined;
    const next = this.queues.get(key)?.shift();
    if (next === undefined) this.queues.delete(key);
    else this.waiting--;
    return next;
  }

  /** Frees a key of which nothing more is to begin for now; returns the messages that waited behind it, in order. */
  dissolve(key: string): M[] {
    const queue = [...(this.queues.get(key) ?? [])];
    this.queues.delete(key);
    this.waiting -= queue.length;
    return queue;
  }

  /** True when a failure holds up other messages of the key. */
  holdsUp(key: string | null): key is string {
    return this.ordered && key !== null;
  }

  get all(): M[] {
    return [...this.queues.values()].flatMap((queue) => [...queue]);
  }

  /** Forgets all waiting messages. */
  clear(): void {
    for (const queue of this.queues.values()) queue.clear();
    this.waiting = 0;
  }
}
