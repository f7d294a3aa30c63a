import { createHash } from "node:crypto";
import { divided } from "../kernel/divide.ts";
import { type Problem, UserError } from "../kernel/problem.ts";
import { Random } from "../kernel/random.ts";
import type { Mode, Scenario } from "../scenario/schema.ts";
import type { SweepPoint } from "../scenario/sweep.ts";
import { countTargets } from "../workloads/fetch/targets.ts";

/** One mode at one sweep point: everything a runner needs, as plain data. */
export interface CasePlan {
  readonly mode: Mode;
  /** The swept fields and their values here. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly scenario: Scenario;
  readonly workers: number;
  /** Batches at work at once on each thread that processes. */
  readonly slots: readonly number[];
}

/** Places of the case's queue; null: as many as are needed, or no queue at all. */
export function queueCapacity({ mode, scenario }: CasePlan): number | null {
  const { capacity } = scenario.queue;
  return mode === "sync" || capacity === "unlimited" ? null : capacity;
}

/** A scenario with the name it goes by, the file it came from and the points of its sweep. */
export interface NamedScenario {
  readonly name: string;
  readonly file: string;
  readonly scenario: Scenario;
  readonly points: readonly SweepPoint[];
  /** Where a field of it was given; absent: nowhere that could be named. */
  readonly problemAt?: (path: readonly (string | number)[], message: string) => Problem;
}

/** The cases of a scenario: every mode at every sweep point. `cores` of the machine stand in for `workers: auto`. */
export function planCases(points: readonly SweepPoint[], cores: number): CasePlan[] {
  const count = countedOnce();
  return points.flatMap(({ params, scenario }) => {
    const { workers: asked } = scenario.parallel;
    const workers = asked === "auto" ? cores : asked;
    if (scenario.workload === "fetch") return fetchCases(params, scenario, workers, count);
    const slots = Array.from({ length: workers }, () => scenario.async.concurrency);
    return scenario.modes.map((mode) => ({ mode, params, scenario, workers, slots }));
  });
}

/** In flight at most where the scenario sets no limit. */
const UNLIMITED = 1_000_000;

/**
 * Requests in flight are divided over the threads of a mode; with no load of its own, a list is a closed loop in which each
 * slot asks again when it is free.
 */
function fetchCases(params: CasePlan["params"], scenario: Scenario, workers: number, count: typeof countTargets): CasePlan[] {
  const { fetch } = scenario;
  const max = fetch === undefined || fetch.concurrency.max === "unlimited" ? UNLIMITED : fetch.concurrency.max;
  const listed = scenario.load.executor === "once" ? count(fetch ?? {}) : 0;
  if (scenario.load.executor === "once" && listed === 0) throw new UserError("fetch.urlsFile: must hold at least one address, got none");
  return scenario.modes.map((mode) => {
    // A Worker without a connection of its own could not ask for anything.
    const threads = mode === "parallel" ? Math.min(workers, max, fetch?.connections.max ?? max) : 1;
    const slots = mode === "sync" ? [1] : divided(max, threads);
    const vus = Math.min(
      listed,
      slots.reduce((sum, each) => sum + each, 0),
    );
    const load: Scenario["load"] = listed > 0 ? { executor: "shared-iterations", vus, iterations: listed } : scenario.load;
    const concurrency = slots[0] ?? 1;
    return {
      mode,
      params,
      workers: threads,
      slots,
      scenario: { ...scenario, load, async: { ...scenario.async, concurrency, offload: "none" } },
    };
  });
}

/** Counts a list file once, however many points of a sweep ask for it. */
function countedOnce(): typeof countTargets {
  const counts = new Map<string, number>();
  return (list) => {
    if (list.urlsFile === undefined) return countTargets(list);
    const count = counts.get(list.urlsFile) ?? countTargets(list);
    counts.set(list.urlsFile, count);
    return count;
  };
}

/**
 * The order in which cases run: that of the plan, or, when there is a sweep, shuffled by the seed, so that a machine that
 * grows slower does not look like an effect of what is swept (R. A. Fisher, The Design of Experiments, 1935).
 */
export function runOrder(plans: readonly CasePlan[]): number[] {
  const order = plans.map((_, i) => i);
  const first = plans[0];
  if (first === undefined || Object.keys(first.params).length === 0) return order;
  const random = new Random(first.scenario.seed, "cases");
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  return order;
}

/** SHA-256 of the resolved scenario: the same for files that differ only in how they are written. */
export function scenarioHash(scenario: Scenario): string {
  return createHash("sha256").update(canonicalJson(scenario)).digest("hex");
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(",")}}`;
}
