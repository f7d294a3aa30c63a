import type { RequestInstants } from "../../http/instants.ts";
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
import { type AnswerExpectation, isSuccess, type Unmet, unmetOf } from "./expected.ts";
import { nameOf } from "./failure-name.ts";
import { encodedLocation } from "./redirect.ts";
import type { Saver } from "./save.ts";

/** Why a request was aborted by the client. */
export type AbortReason = "timeout" | "deadline" | "stopped";

/** Outcome of one request. */
export interface Answer {
  /** 0: no response. */
  readonly status: number;
  /** Name of the failure; null: a complete response. */
  readonly error: string | null;
  /** The failed expectation; null: none. */
  readonly unmet: Unmet | null;
  /** Success: a 2xx, or what the scenario expects. */
  readonly ok: boolean;
  readonly retryAfter: string | null;
  /** Target of a redirect. */
  readonly location: string | null;
  readonly bytes: number;
  /** How the kept connection failed before the first byte of a response; null: it did not. */
  readonly stale: Staleness | null;
}

export const NOT_MODIFIED = 304;
/** RFC 9110, 15.4: a 304 may have a location too, and is no redirect. */
const REDIRECTS = [301, 302, 303, 307, 308];

/** Sends one request at a time, and can abort it. `T`: type of its owner. */
export class RequestSlot<T = unknown> {
  /** Owner of the current request; null: none. */
  owner: T | null = null;
  startedAt: Nanoseconds = 0;
  /** When it is aborted, and the reason then. */
  endsAt: Nanoseconds = 0;
  reason: AbortReason = "timeout";
  aborted: AbortReason | null = null;
  private transport: Transport | null = null;

  constructor(
    private readonly transportFor: TransportFor,
    private readonly saver: Saver | null,
    private readonly expected: AnswerExpectation | null = null,
    private readonly cookies: Cookies | null = null,
  ) {}

  abort(why: AbortReason): void {
    if (this.owner === null || this.aborted !== null) return;
    this.aborted = why;
    this.transport?.abort();
  }

  /** Progress of the request; null: unknown. */
  get instants(): RequestInstants | null {
    return this.transport?.instants ?? null;
  }

  /** Bytes of the response's body so far. */
  get bytes(): number {
    return this.transport?.bytes ?? 0;
  }

  /**
   * Sends a request once, and follows no redirects; `fresh`: on a new connection; a body is saved under the address `saveAs`, `standIn`
   * where it is a substitute. Never rejects: every failure is an answer with a name.
   */
  async send(asked: HttpRequest, id: string, fresh = false, saveAs = asked.at, standIn = false): Promise<Answer> {
    this.aborted = null;
    try {
      this.transport = this.transportFor(asked.at);
      const head = await this.transport.send(asked, id, fresh);
      const { status } = head;
      this.cookies?.setFrom(asked.at, head.setCookies());
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

  /** Handles responses that need more than counting: redirects, bodies to be saved or checked, refusals. */
  private async handle(
    transport: Transport,
    { method, conditional }: HttpRequest,
    head: ResponseHead,
    saveAs: string,
    standIn: boolean,
  ): Promise<Answer> {
    const { status } = head;
    // A conditional request was answered "not modified" (RFC 9110, 15.4.5): the saved body met the expectations then.
    if (status === NOT_MODIFIED && conditional) {
      await transport.discardBody();
      return { ...NONE, status, error: null, ok: true, bytes: this.bytes };
    }
    const { expected } = this;
    const target = REDIRECTS.includes(status) && expected?.names(status) !== true ? head.field("location") : null;
    const location = target === null ? null : encodedLocation(target);
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

  /** Reads a body to its end, to disk if asked. Returns the failed expectation, in which case nothing is saved. */
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
      // A body that is too long is not read further.
      transport.abort();
      return unmet;
    }
  }
}

/** No response, or an incomplete one. */
const NONE = { status: 0, unmet: null, ok: false, retryAfter: null, location: null, stale: null } as const;
