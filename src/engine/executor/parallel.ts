import { threadCpuTimer } from "../../kernel/clock.ts";
import { wordsFor } from "../../kernel/words.ts";
import { Batcher } from "../../queueing/batcher.ts";
import type { Item } from "../../queueing/item.ts";
import { keepAnswering, settleQueries } from "../queries/answering.ts";
import type { Clerk } from "../queries/desk.ts";
import { BATCH_END } from "../transport/ring.ts";
import { ALL_KEYS } from "../transport/worker-protocol.ts";
import { type Execution, type Executor, type Job, keepSampling } from "./executor.ts";
import { Feed } from "./feed.ts";
import { type Channel, type PoolSession, WorkerPool, type WorkerReport } from "./worker-pool.ts";

/**
 * Batches a Worker holds at most beside those at work: as many as it works off in about 4 ms, which covers the
 * time it takes to wake a thread. All else waits in the queue, where overflow acts.
 */
const AHEAD = 4e6;
const SMALLEST_WINDOW = 4;
const LARGEST_WINDOW = 128;
/** Ring of one Worker, unless a single message needs more. */
const RING_WORDS = 1 << 17;
/** Words of an item before its payload. */
const ITEM_WORDS = 4;

/**
 * Bun Workers, each with the keys that belong to it; this thread is the source and deals batches out. With `offload` it is
 * the event loop of `async` instead, and one Worker its helper.
 */
export class ParallelExecutor implements Executor {
  private readonly pool: WorkerPool;

  constructor(
    workers: number,
    /** Rung by Workers; the bell that this thread's time waits on. */
    private readonly bell: Int32Array,
  ) {
    this.pool = new WorkerPool(workers);
  }

  async execute(job: Job): Promise<Execution> {
    const { settings } = job;
    const ringWords = Math.max(RING_WORDS, 4 * wordsFor(settings.messageBytes));
    const session = await this.pool.begin(
      { processor: job.spec, concurrency: settings.concurrency, warmup: settings.warmup, snapshots: settings.snapshots },
      ringWords,
      this.bell,
    );
    try {
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

class ParallelRun {
  private readonly feed: Feed;
  private readonly lanes: readonly Lane[];
  private answered = 0;

  constructor(
    private readonly job: Job,
    private readonly pool: WorkerPool,
    private readonly session: PoolSession,
  ) {
    this.feed = new Feed(job, pool.size);
    this.lanes = session.channels.map((channel, shard) => new Lane(job, channel, shard, this.feed));
  }

  async execute(): Promise<Execution> {
    const { source, lifecycle, recorder, sampler, time } = this.job;
    const recorders = [recorder, ...this.session.channels.map((channel) => channel.recorder)];
    sampler.observe(recorders, {
      depth: () => this.feed.queue.depth,
      inFlight: () => this.lanes.reduce((sum, lane) => sum + lane.inFlight, 0),
      blocked: () => source.blocked,
    });
    this.session.startAt(this.job.begin());
    time.watch(this.look);
    const cpu = threadCpuTimer();
    let done = false;
    void keepSampling(this.job, () => done);
    void this.feed.observeAfterWarmup();
    let dealt = false;
    void keepAnswering(this.job, this.clerk, () => dealt);
    const feeding = this.feed.run(() => 0);
    await this.deal();
    dealt = true;
    await settleQueries(this.job, this.clerk, () => this.pool.broken !== null);
    const stoppedAt = time.now();
    const queue = this.feed.figures(stoppedAt);
    const reports = await this.session.end(lifecycle.expired(stoppedAt));
    for (const lane of this.lanes) lane.abandon(stoppedAt);
    const endedAt = await this.feed.settle(feeding, stoppedAt);
    done = true;
    const mainCpu = cpu();
    const offloaded = this.job.settings.offload !== "none";
    return {
      endedAt,
      recorders,
      state: reports.flatMap((report) => (report === null ? [] : [report.state])),
      failures: mergeFailures(reports),
      queue,
      batches: {
        count: this.lanes.reduce((sum, lane) => sum + lane.batchesMade, 0),
        items: this.lanes.reduce((sum, lane) => sum + lane.itemsSent, 0),
      },
      lost: this.lanes.reduce((sum, lane) => sum + lane.inFlight, 0),
      threads: [
        { name: "main", cpu: mainCpu },
        ...reports.map((report, i) => ({ name: offloaded ? "helper" : `worker-${i}`, cpu: report?.cpu ?? null })),
      ],
    };
  }

  /** Hands batches to Workers as they become ready and there is room; returns when all is done or the run stops. */
  private async deal(): Promise<void> {
    const { time, lifecycle } = this.job;
    for (;;) {
      const now = time.now();
      if (this.pool.broken !== null) lifecycle.fail(now, `${this.pool.broken}; what it held is unfinished.`);
      if (lifecycle.expired(now)) return;
      if (this.job.source.closedLoop) this.answer();
      let dealt = this.dealOnce(now, this.feed.ended);
      if (this.feed.stalled(this.heldBack)) dealt = this.dealOnce(now, true);
      if (dealt) this.feed.freed();
      let nextDue = now + 50e6;
      for (const lane of this.lanes) nextDue = Math.min(nextDue, lane.dueAt);
      if (this.feed.ended && this.feed.queue.depth === 0 && this.lanes.every((lane) => lane.done)) return;
      await this.change(nextDue);
    }
  }

  /** Asks the Worker that owns a key, or looks at what it last published. */
  private readonly clerk: Clerk = {
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

  private dealOnce(now: number, last: boolean): boolean {
    let dealt = false;
    for (const lane of this.lanes) if (lane.deal(now, last)) dealt = true;
    return dealt;
  }

  /** Items that wait for their batch to fill. */
  private get heldBack(): number {
    return this.lanes.reduce((sum, lane) => sum + lane.gathered, 0);
  }

  /** Tells the clients of a closed loop what is done. */
  private answer(): void {
    const done = this.lanes.reduce((sum, lane) => sum + lane.itemsDone, 0);
    if (done > this.answered) this.job.source.answered(done - this.answered);
    this.answered = done;
  }

  /** Waits until something came, a Worker can do with more, a batch is due, or the instant has passed. */
  private change(latest: number): Promise<void> {
    for (const lane of this.lanes) if (!lane.askForMore()) return this.job.time.turn();
    return this.feed.arrived.wait(latest);
  }

  private readonly look = (): boolean => {
    if (this.pool.broken === null && !this.lanes.some((lane) => lane.wantsMore)) return false;
    return this.feed.arrived.notify();
  };
}

/** The way to one Worker: its shard of the queue, its batcher, its ring. */
class Lane {
  private readonly batcher: Batcher;
  /** The batch being written; it may take several frames. */
  private outbox: Item[] = [];
  private written = 0;
  private batchesSent = 0;
  itemsSent = 0;
  /** Batches gathered and handed over. */
  batchesMade = 0;
  private doneWhenAsked = 0;
  /** Something was written since the Worker was last woken. */
  private unheard = false;
  private window: number;

  constructor(
    private readonly job: Job,
    private readonly channel: Channel,
    private readonly shard: number,
    private readonly feed: Feed,
  ) {
    this.batcher = new Batcher(feed.queue, shard, job.settings.batch);
    this.window = job.settings.concurrency - 1 + SMALLEST_WINDOW;
    this.adapt();
  }

  /** Sends every batch that is ready while the Worker may hold one more. True when the queue has become shorter. */
  deal(now: number, last: boolean): boolean {
    let dealt = false;
    this.adapt();
    for (;;) {
      if (this.held >= this.window) break;
      if (this.written < this.outbox.length) {
        if (!this.write()) break;
        continue;
      }
      const before = this.batcher.items.length;
      const ready = this.batcher.collect(now, last);
      if (this.batcher.items.length > before) dealt = true;
      if (!ready) break;
      this.outbox.length = 0;
      this.outbox = this.batcher.release(this.outbox);
      this.written = 0;
      this.batchesMade++;
    }
    if (this.unheard) this.channel.wake();
    this.unheard = false;
    return dealt;
  }

  get dueAt(): number {
    return this.batcher.dueAt;
  }

  /** Batches sent and not done. */
  private get held(): number {
    return this.batchesSent - this.channel.batchesDone;
  }

  /** Looks at how long batches take, and how many a Worker may hold. */
  private adapt(): void {
    if (this.job.settings.offload !== "none") {
      // Each of the loop's processors hands over one piece and waits for it.
      this.window = this.job.settings.concurrency;
      return;
    }
    const { busy, batches } = this.channel.recorder.counts();
    const ahead = batches === 0 ? SMALLEST_WINDOW : Math.ceil((AHEAD * batches) / Math.max(1, busy));
    this.window = this.job.settings.concurrency - 1 + Math.min(LARGEST_WINDOW, Math.max(SMALLEST_WINDOW, ahead));
  }

  /** Something waits for this Worker, or for the end of its last batch. */
  private get waiting(): boolean {
    return this.feed.queue.depthOf(this.shard) > 0 || this.written < this.outbox.length || this.feed.ended;
  }

  /** Items gathered for a batch that has not gone. */
  get gathered(): number {
    return this.batcher.items.length;
  }

  get itemsDone(): number {
    const { processed, failed } = this.channel.recorder.counts();
    return processed + failed;
  }

  /** The Worker has come down to the number of batches at which it is to be given more, or someone waits for each. */
  get wantsMore(): boolean {
    if (this.job.source.closedLoop) return this.channel.batchesDone !== this.doneWhenAsked;
    return this.channel.batchesDone !== this.doneWhenAsked && this.waiting && this.held <= this.lowWater;
  }

  /** Has the Worker ring when it comes down to the low-water mark; false when it is there already. */
  askForMore(): boolean {
    this.doneWhenAsked = this.channel.batchesDone;
    if (this.job.source.closedLoop) return this.held === 0 || this.channel.wakeAt(this.doneWhenAsked + 1);
    if (!this.waiting || this.held === 0) return true;
    return this.channel.wakeAt(this.batchesSent - this.lowWater);
  }

  private get lowWater(): number {
    if (this.job.settings.offload !== "none") return this.window - 1;
    return this.feed.ended && this.feed.queue.depthOf(this.shard) === 0 ? 0 : this.window >> 1;
  }

  /** Everything that came this way is done. */
  get done(): boolean {
    return this.written === this.outbox.length && this.batcher.items.length === 0 && this.held === 0;
  }

  /** Items that left the queue and are not done. */
  get inFlight(): number {
    const { processed, failed, abandoned } = this.channel.recorder.counts();
    return this.batcher.items.length + (this.outbox.length - this.written) + this.itemsSent - processed - failed - abandoned;
  }

  /** Accounts for what the Worker never got, and for what it held when it is gone. */
  abandon(now: number): void {
    for (const item of this.batcher.items) this.job.recorder.abandoned(item, now);
    for (let i = this.written; i < this.outbox.length; i++) this.job.recorder.abandoned(this.outbox[i] as Item, now);
    this.outbox.length = 0;
    this.written = 0;
    this.batcher.release([]);
  }

  /** Writes as many items as fit into one frame after another; false when the ring has no room for the next. */
  private write(): boolean {
    const { writer } = this.channel;
    const { intake, source } = this.job;
    const piece = this.job.settings.offload === "message" ? 1 : Number.POSITIVE_INFINITY;
    while (this.written < this.outbox.length) {
      const first = this.wordsOf(this.outbox[this.written] as Item);
      const room = writer.open(first);
      if (room === 0) {
        if (first > writer.largestFrame) throw new Error(`a message of ${first * 8} bytes does not fit the ring`);
        return false;
      }
      const limit = writer.words.at + Math.min(room, writer.largestFrame);
      const from = this.written;
      while (this.written < this.outbox.length) {
        const item = this.outbox[this.written] as Item;
        if (this.written - from === piece || writer.words.at + this.wordsOf(item) > limit) break;
        writer.words.pair(item.key, item.sequence);
        writer.words.float(item.due);
        writer.words.float(item.taken);
        writer.words.float(item.dequeued);
        intake.encode(item, writer.words, this.shard);
        this.written++;
        source.pool.give(item);
      }
      const last = this.written === this.outbox.length || this.written - from === piece;
      if (last) this.batchesSent++;
      this.itemsSent += this.written - from;
      writer.publish(this.written - from, last ? BATCH_END : 0);
      this.unheard = true;
      if (last) return true;
    }
    return true;
  }

  private wordsOf(item: Item): number {
    return ITEM_WORDS + wordsFor(this.job.intake.encodedBytes(item, this.shard));
  }
}

function mergeFailures(reports: readonly (WorkerReport | null)[]): { reason: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const report of reports) {
    for (const { reason, count } of report?.failures ?? []) counts.set(reason, (counts.get(reason) ?? 0) + count);
  }
  return [...counts].map(([reason, count]) => ({ reason, count }));
}
