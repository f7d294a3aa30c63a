import { Worker } from "node:worker_threads";
import { RingReader, ringMemory } from "../../kernel/frame-ring.ts";
import type { FromQueryServer, QueryServerOrder, StatusReport, ToQueryServer } from "./http-protocol.ts";
import type { QueryPlan } from "./schedule.ts";
import { QueryStats } from "./stats.ts";

const REQUEST_WORDS = 1 << 16;

/** A request that came in over HTTP. */
export interface FaceRequest {
  readonly id: number;
  readonly kind: number;
  readonly name: string;
}

/** The runner's side of the HTTP server: a thread that listens, and the ring its requests come in. */
export class QueryServer {
  readonly book: QueryStats | null;
  url = "";
  private readonly requests: RingReader;
  private readonly origin = new SharedArrayBuffer(8);
  private readonly thread: Worker;
  private readonly listening: Promise<void>;
  private readonly clientDone: Promise<void>;

  constructor(port: number, bell: Int32Array, client: QueryPlan | null) {
    const requests = ringMemory(REQUEST_WORDS);
    this.requests = new RingReader(requests);
    this.book = client === null ? null : new QueryStats(undefined, client.warmup);
    const order: QueryServerOrder = {
      port,
      requests,
      bell: bell.buffer as SharedArrayBuffer,
      origin: this.origin,
      client: client === null || this.book === null ? null : { plan: client, book: this.book.memory },
    };
    this.thread = new Worker(new URL("./http-worker.ts", import.meta.url), { workerData: order });
    const heard = <T extends FromQueryServer["type"]>(type: T) =>
      new Promise<Extract<FromQueryServer, { type: T }>>((resolve) => {
        this.thread.on("message", (message: FromQueryServer) => {
          if (message.type === type) resolve(message as Extract<FromQueryServer, { type: T }>);
        });
      });
    const gone = new Promise<never>((_, reject) => {
      this.thread.on("error", reject);
      void heard("refused").then(({ reason }) => reject(new Error(`The HTTP face could not start: ${reason}.`)));
    });
    this.listening = Promise.race([heard("listening"), gone]).then(({ url }) => {
      this.url = url;
    });
    this.clientDone = client === null ? Promise.resolve() : heard("client-done").then(() => {});
    gone.catch(() => {});
  }

  /** Resolves when it listens; rejects with a sentence when it cannot. */
  ready(): Promise<void> {
    return this.listening;
  }

  /** Sets t = 0 to this instant of the shared clock: its own client begins to send. */
  begin(origin: number): void {
    new Float64Array(this.origin)[0] = origin;
    this.post({ type: "begin" });
  }

  /** True when requests are pending. */
  get asked(): boolean {
    return !this.requests.empty;
  }

  take(): FaceRequest | null {
    if (!this.requests.open()) return null;
    const { words } = this.requests;
    const id = words.low();
    const kind = words.high;
    const name = words.text();
    this.requests.close();
    return { id, kind, name };
  }

  answer(id: number, json: string | null, age: number): void {
    this.post({ type: "answer", id, json, age });
  }

  status(status: StatusReport): void {
    this.post({ type: "status", status });
  }

  /** Stops its own client; resolves when all its queries are answered. */
  async settle(stop: boolean): Promise<void> {
    if (stop) this.post({ type: "stop-asking" });
    await this.clientDone;
  }

  async close(): Promise<void> {
    await Promise.race([this.thread.terminate(), Bun.sleep(300)]);
  }

  private post(message: ToQueryServer): void {
    this.thread.postMessage(message);
  }
}
