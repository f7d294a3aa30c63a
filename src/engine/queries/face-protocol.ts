import type { QueryPlan } from "./schedule.ts";

/** What the runner's thread and the HTTP face say to each other. Requests come in a ring of words; the rest is posted. */

export const REQUEST = { state: 1, list: 2 } as const;

export interface FaceOrder {
  readonly port: number;
  /** Ring of requests: (id, kind), the name asked for. */
  readonly requests: SharedArrayBuffer;
  /** The bell that the runner's thread waits on. */
  readonly bell: SharedArrayBuffer;
  /** float64: the instant of the shared clock that is t = 0; 0 until then. */
  readonly origin: SharedArrayBuffer;
  /** Queries that the face's own client sends over HTTP; null: only others ask. */
  readonly client: { readonly plan: QueryPlan; readonly book: SharedArrayBuffer } | null;
}

/** The figures that /healthz and /metrics show. */
export interface FaceStatus {
  readonly mode: string;
  readonly healthy: boolean;
  readonly seconds: number;
  readonly scheduled: number;
  readonly processed: number;
  readonly failed: number;
  readonly rejected: number;
  readonly dropped: number;
  readonly unfinished: number;
  readonly depth: number;
  readonly throughput: number;
  /** null: too few items bear it. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Where there are requests. */
  readonly requests?: RequestStatus;
}

/** Health of a list of requests: totals so far, and what is under way. */
export interface RequestStatus {
  readonly total: number;
  readonly ok: number;
  readonly degraded: number;
  readonly failed: number;
  readonly mean_latency_ms: number;
  readonly concurrency: number;
  readonly limit: number;
  readonly retries: number;
  readonly breaker: string;
  /** Attempts by what came of them. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Attempts by error and by host, as far as this thread knows them. */
  readonly errors_by_kind: Readonly<Record<string, number>>;
  readonly errors_by_host: Readonly<Record<string, number>>;
}

export type ToFace =
  | { readonly type: "begin" }
  | { readonly type: "stop-asking" }
  | { readonly type: "status"; readonly status: FaceStatus }
  | { readonly type: "answer"; readonly id: number; readonly json: string | null; readonly age: number };

export type FromFace =
  | { readonly type: "listening"; readonly url: string }
  | { readonly type: "refused"; readonly reason: string }
  /** Every query of its own client is answered. */
  | { readonly type: "client-done" };
