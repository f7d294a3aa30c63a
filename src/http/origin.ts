import { isIP } from "node:net";
import type { TlsRule } from "./tls.ts";
import { ACCEPTED, USER_AGENT } from "./transport.ts";

/** A server, and what is said to it with every request. */
export interface Origin {
  /** Scheme, host and port. */
  readonly address: string;
  /** Tells the connections that will do for it from all others. */
  readonly key: string;
  readonly hostname: string;
  readonly port: number;
  /** The socket of this machine that leads there; null: the network does. */
  readonly unix: string | null;
  /** How it is spoken to; null: openly. */
  readonly tls: TlsRule | null;
  /** What follows the correlation id: the other fields, as `fetch` sends them, and the end of the head. */
  readonly rest: string;
}

/** Where an address leads. */
export interface Destination {
  readonly origin: Origin;
  /** What is asked for there: path and query. */
  readonly path: string;
}

/** How places are gone to. */
export interface OriginRule {
  readonly tls?: TlsRule | undefined;
  /** Header fields beside the client's own, or instead of them, as lines. */
  readonly lines?: readonly string[] | undefined;
  /** The socket of this machine that leads to all of them. */
  readonly unix?: string | undefined;
  /** Follows the origin in their keys. */
  readonly mark?: string;
}

/** Most servers that are remembered. */
const MOST = 1000;

/** Takes addresses apart: a server's once for all, unless there is something about them that only URL can tell. */
export class OriginCache {
  private readonly known = new Map<string, Origin | null>();
  /** What the address looked at last begins with, up to its path. */
  private prefix = "";
  private origin: Origin | null = null;

  constructor(
    private readonly keepAlive: boolean,
    private readonly manner: OriginRule = {},
  ) {}

  find(url: string): Destination {
    if (this.prefix === "" || !url.startsWith(this.prefix)) this.turnTo(url.slice(0, pathOf(url) + 1));
    const path = this.prefix.length - 1;
    if (this.origin !== null && isPlain(url, path)) return { origin: this.origin, path: url.slice(path) };
    const whole = new URL(url);
    const [spelt = ""] = whole.href.split("#", 1);
    return { origin: this.origin ?? this.make(whole), path: spelt.slice(pathOf(spelt)) };
  }

  private turnTo(prefix: string): void {
    let origin = this.known.get(prefix);
    if (origin === undefined) {
      origin = this.read(prefix);
      if (this.known.size >= MOST) this.known.clear();
      this.known.set(prefix, origin);
    }
    this.prefix = prefix;
    this.origin = origin;
  }

  /** null where what stands before the first slash is more than a server. */
  private read(prefix: string): Origin | null {
    if (!URL.canParse(prefix)) return null;
    const url = new URL(prefix);
    return url.pathname === "/" && url.search === "" && url.hash === "" ? this.make(url) : null;
  }

  private make({ protocol, origin, host, hostname: name, port, username, password }: URL): Origin {
    const secure = protocol === "https:";
    // An IPv6 address stands in brackets in a URL, and nowhere else.
    const hostname = name.replace(/^\[|\]$/g, "");
    const { tls = {}, lines = [], unix, mark = "" } = this.manner;
    const said = new Set(lines.map(nameOf));
    // Over a socket of this machine Bun holds a server to no address, only to a name.
    const named = isIP(hostname) === 0 || unix !== undefined;
    const own = [
      ...(username === "" && password === "" ? [] : [`Authorization: Basic ${credentials(username, password)}`]),
      `Connection: ${this.keepAlive ? "keep-alive" : "close"}`,
      `User-Agent: ${USER_AGENT}`,
      "Accept: */*",
      `Accept-Encoding: ${ACCEPTED}`,
      `Host: ${host}`,
    ];
    const fields = [...own.filter((line) => !said.has(nameOf(line))), ...lines];
    return {
      address: origin,
      key: `${origin}${mark}`,
      hostname,
      port: Number(port || (secure ? 443 : 80)),
      unix: unix ?? null,
      tls: secure ? { rejectUnauthorized: true, ...(named ? { serverName: hostname } : {}), ...tls } : null,
      rest: `\r\n${fields.join("\r\n")}\r\n\r\n`,
    };
  }
}

/** Where the path of an http or https URL begins. */
function pathOf(url: string): number {
  return url.indexOf("/", url.indexOf("://") + "://".length);
}

/** What URL leaves as it is in path and query, by the WHATWG URL Standard; of what it might not, some more is left out. */
const PLAIN = /^[\w\-/~.?=&+,:;@!$*()]*$/;

/** True when path and query, which begin at that place, are spelt as URL would spell them. */
export function isPlain(url: string, from: number): boolean {
  return PLAIN.test(url.slice(from)) && url.indexOf("/.", from) < 0;
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(":")).toLowerCase();
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
