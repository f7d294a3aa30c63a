import { threadCpuTimer } from "../../../kernel/clock.ts";
import { wordsFor } from "../../../kernel/word-buffer.ts";
import { keepAnswering, settleQueries } from "../../queries/answering.ts";
import type { StateReader } from "../../queries/dispatcher.ts";
import { type Execution, type Executor, type Job, keepSampling, unfinished } from "../executor.ts";
import { Feed, queueOf } from "../feed.ts";
import { Lane } from "./lane.ts";
import { ALL_KEYS, type SpawnWorker, type WorkerReport } from "./link.ts";
import { type PoolSession, WorkerPool } from "./pool.ts";

/** Words that can be in transit to one Worker, unless a single message needs more. */
const BUFFER_WORDS = 1 << 17;
/**
 * Mode `parallel`: each Worker has its own keys; this thread is the source and dispatches batches. With `offload` this thread
 * is the event loop of `async`, and one Worker runs its batches.
 */
export class ParallelExecutor implements Executor {
  private readonly pool: WorkerPool;

  constructor(
    workers: number,
    /** Starts a Worker, with the link that reaches it. */
    spawn: SpawnWorker,
  ) {
    this.pool = new WorkerPool(workers, spawn);
  }

  async execute(job: Job): Promise<Execution> {
    const { settings } = job;
    const bufferWords = Math.max(BUFFER_WORDS, 4 * wordsFor(settings.messageBytes));
    const session = await this.pool.begin(
      { processor: job.spec, slots: settings.slots, warmup: settings.warmup, snapshots: settings.snapshots },
      bufferWords,
    );
    try {
      if (this.pool.broken !== null) throw new Error(this.pool.broken);
      return await new ParallelRun(job, this.pool, session).execute();
    } catch (error) {
      void session.end(true);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}

/** Nanoseconds between two checks of whether every Worker makes progress. */
const CHECK_EVERY = 1e9;

class ParallelRun {
  private readonly feed: Feed;
  private readonly lanes: readonly Lane[];
  private answered = 0;
  private checkAt = 0;

  constructor(
    private readonly job: Job,
    private readonly pool: WorkerPool,
    private readonly session: PoolSession,
  ) {
    this.feed = new Feed(job, queueOf(job, pool.size), (shard) => this.lanes[shard]?.batchesInFlight ?? 0);
    this.lanes = session.links.map((link, shard) => new Lane(job, link, shard, this.feed));
  }

  async execute(): Promise<Execution> {
    const { source, recorder, sampler, time } = this.job;
    const { queue } = this.feed;
    const recorders = [recorder, ...this.session.links.map((link) => link.recorder)];
    sampler.observe(recorders, {
      waiting: (now) => queue.areaUntil(now),
      begun: (now) => queue.removed.until(now),
      highWater: () => queue.highWater,
      blocked: () => source.blocked.total,
    });
    this.session.startAt(this.job.begin());
    time.watch(this.look);
    time.watch(this.session.look);
    const cpu = threadCpuTimer();
    let done = false;
    void keepSampling(this.job, () => done);
    void this.feed.observeAfterWarmup();
    let dispatched = false;
    void keepAnswering(this.job, this.states, () => dispatched);
    const feeding = this.feed.run(() => 0);
    await this.dispatchAll();
    dispatched = true;
    await settleQueries(this.job, this.states, () => this.pool.broken !== null);
    const stoppedAt = time.now();
    const figures = this.feed.figures(stoppedAt);
    const reports = await this.end(stoppedAt);
    for (const lane of this.lanes) lane.abandon(stoppedAt);
    const endedAt = await this.feed.settle(feeding, stoppedAt);
    done = true;
    await this.job.settle();
    sampler.finish(endedAt);
    const mainCpu = cpu();
    const offloaded = this.job.settings.offload !== "none";
    return {
      endedAt,
      recorders,
      state: reports.flatMap((report) => (report === null ? [] : [report.state])),
      reports: reports.map((report) => report?.report ?? null),
      failures: mergeFailures(reports),
      queue: figures,
      batches: {
        count: this.lanes.reduce((sum, lane) => sum + lane.batchesMade, 0),
        items: this.lanes.reduce((sum, lane) => sum + lane.itemsBatched, 0),
      },
      lost: this.lanes.reduce((sum, lane, i) => sum + (this.pool.hasFailed(i) ? lane.itemsInFlight : 0), 0),
      threads: [
        { name: "main", cpu: mainCpu },
        ...reports.map((report, i) => ({
          name: offloaded ? "helper" : `worker-${i}`,
          cpu: report?.cpu ?? null,
          work: report?.work ?? null,
        })),
      ],
    };
  }

  /** Ends the session and collects reports. After `lastItem`, a halted Worker whose item does not end is terminated. */
  private async end(now: number): Promise<Awaited<ReturnType<PoolSession["end"]>>> {
    const { lifecycle, settings, time } = this.job;
    const halting = lifecycle.expired(now);
    const reports = this.session.end(halting);
    if (!halting) return reports;
    let ended = false;
    const stopped = lifecycle.aborted;
    const terminate = () => {
      for (const i of ended ? [] : this.pool.terminateSilent()) {
        const what = `Worker ${i} did not end its item when the run was over and was ended; its states are lost.`;
        // A user who stops the run expects interrupted items.
        if (stopped) lifecycle.notes.push(what);
        else lifecycle.fail(now, what);
      }
    };
    void time.sleepUntil(now + settings.lastItem).then(terminate);
    return reports.finally(() => {
      ended = true;
    });
  }

  /** Fails the run when a Worker with batches in flight has made no progress for too long. */
  private checkLife(now: number): void {
    if (now < this.checkAt) return;
    this.checkAt = now + CHECK_EVERY;
    const { lifecycle, settings } = this.job;
    for (const [i, lane] of this.lanes.entries()) {
      const silence = lane.silence(now);
      if (silence <= settings.patience) continue;
      lifecycle.fail(now, `Worker ${i} gave no sign of life for ${Math.round(silence / 1e9)} s and was ended; what it held is unfinished.`);
    }
  }

  /** Dispatches batches until all is done or the run stops. */
  private async dispatchAll(): Promise<void> {
    const { time, lifecycle } = this.job;
    for (;;) {
      const now = time.now();
      if (this.pool.broken !== null) lifecycle.fail(now, unfinished(this.pool.broken));
      this.checkLife(now);
      if (lifecycle.expired(now)) return;
      if (this.job.source.closedLoop) this.answer();
      let dispatched = this.dispatchOnce(now, this.feed.ended);
      if (this.feed.stalled(this.incomplete)) dispatched = this.dispatchOnce(now, true);
      if (dispatched) this.feed.freed();
      let nextDue = Number.POSITIVE_INFINITY;
      for (const lane of this.lanes) nextDue = Math.min(nextDue, lane.dueAt);
      if (this.feed.ended && this.feed.queue.depth === 0 && this.lanes.every((lane) => lane.done)) return;
      await this.waitForChange(nextDue);
    }
  }

  /** Reads a state from the Worker that owns the key, or from its last publication. */
  private readonly states: StateReader = {
    state: (key) => {
      const { intake, settings, time } = this.job;
      const shard = intake.shardOf(key, this.lanes.length);
      if (settings.snapshots) return this.session.published(shard, key, time.now());
      return this.session.ask(shard, key).then((json) => ({ json, age: 0 }));
    },
    list: async () => {
      const lists = await Promise.all(this.lanes.map((_, shard) => this.session.ask(shard, ALL_KEYS)));
      return { json: JSON.stringify(lists.flatMap((list) => JSON.parse(list ?? "[]") as string[])), age: 0 };
    },
  };

  private dispatchOnce(now: number, last: boolean): boolean {
    let dispatched = false;
    for (const lane of this.lanes) if (lane.dispatch(now, last)) dispatched = true;
    return dispatched;
  }

  /** Items of incomplete batches. */
  private get incomplete(): number {
    return this.lanes.reduce((sum, lane) => sum + lane.incomplete, 0);
  }

  /** Notifies the clients of a closed loop of ended items. */
  private answer(): void {
    const done = this.lanes.reduce((sum, lane) => sum + lane.itemsDone, 0);
    if (done > this.answered) this.job.source.answered(done - this.answered);
    this.answered = done;
  }

  /** Waits for an arrival, for a Worker that needs more, or until a batch is due. */
  private waitForChange(nextDue: number): Promise<void> {
    for (const lane of this.lanes) if (!lane.requestWakeUp()) return this.job.time.turn();
    return this.feed.arrived.wait(nextDue);
  }

  private readonly look = (): boolean => {
    if (this.pool.broken === null && !this.lanes.some((lane) => lane.needsMore)) return false;
    return this.feed.arrived.notify();
  };
}

function mergeFailures(reports: readonly (WorkerReport | null)[]): { reason: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const report of reports) {
    for (const { reason, count } of report?.failures ?? []) counts.set(reason, (counts.get(reason) ?? 0) + count);
  }
  return [...counts].map(([reason, count]) => ({ reason, count }));
}
