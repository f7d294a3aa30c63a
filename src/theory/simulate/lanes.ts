import type { Nanoseconds } from "../../kernel/clock.ts";
import { Heap } from "../../kernel/heap.ts";
import { SimulatedLane } from "./lane.ts";
import type { SimulatedMachine } from "./machine.ts";
import type { Shards } from "./shards.ts";
import type { Thread } from "./thread.ts";

/** Like the engine's dealer, all lanes update batch times whenever one is dealt with; with more lanes than this, only that lane does. */
const FEW = 16;

/** The lanes of all Workers. Only lanes with possible changes are dealt with. */
export class Lanes {
  /** Messages waiting for their batch to fill. */
  gathered = 0;
  private readonly all: readonly SimulatedLane[];
  private listed: SimulatedLane[] = [];
  private other: SimulatedLane[] = [];
  /** When the batches of lanes are overdue; entries may be outdated. */
  private readonly deadlines = new Heap<SimulatedLane>();

  constructor(
    machine: SimulatedMachine,
    queue: Shards,
    threadOf: (shard: number) => Thread,
    /** Called for each lane whose Worker was sent something. */
    private readonly dealt: (lane: SimulatedLane) => void,
  ) {
    this.all = Array.from({ length: machine.threads }, (_, shard) => new SimulatedLane(machine, queue, threadOf(shard), shard));
  }

  of(shard: number): SimulatedLane {
    return this.all[shard] as SimulatedLane;
  }

  /** Lists a lane to be dealt with. */
  list(lane: SimulatedLane): void {
    if (lane.listed) return;
    lane.listed = true;
    this.listed.push(lane);
  }

  listAll(): void {
    for (const lane of this.all) this.list(lane);
  }

  /** Sends whatever is ready; `last`: nothing more will come. */
  deal(now: Nanoseconds, last: boolean): void {
    this.nextDeadline(now);
    if (this.all.length <= FEW) for (const lane of this.all) lane.adapt();
    const lanes = this.listed;
    this.listed = this.other;
    for (const lane of lanes) {
      lane.listed = false;
      this.dealTo(lane, now, last);
    }
    lanes.length = 0;
    this.other = lanes;
  }

  /** Sends all incomplete batches. */
  dealAll(now: Nanoseconds): void {
    for (const lane of this.all) this.dealTo(lane, now, true);
  }

  /** Lists the lanes with overdue batches; returns the next instant at which one will be. */
  nextDeadline(now: Nanoseconds): Nanoseconds {
    const { deadlines } = this;
    for (; deadlines.size > 0; deadlines.pop()) {
      const lane = deadlines.peek();
      if (lane === undefined || lane.dueAt !== deadlines.next) continue;
      if (deadlines.next > now) return deadlines.next;
      this.list(lane);
    }
    return Number.POSITIVE_INFINITY;
  }

  private dealTo(lane: SimulatedLane, now: Nanoseconds, last: boolean): void {
    const { dueAt } = lane;
    const gathered = lane.gatherer.items.length;
    lane.deal(now, last);
    this.gathered += lane.gatherer.items.length - gathered;
    if (lane.hasMore && lane.mayGrow) this.list(lane);
    if (lane.dueAt !== dueAt && lane.dueAt < Number.POSITIVE_INFINITY) this.deadlines.push(lane.dueAt, lane);
    this.dealt(lane);
  }
}
