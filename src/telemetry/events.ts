import type { Machine } from "./machine.ts";
import type { Prediction } from "./prediction.ts";
import type { CaseResult, LoadOutline, RateChange, RunResult, ScenarioIdentity, ThresholdResult } from "./result.ts";
import type { Snapshot } from "./sample.ts";

/** A case before it runs. */
export interface CaseOutline {
  readonly mode: string;
  /** The swept fields and their values in this case. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Which of several repeats of the case it is, from 0; absent: it runs once. */
  readonly repeat?: number;
  readonly load: LoadOutline;
  /** Number of parts in its flow; 0: no flow. */
  readonly parts: number;
  readonly predicted: Prediction;
  /** Places in its queue; null: there is no queue, or no end to it. Absent in runs kept by earlier versions. */
  readonly capacity?: number | null;
}

/** A run before it begins. */
export interface RunOutline {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly scenario: ScenarioIdentity;
  readonly machine: Machine;
  readonly cases: readonly CaseOutline[];
}

/** Events of a run, in order. Self-contained: showing or storing a run needs nothing else, and no scenario. */
export type RunEvent =
  | ({ readonly type: "run-started" } & RunOutline)
  /** `note`: set when a probe or a trial is prepared rather than the case. */
  | { readonly type: "case-preparing"; readonly index: number; readonly note: string }
  /** `count`: arrivals on the tape; `lastMs`: when the last one falls due; `url`: address of its HTTP server. */
  | { readonly type: "case-started"; readonly index: number; readonly count: number; readonly lastMs: number; readonly url: string | null }
  /**
   * The case gets another load than planned, since its arrival rate was changed by hand: now, or in an earlier case of the same point.
   * `changes`: all of them; `outline`: with that load and what is predicted for it; `count`: arrivals expected.
   */
  | {
      readonly type: "rate-changed";
      readonly index: number;
      readonly changes: readonly RateChange[];
      readonly outline: CaseOutline;
      readonly count: number;
    }
  | { readonly type: "sample"; readonly index: number; readonly snapshot: Snapshot }
  | {
      readonly type: "case-finished";
      readonly index: number;
      readonly result: CaseResult;
      /** Results of the case's thresholds. */
      readonly verdicts?: readonly Omit<ThresholdResult, "case">[];
    }
  | { readonly type: "stopping"; readonly now: boolean }
  | { readonly type: "run-finished"; readonly result: RunResult };

export type OnEvent = (event: RunEvent) => void;
