import { splitEvenly } from "../kernel/divide.ts";
import { UserError } from "../kernel/problem.ts";
import type { CasePlan } from "../scenario/case-plan.ts";
import { MODE_TRAITS } from "../scenario/modes.ts";
import type { Mode, Scenario } from "../scenario/schema.ts";
import { countTargets } from "./fetch/targets.ts";

/** Most requests in flight where the scenario sets no limit. */
const UNLIMITED = 1_000_000;

/** Number of threads of a case, and of concurrent items on each. Reads a list of addresses once. */
export class WorkerSlots {
  private readonly counts = new Map<string, number>();

  /** `workers`: the scenario's number, or the machine's. */
  of(scenario: Scenario, mode: Mode, workers: number): Pick<CasePlan, "scenario" | "workers" | "slots"> {
    if (scenario.workload === "fetch") return this.ofRequests(scenario, mode, workers);
    return { scenario, workers, slots: Array.from({ length: workers }, () => scenario.async.concurrency) };
  }

  /**
   * Requests in flight are divided over the threads of a mode, but each worker of `distributed` has the scenario's number; without a load
   * of its own, a list is a closed loop in which each slot sends again when it is free.
   */
  private ofRequests(scenario: Scenario, mode: Mode, workers: number): Pick<CasePlan, "scenario" | "workers" | "slots"> {
    const { fetch } = scenario;
    const max = fetch === undefined || fetch.concurrency.max === "unlimited" ? UNLIMITED : fetch.concurrency.max;
    const listed = scenario.load.executor === "once" ? this.count(fetch ?? {}) : 0;
    if (scenario.load.executor === "once" && listed === 0) throw new UserError("fetch.urlsFile: must hold at least one address, got none");
    // A Worker without a connection could not send anything.
    const { spreads, holdsSource, remote } = MODE_TRAITS[mode];
    const threads = remote ? workers : spreads ? Math.min(workers, max, fetch?.connections.max ?? max) : 1;
    const slots = holdsSource ? [1] : remote ? Array.from({ length: workers }, () => max) : splitEvenly(max, threads);
    const vus = Math.min(
      listed,
      slots.reduce((sum, each) => sum + each, 0),
    );
    const load: Scenario["load"] = listed > 0 ? { executor: "shared-iterations", vus, iterations: listed } : scenario.load;
    const concurrency = slots[0] ?? 1;
    return { workers: threads, slots, scenario: { ...scenario, load, async: { ...scenario.async, concurrency, offload: "none" } } };
  }

  private count(list: Parameters<typeof countTargets>[0]): number {
    if (list.urlsFile === undefined) return countTargets(list);
    const count = this.counts.get(list.urlsFile) ?? countTargets(list);
    this.counts.set(list.urlsFile, count);
    return count;
  }
}
