import { VERSION } from "../kernel/version.ts";
import type { Instants } from "./instants.ts";
import type { Method } from "./method.ts";

/** The head of an answer. */
export interface ResponseHead {
  readonly status: number;
  /** The value of a field, by its name in lower case; null: it is not there. */
  field(name: string): string | null;
  /** The values of `Set-Cookie`, which make no list (RFC 9110, 5.3). */
  setCookies(): readonly string[];
}

/** Takes a body in, piece by piece. The bytes of a piece are valid only during the call. */
export interface BodySink {
  write(piece: Uint8Array): void;
}

/** A body, as it crosses the network, has more bytes than it may. */
export class BodyTooLong extends Error {}

/** A body that is sent, empty or not (RFC 9110, 6.4). */
export interface Content {
  /** Header fields that speak of it, but for its length, as lines. */
  readonly fields: readonly string[];
  readonly bytes: Uint8Array;
}

/** What is asked of a server. It may be another the next time: what it says when it is sent, counts. */
export interface HttpRequest {
  readonly method: Method;
  /** The address. */
  readonly at: string;
  /** null: none, nor a word about its length. */
  readonly content: Content | null;
  /** Header fields of this request alone, as lines. */
  readonly fields: readonly string[];
  /** It goes out on the condition that what was saved has changed. */
  readonly conditional: boolean;
  /** It goes to who is to hear no secrets. */
  readonly foreign: boolean;
}

/** What carries one request at a time to a server, and its answer back. */
export interface Transport {
  /** Of the body of this answer, so far, as they crossed the network. */
  readonly bytes: number;
  /** How far this request has come on its way; null: that is not known. */
  readonly instants: Instants | null;
  /**
   * Asks under a correlation id; `fresh`: on a new connection. Follows no redirect. Rejects with whatever kept an answer from coming: with
   * `StaleConnection` where a new one may well be answered.
   */
  send(asked: HttpRequest, id: string, fresh?: boolean): Promise<ResponseHead>;
  /** Reads the body to its end, unpacks it for who takes it in, if somebody does, and never holds more of it than a piece; undefined: all of it is there. */
  readBody(sink: BodySink | null): Promise<void> | undefined;
  /** Gets rid of a body that nobody wants: a short one is read, so that the connection can be used again. Never rejects. */
  discardBody(): Promise<void> | undefined;
  /** Nothing of what is under way is to go on; who waits for it hears of it. */
  abort(): void;
}

/**
 * What became of a request on a kept connection that was over before a byte of the answer came. `unread`: the server had ended it before,
 * so nobody has heard the request. `reset`: it broke, as it does where a server closes what it has not read to its end (RFC 1122, 4.2.2.13).
 * `unanswered`: the server ended it when it had the request. `refused`: it said that it has done nothing with it (RFC 9113, 8.7), by HTTP/2.
 */
export type Staleness = "unread" | "reset" | "unanswered" | "refused";

/** A kept connection was over before a byte of the answer came. */
export class StaleConnection extends Error {
  /** As every other connection that breaks. */
  readonly code: string;

  constructor(
    readonly staleness: Staleness,
    /** How it was refused, in the words of HTTP/2. */
    refusal = "REFUSED_STREAM",
  ) {
    super(staleness === "refused" ? refusal : "the server ended a connection that was kept");
    this.code = staleness === "refused" ? "HTTP/2" : "ConnectionClosed";
  }
}

/** TLS could not agree with the server, or does not believe that it is the one that was asked. */
export class TlsProblem extends Error {
  readonly code: string;

  constructor(problem: (Error & { readonly code?: unknown }) | null) {
    super(problem?.message ?? "the handshake failed");
    this.code = `TLS ${String(problem?.code ?? "")}`;
  }
}

/** Whichever wire goes to an address. */
export type TransportFor = (url: string) => Transport;

/** Bodies up to this size, by the server's own word, are short. */
export const SHORT_BODY = 65_536;

/** True when a body is short by the server's own word, which the client holds it to; not where it comes in chunks all the same. */
export function isShort(head: ResponseHead): boolean {
  const length = head.field("content-length");
  return length !== null && Number(length) <= SHORT_BODY && head.field("transfer-encoding") === null;
}

/** Field that tells the attempts of one request apart. */
export const CORRELATION = "x-correlation-id";

/** The codings that it can undo (RFC 9110, 12.5.3), unless a scenario says otherwise. */
export const ACCEPTED = "gzip, deflate, br, zstd";

/** How the lab names itself to servers. */
export const USER_AGENT = `lab-tui/${VERSION}`;
