import type { Instants } from "../../http/instants.ts";
import {
  type HttpRequest,
  type ResponseHead,
  StaleConnection,
  type Staleness,
  type Transport,
  type TransportFor,
} from "../../http/transport.ts";
import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Cookies } from "./cookies.ts";
import { type Expected, isSuccess, type Unmet, unmetOf } from "./expected.ts";
import { nameOf } from "./failure-name.ts";
import type { Saver } from "./save.ts";

/** Why a request was broken off from this side. */
export type AbortReason = "timeout" | "deadline" | "stopped";

/** What came of one request. */
export interface Answer {
  /** 0: none came. */
  readonly status: number;
  /** What went wrong, as a name; null: an answer came in full. */
  readonly error: string | null;
  /** What of it is not as it was expected; null: nothing, or nothing was. */
  readonly unmet: Unmet | null;
  /** It is what was asked for: a 2xx, or what the scenario expects. */
  readonly ok: boolean;
  readonly retryAfter: string | null;
  /** Where the answer says to look instead. */
  readonly location: string | null;
  readonly bytes: number;
  /** The kept connection that it went over was over before a byte of the answer; null: no such thing. */
  readonly stale: Staleness | null;
}

export const NOT_MODIFIED = 304;
/** RFC 9110, 15.4: a 304 may name a location too, and leads nowhere. */
const REDIRECTS = [301, 302, 303, 307, 308];

/** One request at a time, with the means to break it off. `T`: whose it is. */
export class RequestSlot<T = unknown> {
  /** Whose request is out; null: none is. */
  owner: T | null = null;
  startedAt: Nanoseconds = 0;
  /** When it is to be broken off, and why then. */
  endsAt: Nanoseconds = 0;
  reason: AbortReason = "timeout";
  aborted: AbortReason | null = null;
  private transport: Transport | null = null;

  constructor(
    private readonly transportFor: TransportFor,
    private readonly saver: Saver | null,
    private readonly expected: Expected | null = null,
    private readonly cookies: Cookies | null = null,
  ) {}

  abort(why: AbortReason): void {
    if (this.owner === null || this.aborted !== null) return;
    this.aborted = why;
    this.transport?.abort();
  }

  /** How far the request has come on its way; null: that is not known. */
  get instants(): Instants | null {
    return this.transport?.instants ?? null;
  }

  /** Of the body of the answer that is coming, so far. */
  get bytes(): number {
    return this.transport?.bytes ?? 0;
  }

  /**
   * Asks once, and follows nothing; `fresh`: on a new connection; a body is kept under the address `saveAs`, `standIn` where it is another's. Never
   * rejects: whatever happens is an answer with a name.
   */
  async send(asked: HttpRequest, id: string, fresh = false, saveAs = asked.at, standIn = false): Promise<Answer> {
    this.aborted = null;
    try {
      this.transport = this.transportFor(asked.at);
      const head = await this.transport.send(asked, id, fresh);
      const { status } = head;
      this.cookies?.hear(asked.at, head.setCookies());
      if (!isSuccess(status) || this.saver !== null || this.expected !== null)
        return await this.handle(this.transport, asked, head, saveAs, standIn);
      const coming = this.transport.readBody(null);
      if (coming !== undefined) await coming;
      return { status, error: null, unmet: null, ok: true, retryAfter: null, location: null, bytes: this.bytes, stale: null };
    } catch (error) {
      this.transport?.abort();
      return this.failed(error);
    }
  }

  private failed(error: unknown): Answer {
    const stale = this.aborted === null && error instanceof StaleConnection ? error.staleness : null;
    return { ...NONE, error: this.aborted ?? nameOf(error), bytes: this.bytes, stale };
  }

  /** Whatever is not an answer to be counted alone: redirects, bodies to be saved or looked at, refusals. */
  private async handle(
    transport: Transport,
    { method, conditional }: HttpRequest,
    head: ResponseHead,
    saveAs: string,
    standIn: boolean,
  ): Promise<Answer> {
    const { status } = head;
    // What was asked for on a condition is as it was (RFC 9110, 15.4.5), and as it was expected then.
    if (status === NOT_MODIFIED && conditional) {
      await transport.discardBody();
      return { ...NONE, status, error: null, ok: true, bytes: this.bytes };
    }
    const { expected } = this;
    const location = REDIRECTS.includes(status) && expected?.names(status) !== true ? head.field("location") : null;
    let unmet = location === null ? (expected?.ofHead(head, method === "HEAD") ?? null) : null;
    const ok = location === null && unmet === null && (expected?.wants(status) ?? isSuccess(status));
    if (ok) unmet = await this.readBody(transport, head, saveAs, standIn);
    else if (unmet === "expect.bytes") transport.abort();
    else await transport.discardBody();
    if (status < 100) return { ...NONE, error: "invalid response", bytes: this.bytes };
    if (location !== null && this.aborted !== null) return this.failed(null);
    const retryAfter = status === 429 || status === 503 ? head.field("retry-after") : null;
    return { status, error: null, unmet, ok: ok && unmet === null, retryAfter, location, bytes: this.bytes, stale: null };
  }

  /** Reads a body to its end, to disk if asked. What of it is not as it was expected; nothing is kept of that. */
  private async readBody(transport: Transport, head: ResponseHead, address: string, standIn: boolean): Promise<Unmet | null> {
    const saved = isSuccess(head.status) ? (this.saver?.begin(address, head, standIn) ?? null) : null;
    const look = this.expected?.look(saved) ?? null;
    try {
      await transport.readBody(look ?? saved);
      if (this.aborted !== null) throw new Error(this.aborted);
      look?.end();
      saved?.commit();
      return null;
    } catch (error) {
      saved?.discard();
      const unmet = unmetOf(error);
      if (this.aborted !== null || unmet === null) throw error;
      // Nothing more is read of what is too long.
      transport.abort();
      return unmet;
    }
  }
}

/** No answer came, or none in full. */
const NONE = { status: 0, unmet: null, ok: false, retryAfter: null, location: null, stale: null } as const;
