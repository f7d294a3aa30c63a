import type { CasePlan } from "../plan/plan.ts";
import type { Scenario } from "../scenario/schema.ts";

/** What `load.rate` asks for: a number as it is, a share of the capacity, or a search. */
export function askedRate({ scenario: { load } }: CasePlan): { readonly share: number; readonly text: string } | "max" | null {
  if (load.executor !== "constant-arrival-rate" || typeof load.rate === "number") return null;
  return load.rate === "max" ? "max" : { share: Number.parseFloat(load.rate) / 100, text: load.rate };
}

/** A plan whose load comes at this many arrivals per second; `timesBefore`: each time on arrivals of another seed, its own at first. */
export function atRate(plan: CasePlan, perSecond: number, timesBefore = 0): CasePlan {
  const { load, seed } = plan.scenario;
  if (load.executor !== "constant-arrival-rate") return plan;
  const scenario: Scenario = { ...plan.scenario, seed: seed + timesBefore, load: { ...load, rate: (perSecond * load.timeUnit) / 1e6 } };
  return { ...plan, scenario };
}
