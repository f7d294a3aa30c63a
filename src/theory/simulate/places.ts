import type { Nanoseconds } from "../../kernel/clock.ts";
import { batchesAhead } from "../redis.ts";

/** Weight of the last batch in the usual time of one, as in the engine. */
const LATEST = 0.2;

/** The place of each slot for a batch beside those at work: when it may be filled, and which partition's batch is from there. */
export class PlacesAhead {
  private readonly free: Uint8Array;
  /** Usual time of a batch by slot; 0: before its first. */
  private readonly batchTime: Float64Array;
  /** By partition: whose batch this is, and the work of it. */
  private readonly ahead: Uint8Array;
  private readonly work: Float64Array;

  /** `used`: there are such places. */
  constructor(slots: number, partitions: number, used: boolean) {
    this.free = new Uint8Array(slots).fill(used ? 1 : 0);
    this.batchTime = new Float64Array(slots);
    this.ahead = new Uint8Array(partitions);
    this.work = new Float64Array(partitions);
  }

  /** A slot takes a batch of a partition, with that much work. */
  taken(partition: number, ahead: boolean, work: Nanoseconds): void {
    this.ahead[partition] = ahead ? 1 : 0;
    this.work[partition] = work;
  }

  /** The batch of a partition is done; true if it was beside those at work. */
  done(slot: number, partition: number): boolean {
    const before = this.batchTime[slot] as number;
    const took = this.work[partition] as number;
    this.batchTime[slot] = before === 0 ? took : before + LATEST * (took - before);
    return this.ahead[partition] === 1;
  }

  /** True where batches of a slot are short. */
  may(slot: number): boolean {
    return batchesAhead((this.batchTime[slot] as number) / 1e9) > 0;
  }

  /** Fills the place of a slot; false: it is not free. */
  fill(slot: number): boolean {
    if (this.free[slot] === 0) return false;
    this.free[slot] = 0;
    return true;
  }

  leave(slot: number): void {
    this.free[slot] = 1;
  }
}
