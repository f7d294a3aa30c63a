import type { RampLoad } from "../load/changed-rate.ts";
import type { CasePlan } from "../plan/plan.ts";
import type { Calibration } from "../telemetry/machine.ts";
import type { RateStep } from "../telemetry/rate-changes.ts";
import type { MeasuredCase, ThresholdResult } from "../telemetry/result.ts";
import type { Snapshot } from "../telemetry/sample.ts";
import type { RequestAccess } from "../workloads/access.ts";

/** Protocol between console and runner over IPC. Plain JSON. */

export type ToRunner =
  | {
      readonly type: "run";
      readonly plan: CasePlan;
      /** Calibration of the case's computing; null: it has none. */
      readonly calibration: Calibration | null;
      readonly dumpState: string | null;
      readonly http: number | null;
      readonly access: RequestAccess;
    }
  | { readonly type: "calibrate" }
  /** Change the arrival rate to the next one up or down, where it can be changed. */
  | { readonly type: "rate"; readonly step: RateStep }
  /** First: stop taking and drain. Second: end now. */
  | { readonly type: "stop" };

/** Results measured by the runner, every percentile with its number. The console adds what only it knows. */
export interface RunnerResult extends Omit<MeasuredCase, "params" | "load" | "predicted" | "explanation" | "series"> {
  readonly thresholds: readonly Omit<ThresholdResult, "case">[];
}

/** A load whose rate was changed while it lasted. */
export interface ChangedLoad {
  readonly load: RampLoad;
  /** When it was changed last, in microseconds since t = 0. */
  readonly at: number;
}

export type FromRunner =
  | { readonly type: "hello" }
  | { readonly type: "calibrated"; readonly calibration: Calibration }
  /** A sign of life while reading the tape, and while programs start. */
  | { readonly type: "preparing" }
  | { readonly type: "started"; readonly count: number; readonly lastMs: number; readonly url: string | null }
  /** The arrival rate was changed at an instant: the load from its beginning, changes included. */
  | ({ readonly type: "rate-changed" } & ChangedLoad)
  /** After a change, facts of the tape as it was. */
  | { readonly type: "tape"; readonly count: number; readonly lastMs: number }
  /** Samples since the last such message. */
  | { readonly type: "snapshots"; readonly snapshots: readonly Snapshot[] }
  | { readonly type: "result"; readonly result: RunnerResult }
  /** `told`: the message is a sentence for the user; absent: it is that of an internal error of the runner. */
  | { readonly type: "error"; readonly message: string; readonly told?: true };
