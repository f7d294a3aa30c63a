import type { Assignment, SourceLink, SpawnWorker, WorkerReply } from "../../src/engine/executor/parallel/link.ts";
import { WorkerSession, type WorkerThread } from "../../src/engine/executor/parallel/session.ts";
import { SharedSourceLink, sharedWorkers } from "../../src/engine/executor/parallel/shared-link.ts";
import { WorkMeter } from "../../src/engine/work/work-meter.ts";
import { BELL_BYTES, type Bell } from "../../src/kernel/bell.ts";
import type { Nanoseconds } from "../../src/kernel/clock.ts";
import type { Time } from "../../src/kernel/time.ts";
import type { VirtualTime } from "../../src/kernel/virtual-time.ts";
import { Wakeup } from "../../src/kernel/wakeup.ts";
import type { WordReader } from "../../src/kernel/word-buffer.ts";
import type { Item } from "../../src/queueing/item.ts";
import type { Recorder } from "../../src/telemetry/recorder.ts";
import { varies, type WorkCost } from "../../src/workloads/message/processor.ts";
import { type MakeProcessor, prepareProcessors } from "../../src/workloads/processors.ts";
import type { Effort, Outcome, Processor } from "../../src/workloads/workload.ts";

/**
 * Workers on one virtual clock in one process: the real session, ring, batch runner and processor of a Worker, whose thread is held by
 * what it computes without holding the clock of the others.
 */
export function virtualWorkers(time: VirtualTime, cores: number, sourceBell: Bell = newBell()): SpawnWorker {
  const shared = new VirtualCores(time, cores);
  return sharedWorkers(sourceBell, (hear, lose) => {
    const life = { over: false };
    const tell = (reply: WorkerReply) => {
      if (!life.over) hear(reply);
    };
    return {
      postMessage: ({ assignment, memory }) => {
        const link = new SharedSourceLink(memory, assignment.warmup, tell);
        serveVirtually(assignment, link, time, shared, life).catch((error: unknown) => tell({ type: "broken", reason: String(error) }));
      },
      terminate: async () => {
        if (!life.over) lose("ended by itself with code 0");
        life.over = true;
      },
    };
  });
}

/** A bell that nobody has rung. */
export function newBell(): Bell {
  return new Int32Array(new SharedArrayBuffer(BELL_BYTES));
}

/** Whether a thread was ended: it goes on with nothing. */
export interface Life {
  over: boolean;
}

/** One session of a virtual Worker, over whatever link. */
export async function serveVirtually(
  assignment: Assignment,
  link: SourceLink,
  time: VirtualTime,
  cores: VirtualCores,
  life: Life,
): Promise<void> {
  const { processor: spec } = assignment;
  if (spec.workload !== "message") throw new Error("virtual Workers work on messages only");
  const thread = new VirtualThread(time, link, life);
  const make = await prepareProcessors(spec);
  const makeProcessor: MakeProcessor = (...given) => new HeldProcessor(make(...given), spec.work, thread, cores, assignment, link.recorder);
  const session = new WorkerSession(assignment, link, makeProcessor, thread);
  link.reply({ type: "ready" });
  link.reply(await session.run());
}

/** Cores that threads compute on, each getting as much as the others. */
export class VirtualCores {
  private readonly jobs = new Set<{ left: Nanoseconds; done: () => void }>();
  private at: Nanoseconds = 0;
  private round = 0;

  constructor(
    private readonly time: Time,
    private readonly cores: number,
  ) {}

  /** Resolves when so much has been computed. */
  compute(span: Nanoseconds): Promise<void> {
    return new Promise((done) => {
      this.advance();
      this.jobs.add({ left: span, done });
      this.await();
    });
  }

  private get share(): number {
    return Math.min(1, this.cores / this.jobs.size);
  }

  private advance(): void {
    const now = this.time.now();
    const each = (now - this.at) * this.share;
    for (const job of this.jobs) job.left -= each;
    this.at = now;
  }

  /** Waits for the next job that is done, unless another begins before. */
  private await(): void {
    const round = ++this.round;
    if (this.jobs.size === 0) return;
    let least = Number.POSITIVE_INFINITY;
    for (const { left } of this.jobs) least = Math.min(least, left);
    void this.time.sleepUntil(this.at + Math.max(0, least) / this.share).then(() => {
      if (round !== this.round) return;
      this.advance();
      for (const job of [...this.jobs]) {
        if (job.left > ROUNDING) continue;
        this.jobs.delete(job);
        job.done();
      }
      this.await();
    });
  }
}

/** Sums of shares of a nanosecond. */
const ROUNDING: Nanoseconds = 1e-3;

/** A thread that one thing holds at a time. What becomes ready meanwhile goes on later, as on an event loop. */
export class VirtualThread implements WorkerThread {
  readonly work = new WorkMeter(1).total;
  readonly time: Time;
  readonly effort: Effort;
  held = false;
  /** Messages that have waited and go on before batches are taken again. */
  round = 0;
  /** Tasks of the loop that follow at once when it is free, and messages whose wait is over. */
  private readonly next: (() => void)[] = [];
  private readonly waited: (() => void)[] = [];
  private readonly rung: Wakeup;
  private seen = Number.NaN;

  constructor(
    time: VirtualTime,
    link: Pick<SourceLink, "calls">,
    private readonly life: Life = { over: false },
  ) {
    this.rung = new Wakeup(time);
    this.time = looking(time, (look) => time.watch(() => !this.held && look()));
    // The processor takes its time itself.
    this.effort = { now: () => time.now(), compute: () => {}, block: () => {}, pause: async () => {}, wait: () => {} };
    time.watch(() => link.calls !== this.seen && this.rung.notify());
  }

  startAt(): void {
    // Before the session begins to look, so after it: batches are taken before what has waited goes on.
    this.time.watch(() => this.goOn());
  }

  sleep(seen: number, _: () => boolean, ms: number): Promise<void> {
    this.seen = seen;
    const woken = this.rung.wait(ms < 100 ? this.time.now() + ms * 1e6 : undefined);
    return new Promise((resolve) => {
      void woken.then(() => {
        if (!this.life.over) resolve();
      });
    });
  }

  /** Resolves once the thread is the caller's; at once if it is free. */
  hold(): void | Promise<void> {
    if (this.held) return new Promise((resolve) => this.next.push(resolve));
    this.held = true;
  }

  free(): void {
    const next = this.next.shift();
    if (next === undefined) this.held = false;
    else next();
  }

  sleepFor(span: Nanoseconds): Promise<void> {
    return this.time.sleepUntil(this.time.now() + span);
  }

  /** Resolves when the loop comes round to a message whose wait is over. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.waited.push(resolve));
  }

  private goOn(): boolean {
    if (this.waited.length === 0) return false;
    if (this.round === 0) this.round = this.waited.length;
    this.round--;
    this.waited.shift()?.();
    return true;
  }
}

function looking(time: VirtualTime, watch: Time["watch"]): Time {
  return {
    now: () => time.now(),
    blockUntil: (at) => time.blockUntil(at),
    rest: (at) => time.blockUntil(at),
    sleepUntil: (at) => time.sleepUntil(at),
    // Looks are for what might have gone unheard; here nothing does, and a thread that is held would not look.
    sleepAbout: () => new Promise(() => {}),
    watch,
    turn: () => time.turn(),
    idle: 0,
    onLate: null,
  };
}

/** A processor of messages whose work takes its time on a virtual thread; the update comes at the end, as it does in the real one. */
export class HeldProcessor implements Processor {
  readonly ordered: boolean;
  readonly yields = false;
  readonly instant: boolean;
  readonly openBatch: (() => void) | undefined;
  private opening: Nanoseconds = 0;
  private readonly compute: number;
  private readonly block: number;
  private readonly outside: number;
  private readonly blocking: boolean;

  constructor(
    private readonly inner: Processor,
    private readonly cost: WorkCost,
    private readonly thread: VirtualThread,
    private readonly cores: VirtualCores,
    assignment: Assignment,
    private readonly recorder: Recorder,
  ) {
    const { kind, cpuShare, perBatch } = cost;
    this.ordered = inner.ordered;
    this.instant = inner.instant;
    this.compute = kind === "cpu" ? 1 : kind === "mixed" ? cpuShare : 0;
    this.block = kind === "sleep" ? 1 : 0;
    this.outside = kind === "io" ? 1 : kind === "mixed" ? 1 - cpuShare : 0;
    const open = () => {
      this.opening = perBatch * 1000;
    };
    this.openBatch = perBatch > 0 ? open : undefined;
    this.blocking = assignment.concurrency <= 1;
  }

  /** A batch is taken only by a thread that is free; what holds it leaves nothing for a second. */
  get limit(): number {
    if (this.thread.held || this.thread.round > 0) return 0;
    return this.outside > 0 ? Number.POSITIVE_INFINITY : 1;
  }

  process(item: Item): Outcome | Promise<Outcome> {
    if (this.instant) return this.inner.process(item);
    const { opening } = this;
    this.opening = 0;
    return this.work(item, opening, this.thread.hold());
  }

  private async work(item: Item, opening: Nanoseconds, held: void | Promise<void>): Promise<Outcome> {
    if (held !== undefined) await held;
    const { thread, recorder } = this;
    const demand = varies(this.cost) ? item.demand : this.cost.time * 1000;
    const wait = demand * this.outside;
    const from = thread.time.now();
    const compute = opening + demand * this.compute;
    if (compute > 0) await this.cores.compute(compute);
    if (demand * this.block > 0) await thread.sleepFor(demand * this.block);
    if (wait > 0 && this.blocking) await thread.sleepFor(wait);
    recorder.busy(thread.time.now() - from);
    thread.free();
    if (wait > 0 && !this.blocking) {
      await thread.sleepFor(wait);
      await thread.turn();
    }
    return this.inner.process(item);
  }

  halt(): void {
    this.inner.halt();
  }

  report() {
    return this.inner.report();
  }

  decode(words: WordReader, item: Item): void {
    this.inner.decode(words, item);
  }

  stateOf(key: number) {
    return this.inner.stateOf(key);
  }

  names(): string[] {
    return this.inner.names();
  }

  state() {
    return this.inner.state();
  }
}
