import { studentBound } from "../../kernel/student.ts";
import type { CasePlan } from "../../plan/plan.ts";
import { MODE_TRAITS } from "../../scenario/modes.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import type { Expected } from "../../theory/demand.ts";
import { capacityOf } from "../../theory/predict.ts";
import { hasKnownWork, whatIsDone, withSteadyWork } from "../../workloads/traits.ts";
import { askedRate, atRate } from "./rate-share.ts";

/** What a mode can do, per second, with its 95 % interval, and how that is known. */
export interface ProbedCapacity {
  readonly capacity: number;
  readonly low: number;
  readonly high: number;
  readonly from: "theory" | "probe";
}

/** How long a probe saturates a mode, in microseconds. */
const PROBE = 2e6;
/** Messages of a probe where theory does not know how many it takes. */
const PROBE_MESSAGES = 5_000_000;
/** Seconds that a message takes from which on what the lab itself adds is lost in them. */
const LONG = 1e-3;
const CONFIDENCE = 0.95;

/**
 * The same work, with more due at once than can be done while the probe lasts. `capacity`: what theory says, per second. Work and reads take
 * their mean each time: capacity hangs on no more of them, and a draw of a few seconds would miss it.
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
 * The case whose capacity is meant by a share of it: that of the first mode, at the first point of the sweep where the same is done. What
 * is swept of how it is done (batches, Workers, queries, the queue) leaves the load alone, so that points differ in nothing else.
 */
export function probedCase(plan: CasePlan, plans: readonly CasePlan[]): CasePlan {
  const [first] = plan.scenario.modes;
  const done = whatIsDone(plan.scenario);
  return plans.find(({ mode, scenario }) => mode === first && whatIsDone(scenario) === done) ?? plan;
}

/** What a machine gives to a case. */
type OnMachine = Pick<Expected, "cores" | "quota">;

/** The case at the rate that theory expects a share to come to, before anything is probed; as it is where that is not known. */
export function foreseenCase(plan: CasePlan, plans: readonly CasePlan[], machine: OnMachine): CasePlan {
  const asked = askedRate(plan);
  if (asked === null || asked === "max") return plan;
  const { capacity } = capacityOf({ ...probedCase(plan, plans), ...machine });
  return capacity === null ? plan : atRate(plan, capacity * asked.share);
}

/** What theory knows exactly: one thread that does one message after the other, each of which takes long by itself; null: it is to be probed. */
export function knownCapacity({ mode, scenario, workers }: CasePlan, machine: OnMachine): ProbedCapacity | null {
  const { work, source } = scenario;
  if (!MODE_TRAITS[mode].holdsSource || !hasKnownWork(scenario)) return null;
  const { capacity } = capacityOf({ mode, scenario, workers, ...machine });
  const taken = (work.time + work.perBatch + (source.latency.min + source.latency.max) / 2) / 1e6;
  return capacity === null || taken < LONG ? null : { capacity, low: capacity, high: capacity, from: "theory" };
}

/** What a probe measured, and how it varied from sample to sample; null: it failed. */
export function probedCapacity(result: CaseResult): ProbedCapacity | null {
  const { throughput: capacity, ledger, series, status } = result;
  if (status !== "completed" || !(capacity > 0)) return null;
  // At both ends a sample is not of the full rate.
  const rates = series.slice(1, -1).map(({ processed }) => processed);
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / (rates.length - 1);
  // The last message may be anywhere between done and not.
  const least = capacity / Math.max(1, ledger.processed);
  const half = rates.length < 3 ? least : Math.max(least, studentBound(CONFIDENCE, rates.length - 1) * Math.sqrt(variance / rates.length));
  return { capacity, low: Math.max(0, capacity - half), high: capacity + half, from: "probe" };
}
