import type { Carrier, Carriers } from "./carrier.ts";
import type { ResponseListener } from "./connection.ts";
import { RequestInstants } from "./instants.ts";
import type { OriginCache } from "./origin.ts";
import { RequestHead } from "./request-head.ts";
import { type BodySink, BodyTooLong, type HttpRequest, isShort, type ResponseHead, type Transport } from "./transport.ts";
import { BodyWriter } from "./unpack.ts";

const NONE: readonly string[] = [];
/** Fields with one value, of which the first counts where they are repeated, as in Node.js: no list is made of addresses. */
const SINGLE: ReadonlySet<string> = new Set(["location", "retry-after", "content-type", "etag", "last-modified"]);
const TOO_LONG = new BodyTooLong("a body is longer than it may be");

/**
 * HTTP/1.1 on sockets of this thread, plain or TLS: half the cost of `fetch`, which passes each request to a thread of its own and back.
 * Bodies are counted as they come, and kept where asked.
 */
export class SocketTransport implements Transport, ResponseListener, ResponseHead {
  bytes = 0;
  status = 0;
  readonly instants = new RequestInstants();
  private fields = NONE;
  private connection: Carrier | null = null;
  private done = false;
  private problem: unknown = null;
  /** Resolves the wait for the head, then that for the end. */
  private resolve: ((head: ResponseHead) => void) | null = null;
  private reject: ((problem: unknown) => void) | null = null;
  private readonly request: RequestHead;
  /** Pieces of a body that came before its fate was decided. */
  private early: Uint8Array[] = [];
  private kept: BodyWriter | null = null;
  /** The body is read, within the limit; the body is discarded. */
  private counted = false;
  private unwanted = false;

  constructor(
    private readonly pool: Carriers,
    origins: OriginCache,
    /** Origins as sent to servers that must not receive secrets. */
    foreignOrigins: OriginCache,
    /** Bodies are kept or inspected. */
    private readonly looks: boolean,
    /** Most bytes of a body. */
    private readonly most: number,
  ) {
    this.request = new RequestHead(origins, foreignOrigins);
  }

  send(request: HttpRequest, id: string, fresh = false): Promise<ResponseHead> {
    const head = this.request.write(request, id);
    this.instants.clear();
    this.fields = NONE;
    this.bytes = 0;
    this.status = 0;
    this.done = false;
    this.problem = null;
    this.kept = null;
    this.counted = false;
    this.unwanted = false;
    if (this.early.length > 0) this.early = [];
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.ask(head, fresh);
    });
  }

  readBody(sink: BodySink | null): Promise<void> | undefined {
    this.counted = true;
    if (this.bytes > this.most) this.giveUp(TOO_LONG);
    if (this.problem !== null || this.bytes > this.most) return Promise.reject(this.problem ?? TOO_LONG);
    if (sink !== null) return this.keep(sink);
    return this.done ? undefined : this.rest();
  }

  private async keep(sink: BodySink): Promise<void> {
    const kept = new BodyWriter(sink, this.field("content-encoding"), () => this.connection?.resume());
    for (const piece of this.early.splice(0)) kept.add(piece);
    this.kept = kept;
    // Stops reading a body that cannot be decompressed.
    kept.settled?.catch((problem: unknown) => {
      if (this.kept === kept && !this.done) this.giveUp(problem);
    });
    try {
      if (!this.done) await this.rest();
      await kept.end();
    } catch (problem) {
      kept.abandon();
      throw problem;
    }
  }

  /** Waits for the complete response. */
  private rest(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.resolve = () => resolve();
      this.reject = reject;
    });
  }

  discardBody(): Promise<void> | undefined {
    this.unwanted = true;
    if (this.early.length > 0) this.early = [];
    if (this.done) return undefined;
    if (this.problem === null && isShort(this)) return this.rest().catch(() => {});
    this.abort();
    return undefined;
  }

  abort(): void {
    this.giveUp(new Error("broken off"));
  }

  private giveUp(problem: unknown): void {
    if (this.done || this.problem !== null) return;
    this.connection?.abort();
    this.failed(problem);
  }

  field(name: string): string | null {
    const { fields } = this;
    let value: string | null = null;
    for (let at = 0; at < fields.length; at += 2) {
      const said = fields[at] as string;
      if (said.length !== name.length || said.toLowerCase() !== name) continue;
      if (value !== null && SINGLE.has(name)) return value;
      // Repeated fields form a list (RFC 9110, 5.3).
      value = value === null ? (fields[at + 1] as string) : `${value}, ${fields[at + 1]}`;
    }
    return value;
  }

  setCookies(): readonly string[] {
    const { fields } = this;
    return fields.filter((_, at) => at % 2 === 1 && (fields[at - 1] as string).toLowerCase() === "set-cookie");
  }

  head(status: number, fields: readonly string[]): void {
    this.status = status;
    this.fields = fields;
    this.settle();
  }

  body(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (this.counted && this.bytes > this.most) {
      this.giveUp(TOO_LONG);
      return;
    }
    if (!this.looks || this.unwanted) return;
    if (this.kept === null) this.early.push(Uint8Array.from(bytes));
    else this.pass(this.kept, bytes);
  }

  private pass(kept: BodyWriter, bytes: Uint8Array): void {
    try {
      if (!kept.add(bytes)) this.connection?.pause();
    } catch (problem) {
      this.giveUp(problem);
    }
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

  /** Resolves or rejects the current wait. */
  private settle(): void {
    const { resolve, reject } = this;
    this.resolve = null;
    this.reject = null;
    if (this.problem === null) resolve?.(this);
    else reject?.(this.problem);
  }

  private ask(head: string, fresh: boolean): void {
    const { origin, method, content } = this.request;
    // Set before sending, which may fail at once.
    this.connection = this.pool.take(origin.key, fresh);
    this.connection.ask(origin, head, content?.bytes ?? null, method === "HEAD", this);
  }
}
