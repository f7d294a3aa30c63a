import { Worker } from "node:worker_threads";
import { ring } from "../../../kernel/bell.ts";
import { Deque } from "../../../kernel/deque.ts";
import { RingWriter, ringMemory } from "../../../kernel/frame-ring.ts";
import { RECORDER_BYTES, Recorder } from "../../../telemetry/recorder.ts";
import type { StateReading } from "../../queries/dispatcher.ts";
import { AnswerReader } from "./answers.ts";
import { type BeginMessage, CONTROL, PHASE, type WorkerReply } from "./protocol.ts";

export type SessionSettings = Pick<BeginMessage, "processor" | "warmup" | "snapshots"> & {
  /** Batches that each Worker has at work at once. */
  readonly slots: readonly number[];
};

/** What a Worker answers at the end of a session. */
export type WorkerReport = Extract<WorkerReply, { type: "done" }>;

/** One Worker, as seen from the source's thread. */
export interface WorkerHandle {
  postMessage(message: BeginMessage): void;
  terminate(): Promise<unknown>;
}

/** Starts a Worker. `hear`: told what it says. `lose`: told how it ended, should it. */
export type SpawnWorker = (hear: (reply: WorkerReply) => void, lose: (how: string) => void) => WorkerHandle;

const spawnThread: SpawnWorker = (hear, lose) => {
  const thread = new Worker(new URL("./worker.ts", import.meta.url));
  thread.on("message", hear);
  thread.on("error", (error: unknown) => lose(`ended with an error: ${error instanceof Error ? error.message : String(error)}`));
  thread.on("exit", (code) => lose(`ended by itself with code ${code}`));
  return thread;
};

/** Threads that stay, warm, from one session to the next. */
export class WorkerPool {
  private readonly threads: readonly WorkerHandle[];
  /** Why a Worker is gone, if one is. */
  private casualty: string | null = null;
  private readonly gone = new Set<number>();
  /** Who died or broke, with what they held. */
  private readonly fallen = new Set<number>();
  private session: PoolSession | null = null;
  /** Who has answered what all are asked. */
  private heard: ReadonlySet<number> = new Set();
  private readonly listeners: ((worker: number, reply: WorkerReply) => void)[] = [];

  constructor(
    readonly size: number,
    spawn: SpawnWorker = spawnThread,
  ) {
    this.threads = Array.from({ length: size }, (_, i) =>
      spawn(
        (reply) => this.hear(i, reply),
        (how) => this.lose(i, how),
      ),
    );
  }

  /** A sentence when a Worker has died or broken, else null. */
  get broken(): string | null {
    return this.casualty;
  }

  /** A Worker died or broke: what it held at that time nobody saw leave. */
  hasFallen(worker: number): boolean {
    return this.fallen.has(worker);
  }

  /** Gives every Worker fresh state, a ring and a recorder; resolves when all are ready. */
  async begin(settings: SessionSettings, ringWords: number, mainBell: Int32Array): Promise<PoolSession> {
    const { slots, ...rest } = settings;
    const origin = new SharedArrayBuffer(8);
    const channels = this.threads.map(() => new WorkerChannel(ringWords, settings.warmup));
    const ready = this.all("ready");
    channels.forEach((channel, worker) => {
      const message: BeginMessage = {
        type: "begin",
        ring: channel.memory,
        control: channel.control.buffer as SharedArrayBuffer,
        origin,
        recorder: channel.recorder.memory,
        mainBell: mainBell.buffer as SharedArrayBuffer,
        queries: channel.questions,
        answers: channel.answers,
        worker,
        concurrency: slots[worker] ?? 1,
        ...rest,
      };
      this.threads[worker]?.postMessage(message);
    });
    await ready;
    const session = new PoolSession(channels, origin, () => this.all("done"));
    this.session = session;
    return session;
  }

  /** Ends the Workers that have not answered: an item at hand that does not end holds nobody up. Which those were. */
  cut(): number[] {
    const silent = [...this.threads.keys()].filter((i) => !this.heard.has(i));
    for (const i of silent) void this.threads[i]?.terminate();
    return silent;
  }

  async close(): Promise<void> {
    this.casualty = "closed";
    // The process ends soon after; a thread that is slow to go does not hold it up.
    const gone = Promise.all(this.threads.map((thread) => thread.terminate()));
    await Promise.race([gone, Bun.sleep(500)]);
  }

  /** Every Worker's next reply of this type; null from those that are gone. */
  private all<T extends WorkerReply["type"]>(type: T): Promise<(Extract<WorkerReply, { type: T }> | null)[]> {
    const replies = new Array<Extract<WorkerReply, { type: T }> | null>(this.size).fill(null);
    const heard = new Set<number>(this.gone);
    this.heard = heard;
    if (heard.size === this.size) return Promise.resolve(replies);
    return new Promise((resolve) => {
      const listener = (worker: number, reply: WorkerReply) => {
        if (reply.type === type) replies[worker] = reply as Extract<WorkerReply, { type: T }>;
        if (reply.type === type || reply.type === "broken") heard.add(worker);
        if (heard.size < this.size) return;
        this.listeners.splice(this.listeners.indexOf(listener), 1);
        resolve(replies);
      };
      this.listeners.push(listener);
    });
  }

  private hear(worker: number, reply: WorkerReply): void {
    if (reply.type === "answer" || reply.type === "published") {
      this.session?.hear(worker, reply);
      return;
    }
    if (reply.type === "broken") this.fallen.add(worker);
    if (reply.type === "broken") this.session?.forget();
    if (reply.type === "broken") this.casualty ??= `Worker ${worker} broke: ${reply.reason}`;
    for (const listener of [...this.listeners]) listener(worker, reply);
  }

  private lose(worker: number, how: string): void {
    this.gone.add(worker);
    this.fallen.add(worker);
    this.session?.forget();
    this.casualty ??= `Worker ${worker} ${how}`;
    for (const listener of [...this.listeners]) listener(worker, { type: "broken", reason: how });
  }
}

const QUESTION_WORDS = 1 << 14;
const ANSWER_WORDS = 1 << 14;

/** What the source's thread shares with one Worker. */
export class WorkerChannel {
  readonly memory: SharedArrayBuffer;
  readonly control = new Int32Array(new SharedArrayBuffer(CONTROL.size * 4));
  private readonly bell = this.control.subarray(CONTROL.bell, CONTROL.bell + 2);
  readonly writer: RingWriter;
  readonly questions = ringMemory(QUESTION_WORDS);
  private readonly asking = new RingWriter(this.questions);
  readonly answers = ringMemory(ANSWER_WORDS);
  /** What the Worker has answered. */
  readonly answered = new AnswerReader(this.answers);
  /** The Worker's recorder, seen from here. */
  readonly recorder: Recorder;

  constructor(ringWords: number, warmup: number) {
    this.memory = ringMemory(ringWords);
    this.writer = new RingWriter(this.memory);
    this.recorder = new Recorder(new SharedArrayBuffer(RECORDER_BYTES), warmup);
  }

  get batchesDone(): number {
    return Atomics.load(this.control, CONTROL.batchesDone);
  }

  /** A number that goes on as long as the Worker's loop does. */
  get alive(): number {
    return Atomics.load(this.control, CONTROL.alive);
  }

  /** Asks to be woken when this many batches are done; false when they are already. */
  wakeAt(batches: number): boolean {
    Atomics.store(this.control, CONTROL.wanted, batches);
    return this.batchesDone < batches;
  }

  /** Asks to be woken when the ring has more room. */
  wakeAtRoom(): void {
    Atomics.store(this.control, CONTROL.crowded, 1);
  }

  /** True until the ring has more room than when that was asked. */
  get crowded(): boolean {
    return Atomics.load(this.control, CONTROL.crowded) === 1;
  }

  /** Wakes the Worker if it waits. */
  wake(): void {
    ring(this.bell);
  }

  /** Asks for a key's state; false when too much is asked already. */
  ask(id: number, key: number): boolean {
    if (this.asking.open(2) === 0) return false;
    this.asking.words.pair(id, key);
    this.asking.publish(1, 0);
    this.wake();
    return true;
  }

  enter(phase: number): void {
    Atomics.store(this.control, CONTROL.phase, phase);
    this.wake();
  }
}

/** One job's use of the pool. */
export class PoolSession {
  private lastId = 0;
  private readonly asked = new Map<number, { readonly resolve: (json: string | null) => void; readonly reject: () => void }>();
  /** Questions a Worker has had no room for yet. */
  private readonly waiting: Deque<{ readonly id: number; readonly key: number }>[];
  private readonly states: Map<number, string>[];
  private readonly publishedAt: number[];

  constructor(
    readonly channels: readonly WorkerChannel[],
    private readonly origin: SharedArrayBuffer,
    private readonly done: () => Promise<(WorkerReport | null)[]>,
  ) {
    this.waiting = channels.map(() => new Deque());
    this.states = channels.map(() => new Map());
    this.publishedAt = channels.map(() => 0);
  }

  /** A state, as JSON, from the Worker that has it, between two of its messages. Rejects when it is gone. */
  ask(worker: number, key: number): Promise<string | null> {
    return new Promise((resolve, reject) => {
      const id = ++this.lastId;
      this.asked.set(id, { resolve, reject: () => reject(new Error("the Worker is gone")) });
      this.waiting[worker]?.push({ id, key });
      this.pass(worker);
    });
  }

  /** Hands a Worker what is asked of it, as far as there is room. */
  private pass(worker: number): void {
    const waiting = this.waiting[worker];
    for (let next = waiting?.peek(); next !== undefined && this.channels[worker]?.ask(next.id, next.key) === true; next = waiting?.peek()) {
      waiting?.shift();
    }
  }

  /** The state a Worker published last, and how old it is at `now`. */
  published(worker: number, key: number, now: number): StateReading {
    return { json: this.states[worker]?.get(key) ?? null, age: Math.max(0, now - (this.publishedAt[worker] ?? 0)) };
  }

  hear(worker: number, reply: Extract<WorkerReply, { type: "answer" | "published" }>): void {
    if (reply.type === "answer") {
      this.answer(reply.id, reply.json);
      this.pass(worker);
      return;
    }
    this.publishedAt[worker] = reply.at;
    for (const [key, json] of reply.states) this.states[worker]?.set(key, json);
  }

  /** Hears what has been answered since the last look; true when anything was. */
  readonly look = (): boolean => {
    if (this.asked.size === 0) return false;
    let heard = false;
    for (const [worker, { answered }] of this.channels.entries()) {
      if (!answered.read(this.answer)) continue;
      this.pass(worker);
      heard = true;
    }
    return heard;
  };

  private readonly answer = (id: number, json: string | null): void => {
    this.asked.get(id)?.resolve(json);
    this.asked.delete(id);
  };

  /** Nobody is left to answer. */
  forget(): void {
    for (const { reject } of this.asked.values()) reject();
    this.asked.clear();
  }

  /** Tells the Workers which instant of the clock is t = 0, and has them begin. */
  startAt(origin: number): void {
    new Float64Array(this.origin)[0] = origin;
    for (const channel of this.channels) channel.enter(PHASE.running);
  }

  /** Lets the Workers finish what they have (or only the item at hand) and report. */
  async end(halting: boolean): Promise<(WorkerReport | null)[]> {
    const done = this.done();
    for (const channel of this.channels) channel.enter(halting ? PHASE.halting : PHASE.ending);
    return done;
  }
}
