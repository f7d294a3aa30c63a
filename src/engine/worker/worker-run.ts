import { type Clock, type Nanoseconds, wallSince } from "../../kernel/clock.ts";
import { errorText } from "../../kernel/error-text.ts";
import type { RedisConnection } from "../../kernel/redis/connection.ts";
import { shareAmong } from "../../workloads/portable.ts";
import { ComparedClock, type Offset } from "../executor/distributed/clock-comparison.ts";
import {
  HOSTS,
  type HostAnswer,
  type HostReport,
  REPORTS,
  type RunOrder,
  type RunPlan,
  readObject,
  runOrdersOf,
  type SlotReport,
} from "../executor/distributed/protocol.ts";
import { RunClock } from "../executor/distributed/run-clock.ts";
import { LIFE } from "../executor/distributed/scripts.ts";
import { isPassing } from "../executor/distributed/stream-sender.ts";
import { PartitionStreams } from "../executor/distributed/streams.ts";
import { nextOrder } from "./orders.ts";
import { leaseMemory, SlotLeases, tokenOf } from "./slot-leases.ts";
import { AHEAD } from "./slot-session.ts";
import type { Slot } from "./slots.ts";

/** Milliseconds between two looks at Redis's clock. */
const TICK_MS = 1000;
/** Leases are prolonged this often while they last, and before half of one is over. */
const PROLONGED = 4;
/** Milliseconds that a thread may take to end what it is at, beyond which it is ended. */
const LAST_MS = 5000;
/** The same for the batches that it has, where these are to be done. */
const LONGEST_MS = 60_000;

/** The parts of a worker that a run uses. */
export interface WorkerParts {
  readonly id: string;
  readonly url: string;
  readonly slots: readonly Slot[];
  /** For commands, and for reads that wait. */
  readonly redis: RedisConnection;
  readonly waiting: RedisConnection;
  readonly clock: Clock;
  /** Nanoseconds by which that clock is ahead of the machine's. */
  readonly clockShift: number;
  /** CPU time of this process in milliseconds. */
  readonly cpuMs: () => number;
}

/** Outcome of a run for one worker. */
export interface Served {
  readonly items: number;
  readonly redelivered: number;
  readonly refused: number;
  /** How it ended, if not as it should. */
  readonly problem: string | null;
}

/** One run on one worker: from its plan to the report. */
export class WorkerRun {
  private readonly streams: PartitionStreams;
  private readonly clock: RunClock;
  private leases: readonly SharedArrayBuffer[] = [];
  private readonly drift = new SharedArrayBuffer(8);
  private readonly compared: ComparedClock;
  private startSkew: number | null = null;
  private problem: string | null = null;
  private ended = false;
  private over = false;
  private halting = false;
  /** The server did not answer when last asked. */
  private cutOff = false;

  constructor(
    private readonly parts: WorkerParts,
    private readonly run: string,
    private readonly plan: RunPlan,
  ) {
    this.streams = new PartitionStreams(parts.redis, run, plan.partitions, plan.ordered);
    this.clock = new RunClock(plan.base, parts.clock, (second) => wallSince(second) + parts.clockShift);
    this.compared = new ComparedClock(parts.redis, this.clock, plan.base);
  }

  /** Serves it to its end. `stopping`: true once the worker is to stop. */
  async serve(stopping: () => boolean): Promise<Served> {
    const before = await this.compared.begin();
    const slots = this.begin(before);
    try {
      await Promise.all(slots.map(({ ready }) => ready));
    } catch (error) {
      this.endSlots(true);
      await this.answer({ type: "refused", reason: errorText(error) });
      return { items: 0, redelivered: 0, refused: 0, problem: errorText(error) };
    }
    await this.answer({ type: "ready", ...before });
    const done = Promise.all(slots.map((slot) => slot.done.catch(() => null))).finally(() => {
      this.over = true;
    });
    const [ticking, prolonging] = [this.tick(), this.prolong()];
    await this.obey(stopping);
    const reports = await this.reports(done);
    this.ended = true;
    await Promise.all([ticking, prolonging]);
    await this.report(reports);
    const sum = (of: (report: SlotReport) => number) => reports.reduce((all, report) => all + of(report), 0);
    return {
      items: sum(({ items }) => items),
      redelivered: sum(({ redelivered }) => redelivered),
      refused: sum(({ refused }) => refused),
      problem: this.problem,
    };
  }

  /** Tells the runner why this worker does not take part. */
  async refuse(reason: string): Promise<void> {
    await this.answer({ type: "refused", reason });
  }

  private begin(before: Offset) {
    const { parts, plan, run, clock, drift } = this;
    const { spec, concurrency } = shareAmong(plan.spec, parts.slots.length, plan.concurrency);
    this.leases = concurrency.map((batches) => leaseMemory(batches + AHEAD));
    return parts.slots.map((slot, number) => {
      const origin = -(clock.anchor + before.offset);
      const own = { slot: number, concurrency: concurrency[number] ?? 0, leases: this.leases[number] as SharedArrayBuffer };
      const assignment = { plan, spec, run, host: parts.id, origin, drift, ...own };
      return slot.begin({ type: "begin", assignment, url: parts.url, clockShift: parts.clockShift }, (why) => void this.giveUp(why));
    });
  }

  /** Reports to the runner, which ends the run, that a thread can do no more. */
  private async giveUp(why: string): Promise<void> {
    this.problem ??= why;
    await this.answer({ type: "failed", reason: why }).catch(() => {});
  }

  private async answer(answer: HostAnswer): Promise<void> {
    const key = this.streams.prefix + HOSTS;
    await this.parts.redis.send("HSET", [key, this.parts.id, JSON.stringify(answer)]);
    await this.parts.redis.send("EXPIRE", [key, String(LIFE)]);
  }

  /** Follows the runner's orders until the run ends, is gone, or the worker is to stop. */
  private async obey(stopping: () => boolean): Promise<void> {
    const key = this.streams.prefix + runOrdersOf(this.parts.id);
    while (!this.over) {
      if (stopping()) {
        // What cannot be committed now is taken over by others.
        this.endSlots(this.cutOff);
        return;
      }
      const order = await this.nextOrder(key);
      if (order?.type === "start") await this.startAt(order.at);
      if (order?.type !== "end") continue;
      this.endSlots(order.halting);
      return;
    }
  }

  private async nextOrder(key: string): Promise<RunOrder | null> {
    try {
      const order = await nextOrder(this.parts.waiting, key);
      this.cutOff = false;
      return readObject<RunOrder>(order, ["type"]);
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.cutOff = true;
      await Bun.sleep(TICK_MS / 10);
      return null;
    }
  }

  /** Waits for the announced instant, and keeps by how much it was missed. */
  private async startAt(at: Nanoseconds): Promise<void> {
    const { offset } = this.compared.before;
    const left = () => (at - offset - this.clock.now()) / 1e6;
    if (!(left() < TICK_MS)) return;
    if (left() > 2) await Bun.sleep(left() - 2);
    while (left() > 0);
    this.startSkew = -left() * 1e6;
  }

  private endSlots(halting: boolean): void {
    this.halting = halting;
    for (const slot of this.parts.slots) slot.end(halting);
  }

  /** The reports of the slots; one that does not end is ended, without a report. */
  private async reports(done: Promise<(SlotReport | null)[]>): Promise<SlotReport[]> {
    const late = Bun.sleep(this.halting ? LAST_MS : LONGEST_MS).then(() => null);
    const reports = await Promise.race([done, late]);
    if (reports === null) for (const slot of this.parts.slots) slot.drop();
    return (reports ?? []).filter((report) => report !== null);
  }

  private async report(slots: readonly SlotReport[]): Promise<void> {
    const { id, redis, cpuMs } = this.parts;
    try {
      const after = await this.compared.end();
      const error = Math.max(after.error, this.compared.error);
      const report: HostReport = { host: id, offset: after.offset, error, startSkew: this.startSkew, cpuMs: cpuMs(), slots };
      await redis.send("RPUSH", [this.streams.prefix + REPORTS, JSON.stringify(report)]);
      await redis.send("EXPIRE", [this.streams.prefix + REPORTS, String(LIFE)]);
    } catch {
      // The runner says that this worker was lost.
    }
  }

  /** Keeps the clocks compared: they drift. */
  private async tick(): Promise<void> {
    const drift = new Float64Array(this.drift);
    while (!this.ended) {
      await this.pause(TICK_MS);
      if (this.ended) return;
      try {
        await this.compared.follow();
        drift[0] = this.compared.drift;
      } catch {
        // The next time.
      }
    }
  }

  /** Prolongs the leases of batches that take long. */
  private async prolong(): Promise<void> {
    const { claimAfterMs } = this.plan;
    const every = claimAfterMs / PROLONGED;
    const slots = this.leases.map((memory, slot) => ({ leases: new SlotLeases(memory), name: `${this.parts.id}.${slot}` }));
    while (!this.ended) {
      await this.pause(every);
      const old = slots.flatMap(({ leases, name }) =>
        leases.olderThan(every, performance.now()).map(({ partition, token }) => ({ partition, token: tokenOf(name, token) })),
      );
      await this.streams.extend(claimAfterMs, old).catch(() => {});
    }
  }

  /** Waits, but not beyond the end of the run by more than a moment. */
  private async pause(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (!this.ended && performance.now() < until) await Bun.sleep(Math.min(50, Math.max(1, until - performance.now())));
  }
}
