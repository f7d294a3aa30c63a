import type { Nanoseconds } from "../../kernel/clock.ts";

/** The number of no message. */
export const NONE = -1;

/** Messages in progress, by number; numbers are reused. */
export class Messages {
  due = new Float64Array(1024);
  demand = new Float64Array(1024);
  key = new Int32Array(1024);
  /** The next message in its queue: its shard's, later its key's. */
  behind = new Int32Array(1024);
  /** Its neighbours in the order of arrival, over all shards. */
  older = new Int32Array(1024);
  newer = new Int32Array(1024);
  private free = new Int32Array(1024);
  private freed = 0;
  private used = 0;

  add(due: Nanoseconds, demand: Nanoseconds, key: number): number {
    const id = this.freed > 0 ? (this.free[--this.freed] as number) : this.fresh();
    this.due[id] = due;
    this.demand[id] = demand;
    this.key[id] = key;
    this.behind[id] = NONE;
    return id;
  }

  remove(id: number): void {
    this.free[this.freed++] = id;
  }

  private fresh(): number {
    if (this.used === this.due.length) this.grow();
    return this.used++;
  }

  private grow(): void {
    const size = this.used * 2;
    this.due = grown(this.due, new Float64Array(size));
    this.demand = grown(this.demand, new Float64Array(size));
    this.key = grown(this.key, new Int32Array(size));
    this.behind = grown(this.behind, new Int32Array(size));
    this.older = grown(this.older, new Int32Array(size));
    this.newer = grown(this.newer, new Int32Array(size));
    this.free = grown(this.free, new Int32Array(size));
  }
}

function grown<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
