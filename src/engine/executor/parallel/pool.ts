import { Deque } from "../../../kernel/deque.ts";
import type { StateReading } from "../../queries/dispatcher.ts";
import type { Assignment, SpawnWorker, WorkerHandle, WorkerLink, WorkerReply, WorkerReport } from "./link.ts";

export type SessionSettings = Omit<Assignment, "worker" | "concurrency"> & {
  /** Batches that each Worker runs concurrently. */
  readonly slots: readonly number[];
};

/** Longest wait for what processors have started to end, and the interval of looking, in milliseconds. */
const LONGEST_CLOSE_MS = 4000;
const CLOSE_LOOK_MS = 2;

/** Workers that are kept, warm, from one session to the next. */
export class WorkerPool {
  private readonly workers: readonly WorkerHandle[];
  /** How the first Worker failed; null: none has. */
  private failure: string | null = null;
  /** Workers that no longer exist. */
  private readonly gone = new Set<number>();
  /** Workers that ended by themselves or broke, with all they held. */
  private readonly failed = new Set<number>();
  private session: PoolSession | null = null;
  /** Workers that have replied to the last request to all, or never will. */
  private replied: ReadonlySet<number> = new Set();
  /** Workers whose processors have something left to end. */
  private readonly open = new Set<number>();
  private readonly listeners: ((worker: number, reply: WorkerReply) => void)[] = [];

  constructor(
    readonly size: number,
    spawn: SpawnWorker,
  ) {
    this.workers = Array.from({ length: size }, (_, i) =>
      spawn(
        (reply) => this.hear(i, reply),
        (how) => this.lose(i, how),
      ),
    );
  }

  /** A sentence that names the first failed Worker; null: none has failed. */
  get broken(): string | null {
    return this.failure;
  }

  /** True when a Worker failed: the items it held then are lost. */
  hasFailed(worker: number): boolean {
    return this.failed.has(worker);
  }

  /** Opens a session with every Worker; resolves when all are ready. `bufferWords`: as in `WorkerHandle.open`. */
  async begin({ slots, ...rest }: SessionSettings, bufferWords: number): Promise<PoolSession> {
    const ready = this.all("ready");
    const links = this.workers.map((handle, worker) => handle.open({ ...rest, worker, concurrency: slots[worker] ?? 1 }, bufferWords));
    await ready;
    const session = new PoolSession(links, () => this.all("done"));
    this.session = session;
    return session;
  }

  /** Terminates the Workers that have not replied, and returns their numbers. */
  terminateSilent(): number[] {
    const silent = [...this.workers.keys()].filter((i) => !this.replied.has(i));
    for (const i of silent) void this.workers[i]?.terminate();
    return silent;
  }

  async close(): Promise<void> {
    this.failure = "closed";
    const until = performance.now() + LONGEST_CLOSE_MS;
    while (this.open.size > 0 && performance.now() < until) await Bun.sleep(CLOSE_LOOK_MS);
    // The process ends soon after and does not wait for a slow Worker.
    const gone = Promise.all(this.workers.map((worker) => worker.terminate()));
    await Promise.race([gone, Bun.sleep(500)]);
  }

  /** Every Worker's next reply of this type; null for failed Workers. */
  private all<T extends WorkerReply["type"]>(type: T): Promise<(Extract<WorkerReply, { type: T }> | null)[]> {
    const replies = new Array<Extract<WorkerReply, { type: T }> | null>(this.size).fill(null);
    const replied = new Set<number>(this.gone);
    this.replied = replied;
    if (replied.size === this.size) return Promise.resolve(replies);
    return new Promise((resolve) => {
      const listener = (worker: number, reply: WorkerReply) => {
        if (reply.type === type) replies[worker] = reply as Extract<WorkerReply, { type: T }>;
        if (reply.type === type || reply.type === "broken") replied.add(worker);
        if (replied.size < this.size) return;
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
    if (reply.type === "closed") {
      this.open.delete(worker);
      return;
    }
    if (reply.type === "gave-up") {
      this.failure ??= `Worker ${worker}: ${reply.reason}`;
      return;
    }
    if (reply.type === "done" && reply.report.program !== undefined) this.open.add(worker);
    if (reply.type === "broken") this.failed.add(worker);
    if (reply.type === "broken") this.session?.rejectQuestions();
    if (reply.type === "broken") this.failure ??= `Worker ${worker} broke: ${reply.reason}`;
    for (const listener of [...this.listeners]) listener(worker, reply);
  }

  private lose(worker: number, how: string): void {
    this.gone.add(worker);
    this.open.delete(worker);
    this.failed.add(worker);
    this.session?.rejectQuestions();
    this.failure ??= `Worker ${worker} ${how}`;
    for (const listener of [...this.listeners]) listener(worker, { type: "broken", reason: how });
  }
}

/** A session with all Workers of the pool: one job. */
export class PoolSession {
  private lastId = 0;
  private readonly asked = new Map<number, { readonly resolve: (json: string | null) => void; readonly reject: () => void }>();
  /** Questions for which a link had no room yet. */
  private readonly waiting: Deque<{ readonly id: number; readonly key: number }>[];
  private readonly states: Map<number, string>[];
  private readonly publishedAt: number[];

  constructor(
    readonly links: readonly WorkerLink[],
    private readonly done: () => Promise<(WorkerReport | null)[]>,
  ) {
    this.waiting = links.map(() => new Deque());
    this.states = links.map(() => new Map());
    this.publishedAt = links.map(() => 0);
  }

  /** A state as JSON, read by its Worker between two items. Rejects when the Worker is gone. */
  ask(worker: number, key: number): Promise<string | null> {
    return new Promise((resolve, reject) => {
      const id = ++this.lastId;
      this.asked.set(id, { resolve, reject: () => reject(new Error("the Worker is gone")) });
      this.waiting[worker]?.push({ id, key });
      this.sendQuestions(worker);
    });
  }

  /** Sends waiting questions to a Worker, as far as there is room. */
  private sendQuestions(worker: number): void {
    const waiting = this.waiting[worker];
    for (let next = waiting?.peek(); next !== undefined && this.links[worker]?.ask(next.id, next.key) === true; next = waiting?.peek()) {
      waiting?.shift();
    }
  }

  /** The last published state of a key, with its age at `now`. */
  published(worker: number, key: number, now: number): StateReading {
    return { json: this.states[worker]?.get(key) ?? null, age: Math.max(0, now - (this.publishedAt[worker] ?? 0)) };
  }

  hear(worker: number, reply: Extract<WorkerReply, { type: "answer" | "published" }>): void {
    if (reply.type === "answer") {
      this.answer(reply.id, reply.json);
      this.sendQuestions(worker);
      return;
    }
    this.publishedAt[worker] = reply.at;
    for (const [key, json] of reply.states) this.states[worker]?.set(key, json);
  }

  /** Resolves questions whose answers have come; true when any has. */
  readonly look = (): boolean => {
    if (this.asked.size === 0) return false;
    let any = false;
    for (const [worker, link] of this.links.entries()) {
      if (!link.readAnswers(this.answer)) continue;
      this.sendQuestions(worker);
      any = true;
    }
    return any;
  };

  private readonly answer = (id: number, json: string | null): void => {
    this.asked.get(id)?.resolve(json);
    this.asked.delete(id);
  };

  /** Rejects all open questions. */
  rejectQuestions(): void {
    for (const { reject } of this.asked.values()) reject();
    this.asked.clear();
  }

  /** Starts all Workers. `origin`: the instant of the monotonic clock that is t = 0. */
  startAt(origin: number): void {
    for (const link of this.links) link.start(origin);
  }

  /** Ends the session once all that was sent is done, or with `halting` after the running items. Reports in Worker order; null: failed. */
  async end(halting: boolean): Promise<(WorkerReport | null)[]> {
    const done = this.done();
    for (const link of this.links) link.end(halting);
    return done;
  }
}
