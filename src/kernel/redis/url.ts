import { printable } from "../text.ts";
import { RedisError } from "./error.ts";

/** Schemes: plain, with TLS, and over a Unix socket. */
const SCHEMES = ["redis:", "rediss:", "redis+unix:"];

/** The address of a Redis server. */
export interface RedisUrl {
  readonly href: string;
  /** The address without its password, for messages. */
  readonly shown: string;
  readonly secure: boolean;
  readonly place: { readonly hostname: string; readonly port: number } | { readonly unix: string };
  /** Empty: none. */
  readonly user: string;
  readonly password: string;
  /** Number of the database; empty: that of every new connection. */
  readonly database: string;
}

/** Checks a Redis URL: `redis://[user:password@]host[:port][/database]`, `rediss://…` with TLS. Throws `RedisError`. */
export function parseRedisUrl(text: string): RedisUrl {
  const parsed = URL.canParse(text) ? new URL(text) : null;
  if (parsed === null || !SCHEMES.includes(parsed.protocol)) throw unfit(text, "must be a URL such as redis://127.0.0.1:6379");
  const unix = parsed.protocol === "redis+unix:";
  if (!unix && parsed.hostname === "") throw unfit(text, "names no host");
  if (!unix && !/^(\/\d{0,9})?$/.test(parsed.pathname)) throw unfit(text, "may have the number of a database as its path, nothing else");
  if (!isDecodable(parsed)) throw unfit(text, "may have a % only before two hexadecimal digits that encode text");
  return {
    href: text,
    shown: withoutPassword(parsed),
    secure: parsed.protocol === "rediss:",
    place: unix ? { unix: decodeURIComponent(parsed.pathname) } : { hostname: parsed.hostname, port: Number(parsed.port) || 6379 },
    user: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database: unix ? "" : parsed.pathname.slice(1),
  };
}

function isDecodable({ username, password, pathname }: URL): boolean {
  try {
    decodeURIComponent(username + password + pathname);
    return true;
  } catch {
    return false;
  }
}

function unfit(text: string, rule: string): RedisError {
  const shown = URL.canParse(text) ? withoutPassword(new URL(text)) : text.replace(/:[^:@/]*@/, ":…@");
  return new RedisError("address", `a Redis address ${rule}, got "${printable(shown, 200)}"`);
}

function withoutPassword(url: URL): string {
  const copy = new URL(url);
  if (copy.password !== "") copy.password = "…";
  return printable(copy.href.replace("%E2%80%A6", "…"), 200);
}
