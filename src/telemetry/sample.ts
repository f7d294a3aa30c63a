import type { DistributedSample } from "./distributed-figures.ts";
import type { Ledger } from "./ledger.ts";

/**
 * One point of a series: rates, percentiles and mean levels of the interval that ends at `t` and began at the previous point. The last
 * interval may be shorter. Rate × length, summed over intervals, gives the counts of the ledger.
 */
export interface Sample {
  /** Milliseconds since t = 0. */
  readonly t: number;
  readonly offered: number;
  readonly processed: number;
  readonly dropped: number;
  /** Items waiting and items at work, as time integrals over the interval ÷ its length. */
  readonly depth: number;
  readonly inFlight: number;
  /** Milliseconds of this interval in which the source was blocked. */
  readonly blockedMs: number;
  readonly rssBytes: number;
  /** Latencies of the items done in the interval, however few: a picture of the run, not a figure. null: none. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly cores: readonly number[];
  /** Cores used by other programs in this interval; null: unknown on this system. Absent from files of earlier versions. */
  readonly otherCores?: number | null;
  /** Time for which a CPU quota withheld cores in this interval; null: unknown. Absent from older files. */
  readonly throttledMs?: number | null;
  readonly fetch?: FetchSample;
  readonly flow?: FlowSample;
  /** Mode `distributed` only. */
  readonly distributed?: DistributedSample;
  /** The ledger, and figures of the case so far, at the end of the interval. Absent from files of schema version 1. */
  readonly ledger?: Ledger;
  readonly running?: Running;
}

/** Figures of a case from the end of its warm-up until now: latencies in milliseconds; null: too few items bear it. */
export interface Running {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** Processed per second so far. */
  readonly throughput: number;
  /** CPU time ÷ wall time; 1 = one core. */
  readonly cpu: number;
}

/** State of a case at one instant: what a runner sends, and what is shown and stored. */
export type Snapshot = Sample & Required<Pick<Sample, "ledger" | "running">>;

/** Present figures of a flow's parts, over all threads; counts since t = 0. */
export interface FlowSample {
  readonly parts: readonly FlowPartSample[];
}

export interface FlowPartSample {
  readonly name: string;
  readonly handled: number;
  readonly failed: number;
  readonly retried: number;
  readonly dropped: number;
  readonly waiting: number;
  readonly inFlight: number;
}

/** Levels at a sample, and counts from t = 0 to it. */
export interface FetchSample {
  readonly inFlight: number;
  /** Limit on requests in flight. */
  readonly limit: number;
  /** Items waiting for their next attempt. */
  readonly retrying: number;
  readonly breaker: "closed" | "open" | "half-open";
  /** Per second; null: no limiter. */
  readonly rate: number | null;
  readonly attempts: number;
  readonly retries: number;
  readonly ok: number;
  readonly degraded: number;
  readonly failed: number;
  readonly refused: number;
  /** Attempts by outcome. */
  readonly outcomes: {
    readonly success: number;
    readonly clientError: number;
    readonly tooMany: number;
    readonly serverError: number;
    readonly other: number;
    readonly none: number;
  };
}
