import type { Processor } from "../../workloads/workload.ts";
import type { PartitionStreams, Taken } from "../executor/distributed/streams.ts";

/** A machine that a batch has messages for. */
export interface BatchMachine {
  readonly key: number;
  readonly name: string;
}

interface Held {
  /** The partition's version as this slot knows it: that of its own last commit, or the one that it read. */
  version: string;
  readonly keys: Set<number>;
}

/**
 * The states that one slot has of each partition. They are those in Redis as long as the partition's version is the one that this slot
 * committed; after any other commit they are read again.
 */
export class PartitionStates {
  private readonly held = new Map<number, Held>();

  constructor(
    private readonly processor: Processor,
    private readonly streams: Pick<PartitionStreams, "states">,
  ) {}

  /** Makes sure that the states of a batch's machines are those that were committed. */
  async load({ partition, version }: Taken, machines: readonly BatchMachine[]): Promise<void> {
    const { adopt } = this.processor;
    if (adopt === undefined) return;
    let held = this.held.get(partition);
    if (held === undefined || held.version !== version) {
      this.forget(partition);
      held = { version, keys: new Set() };
      this.held.set(partition, held);
    }
    const { keys } = held;
    const missing = machines.filter(({ key }) => !keys.has(key));
    // Before its first commit a partition has no states.
    const names = version === "" ? [] : missing.map(({ name }) => name);
    const found = names.length === 0 ? [] : await this.streams.states(partition, names);
    for (const [i, { key }] of missing.entries()) {
      if (found[i] !== undefined) adopt.call(this.processor, key, found[i]);
      keys.add(key);
    }
  }

  /** The states that this slot has are now those that are committed. */
  committed({ partition, token }: Taken): void {
    const held = this.held.get(partition);
    if (held !== undefined) held.version = token;
  }

  /** Discards the states of a partition, changes included: they are read again. */
  forget(partition: number): void {
    for (const key of this.held.get(partition)?.keys ?? []) this.processor.adopt?.(key, null);
    this.held.delete(partition);
  }
}
