import { type FieldLines, NO_LINES } from "./field-lines.ts";
import type { OriginRule } from "./origin.ts";
import { towardsOthers } from "./tls.ts";
import {
  ACCEPTED,
  type BodySink,
  BodyTooLong,
  CORRELATION,
  type HttpRequest,
  isShort,
  type ResponseHead,
  type Transport,
  USER_AGENT,
} from "./transport.ts";
import { BodyWriter } from "./unpack.ts";

/** As the global `fetch`. */
export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>;

/** Requests by `fetch`, where our own sockets cannot carry them. It pools connections by its own rules, and may repeat a request unseen. */
export class FetchTransport implements Transport {
  bytes = 0;
  /** Not reported by `fetch`. */
  readonly instants = null;
  /** Reused: a signal for each request would cost as much as the request. */
  private controller = new AbortController();
  private response = new Response();
  private head: ResponseHead = { status: 0, field: () => null, setCookies: () => [] };

  constructor(
    private readonly keepAlive: boolean,
    private readonly fetch: Fetch,
    private readonly manner: Omit<OriginRule, "lines" | "mark"> & {
      readonly lines?: FieldLines | undefined;
      /** Most bytes of a body. */
      readonly longest?: number | undefined;
    } = {},
  ) {}

  async send({ at, method, foreign, content, fields }: HttpRequest, id: string): Promise<ResponseHead> {
    if (this.controller.signal.aborted) this.controller = new AbortController();
    this.bytes = 0;
    const { lines = NO_LINES, tls = {}, unix } = this.manner;
    const headers: Record<string, string> = { [CORRELATION]: id, "user-agent": USER_AGENT, "accept-encoding": ACCEPTED };
    if (!this.keepAlive) headers["connection"] = "close";
    for (const line of foreign ? lines.open : lines.all) add(line, headers);
    for (const line of content?.fields ?? []) add(line, headers);
    for (const line of fields) add(line, headers);
    // `fetch` would decompress a body as fast as it comes: memory must not be at the mercy of what a few bytes expand to.
    const init: BunFetchRequestInit = { method, signal: this.controller.signal, redirect: "manual", headers, decompress: false };
    if (content !== null && content.bytes.length > 0) init.body = content.bytes;
    if (at.startsWith("https:")) init.tls = foreign ? towardsOthers(tls) : tls;
    if (unix !== undefined) init.unix = unix;
    // `fetch` keeps connections alive by default; setting it would cost time.
    if (!this.keepAlive) init.keepalive = false;
    const response = await this.fetch(at, init);
    this.response = response;
    this.head = {
      status: response.status,
      field: (name) => response.headers.get(name),
      setCookies: () => response.headers.getSetCookie(),
    };
    return this.head;
  }

  async readBody(sink: BodySink | null): Promise<void> {
    const { longest: most = Number.POSITIVE_INFINITY } = this.manner;
    if (sink === null && isShort(this.head) && Number(this.head.field("content-length")) <= most) return this.takeWhole();
    let room: (() => void) | null = null;
    const kept = sink === null ? null : new BodyWriter(sink, this.head.field("content-encoding"), () => room?.());
    const reader = this.response.body?.getReader();
    try {
      for (let piece = await reader?.read(); piece !== undefined && !piece.done; piece = await reader?.read()) {
        this.bytes += piece.value.byteLength;
        if (this.bytes > most) throw new BodyTooLong("a body is longer than it may be");
        if (kept === null || kept.add(piece.value)) continue;
        const full = new Promise<void>((resolve) => {
          room = resolve;
        });
        await Promise.race([full, kept.settled]);
      }
      await kept?.end();
    } catch (problem) {
      kept?.abandon();
      throw problem;
    }
  }

  async discardBody(): Promise<void> {
    try {
      if (isShort(this.head)) await this.takeWhole();
      else await this.response.body?.cancel();
    } catch {
      this.abort();
    }
  }

  abort(): void {
    this.controller.abort();
  }

  private async takeWhole(): Promise<void> {
    this.bytes += (await this.response.arrayBuffer()).byteLength;
  }
}

function add(line: string, headers: Record<string, string>): void {
  const at = line.indexOf(":");
  headers[line.slice(0, at).toLowerCase()] = line.slice(at + 2);
}
