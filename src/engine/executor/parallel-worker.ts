import { fullGC } from "bun:jsc";
import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { threadCpuTimer } from "../../kernel/clock.ts";
import { LoopTime, ring, rings, waitForBell } from "../../kernel/time.ts";
import { type Item, ItemPool } from "../../queueing/item.ts";
import { Recorder } from "../../telemetry/recorder.ts";
import { RealEffort } from "../effort.ts";
import { type MakeProcessor, needsOpenLoop, prepareProcessors, runsHandler } from "../processors.ts";
import { Signal } from "../signal.ts";
import { caughtAsStray, Strays } from "../strays.ts";
import { HeadReader } from "../transport/head.ts";
import { BATCH_END, RingReader } from "../transport/ring.ts";
import { ALL_KEYS, type BeginMessage, CONTROL, PHASE, type WorkerReply } from "../transport/worker-protocol.ts";
import { WorkMeter } from "../work-meter.ts";
import { Bench } from "./bench.ts";

/** How long a Worker without work looks again before it sleeps. */
const LOOK_AGAIN = 20_000;

/** Time between two publications of states, for snapshot queries. */
const PUBLISH_EVERY = 50e6;

/** A Worker's side of `parallel`: frames from the ring, batches to the bench, until it is told to end. */
class WorkerSession {
  private readonly ring: RingReader;
  private readonly control: Int32Array;
  private readonly bell: Int32Array;
  private readonly mainBell: Int32Array;
  private readonly time: LoopTime;
  private readonly recorder: Recorder;
  private readonly meter: WorkMeter;
  private readonly heads = new HeadReader();
  private readonly pool = new ItemPool();
  private readonly processor;
  private readonly bench: Bench;
  private readonly batchDone: Signal;
  private readonly queries: RingReader;
  /** Keys whose state has changed since it was last published. */
  private readonly changed = new Set<number>();
  private publishAt = 0;
  private batch: Item[] = [];

  private readonly strays: Strays | null;

  constructor(
    private readonly message: BeginMessage,
    makeProcessor: MakeProcessor,
  ) {
    this.ring = new RingReader(message.ring);
    this.queries = new RingReader(message.queries);
    this.control = new Int32Array(message.control);
    this.mainBell = new Int32Array(message.mainBell);
    this.bell = this.control.subarray(CONTROL.bell, CONTROL.bell + 2);
    this.time = new LoopTime(undefined, this.bell, needsOpenLoop(message.processor));
    this.recorder = new Recorder(message.recorder, message.warmup);
    const overlapping = message.concurrency > 1;
    const { roundsPerMs } = message.processor;
    this.meter = new WorkMeter(roundsPerMs).prepare();
    this.processor = makeProcessor(new RealEffort(this.time, roundsPerMs, !overlapping, this.meter), undefined, message.worker);
    this.strays = runsHandler(message.processor) ? new Strays(this.recorder) : null;
    this.bench = new Bench(
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
    this.batchDone = new Signal(this.time);
  }

  async run(): Promise<WorkerReply> {
    this.awaitStart();
    const cpu = threadCpuTimer();
    for (;;) {
      this.live();
      while (this.bench.active >= Math.min(this.message.concurrency, this.processor.limit) && this.phase !== PHASE.halting) {
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
      else if (this.bench.active > 0) await this.batchDone.wait();
      else this.idle(PHASE.running);
    }
    while (this.bench.active > 0 && this.phase !== PHASE.halting) await this.batchDone.wait();
    this.abandon();
    await this.strays?.settle();
    return {
      type: "done",
      state: this.processor.state(),
      report: this.processor.report(),
      failures: [...this.bench.failureCounts, ...(this.strays?.failureCounts ?? [])],
      cpu: cpu(),
      work: this.meter.total,
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
        reply({ type: "answer", id, json });
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
    reply({ type: "published", at: now, states });
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
  private awaitStart(): void {
    while (this.phase === PHASE.waiting) this.idle(PHASE.waiting);
    const origin = new Float64Array(this.message.origin)[0] ?? 0;
    this.time.startAt(origin);
    this.meter.begin(origin + this.message.warmup);
    this.time.watch(() => this.hasNews && this.batchDone.notify());
  }

  private readFrame(): void {
    const { words, items } = this.ring;
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
    if (!this.bench.work(batch, this.whenDone)) {
      this.batch = [];
      return;
    }
    if (this.bench.cutShort) this.batch = [];
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

  /**
   * Sleeps on the bell until there is anything: a frame, a question, another phase than this one. Looks again for a while first, since
   * sleeping and waking cost more.
   */
  private idle(phase: number): void {
    const seen = rings(this.bell);
    const until = this.time.now() + LOOK_AGAIN;
    while (this.quiet(phase) && this.time.now() < until);
    if (this.quiet(phase)) waitForBell(this.bell, seen, this.changed.size > 0 ? 20 : 100);
  }

  private quiet(phase: number): boolean {
    return this.ring.empty && this.queries.empty && this.phase === phase;
  }

  /** While its work waits outside there is something to be done: more of it, if it may have more. */
  private get hasNews(): boolean {
    const mayTake = this.bench.active < Math.min(this.message.concurrency, this.processor.limit);
    return !this.queries.empty || this.phase !== PHASE.running || (mayTake && !this.ring.empty);
  }

  private abandon(): void {
    const now = this.time.now();
    this.bench.abandon(now);
    while (this.ring.open()) this.readFrame();
    for (const item of this.batch) this.recorder.abandoned(item, now);
  }
}

function reply(message: WorkerReply): void {
  parentPort?.postMessage(message);
}

/**
 * The source keeps its schedule only if it runs when it wakes: Workers, which always have something to do, stand back for
 * it. On Linux this is the priority of one thread; elsewhere it would be that of the whole process.
 */
if (process.platform === "linux") setPriority(0, 10);

process.on("unhandledRejection", uncaught);
process.on("uncaughtException", uncaught);

function uncaught(error: unknown): void {
  if (!caughtAsStray(error)) reply({ type: "broken", reason: String(error) });
}

parentPort?.on("message", (message: BeginMessage) => {
  serve(message).catch((error: unknown) => reply({ type: "broken", reason: error instanceof Error ? error.message : String(error) }));
});

async function serve(message: BeginMessage): Promise<void> {
  // What the session before has left is not cleared away in the midst of this one.
  fullGC();
  const session = new WorkerSession(message, await prepareProcessors(message.processor));
  reply({ type: "ready" });
  const answer = (message: WorkerReply) => {
    reply(message);
    session.ringMain();
  };
  session.run().then(answer, (error: unknown) => answer({ type: "broken", reason: String(error) }));
}
