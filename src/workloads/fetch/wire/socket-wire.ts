import type { Connection, Listener } from "./connection.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import type { Place, Places } from "./place.ts";
import { CORRELATION, type Head, isShort, type Wire } from "./wire.ts";

const NONE: readonly string[] = [];

/**
 * Plain HTTP/1.1 on sockets of this thread, where a body is counted and not kept: half of what the same request costs by `fetch`,
 * which hands it to a thread of its own and back.
 */
export class SocketWire implements Wire, Listener, Head {
  bytes = 0;
  status = 0;
  private fields = NONE;
  private connection: Connection | null = null;
  private done = false;
  private problem: unknown = null;
  /** Who waits for the head, then for the end. */
  private resolve: ((head: Head) => void) | null = null;
  private reject: ((problem: unknown) => void) | null = null;
  private url = "";
  /** The request up to its correlation id. */
  private before = "";
  private place: Place | null = null;
  private id = "";

  constructor(
    private readonly pool: ConnectionPool,
    private readonly places: Places,
  ) {}

  send(url: string, id: string, fresh = false): Promise<Head> {
    if (url !== this.url) {
      const { place, path } = this.places.find(url);
      this.before = `GET ${path} HTTP/1.1\r\n${CORRELATION}: `;
      this.place = place;
      this.url = url;
    }
    this.id = id;
    this.fields = NONE;
    this.bytes = 0;
    this.status = 0;
    this.done = false;
    this.problem = null;
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.ask(fresh);
    });
  }

  take(): Promise<void> | undefined {
    if (this.problem !== null) return Promise.reject(this.problem);
    if (this.done) return undefined;
    return new Promise((resolve, reject) => {
      this.resolve = () => resolve();
      this.reject = reject;
    });
  }

  leave(): Promise<void> | undefined {
    if (this.done) return undefined;
    if (this.problem === null && isShort(this)) return this.take()?.catch(() => {});
    this.breakOff();
    return undefined;
  }

  breakOff(): void {
    if (this.done || this.problem !== null) return;
    this.connection?.giveUp();
    this.failed(new Error("broken off"));
  }

  field(name: string): string | null {
    const { fields } = this;
    for (let at = 0; at < fields.length; at += 2) {
      const said = fields[at] as string;
      if (said.length === name.length && said.toLowerCase() === name) return fields[at + 1] as string;
    }
    return null;
  }

  head(status: number, fields: readonly string[]): void {
    this.status = status;
    this.fields = fields;
    this.settle();
  }

  body(bytes: number): void {
    this.bytes += bytes;
  }

  whole(): void {
    this.done = true;
    this.connection = null;
    this.settle();
  }

  failed(problem: unknown): void {
    this.problem = problem;
    this.connection = null;
    this.settle();
  }

  /** Whoever waits has it, or hears why not. */
  private settle(): void {
    const { resolve, reject } = this;
    this.resolve = null;
    this.reject = null;
    if (this.problem === null) resolve?.(this);
    else reject?.(this.problem);
  }

  private ask(fresh: boolean): void {
    const place = this.place as Place;
    // Known before it is asked: it may fail at once.
    this.connection = this.pool.take(place.origin, fresh);
    this.connection.ask(place, `${this.before}${this.id}${place.rest}`, this);
  }
}
