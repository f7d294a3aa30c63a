import type { CasePlan } from "../../plan/plan.ts";
import type { OnEvent } from "../../telemetry/events.ts";
import type { Calibration } from "../../telemetry/machine.ts";
import type { RequestAccess } from "../../workloads/access.ts";

export interface RunOptions {
  /** Port of the HTTP server of a case, 0 for any; absent: none. */
  readonly http?: number | undefined;
  readonly onEvent?: OnEvent;
  /** Calibration of an earlier run to be comparable with; absent, null or in doubt: calibrated again where needed. */
  readonly calibration?: Calibration | null;
  /** Permissions of requests, and the files they write to. */
  readonly access?: RequestAccess;
  /** How often each case runs; absent: once. */
  readonly repeats?: Repeats | null;
  /** File for the final states of a case; null: none. */
  readonly dumpState?: (index: number, plan: CasePlan) => string | null;
}

/** Repeats of a run's cases. */
export interface Repeats {
  /** Most rounds. */
  readonly rounds: number;
  /** Half width of the intervals, as a share of the estimate, below which no more rounds are run; null: all are. */
  readonly untilShare: number | null;
}
