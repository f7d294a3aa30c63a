import { Worker } from "node:worker_threads";
import { ring } from "../../kernel/time.ts";
import { RECORDER_BYTES, Recorder } from "../../telemetry/recorder.ts";
import { RingWriter, ringMemory } from "../transport/ring.ts";
import { type BeginMessage, CONTROL, PHASE, type WorkerReply } from "../transport/worker-protocol.ts";

export type SessionSettings = Pick<BeginMessage, "processor" | "concurrency" | "warmup">;

/** What a Worker answers at the end of a session. */
export type WorkerReport = Extract<WorkerReply, { type: "done" }>;

/** Threads that stay, warm, from one session to the next. */
export class WorkerPool {
  private readonly threads: Worker[];
  /** Why a Worker is gone, if one is. */
  private casualty: string | null = null;
  private readonly gone = new Set<number>();
  private readonly listeners: ((worker: number, reply: WorkerReply) => void)[] = [];

  constructor(readonly size: number) {
    this.threads = Array.from({ length: size }, (_, i) => {
      const thread = new Worker(new URL("./parallel-worker.ts", import.meta.url));
      thread.on("message", (reply: WorkerReply) => this.hear(i, reply));
      thread.on("error", (error: unknown) =>
        this.lose(i, `ended with an error: ${error instanceof Error ? error.message : String(error)}`),
      );
      thread.on("exit", (code) => this.lose(i, `ended by itself with code ${code}`));
      return thread;
    });
  }

  /** A sentence when a Worker has died or broken, else null. */
  get broken(): string | null {
    return this.casualty;
  }

  /** Gives every Worker fresh state, a ring and a recorder; resolves when all are ready. */
  async begin(settings: SessionSettings, ringWords: number, mainBell: Int32Array): Promise<PoolSession> {
    const origin = new SharedArrayBuffer(8);
    const channels = this.threads.map(() => new Channel(ringWords, settings.warmup));
    const ready = this.all("ready");
    channels.forEach((channel, worker) => {
      const message: BeginMessage = {
        type: "begin",
        ring: channel.memory,
        control: channel.control.buffer as SharedArrayBuffer,
        origin,
        recorder: channel.recorder.memory,
        mainBell: mainBell.buffer as SharedArrayBuffer,
        ...settings,
      };
      this.threads[worker]?.postMessage(message);
    });
    await ready;
    return new PoolSession(channels, origin, () => this.all("done"));
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
    if (reply.type === "broken") this.casualty ??= `Worker ${worker} broke: ${reply.reason}`;
    for (const listener of [...this.listeners]) listener(worker, reply);
  }

  private lose(worker: number, how: string): void {
    this.gone.add(worker);
    this.casualty ??= `Worker ${worker} ${how}`;
    for (const listener of [...this.listeners]) listener(worker, { type: "broken", reason: how });
  }
}

/** What the source's thread shares with one Worker. */
export class Channel {
  readonly memory: SharedArrayBuffer;
  readonly control = new Int32Array(new SharedArrayBuffer(CONTROL.size * 4));
  private readonly bell = this.control.subarray(CONTROL.bell, CONTROL.bell + 2);
  readonly writer: RingWriter;
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

  /** Asks to be woken when this many batches are done; false when they are already. */
  wakeAt(batches: number): boolean {
    Atomics.store(this.control, CONTROL.wanted, batches);
    return this.batchesDone < batches;
  }

  /** Wakes the Worker if it waits. */
  wake(): void {
    ring(this.bell);
  }

  enter(phase: number): void {
    Atomics.store(this.control, CONTROL.phase, phase);
    this.wake();
  }
}

/** One job's use of the pool. */
export class PoolSession {
  constructor(
    readonly channels: readonly Channel[],
    private readonly origin: SharedArrayBuffer,
    private readonly done: () => Promise<(WorkerReport | null)[]>,
  ) {}

  /** Tells the Workers which instant of the clock is t = 0. */
  startAt(origin: number): void {
    new Float64Array(this.origin)[0] = origin;
  }

  /** Lets the Workers finish what they have (or only the item at hand) and report. */
  async end(halting: boolean): Promise<(WorkerReport | null)[]> {
    const done = this.done();
    for (const channel of this.channels) channel.enter(halting ? PHASE.halting : PHASE.ending);
    return done;
  }
}
