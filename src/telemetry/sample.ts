import type { Ledger } from "./ledger.ts";

/**
 * One point of a series: rates, percentiles and mean levels of the interval that ends at `t`; it began where the point before ended. The
 * last interval is as long as there was left. Rate × length of the interval, added up, are the counts of the ledger.
 */
export interface Sample {
  /** Milliseconds since t = 0. */
  readonly t: number;
  readonly offered: number;
  readonly processed: number;
  readonly dropped: number;
  /** Items that waited and items at work, as time integrals over the interval ÷ its length. */
  readonly depth: number;
  readonly inFlight: number;
  /** Milliseconds of this interval the source was blocked. */
  readonly blockedMs: number;
  readonly rssBytes: number;
  /** Of what was done in the interval, however little: a picture of the run, not a figure of it. null: nothing was. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly cores: readonly number[];
  /** Cores that other programs used just then; null: not known on this system. Absent in files that earlier versions wrote. */
  readonly otherCores?: number | null;
  /** How long a CPU quota kept threads from cores in this interval; null: not known. Absent in older files. */
  readonly throttledMs?: number | null;
  readonly fetch?: FetchSample;
  readonly flow?: FlowSample;
  /** The ledger, and figures of the whole case so far, at the end of the interval. Absent in files of schema version 1. */
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
  /** Processor time over wall time; 1 = one core. */
  readonly cpu: number;
}

/** All that is told of a case at one instant: what a runner sends, what is shown, and what is kept. */
export type Snapshot = Sample & Required<Pick<Sample, "ledger" | "running">>;

/** The parts of a flow as they are now, over all threads; counts since t = 0. */
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
  /** Requests that may be in flight. */
  readonly limit: number;
  /** Items that wait for their next attempt. */
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
  /** Attempts by what came of them. */
  readonly outcomes: {
    readonly success: number;
    readonly clientError: number;
    readonly tooMany: number;
    readonly serverError: number;
    readonly other: number;
    readonly none: number;
  };
}
