import { ring, rings } from "../../../kernel/bell.ts";
import { threadCpuTimer } from "../../../kernel/clock.ts";
import { BATCH_END, RingReader } from "../../../kernel/frame-ring.ts";
import type { Time } from "../../../kernel/time.ts";
import { Wakeup } from "../../../kernel/wakeup.ts";
import { type Item, ItemPool } from "../../../queueing/item.ts";
import { Recorder } from "../../../telemetry/recorder.ts";
import { type MakeProcessor, runsHandler } from "../../../workloads/processors.ts";
import type { Effort } from "../../../workloads/workload.ts";
import { UnhandledErrors } from "../../runner/unhandled-errors.ts";
import type { WorkSums } from "../../runner/work-meter.ts";
import { BatchRunner } from "../batch-runner.ts";
import { AnswerWriter } from "./answers.ts";
import { ItemFrameReader } from "./item-frame.ts";
import { ALL_KEYS, type BeginMessage, CONTROL, PHASE, type WorkerReply } from "./protocol.ts";

/** The thread that a Worker's session runs on. */
export interface WorkerThread {
  readonly time: Time;
  readonly effort: Effort;
  /** Makes an instant of the shared clock t = 0. */
  startAt(origin: number): void;
  /**
   * Sleeps while it is quiet, until the bell rings beyond `seen` or for so many milliseconds. `soon`: more is likely to come at once.
   * A promise where no thread is held by that.
   */
  sleep(seen: number, quiet: () => boolean, ms: number, soon: boolean): void | Promise<void>;
  /** Says something to the source's thread. */
  reply(message: WorkerReply): void;
  /** What it has computed. */
  readonly work: WorkSums;
}

/** Time between two publications of states, for snapshot queries. */
const PUBLISH_EVERY = 50e6;
/** Milliseconds that a Worker sleeps at most: whatever it waits for rings its bell. With states to be published it looks again when they may be. */
const LONGEST_SLEEP = 1000;
const PUBLISH_SLEEP = 20;

/** A Worker's side of `parallel`: frames from the ring, batches to the batch runner, until it is told to end. */
export class WorkerSession {
  private readonly ring: RingReader;
  private readonly control: Int32Array;
  private readonly bell: Int32Array;
  private readonly mainBell: Int32Array;
  private readonly time: Time;
  private readonly recorder: Recorder;
  private readonly heads = new ItemFrameReader();
  private readonly pool = new ItemPool();
  private readonly processor;
  private readonly batches: BatchRunner;
  private readonly batchDone: Wakeup;
  private readonly queries: RingReader;
  private readonly answers: AnswerWriter;
  /** Keys whose state has changed since it was last published. */
  private readonly changed = new Set<number>();
  private publishAt = 0;
  private batch: Item[] = [];
  /** There was a frame since it last slept. */
  private worked = false;

  private readonly strays: UnhandledErrors | null;

  constructor(
    private readonly message: BeginMessage,
    makeProcessor: MakeProcessor,
    private readonly thread: WorkerThread,
  ) {
    this.ring = new RingReader(message.ring);
    this.queries = new RingReader(message.queries);
    this.answers = new AnswerWriter(message.answers);
    this.control = new Int32Array(message.control);
    this.mainBell = new Int32Array(message.mainBell);
    this.bell = bellOf(message);
    this.time = thread.time;
    this.recorder = new Recorder(message.recorder, message.warmup);
    this.processor = makeProcessor(thread.effort, undefined, message.worker);
    this.strays = runsHandler(message.processor) ? new UnhandledErrors(this.recorder) : null;
    this.batches = new BatchRunner(
      this.processor,
      this.recorder,
      this.time,
      message.concurrency,
      (item) => {
        if (message.snapshots) this.changed.add(item.key);
        this.pool.giveFilled(item);
      },
      () => this.phase === PHASE.halting,
    );
    this.batchDone = new Wakeup(this.time);
  }

  async run(): Promise<WorkerReply> {
    await this.awaitStart();
    const cpu = threadCpuTimer();
    for (;;) {
      this.live();
      while (this.batches.active >= Math.min(this.message.concurrency, this.processor.limit) && this.phase !== PHASE.halting) {
        await this.batchDone.wait();
        this.live();
        if (!this.queries.empty) this.answerQueries();
      }
      if (this.phase === PHASE.halting) break;
      if (!this.queries.empty) this.answerQueries();
      if (this.message.snapshots && this.changed.size > 0) this.publish();
      if (this.ring.open()) {
        this.readFrame();
        if ((this.ring.flags & BATCH_END) !== 0) this.workOff();
      } else if (this.phase === PHASE.ending && this.ring.empty) break;
      else if (this.batches.active > 0) await this.batchDone.wait();
      else {
        const asleep = this.idle(this.whileRunning);
        if (asleep !== undefined) await asleep;
      }
    }
    while (this.batches.active > 0 && this.phase !== PHASE.halting) await this.batchDone.wait();
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

  /** Tells the source's thread that this one's loop goes on. */
  private live(): void {
    Atomics.add(this.control, CONTROL.alive, 1);
  }

  private answerQueries(): void {
    while (this.queries.open()) {
      const id = this.queries.words.low();
      const key = this.queries.words.high;
      this.queries.close();
      const answer = (json: string | null) => {
        if (!this.answers.write(id, json)) this.thread.reply({ type: "answer", id, json });
        this.ringMain();
      };
      const json = key === ALL_KEYS ? JSON.stringify(this.processor.names()) : this.processor.stateOf(key);
      if (json instanceof Promise) void json.then(answer);
      else answer(json);
    }
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
    this.thread.reply({ type: "published", at: now, states });
    this.ringMain();
  }

  /** Ends the wait of the source's thread, so that it hears what was posted. */
  ringMain(): void {
    ring(this.mainBell);
  }

  private get phase(): number {
    return Atomics.load(this.control, CONTROL.phase);
  }

  /** t = 0 is set before any frame or question comes. */
  private async awaitStart(): Promise<void> {
    while (this.phase === PHASE.waiting) await this.idle(this.whileWaiting);
    this.thread.startAt(new Float64Array(this.message.origin)[0] ?? 0);
    this.time.watch(() => this.hasNews && this.batchDone.notify());
  }

  private readFrame(): void {
    const { words, items } = this.ring;
    this.worked = true;
    for (let i = 0; i < items; i++) {
      const item = this.pool.take();
      this.heads.read(words, item);
      this.processor.decode(words, item);
      this.batch.push(item);
    }
    this.ring.close();
    if (Atomics.load(this.control, CONTROL.crowded) === 1) {
      Atomics.store(this.control, CONTROL.crowded, 0);
      this.ringMain();
    }
  }

  private workOff(): void {
    const batch = this.batch;
    if (!this.batches.work(batch, this.whenDone)) {
      this.batch = [];
      return;
    }
    if (this.batches.cutShort) this.batch = [];
    else batch.length = 0;
    this.reportBatch();
  }

  private readonly whenDone = (): void => {
    this.reportBatch();
    this.batchDone.notify();
  };

  private reportBatch(): void {
    const done = Atomics.add(this.control, CONTROL.batchesDone, 1) + 1;
    if (done === Atomics.load(this.control, CONTROL.wanted)) this.ringMain();
  }

  /** Sleeps until there is anything: a frame, a question, another phase. */
  private idle(quiet: () => boolean): void | Promise<void> {
    const seen = rings(this.bell);
    if (!quiet()) return;
    // Messages follow each other closely; questions do not.
    const soon = this.worked;
    this.worked = false;
    return this.thread.sleep(seen, quiet, this.changed.size > 0 ? PUBLISH_SLEEP : LONGEST_SLEEP, soon);
  }

  private readonly whileWaiting = (): boolean => this.quiet(PHASE.waiting);
  private readonly whileRunning = (): boolean => this.quiet(PHASE.running);

  private quiet(phase: number): boolean {
    return this.ring.empty && this.queries.empty && this.phase === phase;
  }

  /** While its work waits outside there is something to be done: more of it, if it may have more. */
  private get hasNews(): boolean {
    const mayTake = this.batches.active < Math.min(this.message.concurrency, this.processor.limit);
    return !this.queries.empty || this.phase !== PHASE.running || (mayTake && !this.ring.empty);
  }

  private abandon(): void {
    const now = this.time.now();
    this.batches.abandon(now);
    while (this.ring.open()) this.readFrame();
    for (const item of this.batch) this.recorder.abandoned(item, now);
  }
}

/** The bell that ends a Worker's sleep. */
export function bellOf({ control }: Pick<BeginMessage, "control">): Int32Array {
  return new Int32Array(control).subarray(CONTROL.bell, CONTROL.bell + 2);
}
