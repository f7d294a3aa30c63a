import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader, OutgoingHttpHeaders } from "node:http2";
import type { Carrier } from "./carrier.ts";
import type { ResponseListener } from "./connection.ts";
import type { Http2Pool } from "./http2.ts";
import { CONNECTION_CLOSED, Http2Problem } from "./http2-problem.ts";
import type { Http2Session } from "./http2-session.ts";
import type { Origin } from "./origin.ts";
import { StaleConnection } from "./transport.ts";

/** Error codes (RFC 9113, 7) by number. */
const CODES = [
  ...["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR"],
  ...["REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"],
];
const REFUSED_STREAM = 7;
const CANCEL = 8;
/** Bun's errors for a request that came too late for its connection. */
const LATE: Readonly<Record<string, "refused" | "unread">> = {
  ERR_HTTP2_GOAWAY_SESSION: "refused",
  ERR_HTTP2_INVALID_SESSION: "unread",
};
/** Connection-specific fields of HTTP/1.1 (RFC 9113, 8.2.2), and those with an HTTP/2 form of their own. */
const LEFT_OUT = ["connection", "host", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"];

/** One request by HTTP/2. */
export class Stream implements Carrier {
  private session: Http2Session | null = null;
  private stream: ClientHttp2Stream | null = null;
  private listener: ResponseListener | null = null;
  private origin: Origin | null = null;
  private head = "";
  private content: Uint8Array | null = null;
  private bare = false;
  private expected: number | null = null;
  private bytes = 0;
  private answered = false;
  private ended = false;
  /** It came too late for its connection: the server has not processed it, or never received it. */
  private late: "refused" | "unread" | null = null;
  /** Its connection had been used before. */
  private kept = false;

  constructor(
    private readonly pool: Http2Pool,
    private readonly fresh: boolean,
  ) {}

  get instants() {
    return this.listener?.instants;
  }

  ask(origin: Origin, head: string, content: Uint8Array | null, bare: boolean, listener: ResponseListener): void {
    this.origin = origin;
    this.head = head;
    this.content = content;
    this.bare = bare;
    this.listener = listener;
    this.start();
  }

  /** Starts on a connection. */
  start(): void {
    const { origin, listener } = this;
    if (origin === null || listener === null) return;
    const now = this.pool.now();
    const session = this.pool.sessionTo(origin);
    this.session = session;
    this.kept = session.used;
    listener.instants.reused = session.load > 0 || session.used;
    listener.instants.begun = listener.instants.reused ? Number.NaN : now;
    session.start(this);
  }

  begin(session: ClientHttp2Session): void {
    const { content, origin, listener } = this;
    if (origin === null || listener === null) return;
    listener.instants.sent = this.pool.now();
    try {
      const stream = session.request(fieldsOf(this.head, origin), { endStream: content === null });
      this.stream = stream;
      stream.on("response", (fields) => this.onHead(fields));
      stream.on("data", (piece: Uint8Array) => this.onData(piece));
      stream.on("end", () => {
        this.ended = true;
      });
      stream.on("error", ({ code }: Error & { readonly code?: unknown }) => {
        this.late = LATE[String(code)] ?? null;
      });
      stream.on("close", () => this.onClose(stream.rstCode ?? 0, session.destroyed));
      if (content !== null) stream.end(content);
    } catch {
      // The connection is closed but has not reported it yet.
      this.late = "unread";
      this.onClose(REFUSED_STREAM, true);
    }
  }

  abort(): void {
    const { stream } = this;
    this.drop();
    stream?.close(CANCEL);
  }

  pause(): void {
    this.stream?.pause();
  }

  resume(): void {
    this.stream?.resume();
  }

  fail(problem: unknown): void {
    this.drop()?.failed(problem);
  }

  private onHead(fields: IncomingHttpHeaders & IncomingHttpStatusHeader): void {
    const { listener } = this;
    if (listener === null) return;
    listener.instants.first = this.pool.now();
    this.answered = true;
    const length = Number(fields["content-length"] ?? Number.NaN);
    this.expected = Number.isNaN(length) || this.bare || fields[":status"] === 304 ? null : length;
    listener.head(fields[":status"] ?? 0, flat(fields));
  }

  private onData(piece: Uint8Array): void {
    this.bytes += piece.length;
    this.listener?.body(piece);
  }

  private onClose(code: number, broken: boolean): void {
    const { listener } = this;
    if (listener === null) return;
    if (this.answered && this.ended && code === 0) {
      // RFC 9113, 8.1.1: a body of another length than declared is malformed.
      if (this.expected !== null && this.expected !== this.bytes) this.fail(MALFORMED);
      else {
        listener.instants.whole = this.pool.now();
        this.drop()?.whole();
      }
    } else if (this.late === "unread") this.fail(this.fresh ? CONNECTION_CLOSED : new StaleConnection("unread"));
    else if (this.late === "refused") this.fail(this.fresh ? LEFT : new StaleConnection("refused", "GOAWAY"));
    else if (code === REFUSED_STREAM && !this.answered) this.fail(this.fresh ? REFUSED : new StaleConnection("refused", "REFUSED_STREAM"));
    else if (broken || code === 0) this.fail(this.whyBroken());
    else this.fail(new Http2Problem(CODES[code] ?? `error ${code}`));
  }

  private whyBroken(): unknown {
    const { problem = null } = this.session ?? {};
    if (problem instanceof Http2Problem) return problem;
    return this.kept && !this.answered && !this.fresh ? new StaleConnection("unanswered") : CONNECTION_CLOSED;
  }

  /** Detaches and returns the listener. */
  private drop(): ResponseListener | null {
    const { listener } = this;
    this.listener = null;
    if (listener !== null) this.session?.left(this);
    return listener;
  }
}

/** HTTP/2 fields from the head of HTTP/1.1. */
function fieldsOf(head: string, { tls }: Origin): OutgoingHttpHeaders {
  const [line = "", ...lines] = head.split("\r\n");
  const [method = "GET", path = "/"] = line.split(" ");
  const fields: OutgoingHttpHeaders = { ":method": method, ":path": path, ":scheme": tls === null ? "http" : "https" };
  for (const text of lines) {
    const at = text.indexOf(":");
    if (at < 0) continue;
    const name = text.slice(0, at).toLowerCase();
    const value = text.slice(at + 1).trim();
    if (name === "host") fields[":authority"] = value;
    else if (!LEFT_OUT.includes(name)) fields[name] = value;
  }
  return fields;
}

/** Fields as alternating names and values. */
function flat(fields: IncomingHttpHeaders): string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (name.startsWith(":") || value === undefined) return [];
    return Array.isArray(value) ? value.flatMap((one) => [name, one]) : [name, String(value)];
  });
}

const MALFORMED = Object.assign(new Error("a body of another length than was said"), { code: "Malformed" });
const REFUSED = new Http2Problem("REFUSED_STREAM");
const LEFT = new Http2Problem("GOAWAY");
