import type { RequestStatus } from "../../workloads/stage.ts";
import type { QueryPlan } from "./schedule.ts";

/** Protocol between the runner's thread and the HTTP server. Requests come in a ring of words; the rest is posted. */

export const REQUEST = { state: 1, list: 2 } as const;

export interface QueryServerOrder {
  readonly port: number;
  /** Ring of requests: (id, kind), then the name. */
  readonly requests: SharedArrayBuffer;
  /** Bell of the runner's thread. */
  readonly bell: SharedArrayBuffer;
  /** float64: instant of the shared clock that is t = 0; 0 until then. */
  readonly origin: SharedArrayBuffer;
  /** Queries that the server's own client sends over HTTP; null: it has no client. */
  readonly client: { readonly plan: QueryPlan; readonly book: SharedArrayBuffer } | null;
}

/** The figures of /healthz and /metrics. */
export interface StatusReport {
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
  /** Status of requests, where there are any. */
  readonly requests?: RequestStatus;
}

export type ToQueryServer =
  | { readonly type: "begin" }
  | { readonly type: "stop-asking" }
  | { readonly type: "status"; readonly status: StatusReport }
  | { readonly type: "answer"; readonly id: number; readonly json: string | null; readonly age: number };

export type FromQueryServer =
  | { readonly type: "listening"; readonly url: string }
  | { readonly type: "refused"; readonly reason: string }
  /** All queries of its own client are answered. */
  | { readonly type: "client-done" };
