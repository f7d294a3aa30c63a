import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from "node:http2";
import { connect as connectOpenly, type Socket } from "node:net";
import { connect as connectByTls } from "node:tls";
import type { Nanoseconds } from "../kernel/clock.ts";
import type { Carrier, Carriers } from "./carrier.ts";
import type { ResponseListener } from "./connection.ts";
import type { Origin } from "./origin.ts";
import { StaleConnection } from "./transport.ts";

/** Error codes (RFC 9113, 7) by their number. */
const CODES = [
  ...["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR"],
  ...["REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"],
];
const REFUSED_STREAM = 7;
const CANCEL = 8;
/** What Bun says of a request that is too late for its connection. */
const LATE: Readonly<Record<string, "refused" | "unread">> = {
  ERR_HTTP2_GOAWAY_SESSION: "refused",
  ERR_HTTP2_INVALID_SESSION: "unread",
};
/** Streams at once of a server that has not said how many. */
const ASSUMED_STREAMS = 100;
/** Servers of which it is remembered. */
const MOST_SERVERS = 1000;
/** Fields of HTTP/1.1 that speak of a connection (RFC 9113, 8.2.2), and those that HTTP/2 says in another way. */
const LEFT_OUT = ["connection", "host", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection"];

/** An end that HTTP/2 has a name for. */
export class Http2Problem extends Error {
  readonly code = "HTTP/2";
}

/** The connections of one thread by HTTP/2 (RFC 9113), each with as many requests at once as its server takes. */
export class Http2Pool implements Carriers {
  private readonly sessions = new Map<string, Session[]>();
  private readonly streams = new Map<string, number>();
  private closed = false;

  constructor(
    /** Connections at most to one server. */
    private readonly most: number,
    /** Told of each connection that is made. */
    private readonly onOpened: () => void,
    readonly now: () => Nanoseconds,
  ) {}

  take(_key: string, fresh: boolean): Carrier {
    return new Stream(this, fresh);
  }

  /** The connection with the fewest requests on it, or another one where all have as many as they may. */
  sessionTo(origin: Origin): Session {
    const list = this.sessions.get(origin.key) ?? [];
    this.sessions.set(origin.key, list);
    const [least] = list.filter(({ leaving }) => !leaving).sort((a, b) => a.load - b.load);
    if (least !== undefined && (least.load < 1 || list.length >= this.most)) return least;
    const made = new Session(origin, this);
    list.push(made);
    return made;
  }

  /** How many requests at once a server takes on a connection, as it said last. */
  streamsOf(key: string): number {
    return this.streams.get(key) ?? ASSUMED_STREAMS;
  }

  learn(key: string, streams: number): void {
    if (this.streams.size >= MOST_SERVERS) this.streams.clear();
    this.streams.set(key, streams);
  }

  opened(session: Session): void {
    this.onOpened();
    if (this.closed) session.end();
  }

  forget(session: Session): void {
    const list = this.sessions.get(session.origin.key);
    const at = list?.indexOf(session) ?? -1;
    if (at >= 0) list?.splice(at, 1);
    if (list?.length === 0) this.sessions.delete(session.origin.key);
  }

  close(): void {
    this.closed = true;
    for (const list of [...this.sessions.values()]) for (const session of [...list]) session.end();
  }
}

/** One connection. */
class Session {
  private readonly session: ClientHttp2Session;
  private waiting: Stream[] = [];
  private active = 0;
  private ready = false;
  /** Requests that the server takes at once. */
  private streams: number;
  problem: unknown = null;
  /** The server has said something in HTTP/2. */
  private spoken = false;
  /** The server takes no more, or it is over. */
  leaving = false;
  over = false;

  constructor(
    readonly origin: Origin,
    private readonly pool: Http2Pool,
  ) {
    const { hostname, port, tls } = origin;
    const authority = `${tls === null ? "http" : "https"}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
    this.session = connect(authority, { createConnection: () => this.connect() });
    this.streams = pool.streamsOf(origin.key);
    this.session.on("connect", () => this.begin());
    this.session.on("remoteSettings", ({ maxConcurrentStreams = ASSUMED_STREAMS }) => {
      this.spoken = true;
      this.streams = Math.max(1, maxConcurrentStreams);
      pool.learn(origin.key, this.streams);
    });
    this.session.on("error", (problem: Error & { readonly code?: unknown }) => {
      const protocol = problem.code === "ERR_HTTP2_ERROR";
      this.problem ??= protocol ? new Http2Problem(this.spoken ? "PROTOCOL_ERROR" : "not spoken") : problem;
    });
    this.session.on("goaway", () => this.turnAway());
    this.session.on("close", () => this.end());
  }

  /** Requests on it, as a share of how many it takes. */
  get load(): number {
    return (this.active + this.waiting.length) / this.streams;
  }

  /** It was used before, or is. */
  get used(): boolean {
    return this.ready;
  }

  /** It goes out as soon as there is a connection with room for it. */
  start(stream: Stream): void {
    this.waiting.push(stream);
    this.goOn();
  }

  /** A request on it has come to its end, or is not wanted any more. */
  left(stream: Stream): void {
    const at = this.waiting.indexOf(stream);
    if (at >= 0) this.waiting.splice(at, 1);
    else this.active--;
    this.goOn();
  }

  /** The server takes no more: those that have not gone out go out over another connection. */
  private turnAway(): void {
    this.leaving = true;
    for (const stream of this.waiting.splice(0)) stream.start();
  }

  private goOn(): void {
    while (this.ready && !this.leaving && this.active < this.streams && this.waiting.length > 0) {
      this.active++;
      this.waiting.shift()?.begin(this.session);
    }
  }

  end(): void {
    if (this.over) return;
    this.over = true;
    this.leaving = true;
    this.pool.forget(this);
    this.session.destroy();
    for (const stream of this.waiting.splice(0)) stream.fail(this.problem ?? CLOSED);
  }

  private begin(): void {
    if (this.over) return;
    this.ready = true;
    this.pool.opened(this);
    this.goOn();
  }

  private connect(): Socket {
    const { hostname: host, port, unix, tls } = this.origin;
    const to = unix === null ? { host, port } : { path: unix };
    if (tls === null) {
      const socket = connectOpenly(to);
      socket.once("connect", () => this.note("connected"));
      return socket;
    }
    const { serverName: servername, ...rest } = tls;
    const named = servername === undefined ? {} : { servername };
    const socket = connectByTls({ ...to, ...rest, ...named, ALPNProtocols: ["h2"] });
    socket.once("connect", () => this.note("connected"));
    socket.once("secureConnect", () => {
      this.note("agreed");
      if (socket.alpnProtocol === "h2") return;
      this.problem = new Http2Problem("not spoken");
      this.end();
    });
    return socket;
  }

  /** Of the request that it was made for; the others find it made, or being made. */
  private note(instant: "connected" | "agreed"): void {
    const first = this.waiting[0]?.instants;
    if (first !== undefined && !first.reused) first[instant] = this.pool.now();
  }
}

/** One request. */
class Stream implements Carrier {
  private session: Session | null = null;
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
  /** It came too late for its connection: the server has done nothing with it, or never heard of it. */
  private late: "refused" | "unread" | null = null;
  /** Its connection had been made before. */
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

  /** Takes its place on a connection. */
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
      // It is over, and has not told yet.
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
      // RFC 9113, 8.1.1: a body of another length than was said is no answer.
      if (this.expected !== null && this.expected !== this.bytes) this.fail(MALFORMED);
      else {
        listener.instants.whole = this.pool.now();
        this.drop()?.whole();
      }
    } else if (this.late === "unread") this.fail(this.fresh ? CLOSED : new StaleConnection("unread"));
    else if (this.late === "refused") this.fail(this.fresh ? LEFT : new StaleConnection("refused", "GOAWAY"));
    else if (code === REFUSED_STREAM && !this.answered) this.fail(this.fresh ? REFUSED : new StaleConnection("refused", "REFUSED_STREAM"));
    else if (broken || code === 0) this.fail(this.whyBroken());
    else this.fail(new Http2Problem(CODES[code] ?? `error ${code}`));
  }

  private whyBroken(): unknown {
    const { problem = null } = this.session ?? {};
    if (problem instanceof Http2Problem) return problem;
    return this.kept && !this.answered && !this.fresh ? new StaleConnection("unanswered") : CLOSED;
  }

  /** Nobody waits for it any more: who did. */
  private drop(): ResponseListener | null {
    const { listener } = this;
    this.listener = null;
    if (listener !== null) this.session?.left(this);
    return listener;
  }
}

/** The fields of a request, of the head that HTTP/1.1 would send. */
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

/** Names and values in turn. */
function flat(fields: IncomingHttpHeaders): string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    if (name.startsWith(":") || value === undefined) return [];
    return Array.isArray(value) ? value.flatMap((one) => [name, one]) : [name, String(value)];
  });
}

const CLOSED = Object.assign(new Error("the server closed the connection"), { code: "ConnectionClosed" });
const MALFORMED = Object.assign(new Error("a body of another length than was said"), { code: "Malformed" });
const REFUSED = new Http2Problem("REFUSED_STREAM");
const LEFT = new Http2Problem("GOAWAY");
