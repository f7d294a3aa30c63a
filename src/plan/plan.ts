import { createHash } from "node:crypto";
import type { Problem } from "../kernel/problem.ts";
import { Random } from "../kernel/random.ts";
import type { CasePlan } from "../scenario/case-plan.ts";
import { MODE_TRAITS } from "../scenario/modes.ts";
import type { Mode, Scenario } from "../scenario/schema.ts";
import type { SweepPoint } from "../scenario/sweep.ts";
import { keysHaveWorkers } from "../workloads/traits.ts";
import { WorkerSlots } from "../workloads/worker-slots.ts";

export type { CasePlan } from "../scenario/case-plan.ts";

/** Capacity of the case's queue; null: unbounded, or no queue at all. */
export function queueCapacity({ mode, scenario }: CasePlan): number | null {
  const { capacity } = scenario.queue;
  return MODE_TRAITS[mode].holdsSource || capacity === "unlimited" ? null : capacity;
}

/** Most items of a batch: of what is gathered, or of what a worker takes at once, without keys one by one; null: no limit. */
export function batchLimit({ mode, scenario }: CasePlan): number | null {
  const { batch, distributed } = scenario;
  if (MODE_TRAITS[mode].remote) return keysHaveWorkers(scenario) ? distributed.batch : 1;
  return batch.size ?? (batch.timeout === undefined ? 1 : null);
}

/** A scenario with its name, its file and the points of its sweep. */
export interface NamedScenario {
  readonly name: string;
  readonly file: string;
  readonly scenario: Scenario;
  readonly points: readonly SweepPoint[];
  /** A problem with a field, at the place where it was given; absent: there is no file. */
  readonly problemAt?: (path: readonly (string | number)[], message: string) => Problem;
}

/**
 * The cases of a scenario: every mode at every sweep point. `cores` of the machine replace `workers: auto`. `hosts`: machines of
 * `distributed`, each with a thread for each of these cores, whatever number of workers `redis: auto` would start, unless that is swept;
 * null: as many threads as that.
 */
export function planCases(points: readonly SweepPoint[], cores: number, hosts: number | null = null): CasePlan[] {
  const places = new WorkerSlots();
  return points.flatMap(({ params, scenario }) =>
    scenario.modes.map((mode) => {
      const { remote } = MODE_TRAITS[mode];
      const { workers: asked } = remote ? scenario.distributed : scenario.parallel;
      const ofHosts = remote && hosts !== null && !("distributed.workers" in params) ? hosts * cores : null;
      return { mode, params, ...places.of(scenario, mode, ofHosts ?? (asked === "auto" ? cores : asked)) };
    }),
  );
}

/**
 * Execution order of the cases: that of the plan or, for a sweep, shuffled by the seed, so that a machine that slows down is not mistaken
 * for an effect of the swept value (R. A. Fisher, The Design of Experiments, 1935). Repeats are planned in the order in which they run.
 */
export function runOrder(plans: readonly CasePlan[]): number[] {
  const order = plans.map((_, i) => i);
  const [first] = plans;
  if (first === undefined || first.repeat !== undefined || Object.keys(first.params).length === 0) return order;
  return shuffled(order, new Random(first.scenario.seed, "cases"));
}

/** All of some things in each round, the order within a round shuffled by the seed: what changes over time affects all alike. */
export function inRounds<T>(those: readonly T[], rounds: number, seed: number): T[][] {
  const random = new Random(seed, "rounds");
  return Array.from({ length: rounds }, () => shuffled(those, random));
}

/** The cases of a scenario repeated, in the order in which they run: round by round. */
export function repeatedCases(plans: readonly CasePlan[], rounds: number): CasePlan[] {
  return inRounds(plans, rounds, plans[0]?.scenario.seed ?? 0).flatMap((round, repeat) => round.map((plan) => ({ ...plan, repeat })));
}

/** The mode of each case that runs, in the order of the plan; `rounds`: null where each runs once. */
export function plannedModes(points: readonly SweepPoint[], rounds: number | null): Mode[] {
  const modes = points.flatMap(({ scenario }) => scenario.modes);
  return rounds === null ? modes : inRounds(modes, rounds, points[0]?.scenario.seed ?? 0).flat();
}

/** In random order, each order as likely (R. A. Fisher, F. Yates, Statistical Tables, 1938, example 12). */
function shuffled<T>(those: readonly T[], random: Random): T[] {
  const order = [...those];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}

/** SHA-256 of the resolved scenario: the same for files that differ only in notation. */
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
