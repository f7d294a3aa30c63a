import type { PhaseFigures } from "./request-phases.ts";

/** What became of requests and of their attempts. */
export interface FetchFigures {
  /** Items. */
  readonly requests: number;
  readonly ok: number;
  /** Something else stands in for the answer: what was saved last, or the tile around. */
  readonly degraded: number;
  /** `refusedByBreaker` included. */
  readonly failed: number;
  /** Requests that went out: Σ byStatus + Σ byError, and Σ byCause, and what the server counts. */
  readonly attempts: number;
  readonly retries: number;
  readonly refusedByBreaker: number;
  /** Those of them of which nothing had gone out, not even a first attempt; absent from files of older versions. */
  readonly refusedUnsent?: number;
  /** Attempts that were answered 429. */
  readonly rateLimited: number;
  readonly deadLettered: number;
  /** Not fetched again, because it lay there already. */
  readonly resumed: number;
  /** Answered 304: as they lay there, so that what lay there was kept; among `ok`. Absent from files of older versions. */
  readonly notModified?: number;
  readonly bytes: number;
  /** Attempts by status, and by what went wrong where no answer came. */
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byError: Readonly<Record<string, number>>;
  readonly byHost: Readonly<Record<string, { readonly attempts: number; readonly errors: number }>>;
  /** Attempts by why they went out; absent from files of older versions. */
  readonly byCause?: AttemptCauses;
  /** Written to kept connections that were closed, or reset, before they were read: no attempts, since no server knows of them. */
  readonly unread?: number;
  /** Items that were not asked for again after a loss or an error because their method forbids it (RFC 9110, 9.2.2). */
  readonly notRepeated?: number;
  /** Requests that Bun's `fetch` carried and not the lab's own sockets; it may send one twice unseen. */
  readonly carriedByFetch?: number;
  readonly peakConcurrency: number;
  /**
   * By the server's own count, where it is the mock, those among them that it broke off at once; else by ours; null: some were made by
   * `fetch`, which does not tell.
   */
  readonly connectionsOpened: number | null;
  /** Where the time of requests went, attempt by attempt, after the warm-up; absent from files of older versions. */
  readonly phases?: PhaseFigures;
  /** Items that went out at least once, and their mean time with all attempts and waits, however they ended. */
  readonly sent: number;
  readonly itemMs: number;
  /** Mean time of an item in the client's own lines, for its turn by the rate and for a connection; absent from files of older versions. */
  readonly turnMs?: number;
  readonly lineMs?: number;
  /** Attempts ÷ requests that went out at all. */
  readonly amplification: number;
  /** Rates per second at which the adaptive limiter was told that it is too much. */
  readonly rateTurns: readonly number[];
  /** What the mock server saw; null: it is somebody else's. */
  readonly server: ServerFigures | null;
}

/**
 * Why requests went out: the first of an item, its retries, where redirects led, anew because a kept connection was over before a byte of
 * the answer, for the tile around the one asked for.
 */
export interface AttemptCauses {
  readonly first: number;
  readonly retries: number;
  readonly redirects: number;
  readonly resent: number;
  readonly parents: number;
}

/** What a mock server saw, by its own count. */
export interface ServerFigures {
  /** Requests that reached it, whatever became of them. */
  readonly requests: number;
  /** Connections that it took. */
  readonly connections: number;
  /** Those that it broke off at once, because it had as many as it takes (`maxConnections`). */
  readonly refused: number;
  /** Most requests it held at once. */
  readonly peakConcurrency: number;
  readonly byStatus: Readonly<Record<string, number>>;
  /** Connections it broke off, bodies it cut short, requests it never answered. */
  readonly resets: number;
  readonly truncated: number;
  readonly stalled: number;
}
