import { type Messages, NONE } from "./messages.ts";

/** Queues of messages by key, filled when their batch begins; only the first message of each may be handled. */
export class SimulatedKeyOrder {
  /** First and last of each key's queue, plus one; 0: empty. */
  private readonly first: Int32Array;
  private readonly last: Int32Array;
  /** By message: one more than the batch that waits for it; 0: none. */
  private waiting = new Int32Array(1024);

  constructor(
    private readonly messages: Messages,
    keys: number,
  ) {
    this.first = new Int32Array(keys);
    this.last = new Int32Array(keys);
  }

  join(id: number): void {
    const key = this.messages.key[id] as number;
    if (this.first[key] === 0) this.first[key] = id + 1;
    else this.messages.behind[(this.last[key] as number) - 1] = id;
    this.last[key] = id + 1;
    this.messages.behind[id] = NONE;
  }

  mayStart(id: number): boolean {
    return this.first[this.messages.key[id] as number] === id + 1;
  }

  wait(id: number, batch: number): void {
    while (id >= this.waiting.length) {
      const grown = new Int32Array(this.waiting.length * 2);
      grown.set(this.waiting);
      this.waiting = grown;
    }
    this.waiting[id] = batch + 1;
  }

  /** Ends a message. Returns the batch that may continue, if one waited for it; else NONE. */
  end(id: number): number {
    const next = this.messages.behind[id] as number;
    this.first[this.messages.key[id] as number] = next + 1;
    if (next === NONE || next >= this.waiting.length) return NONE;
    const batch = (this.waiting[next] as number) - 1;
    this.waiting[next] = 0;
    return batch;
  }
}
