import { threadCpuTimer } from "../../kernel/clock.ts";
import { Wakeup } from "../../kernel/wakeup.ts";
import { Batcher } from "../../queueing/batcher.ts";
import type { Item } from "../../queueing/item.ts";
import { keepAnswering, settleQueries } from "../queries/answering.ts";
import { BatchRunner } from "./batch-runner.ts";
import { type Execution, type Executor, type Job, keepSampling, readerOf, unfinished } from "./executor.ts";
import { Feed, queueOf } from "./feed.ts";

/** One event loop on which source, batch collector and processors take turns. */
export class AsyncExecutor implements Executor {
  async execute(job: Job): Promise<Execution> {
    const run = new AsyncRun(job);
    return run.execute();
  }

  async close(): Promise<void> {}
}

class AsyncRun {
  private readonly feed: Feed;
  private readonly batcher: Batcher;
  private readonly batches: BatchRunner;
  private readonly batchDone: Wakeup;
  private readonly processor;
  private readonly spare: Item[][] = [];

  constructor(private readonly job: Job) {
    const { settings, time, source, recorder, lifecycle } = job;
    this.feed = new Feed(job, queueOf(job, 1));
    this.batcher = new Batcher(this.feed.queue, 0, settings.batch);
    this.batchDone = new Wakeup(time);
    this.processor = job.processor(job.effort(false));
    this.batches = new BatchRunner(
      this.processor,
      recorder,
      time,
      settings.concurrency,
      (item) => source.release(item),
      (now) => lifecycle.expired(now),
      settings.yieldEvery,
    );
  }

  async execute(): Promise<Execution> {
    const { source, recorder, sampler, time } = this.job;
    const { queue } = this.feed;
    sampler.observe([recorder], {
      waiting: (now) => queue.areaUntil(now),
      begun: (now) => queue.removed.until(now),
      highWater: () => queue.highWater,
      blocked: () => source.blocked.total,
    });
    await this.processor.open?.((why) => this.job.lifecycle.fail(time.now(), unfinished(why)));
    this.job.begin();
    const cpu = threadCpuTimer();
    let done = false;
    void keepSampling(this.job, () => done);
    void this.feed.observeAfterWarmup();
    const reader = readerOf(this.processor);
    let collected = false;
    void keepAnswering(this.job, reader, () => collected);
    const feeding = this.feed.run(() => recorder.busyTotal);
    await this.collect();
    collected = true;
    // After the end of the run nothing more is done while queries are answered.
    if (this.job.lifecycle.expired(time.now())) this.batches.abandon(time.now());
    await settleQueries(this.job, reader);
    const stoppedAt = time.now();
    const figures = this.feed.figures(stoppedAt);
    for (const item of this.batcher.items) recorder.abandoned(item, stoppedAt);
    this.batches.abandon(stoppedAt);
    const endedAt = await this.feed.settle(feeding, stoppedAt);
    done = true;
    await this.job.settle();
    sampler.finish(endedAt);
    const report = this.processor.report();
    const cpuTime = cpu();
    await this.processor.close?.();
    return {
      endedAt,
      recorders: [recorder],
      state: [this.processor.state()],
      reports: [report],
      failures: this.batches.failureCounts,
      queue: figures,
      lost: 0,
      threads: [{ name: "main", cpu: cpuTime }],
    };
  }

  /** Makes batches and works them off, `concurrency` at a time. The loop gets a turn after each batch that blocked it. */
  private async collect(): Promise<void> {
    const { time, settings, lifecycle } = this.job;
    for (;;) {
      while (this.batches.active >= Math.min(settings.concurrency, this.processor.limit) && !lifecycle.expired(time.now())) {
        await this.batchDone.wait();
      }
      let ready = this.gathered();
      for (; ready === null; ready = this.gathered()) {
        this.feed.freed();
        await this.feed.arrived.wait(this.batcher.dueAt);
      }
      if (!ready) break;
      const batch = this.batcher.release(this.spare.pop() ?? []);
      this.feed.freed();
      if (this.batches.work(batch, this.whenDone)) this.recycle(batch);
      if (!this.processor.yields) await time.turn();
    }
    while (this.batches.active > 0 && !lifecycle.expired(time.now())) await this.batchDone.wait();
  }

  /** Whether there is a batch; null: not yet. */
  private gathered(): boolean | null {
    const { time, lifecycle } = this.job;
    const now = time.now();
    if (lifecycle.expired(now)) return false;
    if (this.batcher.collect(now, this.feed.ended) || this.feed.stalled(this.batcher.items.length)) return true;
    return this.feed.ended ? false : null;
  }

  private readonly whenDone = (batch: Item[]): void => {
    this.recycle(batch);
    this.batchDone.notify();
  };

  private recycle(batch: Item[]): void {
    if (this.batches.cutShort) return;
    batch.length = 0;
    this.spare.push(batch);
  }
}
