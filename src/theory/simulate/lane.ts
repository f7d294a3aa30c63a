import type { Nanoseconds } from "../../kernel/clock.ts";
import { windowAhead } from "../demand.ts";
import { Gatherer } from "./gatherer.ts";
import type { SimulatedMachine } from "./machine.ts";
import type { Shards } from "./shards.ts";
import type { Thread } from "./thread.ts";

/** Batches longer than this need no look-ahead, as in the engine. */
const LONG_BATCH: Nanoseconds = 2e6;

/** The path to one Worker: its shard, its incomplete batch, and the batches sent whose end the dealer has not seen. */
export class SimulatedLane {
  readonly gatherer: Gatherer;
  /** Batches of this lane whose end the dealer has seen. */
  heard = 0;
  /** Batches whose end the dealer has seen or is about to. */
  announced = 0;
  /** Listed among the lanes to be dealt with. */
  listed = false;
  private sent = 0;
  private itemsSent = 0;
  private window = 0;
  private batchTime: Nanoseconds = 0;
  /** The rest of a batch that is sent piece by piece. */
  private outbox: number[] = [];
  private written = 0;

  constructor(
    private readonly machine: SimulatedMachine,
    private readonly queue: Shards,
    readonly thread: Thread,
    readonly shard: number,
  ) {
    this.gatherer = new Gatherer(machine, queue, shard);
  }

  /** Batches sent whose end the dealer has not seen. */
  get held(): number {
    return this.sent - this.heard;
  }

  /** Sends every batch that is ready while the Worker may hold one more. */
  deal(now: Nanoseconds, last: boolean): void {
    this.adapt();
    while (this.held < this.window) {
      if (this.written < this.outbox.length) {
        this.hand([this.outbox[this.written++] as number], now);
        continue;
      }
      if (!this.gatherer.collect(now, last)) return;
      const items = this.gatherer.release([]);
      if (this.machine.offload !== "message") this.hand(items, now);
      else {
        this.outbox = items;
        this.written = 0;
      }
    }
  }

  /** True when something waits for this Worker. */
  get hasMore(): boolean {
    return this.queue.depthOf(this.shard) > 0 || this.written < this.outbox.length;
  }

  /** True when few enough batches are left with the Worker to wake the dealer. `ended`: nothing more will come. */
  low(ended: boolean): boolean {
    if (ended && this.queue.depthOf(this.shard) === 0) return this.held === 0;
    if (this.machine.offload !== null) return this.held <= this.window - 1;
    return this.held <= (this.machine.slots === 1 && this.batchTime >= LONG_BATCH ? 1 : this.window >> 1);
  }

  /** True when it may hold more before a batch is done, since its batches prove shorter. */
  get mayGrow(): boolean {
    return this.machine.overflow !== "block" && this.batchTime > 0 && windowAhead(0.9 * this.batchTime) > windowAhead(1e12);
  }

  /** When the incomplete batch is released, if the Worker may have it then. */
  get dueAt(): Nanoseconds {
    return this.held < this.window ? this.gatherer.dueAt : Number.POSITIVE_INFINITY;
  }

  private hand(items: number[], now: Nanoseconds): void {
    this.sent++;
    this.itemsSent += items.length;
    this.thread.hand(items, now);
  }

  /** Adapts the number of batches that the Worker may hold: as many as it works off in a few milliseconds. */
  adapt(): void {
    const { slots, offload } = this.machine;
    if (offload !== null) {
      this.window = slots;
      return;
    }
    const { batchesDone, busy, served, service } = this.thread;
    const waiting = served === 0 ? 0 : ((service / served) * this.itemsSent) / this.sent / slots;
    this.batchTime = batchesDone === 0 ? 0 : Math.max(busy / batchesDone, waiting);
    this.window = slots - 1 + windowAhead(this.batchTime);
  }
}
