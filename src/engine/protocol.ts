import type { CasePlan } from "../plan/plan.ts";
import type { Ledger } from "../telemetry/ledger.ts";
import type { Calibration, CaseResult, Sample, ThresholdResult } from "../telemetry/result.ts";
import type { FetchAccess } from "./stage/fetch-stage.ts";

/** What console and runner say to each other over IPC. Plain JSON. */

export type ToRunner =
  | {
      readonly type: "run";
      readonly plan: CasePlan;
      /** How the case's computing was calibrated; null: it has none. */
      readonly calibration: Calibration | null;
      readonly dumpState: string | null;
      readonly http: number | null;
      readonly access: FetchAccess;
    }
  | { readonly type: "calibrate" }
  /** Once: stop taking and drain. Twice: end now. */
  | { readonly type: "stop" };

/** What the runner measured itself. The console adds what only it knows. */
export interface RunnerResult extends Omit<CaseResult, "params" | "predicted" | "explanation" | "series"> {
  readonly thresholds: readonly Omit<ThresholdResult, "case">[];
}

/** Latency so far, milliseconds, for the live table. */
export interface Running {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Processed per second so far. */
  readonly throughput: number;
  /** Processor time over wall time; 1 = one core. */
  readonly cpu: number;
}

export type FromRunner =
  | { readonly type: "hello" }
  | { readonly type: "calibrated"; readonly calibration: Calibration }
  /** It is still reading the tape: a sign of life. */
  | { readonly type: "preparing" }
  | { readonly type: "started"; readonly count: number; readonly lastMs: number; readonly url: string | null }
  /** Samples since the last such message, with ledger and figures as they are at the last of them. */
  | { readonly type: "samples"; readonly samples: readonly Sample[]; readonly ledger: Ledger; readonly running: Running }
  | { readonly type: "result"; readonly result: RunnerResult }
  | { readonly type: "error"; readonly message: string };
