import { Heap } from "../../../kernel/heap.ts";
import { READY } from "../state.ts";
import type { Entry } from "./entry.ts";
import { Fifo } from "./fifo.ts";

/** Available messages of one priority in order of sending: new ones as they came, returned ones in a heap by id. */
interface Bucket {
  readonly fresh: Fifo<Entry>;
  readonly returned: Heap<Entry>;
}

/** Available messages, highest priority first, within a priority in order of sending. Entries that are no longer READY are skipped. */
export class ReadyQueue {
  private readonly buckets = new Map<number, Bucket>();
  /** Priorities in use, highest first. */
  private priorities: number[] = [];
  /** The bucket of the default priority, which stays: most messages need no look-up. */
  private readonly plain = this.bucket(0);

  /** `agingMs`: wait that counts as much as one step of priority; Infinity: none does. */
  constructor(private readonly agingMs: number) {}

  /** Adds a message just sent. */
  push(entry: Entry): void {
    const { priority } = entry;
    (priority === 0 ? this.plain : this.bucket(priority)).fresh.push(entry);
  }

  /** Adds a message sent earlier that is available again. */
  putBack(entry: Entry): void {
    this.bucket(entry.priority).returned.push(entry.id, entry);
  }

  /** Passes the first `max` messages to `take`. */
  take(max: number, take: (entry: Entry) => void): void {
    if (this.agingMs === Number.POSITIVE_INFINITY) this.takeByPriority(max, take);
    else this.takeByAge(max, take);
  }

  /** The first of each priority is the one of it that has waited for longest. */
  private takeByAge(max: number, take: (entry: Entry) => void): void {
    for (let left = max; left > 0; left--) {
      let best: Entry | undefined;
      let bestRank = Number.POSITIVE_INFINITY;
      for (const bucket of this.buckets.values()) {
        const entry = head(bucket);
        if (entry === undefined) continue;
        const rank = entry.sentAt - entry.priority * this.agingMs;
        if (best === undefined || rank < bestRank || (rank === bestRank && entry.id < best.id)) [best, bestRank] = [entry, rank];
      }
      if (best === undefined) return;
      first(this.bucket(best.priority));
      take(best);
    }
  }

  private takeByPriority(max: number, take: (entry: Entry) => void): void {
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
    for (const bucket of this.buckets.values()) {
      const entry = head(bucket);
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
      bucket = { fresh: new Fifo(), returned: new Heap() };
      this.buckets.set(priority, bucket);
      const at = this.priorities.findIndex((other) => other < priority);
      this.priorities.splice(at < 0 ? this.priorities.length : at, 0, priority);
    }
    return bucket;
  }
}

/** The first available one, which stays. */
function head({ fresh, returned }: Bucket): Entry | undefined {
  while (fresh.length > 0 && fresh.peek()?.state !== READY) fresh.shift();
  while (returned.size > 0 && returned.peek()?.state !== READY) returned.pop();
  const next = fresh.peek();
  return returned.size > 0 && returned.next < (next?.id ?? Number.POSITIVE_INFINITY) ? returned.peek() : next;
}

function first({ fresh, returned }: Bucket): Entry | undefined {
  const next = fresh.peek();
  return returned.size > 0 && returned.next < (next?.id ?? Number.POSITIVE_INFINITY) ? returned.pop() : fresh.shift();
}
