import { droppedTotal } from "./ledger.ts";
import { hasChangedRate } from "./rate-changes.ts";
import type { CaseStatus, RunResult, ThresholdResult } from "./result.ts";

/** Verdicts of a run for lists with one line per run. */
export interface Verdicts {
  readonly thresholds: { readonly failed: number; readonly of: number };
  readonly hypotheses: { readonly held: number; readonly broken: number; readonly untold: number };
  /** Disturbed cases, and cases that are invalid or failed. */
  readonly disturbed: number;
  readonly unsound: number;
  /** Cases whose arrival rate was changed by hand; absent: none. */
  readonly rateChanged?: number;
}

export const NO_VERDICTS: Verdicts = {
  thresholds: { failed: 0, of: 0 },
  hypotheses: { held: 0, broken: 0, untold: 0 },
  disturbed: 0,
  unsound: 0,
};

/** Files that do not record disturbances count as undisturbed. */
export function verdictsOf({ cases, thresholds = [], hypotheses = [] }: RunResult): Verdicts {
  const count = <T>(all: readonly T[], is: (one: T) => boolean) => all.filter(is).length;
  const rateChanged = count(cases, hasChangedRate);
  return {
    thresholds: { failed: count(thresholds, ({ ok }) => !ok), of: thresholds.length },
    hypotheses: {
      held: count(hypotheses, ({ ok }) => ok === true),
      broken: count(hypotheses, ({ ok }) => ok === false),
      untold: count(hypotheses, ({ ok }) => ok === null),
    },
    disturbed: count(cases, ({ disturbed = null }) => disturbed !== null),
    unsound: count(cases, isUnsound),
    ...(rateChanged === 0 ? {} : { rateChanged }),
  };
}

const BY_SEVERITY: readonly CaseStatus[] = ["failed", "invalid", "aborted", "completed"];

/** The worst status among the cases of a run; "completed" where there are none. */
export function worstOf({ cases }: Pick<RunResult, "cases">): CaseStatus {
  return BY_SEVERITY.find((one) => cases.some(({ status }) => status === one)) ?? "completed";
}

/** Why a case must not be relied on; null: no objection. A stopped case is valid for what it measured until then. */
export type CaseFault = "failed" | "invalid" | "threshold";

/** True of a case that has no measurement that counts. */
export function isUnsound({ status }: { readonly status: string }): boolean {
  return status === "failed" || status === "invalid";
}

export function faultOf({ cases, thresholds }: Pick<RunResult, "cases" | "thresholds">, index: number): CaseFault | null {
  const one = cases[index];
  if (one?.status === "failed" || one?.status === "invalid") return one.status;
  return thresholds.some((one) => one.case === index && !one.ok) ? "threshold" : null;
}

/** True when a threshold was judged by real measurements: not without any, nor for a case that was stopped before anything was done. */
export function wasJudged({ cases }: Pick<RunResult, "cases">, { case: index, measured }: ThresholdResult): boolean {
  const one = cases[index];
  if (measured === false || one === undefined) return false;
  const { processed, failed, rejected } = one.ledger;
  return one.status === "completed" || processed + failed + rejected + droppedTotal(one.ledger) > 0;
}
