import type { CasePlan, NamedScenario } from "../plan/plan.ts";
import type { Ledger } from "../telemetry/ledger.ts";
import type { CaseResult, Machine, Prediction, RunResult, Sample, ThresholdResult } from "../telemetry/result.ts";
import type { Running } from "./protocol.ts";

/** A case before it has run. */
export interface CaseOutline {
  readonly plan: CasePlan;
  readonly predicted: Prediction;
}

/** What happens in a run, in order. Views live from these alone. */
export type RunEvent =
  | { readonly type: "run-started"; readonly scenario: NamedScenario; readonly cases: readonly CaseOutline[]; readonly machine: Machine }
  /** `note`: what is prepared, when it is a probe or a trial and not simply the case. */
  | { readonly type: "case-preparing"; readonly index: number; readonly note: string }
  | { readonly type: "case-started"; readonly index: number; readonly count: number; readonly lastMs: number; readonly url: string | null }
  | { readonly type: "sample"; readonly index: number; readonly sample: Sample; readonly ledger: Ledger; readonly running: Running }
  | {
      readonly type: "case-finished";
      readonly index: number;
      readonly result: CaseResult;
      /** Its thresholds. */
      readonly verdicts?: readonly Omit<ThresholdResult, "case">[];
    }
  | { readonly type: "stopping"; readonly now: boolean }
  | { readonly type: "run-finished"; readonly result: RunResult };

export type OnEvent = (event: RunEvent) => void;
