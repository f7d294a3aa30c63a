import type { Socket, TCPSocketListener } from "bun";
import { METHODS } from "../../../http/method.ts";
import { CORRELATION } from "../../../http/transport.ts";
import { RateGate } from "../../../resilience/rate-gate.ts";
import { SLOW_BODY } from "../../../scenario/fetch-schema.ts";
import type { MockSettings } from "../../../scenario/schema.ts";
import type { ServerFigures } from "../../../telemetry/fetch-figures.ts";
import { type Fault, faultFor } from "./fault.ts";
import { concatenated, endOfLine, headerOf, headOf } from "./http-text.ts";

/** The server's own counts. */
export interface MockStats extends ServerFigures {
  readonly openConnections: number;
}

/** Path at which a standalone server shows its counts. */
const STATS_PATH = "/_stats";
const LONGEST_HEAD = 16_384;
const REQUEST_LINE = new RegExp(`^(${METHODS.join("|")}) (\\S+) HTTP/1\\.[01]$`);
const CHUNK = 65_536;

interface Connection {
  /** Over the limit of connections, and not counted as accepted. */
  readonly refused: boolean;
  head: string;
  /** The head of a request whose body is incomplete. */
  asked: string | null;
  /** Bytes of a request's body still to come. */
  coming: number;
  /** It is a HEAD request. */
  bare: boolean;
  /** A request is being answered; the next one waits. */
  busy: boolean;
  gone: boolean;
  /** The client closes after the current response. */
  last: boolean;
  /** Bytes of a body still to be written. */
  left: number;
  onDrained: (() => void) | null;
}

/**
 * A tile server with faults as configured. It speaks HTTP/1.1 on bare sockets, because a well-behaved server offers no resets, truncated
 * bodies or silence.
 */
export class TileServer {
  private readonly listener: TCPSocketListener<Connection>;
  private readonly rateGate: RateGate | null;
  private readonly body: Uint8Array;
  private readonly fullAnswer: Uint8Array;
  private readonly byStatus = new Map<number, number>();
  private readonly decoder = new TextDecoder("latin1");
  /** The instant of `performance.now()` at which the clock of outages starts. */
  private origin = performance.now();
  private requests = 0;
  private connections = 0;
  private openConnections = 0;
  private refused = 0;
  private concurrency = 0;
  private peakConcurrency = 0;
  private resets = 0;
  private truncated = 0;
  private stalled = 0;
  private duringOutage = 0;

  constructor(
    private readonly settings: MockSettings,
    private readonly seed: number,
    port: number,
  ) {
    this.rateGate = settings.rateLimit > 0 ? new RateGate(settings.rateLimit) : null;
    this.body = new Uint8Array(Math.min(CHUNK, settings.bodySize)).fill(0x2e);
    this.fullAnswer = settings.bodySize <= CHUNK ? concatenated(headOf(200, settings.bodySize), this.body) : new Uint8Array();
    this.listener = Bun.listen<Connection>({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => {
          const refused = settings.maxConnections > 0 && this.openConnections >= settings.maxConnections;
          socket.data = {
            refused,
            head: "",
            asked: null,
            coming: 0,
            bare: false,
            busy: false,
            gone: refused,
            last: false,
            left: 0,
            onDrained: null,
          };
          if (refused) {
            this.refused++;
            socket.terminate();
            return;
          }
          socket.setNoDelay(true);
          this.connections++;
          this.openConnections++;
        },
        data: (socket, chunk) => {
          if (!socket.data.refused) this.receive(socket, chunk);
        },
        drain: (socket) => socket.data.onDrained?.(),
        close: (socket) => {
          socket.data.gone = true;
          if (!socket.data.refused) this.openConnections--;
        },
        error: (socket) => {
          socket.data.gone = true;
        },
      },
    });
  }

  get port(): number {
    return this.listener.port;
  }

  /** Starts the clock of outages. */
  begin(): void {
    this.origin = performance.now();
  }

  stop(): void {
    this.listener.stop(true);
  }

  get stats(): MockStats {
    return {
      requests: this.requests,
      connections: this.connections,
      openConnections: this.openConnections,
      refused: this.refused,
      peakConcurrency: this.peakConcurrency,
      byStatus: Object.fromEntries(this.byStatus),
      resets: this.resets,
      truncated: this.truncated,
      duringOutage: this.duringOutage,
      stalled: this.stalled,
    };
  }

  private receive(socket: Socket<Connection>, chunk: Uint8Array): void {
    const connection = socket.data;
    // Request bodies are counted and skipped.
    const skipped = Math.min(connection.coming, chunk.length);
    connection.coming -= skipped;
    if (skipped < chunk.length) connection.head += this.decoder.decode(skipped === 0 ? chunk : chunk.subarray(skipped));
    if (connection.head.length > LONGEST_HEAD && !connection.head.includes("\r\n\r\n")) {
      this.finish(socket, headOf(431, 0, "connection: close\r\n"), true);
      return;
    }
    this.next(socket);
  }

  /** Begins the next request of a connection, if it is complete and none is being answered. */
  private next(socket: Socket<Connection>): void {
    const connection = socket.data;
    if (connection.busy || connection.gone) return;
    if (connection.asked === null) {
      const end = connection.head.indexOf("\r\n\r\n");
      if (end < 0) return;
      connection.asked = connection.head.slice(0, end);
      const rest = connection.head.slice(end + 4);
      const length = Number(headerOf(connection.asked, "content-length") ?? 0);
      connection.head = rest.slice(length);
      connection.coming = Math.max(0, length - rest.length);
    }
    if (connection.coming > 0) return;
    const head = connection.asked;
    connection.asked = null;
    connection.busy = true;
    this.serve(socket, head);
  }

  private serve(socket: Socket<Connection>, head: string): void {
    const line = REQUEST_LINE.exec(head.slice(0, endOfLine(head)));
    if (line === null || headerOf(head, "transfer-encoding") !== null) {
      this.finish(socket, headOf(line === null ? 405 : 501, 0, `allow: ${METHODS.join(", ")}\r\nconnection: close\r\n`), true);
      return;
    }
    const path = line[2] ?? "/";
    socket.data.bare = line[1] === "HEAD";
    if (path === STATS_PATH) {
      const json = new TextEncoder().encode(JSON.stringify(this.stats));
      this.finish(socket, concatenated(headOf(200, json.length, "", "application/json"), json), false);
      return;
    }
    socket.data.last = headerOf(head, "connection")?.toLowerCase() === "close" || head.slice(0, endOfLine(head)).endsWith("HTTP/1.0");
    const ordinal = this.requests++;
    this.concurrency++;
    this.peakConcurrency = Math.max(this.peakConcurrency, this.concurrency);
    const now = performance.now() - this.origin;
    if (this.settings.outages.some(({ at, for: span }) => now * 1000 >= at && now * 1000 < at + span)) {
      this.duringOutage++;
      this.done(socket);
      this.reset(socket);
      return;
    }
    if (this.rateGate !== null && !this.rateGate.admits(now)) {
      const seconds = Math.max(0, this.settings.retryAfter / 1e6);
      this.status(socket, 429, `retry-after: ${Number.isInteger(seconds) ? seconds : seconds.toFixed(3)}\r\n`);
      return;
    }
    // Identifies the item and the attempt, in every run: each gets the same treatment in all of them.
    const attempt = /[^-]*$/.exec(headerOf(head, CORRELATION) ?? String(ordinal))?.[0];
    const fault = faultFor(this.settings, this.seed, `${path} ${attempt}`);
    if (fault.delayMs <= 0) this.fulfil(socket, fault);
    else setTimeout(() => this.fulfil(socket, fault), fault.delayMs);
  }

  private fulfil(socket: Socket<Connection>, { kind }: Fault): void {
    if (socket.data.gone) {
      this.done(socket);
      return;
    }
    const { bodySize, errorStatus } = this.settings;
    if (socket.data.bare && ["truncate", "slow", "answer"].includes(kind)) {
      this.count(200);
      this.finish(socket, headOf(200, bodySize), false, true);
      return;
    }
    switch (kind) {
      case "error":
        this.status(socket, errorStatus);
        return;
      case "reset":
        this.done(socket);
        this.reset(socket);
        return;
      case "stall":
        // Never answered: the client has to time out.
        this.stalled++;
        this.concurrency--;
        return;
      case "truncate":
        this.count(200);
        this.truncated++;
        socket.write(headOf(200, bodySize));
        socket.write(this.body.subarray(0, Math.floor(Math.min(this.body.length, bodySize) / 2)));
        this.done(socket);
        socket.end();
        return;
      case "slow":
        this.count(200);
        socket.write(headOf(200, bodySize));
        this.trickle(socket, bodySize, SLOW_BODY.pieces);
        return;
      case "answer":
        this.count(200);
        if (bodySize <= CHUNK) this.finish(socket, this.fullAnswer, false, true);
        else {
          socket.write(headOf(200, bodySize));
          socket.data.left = bodySize;
          this.pour(socket);
        }
        return;
      default:
        kind satisfies never;
    }
  }

  private status(socket: Socket<Connection>, status: number, headers = ""): void {
    this.count(status);
    this.finish(socket, headOf(status, 0, headers), false, true);
  }

  private count(status: number): void {
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
  }

  /** Writes a complete response and continues with the connection. */
  private finish(socket: Socket<Connection>, bytes: Uint8Array, close: boolean, counted = false): void {
    const written = socket.data.gone ? bytes.length : socket.write(bytes);
    if (written >= 0 && written < bytes.length) {
      const rest = bytes.subarray(written);
      socket.data.onDrained = () => {
        socket.data.onDrained = null;
        this.finish(socket, rest, close, counted);
      };
      return;
    }
    if (counted) this.done(socket);
    else socket.data.busy = false;
    if (close) socket.end();
    else if (socket.data.head !== "") this.next(socket);
  }

  /** Writes a body of any size as fast as the client reads it. */
  private pour(socket: Socket<Connection>): void {
    const connection = socket.data;
    while (connection.left > 0 && !connection.gone) {
      const piece = this.body.subarray(0, Math.min(this.body.length, connection.left));
      const written = Math.max(0, socket.write(piece));
      connection.left -= written;
      if (written < piece.length) {
        connection.onDrained = () => this.pour(socket);
        return;
      }
    }
    connection.onDrained = null;
    this.done(socket);
    this.next(socket);
  }

  private trickle(socket: Socket<Connection>, left: number, steps: number): void {
    if (socket.data.gone || steps === 0 || left === 0) {
      this.done(socket);
      if (!socket.data.gone) this.next(socket);
      return;
    }
    const size = Math.min(this.body.length, steps === 1 ? left : Math.ceil(left / steps));
    socket.write(this.body.subarray(0, size));
    setTimeout(() => this.trickle(socket, left - size, size < left && steps === 1 ? 1 : steps - 1), SLOW_BODY.pauseMs);
  }

  private done(socket: Socket<Connection>): void {
    this.concurrency--;
    socket.data.busy = false;
    if (socket.data.last && !socket.data.gone) socket.end();
  }

  private reset(socket: Socket<Connection>): void {
    this.resets++;
    // A response that has begun: a kept connection that fails before one is replaced unseen, and would be no visible fault.
    socket.write("HTTP/1.1 ");
    socket.terminate();
  }
}
