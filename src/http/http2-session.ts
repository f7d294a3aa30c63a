import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectOpenly, type Socket } from "node:net";
import { connect as connectByTls } from "node:tls";
import type { Http2Pool } from "./http2.ts";
import { CONNECTION_CLOSED, Http2Problem } from "./http2-problem.ts";
import type { Stream } from "./http2-stream.ts";
import type { Origin } from "./origin.ts";

/** Concurrent streams of a server that has set no limit. */
export const ASSUMED_STREAMS = 100;

/**
 * One HTTP/2 connection.
 *
 * | state      | event                                           | next                                           |
 * |------------|-------------------------------------------------|------------------------------------------------|
 * | connecting | it is connected                                 | open: waiting requests are sent                |
 * | connecting | it fails, or the server does not speak HTTP/2   | over: waiting requests fail                    |
 * | open       | a request, and fewer streams than the limit     | open: it is sent                               |
 * | open       | a request, and as many streams as the limit     | open: it waits                                 |
 * | open       | GOAWAY                                          | leaving: waiting requests move to another one  |
 * | any        | it is closed, or `end`                          | over: waiting requests fail                    |
 */
export class Http2Session {
  private readonly session: ClientHttp2Session;
  private waiting: Stream[] = [];
  private active = 0;
  private ready = false;
  /** Concurrent streams that the server accepts. */
  private streams: number;
  problem: unknown = null;
  /** The server has sent an HTTP/2 frame. */
  private spoken = false;
  /** The server accepts no more streams, or the connection is closed. */
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

  /** Streams in use as a share of those accepted. */
  get load(): number {
    return (this.active + this.waiting.length) / this.streams;
  }

  /** True once it is open, and so has carried a request. */
  get used(): boolean {
    return this.ready;
  }

  /** Queues a stream, which starts as soon as there is a slot. */
  start(stream: Stream): void {
    this.waiting.push(stream);
    this.goOn();
  }

  /** Called when a request has ended or was abandoned. */
  left(stream: Stream): void {
    const at = this.waiting.indexOf(stream);
    if (at >= 0) this.waiting.splice(at, 1);
    else this.active--;
    this.goOn();
  }

  /** The server accepts no more: waiting streams move to another connection. */
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
    for (const stream of this.waiting.splice(0)) stream.fail(this.problem ?? CONNECTION_CLOSED);
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

  /** Records instants for the request that opened the connection; others find it open or being opened. */
  private note(instant: "connected" | "agreed"): void {
    const first = this.waiting[0]?.instants;
    if (first !== undefined && !first.reused) first[instant] = this.pool.now();
  }
}
