import { createHash, timingSafeEqual } from "node:crypto";
import { type Admitted, refusalOf } from "../../kernel/http-guard.ts";
import { type BucketRule, TokenBuckets } from "../../resilience/token-bucket.ts";
import { checkNames, checkText, checkTexts, type OptionNames } from "../options.ts";
import { HttpProblem } from "./problem.ts";

/** Who may use a server, and how often. */
export interface AccessOptions {
  /** Required of every request: `Authorization: Bearer …` or, for a browser's WebSocket, the subprotocol `bearer.…`. */
  readonly token?: string;
  /** Host names accepted beside this machine's own. */
  readonly allowedHosts?: readonly string[];
  /** Origins of pages accepted beside its own. */
  readonly allowedOrigins?: readonly string[];
  /** Limit on requests and WebSocket messages of one address. Default 1000 a second, 2000 at once. */
  readonly rateLimit?: BucketRule;
}

export const ACCESS_NAMES: OptionNames<AccessOptions> = { token: true, allowedHosts: true, allowedOrigins: true, rateLimit: true };

/** 128 bits as base64url; hexadecimal takes 32. */
const SHORTEST_TOKEN = 22;

const DEFAULT_RATE: BucketRule = { perSecond: 1000, burst: 2000 };

/** Access control by host, origin, token and rate. */
export class Access {
  private readonly digest: Buffer | null;
  private readonly buckets: TokenBuckets;
  private readonly admitted: Admitted;

  constructor(options: AccessOptions) {
    const { token, allowedHosts = [], allowedOrigins = [], rateLimit = DEFAULT_RATE } = options;
    checkText("token", token);
    checkTexts("allowedHosts", allowedHosts);
    checkTexts("allowedOrigins", allowedOrigins);
    if (token !== undefined && token.length < SHORTEST_TOKEN)
      throw new Error(`token: must have at least 128 bits, ${SHORTEST_TOKEN} characters of base64url, got ${token.length} characters`);
    this.digest = token === undefined ? null : sha256(token);
    checkNames(rateLimit, { perSecond: true, burst: true }, "rateLimit.");
    checkRate("perSecond", rateLimit.perSecond, 0);
    checkRate("burst", rateLimit.burst, 1);
    this.buckets = new TokenBuckets(rateLimit);
    const lower = (names: readonly string[]) => new Set(names.map((name) => name.toLowerCase()));
    this.admitted = { hosts: lower(allowedHosts), origins: lower(allowedOrigins), localPages: false };
  }

  /** Throws an `HttpProblem` when the request may not pass. `address`: of the client. */
  check(request: Request, address: string, now: number): void {
    this.checkRate(address, now);
    const refused = refusalOf(request.headers, this.admitted);
    if (refused === "host") throw new HttpProblem(403, "not to be asked under this host");
    if (refused === "origin") throw new HttpProblem(403, "pages of this origin may not ask here");
    if (this.digest !== null && !this.bearsToken(request))
      throw new HttpProblem(401, "a bearer token is needed", { "www-authenticate": "Bearer" });
  }

  /** The answer to a CORS preflight; null: the request is none. Throws an `HttpProblem` for an origin that is not allowed. */
  preflight(request: Request): Response | null {
    const origin = request.headers.get("origin")?.toLowerCase();
    if (request.method !== "OPTIONS" || origin === undefined || !request.headers.has("access-control-request-method")) return null;
    if (!this.admitted.origins.has(origin)) throw new HttpProblem(403, "pages of this origin may not ask here");
    const headers = {
      "access-control-allow-methods": "GET, POST",
      "access-control-allow-headers": "authorization, content-type, idempotency-key, traceparent, tracestate, x-correlation-id",
      "access-control-max-age": "600",
    };
    return this.shared(request, new Response(null, { status: 204, headers }));
  }

  /** Adds the CORS headers that let a page of an allowed origin read the response. */
  shared(request: Request, response: Response): Response {
    const origin = request.headers.get("origin");
    if (origin === null || !this.admitted.origins.has(origin.toLowerCase())) return response;
    response.headers.set("access-control-allow-origin", origin);
    response.headers.set("access-control-expose-headers", "location, retry-after");
    response.headers.append("vary", "origin");
    return response;
  }

  checkRate(address: string, now: number): void {
    const wait = this.buckets.take(address, now);
    if (wait > 0) throw new HttpProblem(429, "too many requests from this address", { "retry-after": String(Math.ceil(wait / 1000)) });
  }

  private bearsToken(request: Request): boolean {
    const header = request.headers.get("authorization") ?? "";
    const bearer = /^Bearer (.+)$/i.exec(header)?.[1];
    const protocols = (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((each) => each.trim());
    const given = bearer ?? protocols.find((each) => each.startsWith("bearer."))?.slice("bearer.".length);
    // Compares digests, so that neither content nor length of the token shows in the time taken.
    return given !== undefined && this.digest !== null && timingSafeEqual(sha256(given), this.digest);
  }
}

/** Throws a sentence for a rate that would let everything pass, or nothing. */
function checkRate(what: string, value: number, least: number): void {
  if (value >= least && value > 0) return;
  throw new RangeError(`rateLimit.${what}: must be ${least === 0 ? "more than 0" : `${least} or more`}, got ${String(value)}`);
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
