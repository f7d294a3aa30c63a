import type { Socket } from "bun";
import { HttpParser, type ResponseParser } from "./parser.ts";

/** Where a request goes, and what is said there. */
export interface Destination {
  /** Scheme, host and port. */
  readonly origin: string;
  readonly hostname: string;
  readonly port: number;
  /** The request up to its correlation id, and from there on. */
  readonly before: string;
  readonly after: string;
}

/** Whoever waits for an answer. */
export interface Listener {
  head(status: number, fields: readonly string[]): void;
  body(bytes: number): void;
  /** The answer is whole. */
  whole(): void;
  /** It never will be. */
  failed(problem: unknown): void;
}

/** Who keeps connections that nobody uses. */
export interface Keeper {
  keep(connection: Connection): void;
  /** It is made. */
  connected(connection: Connection): void;
  forget(connection: Connection): void;
}

/** Bytes of the head of an answer at most. */
const MOST_HEAD = 65_536;
/** Heads that announce another one (RFC 9110, 15.2) before the one that counts, at most. */
const MOST_INTERIM = 100;
const SWITCHING = 101;

/** One connection to a server, with one request on it at a time (HTTP/1.1, RFC 9112). */
export class Connection {
  private socket: Socket<Connection> | null = null;
  private readonly parser: ResponseParser;
  private listener: Listener | null = null;
  /** What the socket has not taken yet. */
  private unsent: Uint8Array | null = null;
  private fields: string[] = [];
  private interim = 0;
  /** The head that was read last announces another one. */
  private announced = false;
  private headDone = false;
  private whole = false;
  /** As the server has it. */
  private reusable = false;
  private over = false;

  constructor(
    readonly origin: string,
    private readonly keeper: Keeper,
    private readonly keepAlive: boolean,
  ) {
    this.parser = this.makeParser();
  }

  /** Connects, and asks as soon as that is done. */
  open({ hostname, port }: Destination, request: string, listener: Listener): void {
    this.ask(request, listener);
    Bun.connect<Connection>({ hostname, port, socket: HANDLERS, data: this }).catch((problem: unknown) => this.fail(problem));
  }

  ask(request: string, listener: Listener): void {
    this.listener = listener;
    this.interim = 0;
    this.headDone = false;
    this.whole = false;
    this.reusable = false;
    const written = this.socket === null ? 0 : this.socket.write(request);
    if (written < 0) this.fail(CLOSED);
    else if (written < request.length) this.unsent = Buffer.from(request, "latin1").subarray(written);
  }

  /** True until it is made, or cannot be. */
  get connecting(): boolean {
    return this.socket === null && !this.over;
  }

  /**
   * Whoever asked does not want the answer any more. A connection that is still being made cannot be called off (Bun gives no handle before):
   * it is for the next who goes there, so that there are never more of them than are asked on at once.
   */
  giveUp(): void {
    if (!this.connecting) {
      this.end();
      return;
    }
    this.listener = null;
    this.unsent = null;
    this.keeper.keep(this);
  }

  end(): void {
    this.over = true;
    this.listener = null;
    this.socket?.terminate();
  }

  opened(socket: Socket<Connection>): void {
    this.socket = socket;
    if (this.over) {
      socket.terminate();
      return;
    }
    this.keeper.connected(this);
    this.goOn();
  }

  /** Hands the socket what it has room for. */
  goOn(): void {
    if (this.unsent === null || this.socket === null) return;
    const written = this.socket.write(this.unsent);
    this.unsent = written >= 0 && written < this.unsent.length ? this.unsent.subarray(written) : null;
  }

  received(bytes: Uint8Array): void {
    // A server that speaks unasked is not heard when it is asked the next time.
    if (this.listener === null) {
      this.drop();
      return;
    }
    const problem = this.parser.execute(bytes);
    if (this.whole) this.finish(!(problem instanceof Error));
    else if (problem instanceof Error) this.fail(problem);
  }

  /** Nothing more will come. */
  ended(): void {
    if (this.over) return;
    // An answer without a length ends here.
    if (this.listener !== null && this.headDone) this.parser.finish();
    if (this.whole) this.finish(false);
    else this.fail(CLOSED);
  }

  fail(problem: unknown): void {
    const { listener } = this;
    this.drop();
    listener?.failed(problem);
  }

  private finish(clean: boolean): void {
    const { listener } = this;
    this.listener = null;
    if (clean && this.keepAlive && this.reusable) this.keeper.keep(this);
    else this.drop();
    listener?.whole();
  }

  private drop(): void {
    if (this.over) return;
    this.end();
    this.keeper.forget(this);
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
      _major: number,
      _minor: number,
      fields: string[] | undefined,
      _method: unknown,
      _url: unknown,
      status: number,
      _reason: string,
      _upgrade: boolean,
      shouldKeepAlive: boolean,
    ) => this.onHead(status, fields, shouldKeepAlive);
    // A second answer to one request: neither it nor the connection is used.
    parser[HttpParser.kOnMessageBegin] = () => {
      if (this.whole) this.reusable = false;
    };
    parser[HttpParser.kOnBody] = (bytes: Uint8Array) => {
      if (!this.whole) this.listener?.body(bytes.length);
    };
    parser[HttpParser.kOnMessageComplete] = () => this.onWhole();
    return parser;
  }

  private onHead(status: number, fields: string[] | undefined, shouldKeepAlive: boolean): number {
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
    this.reusable = shouldKeepAlive && sensible;
    this.listener?.head(sensible ? status : 0, all);
    return 0;
  }

  private onWhole(): void {
    this.whole = !this.announced;
  }
}

const CLOSED = Object.assign(new Error("the server closed the connection"), { code: "ConnectionClosed" });

/** One for all connections; the socket knows its own. */
const HANDLERS = {
  open: (socket: Socket<Connection>) => socket.data.opened(socket),
  data: ({ data }: Socket<Connection>, bytes: Uint8Array) => data.received(bytes),
  drain: ({ data }: Socket<Connection>) => data.goOn(),
  end: ({ data }: Socket<Connection>) => data.ended(),
  close: ({ data }: Socket<Connection>) => data.ended(),
  error: ({ data }: Socket<Connection>, problem: Error) => data.fail(problem),
  connectError: ({ data }: Socket<Connection>, problem: Error) => data.fail(problem),
};
