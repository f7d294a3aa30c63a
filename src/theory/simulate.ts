import { hashOf } from "../kernel/hash.ts";
import { Heap } from "../kernel/heap.ts";
import { keySource, workerName } from "../load/keys.ts";
import { openTape } from "../load/open.ts";
import { ReadLatency } from "../load/read-latency.ts";
import { ServiceTimes } from "../load/service-times.ts";
import { Arrival } from "../load/tape.ts";
import { Ring } from "../queueing/ring.ts";
import { loadDuration } from "../scenario/semantics.ts";
import { Histogram } from "../telemetry/histogram.ts";
import { type Expected, HANDOVER, offeredRate, queryShare, type Shares, sharesOf, windowOf } from "./demand.ts";
import { Calendar, Cores, Slots } from "./reservations.ts";

/**
 * A discrete-event simulation of the pipeline: the same tape, service times and reads as the engine's, with threads and
 * cores that cost nothing to switch. An arrival is carried through to its end as soon as it comes, since in each lane who
 * came first is served first; what a later arrival can still change (a batch that is not full) waits.
 */

export interface Simulated {
  readonly arrivals: number;
  readonly processed: number;
  readonly dropped: number;
  readonly unfinished: number;
  /** Processed per second, from the first due to the last done, after warm-up. */
  readonly throughput: number;
  readonly sojourn: Histogram;
  /** Time that threads spent on work over the time they had. */
  readonly utilization: number;
}

/** Simulates a case, at most `limit` arrivals of it; null for work whose time nobody knows beforehand. */
export function simulate(expected: Expected, limit = 1_000_000): Simulated | null {
  const shares = sharesOf(expected.scenario);
  if (shares === null) return null;
  const simulation = new Simulation(expected, shares);
  return simulation.run(limit);
}

/** One thread that works, with its part of the queue. */
class Lane {
  /** When each of its processors is free again. */
  readonly slots: Slots;
  /** When its thread is free of what holds it, where that is in the order of arrival. */
  free = 0;
  /** The same where it is not. */
  readonly calendar: Calendar | null;
  /** When something was queued here last. */
  queuedAt = 0;
  /** When the collector can begin the next batch. */
  gatherFrom = 0;
  /** Items gathered for a batch that is not complete: when each was queued, due, how long it takes, its key. */
  readonly queued: number[] = [];
  readonly due: number[] = [];
  readonly demand: number[] = [];
  readonly key: number[] = [];
  /** When the last few batches were done, by number: a Worker is sent no more than its window. */
  readonly doneAt: Float64Array;
  count = 0;

  constructor(slots: number, window: number, shared: boolean) {
    this.calendar = shared ? new Calendar() : null;
    this.slots = new Slots(slots);
    this.doneAt = new Float64Array(window);
  }
}

class Simulation {
  private readonly lanes: readonly Lane[];
  private readonly laneOfKey: Int32Array;
  private readonly keyFree: Float64Array | null;
  /** How much longer computing takes because more threads compute than there are cores, and all have work, and because of queries. */
  private readonly stretch: number;
  /** Where fewer than all of those threads have work at a time; null: each has a core. */
  private readonly cores: Cores | null;
  private readonly service: ServiceTimes;
  private readonly reads: ReadLatency | null;
  private readonly connections: Slots;
  /** When work holds the loop that also reads, in order; null: they are apart. */
  private readonly holds: Ring<{ readonly from: number; to: number }> | null;
  private readonly sojourn = new Histogram();
  private readonly size: number;
  private readonly timeout: number;
  private readonly capacity: number;
  private readonly dropping: boolean;
  private readonly warmup: number;
  private readonly single: boolean;
  private readonly handover: number;
  private readonly handedOneByOne: boolean;
  /** What works holds some batches beside those at work; all else waits in the queue. */
  private readonly windowed: boolean;
  /** When those in the queue leave it: in order of leaving for one lane, a heap for several. */
  private readonly leavingInOrder = new Ring<number>();
  private readonly leavingAnyhow = new Heap<null>();
  private readonly answers: Heap<null> | null;
  /** What one lane can have at work at once. */
  private readonly slots: number;
  private expiry = Number.POSITIVE_INFINITY;
  private sourceFree = 0;
  private lastRead = 0;
  private processed = 0;
  private measured = 0;
  private dropped = 0;
  private unfinished = 0;
  private firstDue = Number.POSITIVE_INFINITY;
  private lastDone = 0;
  private busy = 0;
  private end = 0;

  constructor(
    private readonly expected: Expected,
    private readonly shares: Shares,
  ) {
    const { mode, scenario, workers, cores } = expected;
    const lanes = mode === "parallel" ? workers : 1;
    // Work that never lets go of its thread leaves nothing for a second processor to do.
    const slots = mode === "sync" || shares.wait === 0 ? 1 : scenario.async.concurrency;
    this.slots = slots;
    const { size, timeout } = scenario.batch;
    this.single = mode === "sync";
    this.size = this.single ? 1 : (size ?? (timeout === undefined ? 1 : Number.POSITIVE_INFINITY));
    this.timeout = this.single || timeout === undefined ? Number.POSITIVE_INFINITY : timeout * 1000;
    const offload = mode === "async" ? scenario.async.offload : "none";
    this.handover = offload === "none" ? 0 : HANDOVER * 1e9;
    this.handedOneByOne = offload === "message";
    const batchSeconds = ((scenario.work.time / 1e6) * Math.min(this.size, 100)) / slots;
    this.windowed = mode === "parallel" || offload !== "none";
    const window = offload === "none" ? windowOf(slots, batchSeconds) : scenario.async.concurrency;
    const shared = slots > 1 && shares.wait < 1;
    this.lanes = Array.from({ length: lanes }, () => new Lane(slots, Math.max(1, window), shared));
    this.laneOfKey = new Int32Array(lanes > 1 ? scenario.keys.count : 0).fill(-1);
    this.keyFree = slots > 1 ? new Float64Array(scenario.keys.count) : null;
    const asked = (offeredRate(scenario) ?? Number.POSITIVE_INFINITY) * (scenario.work.time / 1e6) * shares.cpu;
    const crowding = asked >= cores ? Math.max(1, (lanes * shares.cpu) / cores) : 1;
    this.stretch = crowding / (1 - queryShare(expected));
    this.cores = lanes > cores && shares.cpu === 1 && asked < cores ? new Cores(cores) : null;
    this.service = new ServiceTimes(scenario.work, scenario.seed);
    this.reads = scenario.source.latency.max > 0 ? new ReadLatency(scenario.source.latency, scenario.seed) : null;
    this.holds = mode === "async" && offload === "none" && this.reads !== null && shares.wait < 1 ? new Ring() : null;
    this.connections = new Slots(this.single ? 1 : scenario.source.connections);
    this.capacity = this.single || scenario.queue.capacity === "unlimited" ? Number.POSITIVE_INFINITY : scenario.queue.capacity;
    this.dropping = scenario.queue.overflow !== "block";
    this.warmup = scenario.warmup * 1000;
    this.answers = "vus" in scenario.load ? new Heap<null>() : null;
    const duration = loadDuration(scenario);
    if (duration !== null) this.expiry = (duration + scenario.gracefulStop) * 1000;
  }

  run(limit: number): Simulated {
    const { scenario } = this.expected;
    const { load } = scenario;
    const arrivals = "vus" in load ? this.closedLoop(limit) : this.openLoop(limit);
    for (const lane of this.lanes) this.flush(lane, Number.POSITIVE_INFINITY, true);
    const span = Math.max(1, this.lastDone - this.firstDue);
    const total = Math.max(1, this.end);
    const servers = this.lanes.length * this.slots;
    return {
      arrivals,
      processed: this.processed,
      dropped: this.dropped,
      unfinished: this.unfinished,
      throughput: this.measured === 0 ? 0 : (this.measured * 1e9) / span,
      sojourn: this.sojourn,
      utilization: Math.min(1, this.busy / total / servers),
    };
  }

  private openLoop(limit: number): number {
    const tape = openTape(this.expected.scenario, () => null);
    const arrival = new Arrival();
    let count = 0;
    while (count < limit && tape.next(arrival)) {
      count++;
      this.arrive(arrival.dueMicros * 1000, arrival.key);
    }
    tape.close();
    return count;
  }

  /** Each answer lets one client send again. */
  private closedLoop(limit: number): number {
    const { load, keys, seed } = this.expected.scenario;
    if (this.answers === null || !("vus" in load)) return 0;
    const keyOf = keySource(keys, seed);
    const most = Math.min(limit, load.executor === "shared-iterations" ? load.iterations : Number.POSITIVE_INFINITY);
    const until = load.executor === "constant-vus" ? load.duration * 1000 : Number.POSITIVE_INFINITY;
    for (let i = 0; i < load.vus; i++) this.answers.push(0, null);
    let count = 0;
    while (count < most) {
      // Everyone waits for a batch that nobody is left to fill.
      if (this.answers.size === 0) for (const lane of this.lanes) this.flush(lane, Number.POSITIVE_INFINITY, true);
      const due = this.answers.next;
      if (due >= until) break;
      this.answers.pop();
      count++;
      this.arrive(Math.floor(due / 1000) * 1000, keyOf.next());
    }
    return count;
  }

  private arrive(due: number, key: number): void {
    const demand = this.service.next();
    const read = this.readAt(due);
    let at = Math.max(read, this.sourceFree);
    const lane = this.lanes[this.laneNumber(key)] as Lane;
    if (this.capacity !== Number.POSITIVE_INFINITY) {
      const inQueue = this.inQueue(at);
      if (inQueue >= this.capacity) {
        if (this.dropping) {
          this.dropped++;
          return;
        }
        at = Math.max(at, this.leaveNext());
      }
      this.sourceFree = at;
    }
    this.enqueue(lane, at, due, demand, key);
  }

  /** When an arrival has been read, in tape order; in `sync` reading holds the one thread and is part of its service. */
  private readAt(due: number): number {
    if (this.reads === null || this.single) return due;
    const begin = this.holds === null ? Math.max(due, this.connections.first) : this.whenFree(Math.max(due, this.connections.first));
    const end = begin + this.reads.next();
    this.connections.take(end);
    this.lastRead = Math.max(this.lastRead, end);
    return this.lastRead;
  }

  /** The first instant from `at` on at which the one loop is not held by work; asked in rising order. */
  private whenFree(at: number): number {
    let free = at;
    for (let hold = this.holds?.peek(); hold !== undefined && hold.from <= free; hold = this.holds?.peek()) {
      if (hold.to > free) free = hold.to;
      this.holds?.shift();
    }
    return free;
  }

  private laneNumber(key: number): number {
    if (this.lanes.length === 1) return 0;
    const known = this.laneOfKey[key] as number;
    if (known >= 0) return known;
    const lane = hashOf(workerName(key)) % this.lanes.length;
    this.laneOfKey[key] = lane;
    return lane;
  }

  private enqueue(lane: Lane, at: number, due: number, demand: number, key: number): void {
    lane.calendar?.forget(lane.queuedAt);
    this.cores?.forget(this.timeout === Number.POSITIVE_INFINITY ? at : at - this.timeout);
    lane.queuedAt = at;
    if (this.size === 1) {
      const from = Math.max(at, lane.slots.first);
      const done = this.work(lane, from, due, demand, key);
      this.leaves(at, this.leaving(lane, at, from));
      this.note(lane, done);
      return;
    }
    this.flush(lane, at, false);
    lane.queued.push(at);
    lane.due.push(due);
    lane.demand.push(demand);
    lane.key.push(key);
    this.leaves(at, this.leaving(lane, at, Math.max(at, lane.gatherFrom, lane.slots.first)));
    if (lane.queued.length >= this.size) this.dispatch(lane, lane.queued.length, Math.max(at, lane.gatherFrom, lane.slots.first));
  }

  /** Where a Worker works, an item leaves the queue when that holds less than its window; else when it is gathered. */
  private leaving(lane: Lane, at: number, gathered: number): number {
    if (!this.windowed) return gathered;
    return Math.max(at, lane.doneAt[lane.count % lane.doneAt.length] as number);
  }

  /** Sends what goes by now: overdue batches, or, when nothing more can come, everything. */
  private flush(lane: Lane, now: number, last: boolean): void {
    while (lane.queued.length > 0) {
      const from = Math.max(lane.queued[0] as number, lane.gatherFrom, lane.slots.first);
      const deadline = from + this.timeout;
      if (deadline > now && !last) return;
      if (deadline === Number.POSITIVE_INFINITY) {
        this.dispatch(lane, lane.queued.length, Math.max(from, lane.queued.at(-1) as number));
        return;
      }
      let count = 0;
      while (count < lane.queued.length && (lane.queued[count] as number) <= deadline) count++;
      const complete = last && count === lane.queued.length;
      this.dispatch(lane, count, complete ? Math.max(from, Math.min(deadline, lane.queued[count - 1] as number)) : deadline);
    }
  }

  /** A batch begins at `from`: its items are worked one after another by one processor. */
  private dispatch(lane: Lane, count: number, from: number): void {
    lane.gatherFrom = from;
    let at = from;
    for (let i = 0; i < count; i++) {
      at = this.process(lane, at, lane.due[i] as number, lane.demand[i] as number, lane.key[i] as number);
      if (this.handedOneByOne) this.note(lane, at);
    }
    if (!this.handedOneByOne) this.note(lane, at);
    lane.slots.take(at + this.handover * (this.handedOneByOne ? count : 1));
    for (const list of [lane.queued, lane.due, lane.demand, lane.key]) list.splice(0, count);
  }

  private note(lane: Lane, done: number): void {
    lane.doneAt[lane.count % lane.doneAt.length] = done;
    lane.count++;
  }

  private work(lane: Lane, from: number, due: number, demand: number, key: number): number {
    const done = this.process(lane, from, due, demand, key);
    lane.slots.take(done + this.handover);
    return done;
  }

  /** One item on one processor: holds its thread (and a core) for one part of its time, waits for the other. */
  private process(lane: Lane, from: number, due: number, demand: number, key: number): number {
    const reading = this.single && this.reads !== null ? this.reads.next() : 0;
    const wait = demand * this.shares.wait;
    const held = demand - wait;
    let start = from;
    if (this.keyFree !== null) start = Math.max(start, this.keyFree[key] as number);
    const stretched = held * this.stretch;
    if (held > 0) start = lane.calendar?.reserve(start, stretched) ?? Math.max(start, lane.free);
    if (this.cores !== null && held > 0) start = this.cores.reserve(start, stretched);
    if (start + reading >= this.expiry) {
      this.unfinished++;
      return start;
    }
    const done = start + reading + stretched + wait;
    lane.free = start + reading + stretched;
    if (stretched > 0) this.holds?.push({ from: start, to: lane.free });
    if (this.keyFree !== null) this.keyFree[key] = done;
    this.processed++;
    this.busy += this.shares.wait > 0 ? demand : held;
    if (done > this.end) this.end = done;
    this.answers?.push(done, null);
    if (due < this.warmup) return done;
    this.measured++;
    this.sojourn.record(done - due);
    if (due < this.firstDue) this.firstDue = due;
    if (done > this.lastDone) this.lastDone = done;
    return done;
  }

  private leaves(at: number, leaving: number): void {
    if (this.capacity === Number.POSITIVE_INFINITY) return;
    // Under a drop rule those that are due together compete for the queue before anything is taken out.
    const gone = this.dropping ? Math.max(leaving, at + 1) : leaving;
    if (gone <= at) return;
    if (this.lanes.length === 1) this.leavingInOrder.push(gone);
    else this.leavingAnyhow.push(gone, null);
  }

  /** Number in the queue at an instant; asked in rising order. */
  private inQueue(at: number): number {
    if (this.lanes.length === 1) {
      while ((this.leavingInOrder.peek() ?? Number.POSITIVE_INFINITY) <= at) this.leavingInOrder.shift();
      return this.leavingInOrder.length;
    }
    while (this.leavingAnyhow.next <= at) this.leavingAnyhow.pop();
    return this.leavingAnyhow.size;
  }

  /** When there is room next. */
  private leaveNext(): number {
    if (this.lanes.length === 1) return this.leavingInOrder.shift() ?? 0;
    const at = this.leavingAnyhow.next;
    this.leavingAnyhow.pop();
    return at;
  }
}
