import { Deque } from "../../../kernel/deque.ts";
import type { StateReading } from "../../queries/dispatcher.ts";
import type { Assignment, SpawnWorker, WorkerHandle, WorkerLink, WorkerReply, WorkerReport } from "./link.ts";

export type SessionSettings = Omit<Assignment, "worker" | "concurrency"> & {
  /** Batches that each Worker has at work at once. */
  readonly slots: readonly number[];
};

/** Workers that stay, warm, from one session to the next. */
export class WorkerPool {
  private readonly workers: readonly WorkerHandle[];
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
    spawn: SpawnWorker,
  ) {
    this.workers = Array.from({ length: size }, (_, i) =>
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

  /** Opens a session with every Worker; resolves when all are ready. `bufferWords`: as in `WorkerHandle.open`. */
  async begin({ slots, ...rest }: SessionSettings, bufferWords: number): Promise<PoolSession> {
    const ready = this.all("ready");
    const links = this.workers.map((handle, worker) => handle.open({ ...rest, worker, concurrency: slots[worker] ?? 1 }, bufferWords));
    await ready;
    const session = new PoolSession(links, () => this.all("done"));
    this.session = session;
    return session;
  }

  /** Ends the Workers that have not answered: an item at hand that does not end holds nobody up. Which those were. */
  cut(): number[] {
    const silent = [...this.workers.keys()].filter((i) => !this.heard.has(i));
    for (const i of silent) void this.workers[i]?.terminate();
    return silent;
  }

  async close(): Promise<void> {
    this.casualty = "closed";
    // The process ends soon after; a Worker that is slow to go does not hold it up.
    const gone = Promise.all(this.workers.map((worker) => worker.terminate()));
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

/** One job's use of the pool. */
export class PoolSession {
  private lastId = 0;
  private readonly asked = new Map<number, { readonly resolve: (json: string | null) => void; readonly reject: () => void }>();
  /** Questions a Worker has had no room for yet. */
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
    for (let next = waiting?.peek(); next !== undefined && this.links[worker]?.ask(next.id, next.key) === true; next = waiting?.peek()) {
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
    for (const [worker, link] of this.links.entries()) {
      if (!link.readAnswers(this.answer)) continue;
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
    for (const link of this.links) link.start(origin);
  }

  /** Lets the Workers finish what they have (or only the item at hand) and report. */
  async end(halting: boolean): Promise<(WorkerReport | null)[]> {
    const done = this.done();
    for (const link of this.links) link.end(halting);
    return done;
  }
}
