import type { CasePlan } from "../../plan/plan.ts";
import { trialOf } from "./trial.ts";

/** What `load.rate` asks for: a number as it is, a share of the capacity, or a search. */
export function askedRate({ scenario: { load } }: CasePlan): { readonly share: number; readonly text: string } | "max" | null {
  if (load.executor !== "constant-arrival-rate" || typeof load.rate === "number") return null;
  return load.rate === "max" ? "max" : { share: Number.parseFloat(load.rate) / 100, text: load.rate };
}

/**
 * A plan whose load comes at this many arrivals per second; where the highest rate is looked for, as a trial of it. `timesBefore`: that it
 * was tried, each time on other arrivals.
 */
export function atRate(plan: CasePlan, perSecond: number, timesBefore = 0): CasePlan {
  const { load } = plan.scenario;
  if (load.executor !== "constant-arrival-rate") return plan;
  const paced = { ...load, rate: (perSecond * load.timeUnit) / 1e6 };
  return load.rate === "max" ? trialOf(plan, paced, timesBefore) : { ...plan, scenario: { ...plan.scenario, load: paced } };
}
