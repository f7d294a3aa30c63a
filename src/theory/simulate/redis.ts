import type { Nanoseconds } from "../../kernel/clock.ts";
import { Deque } from "../../kernel/deque.ts";
import type { Streams } from "./machine.ts";
import { NONE } from "./messages.ts";
import type { Shards } from "./shards.ts";

/** Entries taken from one partition, in order; none, where none was ready. */
export interface TakenBatch {
  readonly partition: number;
  readonly items: number[];
  /** When Redis answers. */
  readonly at: Nanoseconds;
}

/** Redis as one server, which handles calls in the order in which they come: the streams of all partitions, and which of them are held. */
export class SimulatedRedis {
  /** Working time so far. */
  busy: Nanoseconds = 0;
  private free: Nanoseconds = 0;
  /** Entries that can be taken, by partition; negative: as many were dropped before they arrived. */
  private readonly entries: Int32Array;
  private readonly held: Uint8Array;
  private readonly listed: Uint8Array;
  /** Free partitions with entries, and slots that wait for one; each first come, first served. */
  private readonly ready = new Deque<number>();
  private readonly waiting = new Deque<number>();
  /** Places of each slot that wait; a slot is notified once, for all of them. */
  private readonly places: Int32Array;

  constructor(
    private readonly streams: Streams,
    private readonly queue: Shards,
    slots: number,
    /** Tells a slot, of which that many places wait, that a partition is ready; at an instant. */
    private readonly ring: (slot: number, places: number, at: Nanoseconds) => void,
  ) {
    this.places = new Int32Array(slots);
    this.entries = new Int32Array(streams.partitions);
    this.held = new Uint8Array(streams.partitions);
    this.listed = new Uint8Array(streams.partitions);
  }

  /** Appends one entry to each of the partitions. Returns when that is done. */
  add(partitions: readonly number[], now: Nanoseconds): Nanoseconds {
    const { costs } = this.streams;
    const at = this.serve(now, costs.add + costs.added * partitions.length);
    for (const partition of partitions) {
      this.entries[partition] = (this.entries[partition] as number) + 1;
      if (this.list(partition)) this.tell(at);
    }
    return at;
  }

  /** The first entry of a partition was dropped. */
  dropped(partition: number): void {
    this.entries[partition] = (this.entries[partition] as number) - 1;
  }

  /** Takes the first entries of the partition that has been ready longest; none: there is none. */
  take(now: Nanoseconds): TakenBatch {
    const { costs, batch } = this.streams;
    const partition = this.nextReady();
    if (partition === null) return { partition: NONE, items: [], at: this.serve(now, costs.take) };
    const there = this.entries[partition] as number;
    const count = Math.min(batch, there);
    this.held[partition] = 1;
    this.entries[partition] = there - count;
    const items = Array.from({ length: count }, () => this.queue.lend(partition));
    return { partition, items, at: this.serve(now, costs.take + costs.taken * count) };
  }

  /** Ends a batch: its partition can be taken again. `takes`: by the slot itself, next. Returns when that is done. */
  commit(partition: number, count: number, takes: boolean, now: Nanoseconds): Nanoseconds {
    const { costs } = this.streams;
    const at = this.serve(now, costs.commit + costs.committed * count);
    this.held[partition] = 0;
    if (this.list(partition) && !takes) this.tell(at);
    return at;
  }

  /** Reads as many states. Returns when that is done. */
  read(count: number, now: Nanoseconds): Nanoseconds {
    const { costs } = this.streams;
    return this.serve(now, costs.read + costs.readEach * count);
  }

  /** A place of a slot waits until a partition is ready. */
  wait(slot: number): void {
    if (this.places[slot] === 0) this.waiting.push(slot);
    this.places[slot] = (this.places[slot] as number) + 1;
  }

  private serve(now: Nanoseconds, span: Nanoseconds): Nanoseconds {
    this.free = Math.max(this.free, now) + span;
    this.busy += span;
    return this.free;
  }

  /** Lists a partition where it can be taken; true if it was not listed before. */
  private list(partition: number): boolean {
    if (this.held[partition] === 1 || this.listed[partition] === 1 || (this.entries[partition] as number) <= 0) return false;
    this.listed[partition] = 1;
    this.ready.push(partition);
    return true;
  }

  private tell(at: Nanoseconds): void {
    const slot = this.waiting.shift();
    if (slot === undefined) return;
    this.ring(slot, this.places[slot] as number, at);
    this.places[slot] = 0;
  }

  private nextReady(): number | null {
    for (;;) {
      const partition = this.ready.shift();
      if (partition === undefined) return null;
      this.listed[partition] = 0;
      // Its entries may have been dropped meanwhile.
      if ((this.entries[partition] as number) > 0) return partition;
    }
  }
}
