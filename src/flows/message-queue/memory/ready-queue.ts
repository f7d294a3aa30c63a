import { Deque } from "../../../kernel/deque.ts";
import { Heap } from "../../../kernel/heap.ts";
import { READY } from "../state.ts";
import type { Entry } from "./entry.ts";

/** Available messages of one priority in order of sending: new ones in a deque, returned ones in a heap by id. */
interface Bucket {
  readonly fresh: Deque<Entry>;
  readonly returned: Heap<Entry>;
}

/** Available messages, highest priority first, within a priority in order of sending. Entries that are no longer READY are skipped. */
export class ReadyQueue {
  private readonly buckets = new Map<number, Bucket>();
  /** Priorities in use, highest first. */
  private priorities: number[] = [];

  /** Adds a message just sent. */
  push(entry: Entry): void {
    this.bucket(entry.priority).fresh.push(entry);
  }

  /** Adds a message sent earlier that is available again. */
  putBack(entry: Entry): void {
    this.bucket(entry.priority).returned.push(entry.id, entry);
  }

  /** Passes the first `max` messages to `take`. */
  take(max: number, take: (entry: Entry) => void): void {
    let left = max;
    for (const priority of [...this.priorities]) {
      const bucket = this.bucket(priority);
      while (left > 0) {
        const entry = first(bucket);
        if (entry === undefined) break;
        if (entry.state !== READY) continue;
        take(entry);
        left--;
      }
      if (priority !== 0 && bucket.fresh.length === 0 && bucket.returned.size === 0) this.drop(priority);
      if (left <= 0) return;
    }
  }

  /** The one sent first. */
  oldest(): Entry | undefined {
    let oldest: Entry | undefined;
    for (const { fresh, returned } of this.buckets.values()) {
      while (fresh.length > 0 && fresh.peek()?.state !== READY) fresh.shift();
      while (returned.size > 0 && returned.peek()?.state !== READY) returned.pop();
      for (const entry of [fresh.peek(), returned.peek()])
        if (entry !== undefined && entry.id < (oldest?.id ?? Number.POSITIVE_INFINITY)) oldest = entry;
    }
    return oldest;
  }

  private drop(priority: number): void {
    this.buckets.delete(priority);
    this.priorities.splice(this.priorities.indexOf(priority), 1);
  }

  private bucket(priority: number): Bucket {
    let bucket = this.buckets.get(priority);
    if (bucket === undefined) {
      bucket = { fresh: new Deque(16), returned: new Heap() };
      this.buckets.set(priority, bucket);
      const at = this.priorities.findIndex((other) => other < priority);
      this.priorities.splice(at < 0 ? this.priorities.length : at, 0, priority);
    }
    return bucket;
  }
}

function first({ fresh, returned }: Bucket): Entry | undefined {
  const next = fresh.peek();
  return returned.size > 0 && returned.next < (next?.id ?? Number.POSITIVE_INFINITY) ? returned.pop() : fresh.shift();
}
