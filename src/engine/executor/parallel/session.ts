import { threadCpuTimer } from "../../../kernel/clock.ts";
import { BATCH_END } from "../../../kernel/frame-ring.ts";
import type { Time } from "../../../kernel/time.ts";
import { Wakeup } from "../../../kernel/wakeup.ts";
import { type Item, ItemPool } from "../../../queueing/item.ts";
import type { Recorder } from "../../../telemetry/recorder.ts";
import { type MakeProcessor, runsHandler } from "../../../workloads/processors.ts";
import type { Effort } from "../../../workloads/workload.ts";
import { UnhandledErrors } from "../../work/unhandled-errors.ts";
import type { WorkSums } from "../../work/work-meter.ts";
import { BatchRunner } from "../batch-runner.ts";
import { ItemFrameReader } from "./item-frame.ts";
import { ALL_KEYS, type Assignment, PHASE, type SourceLink, type WorkerReport } from "./link.ts";

/** The thread that a Worker's session runs on. */
export interface WorkerThread {
  readonly time: Time;
  readonly effort: Effort;
  /** Makes an instant of the shared clock t = 0. */
  startAt(origin: number): void;
  /**
   * Sleeps while it is quiet, until the link's `calls` are beyond `seen` or for so many milliseconds. `soon`: more is likely to come at once.
   * A promise where no thread is held by that.
   */
  sleep(seen: number, quiet: () => boolean, ms: number, soon: boolean): void | Promise<void>;
  /** What it has computed. */
  readonly work: WorkSums;
}

/** Time between two publications of states, for snapshot queries. */
const PUBLISH_EVERY = 50e6;
/** Milliseconds that a Worker sleeps at most: whatever it waits for rings its bell. With states to be published it looks again when they may be. */
const LONGEST_SLEEP = 1000;
const PUBLISH_SLEEP = 20;

/** A Worker's side of `parallel`: frames from the link, batches to the batch runner, until it is told to end. */
export class WorkerSession {
  private readonly time: Time;
  private readonly recorder: Recorder;
  private readonly heads = new ItemFrameReader();
  private readonly pool = new ItemPool();
  private readonly processor;
  private readonly batches: BatchRunner;
  private readonly batchDone: Wakeup;
  /** Keys whose state has changed since it was last published. */
  private readonly changed = new Set<number>();
  private publishAt = 0;
  private batch: Item[] = [];
  /** There was a frame since it last slept. */
  private worked = false;

  private readonly strays: UnhandledErrors | null;

  constructor(
    private readonly assignment: Assignment,
    private readonly link: SourceLink,
    makeProcessor: MakeProcessor,
    private readonly thread: WorkerThread,
  ) {
    this.time = thread.time;
    this.recorder = link.recorder;
    this.processor = makeProcessor(thread.effort, undefined, assignment.worker);
    this.strays = runsHandler(assignment.processor) ? new UnhandledErrors(this.recorder) : null;
    this.batches = new BatchRunner(
      this.processor,
      this.recorder,
      this.time,
      assignment.concurrency,
      (item) => {
        if (assignment.snapshots) this.changed.add(item.key);
        this.pool.giveFilled(item);
      },
      () => this.link.phase === PHASE.halting,
    );
    this.batchDone = new Wakeup(this.time);
  }

  async run(): Promise<WorkerReport> {
    await this.awaitStart();
    const cpu = threadCpuTimer();
    for (;;) {
      this.link.turned();
      while (this.batches.active >= Math.min(this.assignment.concurrency, this.processor.limit) && this.link.phase !== PHASE.halting) {
        await this.batchDone.wait();
        this.link.turned();
        if (this.link.asked) this.answerQueries();
      }
      if (this.link.phase === PHASE.halting) break;
      if (this.link.asked) this.answerQueries();
      if (this.assignment.snapshots && this.changed.size > 0) this.publish();
      if (this.link.frames.open()) {
        this.readFrame();
        if ((this.link.frames.flags & BATCH_END) !== 0) this.workOff();
      } else if (this.link.phase === PHASE.ending && this.link.frames.empty) break;
      else if (this.batches.active > 0) await this.batchDone.wait();
      else {
        const asleep = this.idle(this.whileRunning);
        if (asleep !== undefined) await asleep;
      }
    }
    while (this.batches.active > 0 && this.link.phase !== PHASE.halting) await this.batchDone.wait();
    this.abandon();
    await this.strays?.settle();
    return {
      type: "done",
      state: this.processor.state(),
      report: this.processor.report(),
      failures: [...this.batches.failureCounts, ...(this.strays?.failureCounts ?? [])],
      cpu: cpu(),
      work: this.thread.work,
    };
  }

  private answerQueries(): void {
    this.link.readQuestions((id, key) => {
      const json = key === ALL_KEYS ? JSON.stringify(this.processor.names()) : this.processor.stateOf(key);
      if (json instanceof Promise) void json.then((there) => this.link.answer(id, there));
      else this.link.answer(id, json);
    });
  }

  /** Posts what has changed, but not all the time. */
  private publish(): void {
    const now = this.time.now();
    if (now < this.publishAt) return;
    this.publishAt = now + PUBLISH_EVERY;
    const states: [number, string][] = [];
    for (const key of this.changed) {
      const json = this.processor.stateOf(key);
      // One that a handler is in the middle of is published next time.
      if (json instanceof Promise) continue;
      this.changed.delete(key);
      if (json !== null) states.push([key, json]);
    }
    this.link.reply({ type: "published", at: now, states });
  }

  /** Whatever has come before t = 0 waits for it. */
  private async awaitStart(): Promise<void> {
    while (this.link.phase === PHASE.waiting) await this.idle(this.whileWaiting);
    this.thread.startAt(this.link.origin);
    this.time.watch(() => this.hasNews && this.batchDone.notify());
  }

  private readFrame(): void {
    const { words, items } = this.link.frames;
    this.worked = true;
    for (let i = 0; i < items; i++) {
      const item = this.pool.take();
      this.heads.read(words, item);
      this.processor.decode(words, item);
      this.batch.push(item);
    }
    this.link.frames.close();
    this.link.roomMade();
  }

  private workOff(): void {
    const batch = this.batch;
    if (!this.batches.work(batch, this.whenDone)) {
      this.batch = [];
      return;
    }
    if (this.batches.cutShort) this.batch = [];
    else batch.length = 0;
    this.link.batchDone();
  }

  private readonly whenDone = (): void => {
    this.link.batchDone();
    this.batchDone.notify();
  };

  /** Sleeps until there is anything: a frame, a question, another phase. */
  private idle(quiet: () => boolean): void | Promise<void> {
    const seen = this.link.calls;
    if (!quiet()) return;
    // Messages follow each other closely; questions do not.
    const soon = this.worked;
    this.worked = false;
    return this.thread.sleep(seen, quiet, this.changed.size > 0 ? PUBLISH_SLEEP : LONGEST_SLEEP, soon);
  }

  private readonly whileWaiting = (): boolean => this.link.phase === PHASE.waiting;
  private readonly whileRunning = (): boolean => this.link.frames.empty && !this.link.asked && this.link.phase === PHASE.running;

  /** While its work waits outside there is something to be done: more of it, if it may have more. */
  private get hasNews(): boolean {
    const mayTake = this.batches.active < Math.min(this.assignment.concurrency, this.processor.limit);
    return this.link.asked || this.link.phase !== PHASE.running || (mayTake && !this.link.frames.empty);
  }

  private abandon(): void {
    const now = this.time.now();
    this.batches.abandon(now);
    while (this.link.frames.open()) this.readFrame();
    for (const item of this.batch) this.recorder.abandoned(item, now);
  }
}
