import type { Socket } from "bun";
import type { Nanoseconds } from "../kernel/clock.ts";
import { isEnded, isUnheard } from "../kernel/tcp-info.ts";
import type { Carrier } from "./carrier.ts";
import { connect } from "./connect.ts";
import { announcesBody, fits, saysClose, together } from "./framing.ts";
import type { RequestInstants } from "./instants.ts";
import type { Origin } from "./origin.ts";
import { HttpParser, type ResponseParser } from "./parser.ts";
import { StaleConnection, TlsProblem } from "./transport.ts";

/** Receiver of a response. */
export interface ResponseListener {
  /** Progress of the request, written by the connection. */
  readonly instants: RequestInstants;
  head(status: number, fields: readonly string[]): void;
  /** A piece of the body; its bytes belong to the connection and are valid only during the call. */
  body(bytes: Uint8Array): void;
  /** The response is complete. */
  whole(): void;
  /** The response will never be complete. */
  failed(problem: unknown): void;
}

/** Owner of connections: keeps idle ones, and is notified of the end of each. */
export interface ConnectionOwner {
  now(): Nanoseconds;
  keep(connection: Connection): void;
  /** Abandoned while being opened, which Bun offers no means to cancel. */
  abandoned(connection: Connection): void;
  /** Open. */
  connected(connection: Connection): void;
  /** Closed. */
  forget(connection: Connection): void;
}

/** Most bytes of a response's head. */
const MOST_HEAD = 65_536;
/** Tells the parser that a response has no body, whatever its head says. */
const NO_BODY = 1;
/** Most interim responses (RFC 9110, 15.2) before the final one. */
const MOST_INTERIM = 100;
const SWITCHING = 101;

/**
 * One connection to a server, with one request on it at a time (HTTP/1.1, RFC 9112).
 *
 * | state      | event                                             | next                                      |
 * |------------|---------------------------------------------------|-------------------------------------------|
 * | unopened   | `ask`                                             | connecting                                |
 * | connecting | the socket opens, and TLS agrees where it is used | asked                                     |
 * | connecting | it does not, or TLS does not agree                | over; the request has failed              |
 * | asked      | a head that announces another one (1xx)           | asked                                     |
 * | asked      | the head that counts                              | answering                                 |
 * | answering  | the answer is whole, and the connection goes on   | idle: its owner keeps it                  |
 * | answering  | the answer is whole, or ends with the connection  | over                                      |
 * | asked      | the server ends it, or it breaks                  | over: `StaleConnection` if it was idle before, and nothing came |
 * | idle       | `ask`                                             | asked                                     |
 * | idle       | the server ends it, or speaks unasked             | over: its owner forgets it                |
 * | any        | `abort`, `end`                                    | over, without notice                      |
 */
export class Connection implements Carrier {
  private socket: Socket<Connection> | null = null;
  private readonly parser: ResponseParser;
  private listener: ResponseListener | null = null;
  /** Bytes that the socket has not taken yet. */
  private unsent: Uint8Array | null = null;
  /** Bytes to write after those. */
  private later: Uint8Array | null = null;
  private fields: string[] = [];
  private interim = 0;
  /** The head read last was of an interim response. */
  private announced = false;
  private headDone = false;
  private whole = false;
  /** A kept connection that has not answered the current request yet: it may have been closed before. */
  private doubtful = false;
  /** The response to the current request has no body. */
  private bare = false;
  /** Whether the server keeps the connection open. */
  private reusable = false;
  private over = false;
  /** Writable, now or after the TLS handshake. */
  private ready = false;
  private paused = false;
  /** Accept any certificate. */
  private trusting = false;

  constructor(
    /** Key of its origin. */
    readonly key: string,
    private readonly owner: ConnectionOwner,
    private readonly keepAlive: boolean,
  ) {
    this.parser = this.makeParser();
  }

  /** Sends a request, after connecting if necessary. `bare`: the response has no body, whatever its head says. */
  ask(origin: Origin, head: string, content: Uint8Array | null, bare: boolean, listener: ResponseListener): void {
    this.listener = listener;
    this.interim = 0;
    this.headDone = false;
    this.whole = false;
    this.reusable = false;
    this.doubtful = this.ready;
    this.bare = bare;
    const { instants } = listener;
    if (this.socket === null) {
      instants.begun = this.owner.now();
      this.hold(head, content);
      this.trusting = origin.tls?.rejectUnauthorized === false;
      connect(origin, this).catch((problem: unknown) => this.fail(problem));
      return;
    }
    instants.reused = true;
    // A request with a body may not be repeatable and would be half lost: it is not begun on a connection that the peer has closed.
    if (content !== null && isEnded(fdOf(this.socket))) {
      this.fail(new StaleConnection("unread"));
      return;
    }
    instants.sent = this.owner.now();
    const piece = content === null || !fits(head, content) ? head : together(head, content);
    const written = this.socket.write(piece);
    if (written < 0) this.fail(new StaleConnection("unread"));
    else if (written < piece.length || piece === head) this.holdRest(head, content, written);
  }

  /** Holds a whole request to be sent. */
  private hold(head: string, content: Uint8Array | null): void {
    const whole = content !== null && fits(head, content);
    this.unsent = whole ? Uint8Array.from(together(head, content)) : Buffer.from(head, "latin1");
    this.later = whole ? null : content;
  }

  /** Holds the rest of a request after its first `written` bytes. */
  private holdRest(head: string, content: Uint8Array | null, written: number): void {
    if (content === null && written === head.length) return;
    this.hold(head, content);
    this.unsent = this.unsent?.subarray(written) ?? null;
    this.goOn();
  }

  /** Aborts the request: its response is no longer wanted. */
  abort(): void {
    if (this.socket === null && !this.over) this.owner.abandoned(this);
    this.end();
  }

  end(): void {
    this.over = true;
    this.listener = null;
    this.socket?.terminate();
  }

  opened(socket: Socket<Connection>, ready: boolean): void {
    this.socket = socket;
    this.ready = ready;
    this.owner.connected(this);
    if (this.listener !== null) this.listener.instants.connected = this.owner.now();
    if (this.over) socket.terminate();
    else this.goOn();
  }

  /** Ends the TLS handshake, successfully or not. */
  agreed(success: boolean, problem: Error | null): void {
    // With a certificate for another name Bun reports failure even where any certificate is accepted, and continues.
    this.ready = success || (this.trusting && !isOfHandshake(problem));
    if (!this.ready) {
      this.fail(new TlsProblem(problem));
      return;
    }
    if (this.listener !== null) this.listener.instants.agreed = this.owner.now();
    this.goOn();
  }

  /** Pauses reading. */
  pause(): void {
    this.paused = true;
    this.socket?.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.socket?.resume();
  }

  /** Writes as much as the socket has room for. */
  goOn(): void {
    if (this.unsent === null || this.socket === null || !this.ready) return;
    if (this.listener !== null) this.listener.instants.sent = this.owner.now();
    while (this.unsent !== null) {
      const written = this.socket.write(this.unsent);
      if (written < 0) {
        this.ended();
        return;
      }
      if (written < this.unsent.length) {
        this.unsent = this.unsent.subarray(written);
        return;
      }
      this.unsent = this.later;
      this.later = null;
    }
  }

  received(bytes: Uint8Array): void {
    // What a server sends unasked must not be read as the response to the next request.
    if (this.listener === null) {
      this.drop();
      return;
    }
    this.doubtful = false;
    const { instants } = this.listener;
    if (Number.isNaN(instants.first)) instants.first = this.owner.now();
    const problem = this.parser.execute(bytes);
    if (this.whole) this.finish(!(problem instanceof Error));
    else if (problem instanceof Error) this.fail(problem);
  }

  /** Called when the server has closed its side. */
  ended(): void {
    if (this.over) return;
    const { listener } = this;
    // A response without a length ends here.
    if (listener !== null && this.headDone) this.parser.finish();
    if (this.whole) this.finish(false);
    else if (this.doubtful && listener !== null) this.fail(new StaleConnection(isUnheard(fdOf(this.socket)) ? "unread" : "unanswered"));
    else this.fail(CLOSED);
  }

  /** Called when the system reports a broken connection. */
  broken(problem: unknown): void {
    this.fail(this.doubtful && this.listener !== null ? new StaleConnection("reset") : problem);
  }

  fail(problem: unknown): void {
    const { listener } = this;
    this.drop();
    listener?.failed(problem);
  }

  private finish(clean: boolean): void {
    const { listener } = this;
    this.resume();
    this.listener = null;
    if (listener !== null) listener.instants.whole = this.owner.now();
    // Unsent bytes would be taken for a part of the next request.
    if (clean && this.keepAlive && this.reusable && this.unsent === null) this.owner.keep(this);
    else this.drop();
    listener?.whole();
  }

  private drop(): void {
    this.owner.forget(this);
    if (!this.over) this.end();
  }

  private makeParser(): ResponseParser {
    if (HttpParser === null) throw new Error("this Bun has no parser of HTTP");
    const parser = new HttpParser();
    parser.initialize(HttpParser.RESPONSE, {}, MOST_HEAD);
    // Long heads, and trailers, come in several pieces.
    parser[HttpParser.kOnHeaders] = (fields: string[]) => {
      if (!this.headDone) this.fields.push(...fields);
    };
    parser[HttpParser.kOnHeadersComplete] = (
      major: number,
      minor: number,
      fields: string[] | undefined,
      _method: unknown,
      _url: unknown,
      status: number,
      _reason: string,
      _upgrade: boolean,
      shouldKeepAlive: boolean,
    ) => this.onHead(status, fields, shouldKeepAlive, major === 1 && minor === 1);
    // A second response to one request: neither it nor the connection is used.
    parser[HttpParser.kOnMessageBegin] = () => {
      if (this.whole) this.reusable = false;
    };
    parser[HttpParser.kOnBody] = (bytes: Uint8Array) => {
      if (!this.whole) this.listener?.body(bytes);
    };
    parser[HttpParser.kOnMessageComplete] = () => this.onWhole();
    return parser;
  }

  private onHead(status: number, fields: string[] | undefined, shouldKeepAlive: boolean, persistent: boolean): number {
    const all = this.fields.length === 0 ? (fields ?? []) : [...this.fields, ...(fields ?? [])];
    if (this.fields.length > 0) this.fields = [];
    if (this.whole) return 0;
    const sensible = status !== SWITCHING && this.interim < MOST_INTERIM;
    this.announced = status >= 100 && status < 200 && sensible;
    if (this.announced) {
      this.interim++;
      return 0;
    }
    this.headDone = true;
    // The parser assumes that a response without a length ends with its connection, which is not so for one without a body.
    const goesOn = shouldKeepAlive || (this.bare && persistent && !saysClose(all));
    this.reusable = goesOn && sensible && ((status !== 204 && status !== 304) || !announcesBody(status, all));
    this.listener?.head(sensible ? status : 0, all);
    return this.bare ? NO_BODY : 0;
  }

  private onWhole(): void {
    this.whole = !this.announced;
  }
}

/** True for a failed handshake, false for an unaccepted certificate. */
function isOfHandshake(problem: (Error & { readonly code?: unknown }) | null): boolean {
  return problem === null || /^E(PROTO|CONN|PIPE)/.test(String(problem.code));
}

/** File descriptor of a socket, which Bun's types do not declare; undefined where there is none. */
function fdOf(socket: object | null): unknown {
  return socket !== null && "fd" in socket ? socket.fd : undefined;
}

const CLOSED = Object.assign(new Error("the server closed the connection"), { code: "ConnectionClosed" });
