import type { Nanoseconds } from "../../kernel/clock.ts";
import { threadCpuTimer } from "../../kernel/clock.ts";
import { Wakeup } from "../../kernel/wakeup.ts";
import type { Item } from "../../queueing/item.ts";
import { answerNow, settleQueries } from "../queries/answering.ts";
import type { Source } from "../source/source.ts";
import { BatchRunner, GROUP } from "./batch-runner.ts";
import { type Execution, type Executor, type Job, readerOf, unfinished } from "./executor.ts";

/** Time until the next arrival in which a sample fits. */
const ROOM = 1e6;
/** Longest that a sample waits for such a gap. */
const PATIENCE = 40e6;

/** One thread does everything in turn and every wait blocks it. There is no queue and no batch. */
export class SyncExecutor implements Executor {
  async execute(job: Job): Promise<Execution> {
    const run = new SyncRun(job);
    return run.execute();
  }

  async close(): Promise<void> {}
}

class SyncRun {
  private highWater = 0;
  /** The work that waited for something outside is done. */
  private done = false;
  private readonly whenDone: Wakeup;

  constructor(private readonly job: Job) {
    this.whenDone = new Wakeup(job.time);
  }

  async execute(): Promise<Execution> {
    const { source, lifecycle, recorder, sampler, time, settings, desk } = this.job;
    const processor = this.job.processor(this.job.effort(true));
    const reader = readerOf(processor);
    const asked = () => desk?.asked ?? false;
    const batches = new BatchRunner(
      processor,
      recorder,
      time,
      1,
      (item) => source.release(item),
      () => false,
    );
    sampler.observe([recorder], {
      waiting: (now) => source.offered.areaUntil(now) - source.taken.until(now),
      begun: (now) => source.taken.until(now) - source.refused.until(now),
      highWater: () => this.highWater,
      blocked: () => source.blocked.total,
    });
    await processor.open?.((why) => lifecycle.fail(time.now(), unfinished(why)));
    this.job.begin();
    const cpu = threadCpuTimer();
    const group = source.instant && processor.instant ? GROUP : 1;
    const batch: Item[] = [];
    let now = time.now();
    let noticed = Number.POSITIVE_INFINITY;
    while (lifecycle.taking && !lifecycle.expired(now)) {
      source.offered.advance(now);
      if (now >= sampler.nextAt) {
        noticed = Math.min(noticed, now);
        // A sample takes its time from the messages: it is taken where the tape leaves room for it, if that is soon.
        if (source.nextDue - now > ROOM || now - noticed > PATIENCE || desk?.hasWork(now) === true) {
          sampler.sample(now, noticed);
          noticed = Number.POSITIVE_INFINITY;
          await time.turn();
          now = time.now();
          continue;
        }
      }
      if (desk?.hasWork(now)) {
        await answerNow(this.job, reader, now);
        now = time.now();
        continue;
      }
      if (source.nextDue > now) {
        if (source.ended(now)) break;
        time.rest(Math.min(source.nextDue, noticed <= now ? source.nextDue : sampler.nextAt), asked, desk?.nextDue);
        now = time.now();
        continue;
      }
      now = source.readBlocking(now);
      source.offered.advance(now);
      this.noteDepth(now);
      if (desk?.hasWork(now)) {
        await answerNow(this.job, reader, now);
        now = time.now();
      }
      takeTogether(source, batch, group, now);
      if (batch.length > 0 && !batches.work(batch, this.noteDone)) await this.untilDone();
      const ended = time.now();
      source.blocked.add("processing", Math.max(now, source.nextDue), ended);
      now = ended;
    }
    batches.abandon(time.now());
    await settleQueries(this.job, reader);
    const endedAt = time.now();
    source.offered.advance(endedAt);
    this.noteDepth(endedAt);
    source.abandonRest(endedAt);
    await this.job.settle();
    sampler.finish(endedAt);
    const report = processor.report();
    const cpuTime = cpu();
    await processor.close?.();
    const span = Math.max(1, endedAt - settings.warmup);
    const takenArea = source.taken.until(endedAt) - source.takenEarly.until(endedAt);
    const meanDepth = (source.offered.measuredAreaUntil(endedAt) - takenArea) / span;
    return {
      endedAt,
      recorders: [recorder],
      state: [processor.state()],
      reports: [report],
      failures: batches.failureCounts,
      queue: { meanDepth, highWater: this.highWater, full: 0 },
      lost: 0,
      threads: [{ name: "main", cpu: cpuTime }],
    };
  }

  private readonly noteDone = (): void => {
    this.done = true;
    this.whenDone.notify();
  };

  /** Waits for work that waits outside, but not beyond the end of the run; takes samples meanwhile. */
  private async untilDone(): Promise<void> {
    const { lifecycle, sampler, time } = this.job;
    while (!this.done) {
      await this.whenDone.wait(Math.max(sampler.nextAt, time.now() + 1e6));
      const now = time.now();
      if (lifecycle.expired(now)) break;
      if (!this.done && now >= sampler.nextAt) sampler.sample(now);
    }
    this.done = false;
  }

  private noteDepth(now: Nanoseconds): void {
    const { source, settings } = this.job;
    const depth = source.offered.count - source.takenTotal;
    if (depth > this.highWater && now >= settings.warmup) this.highWater = depth;
  }
}

/** Takes up to `limit` due items; fewer when one is refused. A function of its own, so that the compiler sees a loop without waits. */
function takeTogether(source: Source, batch: Item[], limit: number, now: Nanoseconds): void {
  batch.length = 0;
  while (batch.length < limit && source.nextDue <= now) {
    const item = source.take(now);
    if (item === null) return;
    item.dequeued = now;
    batch.push(item);
  }
}
