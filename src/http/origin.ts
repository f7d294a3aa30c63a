import { isIP } from "node:net";
import type { TlsRule } from "./tls.ts";
import { ACCEPTED, USER_AGENT } from "./transport.ts";

/** An origin, and the fixed part of every request to it. */
export interface Origin {
  /** Scheme, host and port. */
  readonly address: string;
  /** Connections with the same key are interchangeable. */
  readonly key: string;
  readonly hostname: string;
  readonly port: number;
  /** Path of the Unix socket that leads there; null: TCP. */
  readonly unix: string | null;
  /** TLS settings; null: plain text. */
  readonly tls: TlsRule | null;
  /** The head after the correlation id: further fields, as `fetch` sends them, and the end of the head. */
  readonly rest: string;
}

/** Origin and path of an address. */
export interface Destination {
  readonly origin: Origin;
  /** Path and query. */
  readonly path: string;
}

/** Rules for connecting to origins. */
export interface OriginRule {
  readonly tls?: TlsRule | undefined;
  /** Header lines beside the client's own, or in place of them. */
  readonly lines?: readonly string[] | undefined;
  /** Path of a Unix socket that leads to all of them. */
  readonly unix?: string | undefined;
  /** Suffix of their keys. */
  readonly mark?: string;
}

/** Most origins remembered. */
const MOST = 1000;

/** Splits addresses: each origin is parsed once, unless only `URL` can parse the address. */
export class OriginCache {
  private readonly known = new Map<string, Origin | null>();
  /** The previous address up to its path. */
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

  /** null where the part before the first slash is more than an origin. */
  private read(prefix: string): Origin | null {
    if (!URL.canParse(prefix)) return null;
    const url = new URL(prefix);
    return url.pathname === "/" && url.search === "" && url.hash === "" ? this.make(url) : null;
  }

  private make({ protocol, origin, host, hostname: name, port, username, password }: URL): Origin {
    const secure = protocol === "https:";
    // IPv6 addresses stand in brackets in URLs only.
    const hostname = name.replace(/^\[|\]$/g, "");
    const { tls = {}, lines = [], unix, mark = "" } = this.manner;
    const said = new Set(lines.map(nameOf));
    // Over a Unix socket Bun verifies a name, but no address.
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

/** Index at which the path of an http or https URL begins. */
function pathOf(url: string): number {
  return url.indexOf("/", url.indexOf("://") + "://".length);
}

/** Path and query that `URL` leaves unchanged (WHATWG URL Standard); conservative. */
const PLAIN = /^[\w\-/~.?=&+,:;@!$*()]*$/;

/** True when path and query, from that index on, are spelt as `URL` would spell them. */
export function isPlain(url: string, from: number): boolean {
  return PLAIN.test(url.slice(from)) && url.indexOf("/.", from) < 0;
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(":")).toLowerCase();
}

function credentials(username: string, password: string): string {
  return Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64");
}

/** Percent-decoded; unchanged where that is invalid. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
