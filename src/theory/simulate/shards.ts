import type { SimulatedMachine } from "./machine.ts";
import { type Messages, NONE } from "./messages.ts";

/** Outcome of offering a message to the queue. */
export type ShardOffer = "queued" | "full" | "dropped" | "displaced";

/** The bounded queue: one capacity for all, first in first out within each shard. */
export class Shards {
  depth = 0;
  /** Messages taken that keep their places until they are done. */
  private lent = 0;
  /** The message evicted to make room for the one offered last; NONE: there was room. */
  displaced = NONE;
  private readonly first: Int32Array;
  private readonly last: Int32Array;
  private readonly length: Int32Array;
  /** Whether the oldest message of all shards must be known. */
  private readonly byAge: boolean;
  private oldest = NONE;
  private newest = NONE;

  constructor(
    private readonly messages: Messages,
    private readonly machine: SimulatedMachine,
    shards = machine.threads,
  ) {
    this.first = new Int32Array(shards).fill(NONE);
    this.last = new Int32Array(shards).fill(NONE);
    this.length = new Int32Array(shards);
    this.byAge = machine.overflow === "drop-oldest" && shards > 1;
  }

  keyOf(id: number): number {
    return this.messages.key[id] as number;
  }

  offer(id: number, shard: number, shardOf: (id: number) => number): ShardOffer {
    let outcome: ShardOffer = "queued";
    this.displaced = NONE;
    if (this.depth + this.lent >= this.machine.capacity) {
      switch (this.machine.overflow) {
        case "block":
          return "full";
        case "drop-newest":
          return "dropped";
        case "drop-oldest":
          if (this.depth === 0) return "dropped";
          this.displaced = this.byAge ? this.oldest : (this.first[0] as number);
          this.take(this.byAge ? shardOf(this.displaced) : 0);
          outcome = "displaced";
          break;
        default:
          this.machine.overflow satisfies never;
      }
    }
    const { behind } = this.messages;
    if (this.length[shard] === 0) this.first[shard] = id;
    else behind[this.last[shard] as number] = id;
    this.last[shard] = id;
    this.length[shard] = (this.length[shard] as number) + 1;
    this.depth++;
    if (this.byAge) this.addNewest(id);
    return outcome;
  }

  /** Takes the oldest message of a shard; NONE: it is empty. */
  take(shard: number): number {
    if (this.length[shard] === 0) return NONE;
    const id = this.first[shard] as number;
    const { behind } = this.messages;
    this.first[shard] = behind[id] as number;
    behind[id] = NONE;
    this.length[shard] = (this.length[shard] as number) - 1;
    this.depth--;
    if (this.byAge) this.forget(id);
    return id;
  }

  /** Takes the oldest message of a shard, which must have one; it keeps its place in the queue. */
  lend(shard: number): number {
    this.lent++;
    return this.take(shard);
  }

  /** Frees the places of messages that were lent. */
  giveBack(count: number): void {
    this.lent -= count;
  }

  depthOf(shard: number): number {
    return this.length[shard] as number;
  }

  private addNewest(id: number): void {
    const { older, newer } = this.messages;
    older[id] = this.newest;
    newer[id] = NONE;
    if (this.newest === NONE) this.oldest = id;
    else newer[this.newest] = id;
    this.newest = id;
  }

  private forget(id: number): void {
    const { older, newer } = this.messages;
    const before = older[id] as number;
    const after = newer[id] as number;
    if (before === NONE) this.oldest = after;
    else newer[before] = after;
    if (after === NONE) this.newest = before;
    else older[after] = before;
  }
}
