import type { Nanoseconds } from "../../kernel/clock.ts";
import { mayAsk } from "../../kernel/hosts.ts";
import { printable } from "../../kernel/text.ts";
import type { Saver } from "./save.ts";
import type { Head, Wire, WireFor } from "./wire/wire.ts";

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

const MOST_HOPS = 10;
/** RFC 9110, 15.4: a 304 may name a location too, and leads nowhere. */
const REDIRECTS = [301, 302, 303, 307, 308];

/** One request at a time, with the means to break it off. */
export class Line {
  /** When it is to be broken off, and why then. */
  endsAt: Nanoseconds = 0;
  reason: BrokenOff = "timeout";
  active = false;
  brokenOff: BrokenOff | null = null;
  private wire: Wire | null = null;

  constructor(
    private readonly wireFor: WireFor,
    private readonly allowedHosts: readonly string[],
    private readonly saver: Saver | null,
  ) {}

  breakOff(why: BrokenOff): void {
    if (!this.active || this.brokenOff !== null) return;
    this.brokenOff = why;
    this.wire?.breakOff();
  }

  /** Asks once. Never rejects: whatever happens is an answer with a name. */
  async ask(address: string, id: string): Promise<Answer> {
    this.active = true;
    this.brokenOff = null;
    try {
      const head = await this.send(address, id);
      const { status } = head;
      if (status < 200 || status >= 300 || this.saver !== null) return await this.handle(head, address, id);
      const coming = this.wire?.take(null);
      if (coming !== undefined) await coming;
      return { status, error: null, retryAfter: null, bytes: this.bytes };
    } catch (error) {
      this.wire?.breakOff();
      return this.without(this.brokenOff ?? nameOf(error));
    } finally {
      this.active = false;
    }
  }

  private send(url: string, id: string): Promise<Head> {
    this.wire = this.wireFor(url, this.saver !== null);
    return this.wire.send(url, id);
  }

  private get bytes(): number {
    return this.wire?.bytes ?? 0;
  }

  /** No answer came, or none in full. */
  private without(error: string): Answer {
    return { status: 0, error, retryAfter: null, bytes: this.bytes };
  }

  /** Whatever is not an answer to be counted alone: redirects, bodies to be saved, refusals. */
  private async handle(first: Head, address: string, id: string): Promise<Answer> {
    let url = address;
    let head = first;
    for (let hop = 0; ; hop++) {
      const { status } = head;
      if (status < 100) {
        await this.wire?.leave();
        return this.without("invalid response");
      }
      const location = REDIRECTS.includes(status) ? head.field("location") : null;
      if (location === null) {
        const retryAfter = status === 429 || status === 503 ? head.field("retry-after") : null;
        if (status >= 200 && status < 300) await this.take(address);
        else await this.wire?.leave();
        return { status, error: null, retryAfter, bytes: this.bytes };
      }
      await this.wire?.leave();
      if (this.brokenOff !== null) return this.without(this.brokenOff);
      const problem = hop >= MOST_HOPS ? "redirect loop" : this.hopProblem(location, url);
      if (problem !== null) return { status, error: problem, retryAfter: null, bytes: this.bytes };
      url = new URL(location, url).href;
      head = await this.send(url, id);
    }
  }

  private hopProblem(location: string, from: string): string | null {
    const to = URL.canParse(location, from) ? new URL(location, from) : null;
    if (to === null || (to.protocol !== "http:" && to.protocol !== "https:")) return "redirect to nowhere";
    return mayAsk(to.hostname, this.allowedHosts) ? null : "redirect to a public host";
  }

  /** Reads a body to its end, to disk if asked. */
  private async take(address: string): Promise<void> {
    const saved = this.saver?.begin(address) ?? null;
    try {
      await this.wire?.take(saved);
      if (this.brokenOff !== null) throw new Error(this.brokenOff);
      saved?.commit();
    } catch (error) {
      saved?.discard();
      throw error;
    }
  }
}

/** Of this process, so they say nothing of the server; of files there may be enough again soon. */
export const OUT_OF_FILES = "too many open files";
export const NOT_SAVED = "could not be saved";

/** The first that fits what an error says of itself. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/EMFILE|ENFILE/, OUT_OF_FILES],
  [/ENOSPC|EACCES|EROFS|EDQUOT|ENAMETOOLONG|ENOENT/, NOT_SAVED],
  [/ConnectionRefused|ECONNREFUSED|Unable to connect/, "connection refused"],
  [/ENOTFOUND|EAI_AGAIN|DNS/i, "host not found"],
  [/HeadersOversized|HEADER_OVERFLOW|header.*(too|overs)|ResponseHeader/i, "headers too large"],
  [/ECONNRESET|ConnectionClosed|closed unexpectedly|EPIPE/, "connection closed"],
  [/InvalidHTTPResponse|HPE_|UnrequestedUpgrade|InvalidChunk|Malformed|invalid.*(http|chunk|content.length|header)/i, "invalid response"],
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
