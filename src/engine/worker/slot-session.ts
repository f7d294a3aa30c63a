import { type Nanoseconds, threadCpuTimer } from "../../kernel/clock.ts";
import { errorText } from "../../kernel/error-text.ts";
import type { Time } from "../../kernel/time.ts";
import type { Item } from "../../queueing/item.ts";
import { type MakeProcessor, type ProcessorSpec, runsHandler } from "../../workloads/processors.ts";
import type { Effort, Processor } from "../../workloads/workload.ts";
import { BatchRunner } from "../executor/batch-runner.ts";
import type { RunPlan, SlotReport } from "../executor/distributed/protocol.ts";
import { recordText } from "../executor/distributed/record.ts";
import { isPassing } from "../executor/distributed/stream-sender.ts";
import type { Commit, CommitReply, PartitionStreams, Taken, TakeReply, TakeRule } from "../executor/distributed/streams.ts";
import { UnhandledErrors } from "../work/unhandled-errors.ts";
import type { WorkSums } from "../work/work-meter.ts";
import { BatchLog } from "./batch-log.ts";
import { BatchReader } from "./batch-reader.ts";
import type { SlotBell } from "./bell.ts";
import { GatheredCommits } from "./gathered-commits.ts";
import { type BatchMachine, PartitionStates } from "./partition-states.ts";
import { type SlotLeases, tokenOf } from "./slot-leases.ts";
import { WorkGate } from "./work-gate.ts";

/** What a slot needs for one run; plain data, apart from the memory that it shares with the worker's main thread. */
export interface SlotAssignment {
  readonly plan: RunPlan;
  /** What its processor is made from, as the worker's slots share it. */
  readonly spec: ProcessorSpec;
  readonly run: string;
  /** Id of the worker, and number of the slot. */
  readonly host: string;
  readonly slot: number;
  /** Batches that it works on at once; 0: it has no part in the run. */
  readonly concurrency: number;
  /** Instant of the monotonic clock at which Redis's clock shows the run's base. */
  readonly origin: number;
  readonly leases: SharedArrayBuffer;
  /** Float64: nanoseconds by which Redis's clock is ahead of what `origin` says by now. */
  readonly drift: SharedArrayBuffer;
}

/** The thread of a slot. */
export interface SlotThread {
  readonly time: Time;
  readonly effort: Effort;
  /** Sums of the computing done on this thread. */
  readonly work: WorkSums;
}

/**
 * Batches that a slot may take beyond those that it works on, so that it need not wait for the next one; only while batches are shorter
 * than `SHORT`, in nanoseconds, and only what lies ready: whatever rings is for a slot that is idle.
 */
export const AHEAD = 1;
const SHORT: Nanoseconds = 3e6;

/** Wait between two attempts to reach the server again, and attempts once the slot is to end. */
const RETRY: Nanoseconds = 100e6;
const MOST_TRIES = 50;

/** The places of a slot, as many as it holds batches. Each takes, works and commits one batch after the other. */
interface Place {
  readonly number: number;
  readonly log: BatchLog;
  readonly batches: BatchRunner;
  /** Ends the wait for the batch at work, of which no more is heard. */
  leave: () => void;
}

/** One slot of a worker during one run. */
export class SlotSession {
  private readonly processor: Processor;
  private readonly states: PartitionStates;
  private readonly reader: BatchReader;
  private readonly gate: WorkGate;
  private readonly places: readonly Place[];
  private readonly rule: TakeRule;
  private readonly gathered: GatheredCommits;
  private readonly unhandled: UnhandledErrors | null;
  private readonly drift: Float64Array;
  /** Partitions of which a place has a batch. */
  private readonly inHand = new Map<number, Promise<void>>();
  private readonly cpu = threadCpuTimer();
  private readonly counts = { items: 0, strays: 0, refused: 0, redelivered: 0 };
  private tokens = 0;
  /** Resolves when the place that asks for a batch has one. */
  private asking: Promise<void> = Promise.resolve();

  constructor(
    private readonly assignment: SlotAssignment,
    private readonly streams: PartitionStreams,
    private readonly bell: SlotBell,
    private readonly leases: SlotLeases,
    makeProcessor: MakeProcessor,
    private readonly thread: SlotThread,
  ) {
    const { plan, spec, slot, concurrency, drift } = assignment;
    this.processor = makeProcessor(thread.effort, undefined, slot);
    this.states = new PartitionStates(this.processor, streams);
    this.reader = new BatchReader(this.processor, plan.order);
    this.gate = new WorkGate(() => Math.min(concurrency, this.processor.limit));
    this.rule = { size: plan.batch, claimAfterMs: plan.claimAfterMs };
    this.drift = new Float64Array(drift);
    this.gathered = new GatheredCommits((asked) => this.persist(() => streams.commitTogether(asked, this.rule)), thread.time);
    this.places = Array.from({ length: concurrency + AHEAD }, (_, number) => this.place(number));
    this.unhandled = runsHandler(spec) ? new UnhandledErrors({ stray: () => this.stray() }) : null;
  }

  private place(number: number): Place {
    const log = new BatchLog((item) => this.processor.figuresOf?.(item));
    const { time } = this.thread;
    const release = (item: Item) => this.reader.release(item);
    const batches = new BatchRunner(this.processor, log, time, 1, release, () => this.gate.halted);
    return { number, log, batches, leave: () => {} };
  }

  /** Starts what the processor needs outside. `giveUp`: called with a sentence when no more work can be done. */
  async open(giveUp: (why: string) => void): Promise<void> {
    await this.processor.open?.(giveUp);
  }

  /** Takes and commits batches until the end. */
  async run(): Promise<SlotReport> {
    await Promise.all(this.places.map((place) => this.serve(place)));
    await this.unhandled?.settle();
    const failures = this.unhandled?.failureCounts ?? [];
    return { report: this.processor.report(), failures, cpu: this.cpu(), work: this.thread.work, ...this.counts };
  }

  async close(): Promise<void> {
    await this.processor.close?.();
  }

  /** Ends it after the batches at work; `halting`: at once, and nothing more is committed. */
  end(halting: boolean): void {
    this.gate.end(halting);
    this.bell.cancel();
    if (!halting) return;
    const now = this.thread.time.now();
    for (const place of this.places) {
      place.batches.abandon(now);
      place.leave();
    }
  }

  private async serve(place: Place): Promise<void> {
    let taken = await this.take(place);
    while (taken !== null) taken = (await this.inTurn(place, taken)) ?? (await this.take(place));
  }

  /** Waits for a batch; null: the run is over. Without an order there are many places, and one asks for all that are free. */
  private async take(place: Place): Promise<Taken | null> {
    if (this.assignment.plan.ordered || this.isAhead(place)) return this.takeNext(place);
    const before = this.asking;
    const own = Promise.withResolvers<void>();
    this.asking = own.promise;
    await before;
    try {
      return await this.takeNext(place);
    } finally {
      own.resolve();
    }
  }

  private async takeNext(place: Place): Promise<Taken | null> {
    const ahead = this.isAhead(place);
    while (!this.gate.ending) {
      if (ahead) await this.gate.nextLeave();
      if (this.gate.ending || !this.mayTake(place)) continue;
      let number = 0;
      // One whose answer was lost may have been done, or be done yet: its token is nobody's.
      const reply = await this.persist(() => {
        number = ++this.tokens;
        return this.streams.take(this.rule, this.token(number));
      });
      if (reply === null || reply === "over") return null;
      if ("partition" in reply) return this.hold(place, reply, number);
      if (!ahead) await this.bell.wait(reply.idleMs);
    }
    return null;
  }

  private isAhead({ number }: Place): boolean {
    return number >= this.assignment.concurrency;
  }

  private mayTake(place: Place): boolean {
    return !this.isAhead(place) || (this.gate.batchTime > 0 && this.gate.batchTime < SHORT);
  }

  private hold(place: Place, taken: Taken, number: number): Taken {
    this.leases.hold(place.number, taken.partition, number, performance.now());
    return taken;
  }

  private token(number: number): string {
    const { host, slot } = this.assignment;
    return tokenOf(`${host}.${slot}`, number);
  }

  /** Handles a batch once no other place has one of the same partition, whose lease must have run out: its states would be mixed up. */
  private async inTurn(place: Place, taken: Taken): Promise<Taken | null> {
    if (!this.assignment.plan.ordered) return this.handle(place, taken);
    const { partition } = taken;
    const before = this.inHand.get(partition);
    const own = Promise.withResolvers<void>();
    this.inHand.set(partition, own.promise);
    await before;
    try {
      return await this.handle(place, taken);
    } finally {
      if (this.inHand.get(partition) === own.promise) this.inHand.delete(partition);
      own.resolve();
    }
  }

  /** Works a batch and commits it. Returns the next batch, if the commit brought one. */
  private async handle(place: Place, taken: Taken): Promise<Taken | null> {
    const dequeued = this.thread.time.now();
    const items = this.reader.read(taken);
    const { length } = items;
    if (taken.claimed) this.counts.redelivered += length;
    const machines = this.reader.machinesOf(items);
    if ((await this.persist(() => this.states.load(taken, machines).then(() => true))) === null) return null;
    if (!(await this.gate.enter())) {
      if (!this.gate.halted) await this.persist(() => this.streams.giveBack(taken).then(() => true));
      return null;
    }
    await this.work(place, items);
    if (this.gate.halted) return null;
    const commit = { taken, record: this.recordOf(place, taken, dequeued), states: await this.changed(machines) };
    const number = ++this.tokens;
    const token = this.gate.ending || !this.mayTake(place) ? "" : this.token(number);
    const reply = await this.commit(commit, token);
    this.leases.release(place.number);
    const next = this.after(taken, reply, length);
    return next === null || next === "over" || !("partition" in next) ? null : this.hold(place, next, number);
  }

  private commit(commit: Commit, token: string): Promise<CommitReply | null> {
    if (!this.assignment.plan.ordered) return this.gathered.commit(commit, token);
    return this.persist(() => this.streams.commit(commit, this.rule, token));
  }

  private async work(place: Place, items: Item[]): Promise<void> {
    const { log, batches } = place;
    log.begin();
    const began = this.thread.time.now();
    await new Promise<void>((done) => {
      place.leave = done;
      if (batches.work(items, () => done()) || this.gate.halted) done();
    });
    this.gate.leave(this.thread.time.now() - began);
  }

  private recordOf({ log }: Place, { partition, claimed }: Taken, dequeued: Nanoseconds): string {
    const drift = this.drift[0] ?? 0;
    const stretches = log.stretches.map((one) => ({ ...one, began: one.began + drift, ended: one.ended + drift }));
    return recordText({ host: this.assignment.host, partition, claimed, dequeued: dequeued + drift, stretches });
  }

  /** Takes in the answer to a commit; returns what it took. */
  private after(taken: Taken, reply: CommitReply | null, items: number): TakeReply | null {
    if (reply === "refused") {
      this.counts.refused++;
      this.states.forget(taken.partition);
      return null;
    }
    if (reply === null || reply === "over") return null;
    this.counts.items += items;
    this.states.committed(taken);
    return reply.next;
  }

  /** The states of the machines of a batch, as they are now. */
  private async changed(machines: readonly BatchMachine[]): Promise<[string, string][]> {
    const states: [string, string][] = [];
    for (const { key, name } of machines) {
      const json = await this.processor.stateOf(key);
      if (json !== null) states.push([name, json]);
    }
    return states;
  }

  /** Repeats what may be repeated until the server answers; null: the run is over before. */
  private async persist<T>(ask: () => Promise<T>): Promise<T | null> {
    for (let tries = 0; ; tries++) {
      try {
        return await ask();
      } catch (error) {
        if (!isPassing(error)) throw new Error(errorText(error));
        if (this.gate.halted || (this.gate.ending && tries > MOST_TRIES)) return null;
        await this.thread.time.sleepAbout(this.thread.time.now() + RETRY);
      }
    }
  }

  private stray(): boolean {
    const processed = this.places.reduce((sum, { log }) => sum + log.processedTotal, 0);
    if (this.counts.strays >= processed) return false;
    this.counts.strays++;
    return true;
  }
}
