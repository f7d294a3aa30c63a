import type { Socket } from "bun";
import type { Nanoseconds } from "../kernel/clock.ts";
import { isEnded, isUnheard } from "../kernel/unheard.ts";
import type { Carrier } from "./carrier.ts";
import { connect } from "./connect.ts";
import { announcesBody, fits, saysClose, together } from "./framing.ts";
import type { Instants } from "./instants.ts";
import type { Origin } from "./origin.ts";
import { HttpParser, type ResponseParser } from "./parser.ts";
import { StaleConnection, TlsProblem } from "./transport.ts";

/** Whoever waits for an answer. */
export interface ResponseListener {
  /** How far its request has come, as the connection tells it. */
  readonly instants: Instants;
  head(status: number, fields: readonly string[]): void;
  /** A piece of the body; its bytes are the connection's own, and others a moment later. */
  body(bytes: Uint8Array): void;
  /** The answer is whole. */
  whole(): void;
  /** It never will be. */
  failed(problem: unknown): void;
}

/** Who keeps connections that nobody uses, and is told what becomes of all. */
export interface ConnectionOwner {
  now(): Nanoseconds;
  keep(connection: Connection): void;
  /** Nobody wants it any more, and it is still being made: Bun gives no means to call that off. */
  abandoned(connection: Connection): void;
  /** It is made. */
  connected(connection: Connection): void;
  /** It is over. */
  forget(connection: Connection): void;
}

/** Bytes of the head of an answer at most. */
const MOST_HEAD = 65_536;
/** What the parser is told of an answer that has no body, whatever its head says. */
const NO_BODY = 1;
/** Heads that announce another one (RFC 9110, 15.2) before the one that counts, at most. */
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
 * | any        | `abort`, `end`                                    | over; nobody hears of it                  |
 */
export class Connection implements Carrier {
  private socket: Socket<Connection> | null = null;
  private readonly parser: ResponseParser;
  private listener: ResponseListener | null = null;
  /** What the socket has not taken yet. */
  private unsent: Uint8Array | null = null;
  /** And what it is to take then. */
  private later: Uint8Array | null = null;
  private fields: string[] = [];
  private interim = 0;
  /** The head that was read last announces another one. */
  private announced = false;
  private headDone = false;
  private whole = false;
  /** It was asked before, and has said nothing yet to what it is asked now. */
  private doubtful = false;
  /** What it is asked now is answered without a body. */
  private bare = false;
  /** As the server has it. */
  private reusable = false;
  private over = false;
  /** What can be written to, or is about to be: TLS has to agree first. */
  private ready = false;
  private paused = false;
  /** Any server will do. */
  private trusting = false;

  constructor(
    /** Of the place it leads to. */
    readonly key: string,
    private readonly owner: ConnectionOwner,
    private readonly keepAlive: boolean,
  ) {
    this.parser = this.makeParser();
  }

  /** Asks; connects first where that is not done. `bare`: an answer has no body, whatever its head says of one. */
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
    // What has a body may be what is not sent twice, and would be half lost: it is not begun where nobody listens.
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

  /** All of a request is to be sent. */
  private hold(head: string, content: Uint8Array | null): void {
    const whole = content !== null && fits(head, content);
    this.unsent = whole ? Uint8Array.from(together(head, content)) : Buffer.from(head, "latin1");
    this.later = whole ? null : content;
  }

  /** What follows so many bytes of a request is to be sent. */
  private holdRest(head: string, content: Uint8Array | null, written: number): void {
    if (content === null && written === head.length) return;
    this.hold(head, content);
    this.unsent = this.unsent?.subarray(written) ?? null;
    this.goOn();
  }

  /** Whoever asked does not want the answer any more. */
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

  /** TLS has agreed with the server, or not. */
  agreed(success: boolean, problem: Error | null): void {
    // Of a server whose certificate is for another name Bun says that it failed even where any server will do, and goes on.
    this.ready = success || (this.trusting && !isOfHandshake(problem));
    if (!this.ready) {
      this.fail(new TlsProblem(problem));
      return;
    }
    if (this.listener !== null) this.listener.instants.agreed = this.owner.now();
    this.goOn();
  }

  /** Reads no more for now. */
  pause(): void {
    this.paused = true;
    this.socket?.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.socket?.resume();
  }

  /** Hands the socket what it has room for. */
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
    // A server that speaks unasked is not heard when it is asked the next time.
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

  /** The server has said all it will say. */
  ended(): void {
    if (this.over) return;
    const { listener } = this;
    // An answer without a length ends here.
    if (listener !== null && this.headDone) this.parser.finish();
    if (this.whole) this.finish(false);
    else if (this.doubtful && listener !== null) this.fail(new StaleConnection(isUnheard(fdOf(this.socket)) ? "unread" : "unanswered"));
    else this.fail(CLOSED);
  }

  /** The system says that the connection is broken. */
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
    // What is not sent yet would be taken for a part of the next request.
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
    // Long heads come in several pieces, and trailers in the same way.
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
    // A second answer to one request: neither it nor the connection is used.
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
    // The parser takes an answer without a length for one that ends with its connection, which one without a body does not.
    const goesOn = shouldKeepAlive || (this.bare && persistent && !saysClose(all));
    this.reusable = goesOn && sensible && ((status !== 204 && status !== 304) || !announcesBody(status, all));
    this.listener?.head(sensible ? status : 0, all);
    return this.bare ? NO_BODY : 0;
  }

  private onWhole(): void {
    this.whole = !this.announced;
  }
}

/** True of a problem with the handshake itself, false of one with what the server has shown. */
function isOfHandshake(problem: (Error & { readonly code?: unknown }) | null): boolean {
  return problem === null || /^E(PROTO|CONN|PIPE)/.test(String(problem.code));
}

/** The number of its file, which Bun's types do not know of; undefined where there is none. */
function fdOf(socket: object | null): unknown {
  return socket !== null && "fd" in socket ? socket.fd : undefined;
}

const CLOSED = Object.assign(new Error("the server closed the connection"), { code: "ConnectionClosed" });
