import { VERSION } from "../kernel/version.ts";
import type { RequestInstants } from "./instants.ts";
import type { Method } from "./method.ts";

/** The head of a response. */
export interface ResponseHead {
  readonly status: number;
  /** A field by its name in lower case; null: absent. */
  field(name: string): string | null;
  /** The values of `Set-Cookie`, which must not be joined (RFC 9110, 5.3). */
  setCookies(): readonly string[];
}

/** Receives a body piece by piece. The bytes of a piece are valid only during the call. */
export interface BodySink {
  write(piece: Uint8Array): void;
}

/** A body has more bytes, as transferred, than allowed. */
export class BodyTooLong extends Error {}

/** The content of a request, empty or not (RFC 9110, 6.4). */
export interface Content {
  /** Its header lines, except for its length. */
  readonly fields: readonly string[];
  readonly bytes: Uint8Array;
}

/** A request. The object may be reused: its values count when it is sent. */
export interface HttpRequest {
  readonly method: Method;
  /** URL. */
  readonly at: string;
  /** null: no content and no Content-Length. */
  readonly content: Content | null;
  /** Header lines of this request alone. */
  readonly fields: readonly string[];
  /** Conditional: asks only for what has changed since it was saved. */
  readonly conditional: boolean;
  /** Sent to a server that must not receive secrets. */
  readonly foreign: boolean;
}

/** Carries one request at a time to a server, and its response back. */
export interface Transport {
  /** Bytes of the current response's body so far, as transferred. */
  readonly bytes: number;
  /** Progress of the current request; null: unknown. */
  readonly instants: RequestInstants | null;
  /**
   * Sends a request under a correlation id; `fresh`: on a new connection. Follows no redirects. Rejects with whatever prevented a response;
   * with `StaleConnection` where a new connection may well get one.
   */
  send(asked: HttpRequest, id: string, fresh?: boolean): Promise<ResponseHead>;
  /** Reads the body to its end, decompresses it for the sink, if any, and holds no more than a piece of it; undefined: complete already. */
  readBody(sink: BodySink | null): Promise<void> | undefined;
  /** Discards the body: a short one is read, so that the connection can be reused. Never rejects. */
  discardBody(): Promise<void> | undefined;
  /** Aborts whatever is in progress; pending promises reject. */
  abort(): void;
}

/**
 * How a kept connection failed before the first byte of a response. `unread`: the server had closed it before, so the request was never
 * received. `reset`: it was reset, as happens where a server closes with unread data (RFC 1122, 4.2.2.13). `unanswered`: the server closed
 * it after receiving the request. `refused`: the server stated that it had not processed the request (RFC 9113, 8.7; HTTP/2).
 */
export type Staleness = "unread" | "reset" | "unanswered" | "refused";

/** A kept connection failed before the first byte of a response. */
export class StaleConnection extends Error {
  /** The same as for other broken connections. */
  readonly code: string;

  constructor(
    readonly staleness: Staleness,
    /** The HTTP/2 error code. */
    refusal = "REFUSED_STREAM",
  ) {
    super(staleness === "refused" ? refusal : "the server ended a connection that was kept");
    this.code = staleness === "refused" ? "HTTP/2" : "ConnectionClosed";
  }
}

/** The TLS handshake failed, or the server's certificate was not accepted. */
export class TlsProblem extends Error {
  readonly code: string;

  constructor(problem: (Error & { readonly code?: unknown }) | null) {
    super(problem?.message ?? "the handshake failed");
    this.code = `TLS ${String(problem?.code ?? "")}`;
  }
}

/** Selects the transport for an address. */
export type TransportFor = (url: string) => Transport;

/** Largest declared size of a short body. */
export const SHORT_BODY = 65_536;

/** True when the declared length is short, which the client enforces; false for chunked bodies. */
export function isShort(head: ResponseHead): boolean {
  const length = head.field("content-length");
  return length !== null && Number(length) <= SHORT_BODY && head.field("transfer-encoding") === null;
}

/** Header field that identifies each attempt. */
export const CORRELATION = "x-correlation-id";

/** Accepted content codings (RFC 9110, 12.5.3), unless a scenario sets others. */
export const ACCEPTED = "gzip, deflate, br, zstd";

/** The `User-Agent` of requests. */
export const USER_AGENT = `lab-tui/${VERSION}`;
