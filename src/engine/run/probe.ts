import { studentBound } from "../../kernel/student.ts";
import type { CasePlan } from "../../plan/plan.ts";
import { MODE_TRAITS } from "../../scenario/modes.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import type { Expected } from "../../theory/demand.ts";
import { capacityOf } from "../../theory/predict.ts";
import { hasKnownWork, whatIsDone, withSteadyWork } from "../../workloads/traits.ts";
import { askedRate, atRate } from "./rate-share.ts";

/** Capacity of a mode per second, with its 95 % interval, and how it was determined. */
export interface ProbedCapacity {
  readonly capacity: number;
  readonly low: number;
  readonly high: number;
  readonly from: "theory" | "probe";
}

/** Duration of a probe in microseconds. */
const PROBE = 2e6;
/** Messages of a probe where theory cannot say how many it needs. */
const PROBE_MESSAGES = 5_000_000;
/** Service time in seconds above which the lab's own overhead is negligible. */
const LONG = 1e-3;
const CONFIDENCE = 0.95;

/**
 * A plan with the same work and more due at once than can be done during the probe. `capacity`: by theory, per second. Work and reads are
 * constant at their mean: capacity depends on no more, and a draw of a few seconds would deviate from it.
 */
export function probePlan(plan: CasePlan, capacity: number | null): CasePlan {
  const scenario = withSteadyWork(plan.scenario);
  const { source, queue } = scenario;
  const size = capacity === null ? PROBE_MESSAGES : Math.ceil(Math.min(PROBE_MESSAGES, 100 + 3 * capacity * (PROBE / 1e6)));
  const read = (source.latency.min + source.latency.max) / 2;
  return {
    ...plan,
    scenario: {
      ...scenario,
      load: { executor: "bursts", size, every: 1e6, count: 1 },
      source: { ...source, latency: { min: read, max: read } },
      queue: { ...queue, overflow: "block", capacity: queue.capacity === "unlimited" ? 1000 : queue.capacity },
      queries: { ...scenario.queries, rate: 0 },
      thresholds: undefined,
      warmup: 0,
      gracefulStop: PROBE,
    },
  };
}

/**
 * The case whose capacity a share refers to: of the first mode, at the first point of the sweep with the same work. Swept settings of how
 * it is done (batches, Workers, queries, the queue) leave the load unchanged, so that points differ in nothing else.
 */
export function probedCase(plan: CasePlan, plans: readonly CasePlan[]): CasePlan {
  const [first] = plan.scenario.modes;
  const done = whatIsDone(plan.scenario);
  return plans.find(({ mode, scenario }) => mode === first && whatIsDone(scenario) === done) ?? plan;
}

/** Resources of a machine for a case. */
type OnMachine = Pick<Expected, "cores" | "quota">;

/** The case at the rate that theory expects for its share, before any probe; unchanged where that is unknown. */
export function foreseenCase(plan: CasePlan, plans: readonly CasePlan[], machine: OnMachine): CasePlan {
  const asked = askedRate(plan);
  if (asked === null || asked === "max") return plan;
  const { capacity } = capacityOf({ ...probedCase(plan, plans), ...machine });
  return capacity === null ? plan : atRate(plan, capacity * asked.share);
}

/** Capacity where theory is exact: one thread that does one long message after the other; null: a probe is needed. */
export function knownCapacity({ mode, scenario, workers }: CasePlan, machine: OnMachine): ProbedCapacity | null {
  const { work, source } = scenario;
  if (!MODE_TRAITS[mode].holdsSource || !hasKnownWork(scenario)) return null;
  const { capacity } = capacityOf({ mode, scenario, workers, ...machine });
  const taken = (work.time + work.perBatch + (source.latency.min + source.latency.max) / 2) / 1e6;
  return capacity === null || taken < LONG ? null : { capacity, low: capacity, high: capacity, from: "theory" };
}

/** Capacity measured by a probe, with its variation over samples; null: it failed. */
export function probedCapacity(result: CaseResult): ProbedCapacity | null {
  const { throughput: capacity, ledger, series, status } = result;
  if (status !== "completed" || !(capacity > 0)) return null;
  // The first and the last sample are not at the full rate.
  const rates = series.slice(1, -1).map(({ processed }) => processed);
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / (rates.length - 1);
  // The last message may be anywhere between begun and done.
  const least = capacity / Math.max(1, ledger.processed);
  const half = rates.length < 3 ? least : Math.max(least, studentBound(CONFIDENCE, rates.length - 1) * Math.sqrt(variance / rates.length));
  return { capacity, low: Math.max(0, capacity - half), high: capacity + half, from: "probe" };
}
