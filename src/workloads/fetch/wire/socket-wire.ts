import type { Connection, Destination, Listener } from "./connection.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import { CORRELATION, type Head, isShort, type Wire } from "./wire.ts";

/**
 * Plain HTTP/1.1 on sockets of this thread, where a body is counted and not kept: half of what the same request costs by `fetch`,
 * which hands it to a thread of its own and back.
 */
export class SocketWire implements Wire, Listener, Head {
  bytes = 0;
  status = 0;
  private fields: readonly string[] = [];
  private connection: Connection | null = null;
  private done = false;
  private problem: unknown = null;
  /** Who waits for the head, then for the end. */
  private resolve: ((head: Head) => void) | null = null;
  private reject: ((problem: unknown) => void) | null = null;
  private url = "";
  private to: Destination | null = null;
  private id = "";

  constructor(
    private readonly pool: ConnectionPool,
    private readonly keepAlive: boolean,
  ) {}

  send(url: string, id: string): Promise<Head> {
    if (this.to === null || url !== this.url) {
      this.to = destinationOf(url, this.keepAlive);
      this.url = url;
    }
    this.id = id;
    this.bytes = 0;
    this.status = 0;
    this.done = false;
    this.problem = null;
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.ask(false);
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

  stale(): void {
    this.ask(true);
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
    const to = this.to as Destination;
    // Known before it is asked: it may fail at once.
    this.connection = this.pool.take(to.origin, fresh);
    this.connection.ask(to, `${to.before}${this.id}${to.after}`, this);
  }
}

/** Where an address leads, and what is said there: as `fetch` says it. */
function destinationOf(url: string, keepAlive: boolean): Destination {
  const { href, origin, host, hostname, port, pathname, search, username, password } = new URL(url);
  // An empty query is one, though URL does not tell.
  const query = href.split("#", 1)[0]?.endsWith("?") ? "?" : search;
  const fields = [
    ...(username === "" && password === "" ? [] : [`Authorization: Basic ${credentials(username, password)}`]),
    `Connection: ${keepAlive ? "keep-alive" : "close"}`,
    `User-Agent: Bun/${Bun.version}`,
    "Accept: */*",
    `Host: ${host}`,
  ];
  return {
    origin,
    // An IPv6 address stands in brackets in a URL, and nowhere else.
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || 80),
    before: `GET ${pathname}${query} HTTP/1.1\r\n${CORRELATION}: `,
    after: `\r\n${fields.join("\r\n")}\r\n\r\n`,
  };
}

function credentials(username: string, password: string): string {
  return Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64");
}

/** As it is where it is no percent-encoding. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
