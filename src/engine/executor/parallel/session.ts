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

/** The thread of a Worker, as its session needs it. */
export interface WorkerThread {
  readonly time: Time;
  readonly effort: Effort;
  /** Makes an instant of the monotonic clock t = 0. */
  startAt(origin: number): void;
  /**
   * Sleeps while `quiet`, until the link's `calls` exceed `seen`, at most `ms` milliseconds. `soon`: more is likely to arrive within
   * microseconds. Blocks the thread, or returns a promise.
   */
  sleep(seen: number, quiet: () => boolean, ms: number, soon: boolean): void | Promise<void>;
  /** Sums of the computing done on this thread. */
  readonly work: WorkSums;
}

/** Nanoseconds between two publications of states for snapshot queries. */
const PUBLISH_EVERY = 50e6;
/** Longest sleep in milliseconds; every event wakes the Worker before. With states to publish it is shorter. */
const LONGEST_SLEEP = 1000;
const PUBLISH_SLEEP = 20;

/** The main loop of a Worker during one session: reads frames, runs batches, answers questions, until the source ends it. */
export class WorkerSession {
  private readonly time: Time;
  private readonly recorder: Recorder;
  private readonly heads = new ItemFrameReader();
  private readonly pool = new ItemPool();
  private readonly processor;
  private readonly batches: BatchRunner;
  private readonly batchDone: Wakeup;
  /** Keys whose state changed after its last publication. */
  private readonly changed = new Set<number>();
  private publishAt = 0;
  private batch: Item[] = [];
  /** True when a frame was read after the last sleep. */
  private worked = false;
  /** Errors that handlers threw outside their own call. */
  private readonly unhandled: UnhandledErrors | null;

  constructor(
    private readonly assignment: Assignment,
    private readonly link: SourceLink,
    makeProcessor: MakeProcessor,
    private readonly thread: WorkerThread,
  ) {
    this.time = thread.time;
    this.recorder = link.recorder;
    this.processor = makeProcessor(thread.effort, undefined, assignment.worker);
    this.unhandled = runsHandler(assignment.processor) ? new UnhandledErrors(this.recorder) : null;
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

  /** Starts what the processor needs outside; resolves when the session may be started. */
  async open(): Promise<void> {
    await this.processor.open?.((reason) => this.link.reply({ type: "gave-up", reason }));
  }

  /** Ends what the processor has started. */
  async close(): Promise<void> {
    await this.processor.close?.();
    this.link.reply({ type: "closed" });
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
    await this.unhandled?.settle();
    return {
      type: "done",
      state: this.processor.state(),
      report: this.processor.report(),
      failures: [...this.batches.failureCounts, ...(this.unhandled?.failureCounts ?? [])],
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

  /** Publishes changed states, at most every `PUBLISH_EVERY`. */
  private publish(): void {
    const now = this.time.now();
    if (now < this.publishAt) return;
    this.publishAt = now + PUBLISH_EVERY;
    const states: [number, string][] = [];
    for (const key of this.changed) {
      const json = this.processor.stateOf(key);
      // A handler is changing this state; it is published next time.
      if (json instanceof Promise) continue;
      this.changed.delete(key);
      if (json !== null) states.push([key, json]);
    }
    this.link.reply({ type: "published", at: now, states });
  }

  /** Waits for t = 0. Frames and questions may arrive before. */
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

  /** Sleeps until a frame, a question or another phase arrives. */
  private idle(quiet: () => boolean): void | Promise<void> {
    const seen = this.link.calls;
    if (!quiet()) return;
    // Frames follow each other closely; questions do not.
    const soon = this.worked;
    this.worked = false;
    return this.thread.sleep(seen, quiet, this.changed.size > 0 ? PUBLISH_SLEEP : LONGEST_SLEEP, soon);
  }

  private readonly whileWaiting = (): boolean => this.link.phase === PHASE.waiting;
  private readonly whileRunning = (): boolean => this.link.frames.empty && !this.link.asked && this.link.phase === PHASE.running;

  /** True when there is something to do while batches wait for I/O: a question, another phase, or a frame and a free place. */
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
