import type { Nanoseconds } from "../../kernel/clock.ts";
import { mayAsk } from "../../kernel/hosts.ts";
import { printable } from "../../kernel/text.ts";
import { CORRELATION } from "./mock/server.ts";
import type { Saved, Saver } from "./save.ts";

/** As the global `fetch`. */
export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>;

export interface AttemptRule {
  readonly keepAlive: boolean;
  readonly allowedHosts: readonly string[];
}

/** Why a request was broken off from this side. */
export type BrokenOff = "timeout" | "deadline" | "stopped";

/** What came of one attempt. */
export interface Answer {
  /** 0: none came. */
  readonly status: number;
  /** What went wrong, as a name; null: an answer came in full. */
  readonly error: string | null;
  readonly retryAfter: string | null;
  readonly bytes: number;
}

/** Bodies up to this size, by the server's own word, are taken in one piece. */
const ONE_PIECE = 65_536;
const MOST_HOPS = 10;
/** RFC 9110, 15.4: a 304 may name a location too, and leads nowhere. */
const REDIRECTS = [301, 302, 303, 307, 308];

/** One request at a time, with the means to break it off. Kept for reuse: a signal of its own for each request would cost as much as the request. */
export class Line {
  private controller = new AbortController();
  /** When it is to be broken off, and why then. */
  endsAt: Nanoseconds = 0;
  reason: BrokenOff = "timeout";
  active = false;
  brokenOff: BrokenOff | null = null;
  private bytes = 0;

  constructor(
    private readonly rule: AttemptRule,
    private readonly fetch: Fetch,
    private readonly saver: Saver | null,
  ) {}

  breakOff(why: BrokenOff): void {
    if (!this.active || this.brokenOff !== null) return;
    this.brokenOff = why;
    this.controller.abort();
  }

  /** Asks once. Never rejects: whatever happens is an answer with a name. */
  async ask(address: string, id: string): Promise<Answer> {
    this.active = true;
    this.brokenOff = null;
    this.bytes = 0;
    try {
      const response = await this.send(address, id);
      const { status } = response;
      if (status < 100) {
        await this.leave(response);
        return { status: 0, error: "invalid response", retryAfter: null, bytes: this.bytes };
      }
      if (status < 200 || status >= 300 || this.saver !== null || !isSmall(response)) return await this.handle(response, address, id);
      this.bytes = (await response.arrayBuffer()).byteLength;
      return { status, error: null, retryAfter: null, bytes: this.bytes };
    } catch (error) {
      this.renew();
      return { status: 0, error: this.brokenOff ?? nameOf(error), retryAfter: null, bytes: this.bytes };
    } finally {
      this.active = false;
    }
  }

  private send(url: string, id: string): Promise<Response> {
    const { keepAlive } = this.rule;
    const headers: Record<string, string> = keepAlive ? { [CORRELATION]: id } : { [CORRELATION]: id, connection: "close" };
    // `fetch` would unpack a body as fast as it comes: nobody is made to hold what a few bytes unfold into.
    const init: BunFetchRequestInit = { signal: this.controller.signal, redirect: "manual", headers, decompress: false };
    // Kept alive is what `fetch` does by itself, and to be told so costs it time.
    if (!keepAlive) init.keepalive = false;
    return this.fetch(url, init);
  }

  /** Whatever is not a short answer: redirects, large bodies, bodies to be saved, refusals. */
  private async handle(first: Response, address: string, id: string): Promise<Answer> {
    let url = address;
    let response = first;
    for (let hop = 0; ; hop++) {
      const { status } = response;
      const location = REDIRECTS.includes(status) ? response.headers.get("location") : null;
      if (location === null) {
        if (status >= 200 && status < 300) await this.take(response, this.saver?.begin(address) ?? null);
        else await this.leave(response);
        return {
          status,
          error: null,
          retryAfter: status === 429 || status === 503 ? response.headers.get("retry-after") : null,
          bytes: this.bytes,
        };
      }
      await this.leave(response);
      if (this.brokenOff !== null) return { status: 0, error: this.brokenOff, retryAfter: null, bytes: this.bytes };
      const problem = hop >= MOST_HOPS ? "redirect loop" : this.hopProblem(location, url);
      if (problem !== null) return { status, error: problem, retryAfter: null, bytes: this.bytes };
      url = new URL(location, url).href;
      response = await this.send(url, id);
    }
  }

  private hopProblem(location: string, from: string): string | null {
    const to = URL.canParse(location, from) ? new URL(location, from) : null;
    if (to === null || (to.protocol !== "http:" && to.protocol !== "https:")) return "redirect to nowhere";
    return mayAsk(to.hostname, this.rule.allowedHosts) ? null : "redirect to a public host";
  }

  /** Reads a body to its end, to disk if asked, and never holds more of it than a piece. */
  private async take(response: Response, saved: Saved | null): Promise<void> {
    try {
      const reader = (saved === null ? response.body : this.unpacked(response))?.getReader();
      for (let piece = await reader?.read(); piece !== undefined && !piece.done; piece = await reader?.read()) {
        if (saved === null) this.bytes += piece.value.byteLength;
        else saved.write(piece.value);
      }
      if (this.brokenOff !== null) throw new Error(this.brokenOff);
      saved?.commit();
    } catch (error) {
      saved?.discard();
      throw error;
    }
  }

  /** A body as it is to be kept, a piece at a time; what crossed the wire is counted. */
  private unpacked({ body, headers }: Response): ReadableStream<Uint8Array> | null {
    const counted = body?.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>({
        transform: (piece, controller) => {
          this.bytes += piece.byteLength;
          controller.enqueue(piece as Uint8Array<ArrayBuffer>);
        },
      }),
    );
    const format = ENCODINGS[headers.get("content-encoding")?.trim().toLowerCase() ?? ""];
    if (counted === undefined) return null;
    return format === undefined ? counted : counted.pipeThrough(new DecompressionStream(format));
  }

  /**
   * Gets rid of a body nobody wants: a short one is read, so that the connection can be used again. The answer stands whatever becomes of
   * it.
   */
  private async leave(response: Response): Promise<void> {
    try {
      if (isSmall(response)) this.bytes += (await response.arrayBuffer()).byteLength;
      else await response.body?.cancel();
    } catch {
      this.renew();
    }
  }

  /** What is under way is not to go on coming. */
  private renew(): void {
    this.controller.abort();
    this.controller = new AbortController();
  }
}

/** True when a body is short by the server's own word, which the client holds it to; not where it comes in chunks all the same. */
function isSmall({ headers }: Response): boolean {
  const length = headers.get("content-length");
  return length !== null && Number(length) <= ONE_PIECE && !headers.has("transfer-encoding");
}

/** Names of encodings in HTTP and as streams. */
const ENCODINGS: Readonly<Record<string, ConstructorParameters<typeof DecompressionStream>[0]>> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
  br: "brotli",
  zstd: "zstd",
};

/** The first that fits what an error says of itself. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/ENOSPC|EACCES|EROFS|EDQUOT|EMFILE|ENAMETOOLONG|ENOENT/, "could not be saved"],
  [/ConnectionRefused|ECONNREFUSED|Unable to connect/, "connection refused"],
  [/ENOTFOUND|EAI_AGAIN|DNS/i, "host not found"],
  [/HeadersOversized|header.*(too|overs)|ResponseHeader/i, "headers too large"],
  [/ECONNRESET|ConnectionClosed|closed unexpectedly|EPIPE/, "connection closed"],
  [/InvalidHTTPResponse|UnrequestedUpgrade|InvalidChunk|Malformed|invalid.*(http|chunk|content.length|header)/i, "invalid response"],
  [/CERT|TLS|SSL|SELF_SIGNED|handshake/i, "TLS"],
  [/Decompress|inflate|unexpected end of file|Zlib|Brotli|zstd|gzip|ShortRead/i, "invalid encoding"],
  [/TimeoutError|timed out/i, "timeout"],
];

/** A short name for whatever `fetch`, a body or a disk throws. */
export function nameOf(error: unknown): string {
  const { name = "", code = "", message = "" } = (error ?? {}) as { name?: string; code?: unknown; message?: string };
  const said = `${name} ${String(code)} ${message}`;
  return NAMES.find(([pattern]) => pattern.test(said))?.[1] ?? printable(String(code || name || "error"), 40);
}
