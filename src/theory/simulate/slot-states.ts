import type { Messages } from "./messages.ts";

/** Which states a slot has of its partitions: those that it read or made since another slot committed there last, as in the engine. */
export class SlotStates {
  /** By partition: the slot that has its states; −1: none; and how often that has changed. */
  private readonly owner: Int32Array;
  private readonly epoch: Int32Array;
  private readonly committed: Uint8Array;
  /** By key: the epoch of its partition in which its state was read or made. */
  private readonly read: Int32Array;

  constructor(
    private readonly messages: Messages,
    partitions: number,
    keys: number,
  ) {
    this.owner = new Int32Array(partitions).fill(-1);
    this.epoch = new Int32Array(partitions);
    this.committed = new Uint8Array(partitions);
    this.read = new Int32Array(keys);
  }

  /** A slot takes messages of a partition; returns how many states it has to read. */
  take(slot: number, partition: number, items: readonly number[]): number {
    if (this.owner[partition] !== slot) {
      this.owner[partition] = slot;
      this.epoch[partition] = (this.epoch[partition] as number) + 1;
    }
    const epoch = this.epoch[partition] as number;
    let missing = 0;
    for (const id of items) {
      const key = this.messages.key[id] as number;
      if (this.read[key] === epoch) continue;
      this.read[key] = epoch;
      missing++;
    }
    return this.committed[partition] === 1 ? missing : 0;
  }

  commit(partition: number): void {
    this.committed[partition] = 1;
  }
}
