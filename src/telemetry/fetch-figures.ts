import type { PhaseFigures } from "./request-phases.ts";

/** Figures of requests and their attempts. */
export interface FetchFigures {
  /** Items. */
  readonly requests: number;
  readonly ok: number;
  /** Answered by a substitute: the last saved answer, or the tile around. */
  readonly degraded: number;
  /** Includes `refusedByBreaker`. */
  readonly failed: number;
  /** Requests sent: Σ byStatus + Σ byError, and Σ byCause, and the server's count. */
  readonly attempts: number;
  readonly retries: number;
  readonly refusedByBreaker: number;
  /** Items that the breaker refused before their first attempt; absent from files of older versions. */
  readonly refusedUnsent?: number;
  /** Attempts answered with 429. */
  readonly rateLimited: number;
  readonly deadLettered: number;
  /** Not requested, because already saved. */
  readonly resumed: number;
  /** Answered 304: the saved content was kept; included in `ok`. Absent from files of older versions. */
  readonly notModified?: number;
  readonly bytes: number;
  /** Attempts by status, and by error where there was no response. */
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byError: Readonly<Record<string, number>>;
  readonly byHost: Readonly<Record<string, { readonly attempts: number; readonly errors: number }>>;
  /** Attempts by cause; absent from files of older versions. */
  readonly byCause?: AttemptCauses;
  /** Sent on kept connections that were closed, or reset, before they were read: not counted as attempts, since no server received them. */
  readonly unread?: number;
  /** Items not retried after a loss or an error because their method forbids it (RFC 9110, 9.2.2). */
  readonly notRepeated?: number;
  /** Requests carried by Bun's `fetch`, not the lab's own sockets; it may send one twice unseen. */
  readonly carriedByFetch?: number;
  /** Most requests in flight; in `distributed`, where the server is not the mock, the sum of what each worker had at most. */
  readonly peakConcurrency: number;
  /**
   * By the server's own count, where it is the mock, including those that it closed at once; else by the client's; null: some were opened
   * by `fetch`, which does not report it.
   */
  readonly connectionsOpened: number | null;
  /** Durations of the phases of attempts after the warm-up; absent from files of older versions. */
  readonly phases?: PhaseFigures;
  /** Items that were sent at least once, and their mean time with all attempts and waits, whatever their outcome. */
  readonly sent: number;
  readonly itemMs: number;
  /** Mean time that an item waits within the client, for the rate limiter and for a connection; absent from files of older versions. */
  readonly turnMs?: number;
  readonly lineMs?: number;
  /** Attempts ÷ requests sent at all. */
  readonly amplification: number;
  /** Rates per second at which the adaptive limiter was refused. */
  readonly rateTurns: readonly number[];
  /** Figures of the mock server; null: another server. */
  readonly server: ServerFigures | null;
}

/**
 * Attempts by cause: the first of an item, its retries, those that follow redirects, those resent after a kept connection failed before the
 * first byte, those for the tile around.
 */
export interface AttemptCauses {
  readonly first: number;
  readonly retries: number;
  readonly redirects: number;
  readonly resent: number;
  readonly parents: number;
}

/** A mock server's own counts. */
export interface ServerFigures {
  /** Requests received, whatever their outcome. */
  readonly requests: number;
  /** Connections accepted. */
  readonly connections: number;
  /** Connections closed at once, because it had as many as it accepts (`maxConnections`). */
  readonly refused: number;
  /** Most concurrent requests. */
  readonly peakConcurrency: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** Connections reset, bodies truncated, requests never answered. */
  readonly resets: number;
  readonly truncated: number;
  readonly stalled: number;
  /** Requests received during an outage (`outages`), among the resets; absent from files of older versions. */
  readonly duringOutage?: number;
}
