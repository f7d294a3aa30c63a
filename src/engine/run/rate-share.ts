import type { CasePlan } from "../../plan/plan.ts";
import { trialOf } from "./trial.ts";

/** The meaning of `load.rate`: a number, a share of the capacity, or a search. */
export function askedRate({ scenario: { load } }: CasePlan): { readonly share: number; readonly text: string } | "max" | null {
  if (load.executor !== "constant-arrival-rate" || typeof load.rate === "number") return null;
  return load.rate === "max" ? "max" : { share: Number.parseFloat(load.rate) / 100, text: load.rate };
}

/**
 * A plan with this arrival rate per second; in a search, as a trial of it. `timesBefore`: earlier trials of the rate, each with other
 * arrivals.
 */
export function atRate(plan: CasePlan, perSecond: number, timesBefore = 0): CasePlan {
  const { load } = plan.scenario;
  if (load.executor !== "constant-arrival-rate") return plan;
  const paced = { ...load, rate: (perSecond * load.timeUnit) / 1e6 };
  return load.rate === "max" ? trialOf(plan, paced, timesBefore) : { ...plan, scenario: { ...plan.scenario, load: paced } };
}
