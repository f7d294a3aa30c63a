import { rampTotal } from "../scenario/load-extent.ts";
import { MODE_TRAITS } from "../scenario/modes.ts";
import type { Mode, Scenario } from "../scenario/schema.ts";
import { type CpuQuota, coresOf } from "../telemetry/cgroup.ts";

/** A case to be predicted, and its machine: a number of cores, or a share of their time. */
export interface Expected {
  readonly mode: Mode;
  readonly scenario: Scenario;
  /** Threads that process, where the mode has several; in `distributed` those of all hosts. */
  readonly workers: number;
  /** Cores of the machine, or of each host. */
  readonly cores: number;
  /** CPU quota per period, for all threads of a machine together; absent: all that the cores have. */
  readonly quota?: Pick<CpuQuota, "quotaMs" | "periodMs">;
  /** `distributed`: hosts, with the same number of threads each; absent: one. */
  readonly hosts?: number;
  /** `distributed`: seconds of an exchange with Redis that has nothing to do; absent: as usual, see `redisCosts`. */
  readonly roundTrip?: number;
}

/** Cores' worth of CPU time available to a case. */
export function coresGiven({ cores, quota, hosts = 1 }: Pick<Expected, "cores" | "quota" | "hosts">): number {
  return hosts * (quota === undefined ? cores : Math.min(cores, coresOf(quota)));
}

/** Threads that process the items of a case. */
export function threadsOf({ mode, workers }: Pick<Expected, "mode" | "workers">): number {
  return MODE_TRAITS[mode].spreads ? workers : 1;
}

/** True where threads could compute more than the quota allows. */
export function rationed(expected: Expected): boolean {
  const { cores, hosts = 1 } = expected;
  return coresGiven(expected) < Math.min(hosts * cores, threadsOf(expected));
}

/** An item's time by the resource that it occupies. */
export interface Shares {
  /** Time on a core, which occupies its thread, too. */
  readonly cpu: number;
  /** Time that occupies a thread, but no core. */
  readonly hold: number;
  /** Time that occupies neither: a wait outside, which overlaps where the mode allows it. */
  readonly wait: number;
}

/** Division of an item's time; null for work of unknown time. */
export function sharesOf({ work }: Scenario): Shares | null {
  switch (work.kind) {
    case "none":
    case "handler":
    case "command":
      return null;
    case "cpu":
      return { cpu: 1, hold: 0, wait: 0 };
    case "sleep":
      return { cpu: 0, hold: 1, wait: 0 };
    case "io":
      return { cpu: 0, hold: 0, wait: 1 };
    case "mixed":
      return { cpu: work.cpuShare, hold: 0, wait: 1 - work.cpuShare };
    default:
      return work.kind satisfies never;
  }
}

/** Cost of handing a piece of work to a helper thread and getting the result, in seconds: two wake-ups of sleeping threads. */
export const HANDOVER = 120e-6;
/**
 * The part of it that remains for pieces so short that both threads are still awake, and the length of pieces after which they have slept.
 */
const AWAKE = 0.2;
const SLEPT = 0.8e-3;

/** Cost of handing over a piece of work of a given length in seconds. */
export function handoverOf(piece: number): number {
  return HANDOVER * Math.min(1, AWAKE + ((1 - AWAKE) * piece) / SLEPT);
}

/**
 * Cost of a query, in seconds of the thread that has the state: in `parallel` request and answer cross threads, in `distributed` Redis has
 * the states.
 */
const QUERY = { sync: 1.2e-6, async: 1e-6, parallel: 8e-6, distributed: 0 } as const;

/** Share of its time that each thread with states spends on queries, at most nearly all of it. */
export function queryShare({ mode, scenario: { queries }, workers }: Expected): number {
  const besides = mode === "parallel" && queries.consistency === "snapshot";
  const perSecond = besides ? 0 : (queries.rate * 1e6) / queries.timeUnit;
  return Math.min(0.95, (perSecond * QUERY[mode]) / threadsOf({ mode, workers }));
}

/** Batches held by a Worker whose batches take `batchSeconds`, as in the parallel executor. */
export function windowOf(concurrency: number, batchSeconds: number): number {
  return concurrency - 1 + windowAhead(batchSeconds * 1e9);
}

const SMALLEST_WINDOW = 4;
const LARGEST_WINDOW = 128;
const AHEAD = 4e6;

/** Batches held beside those at work: as many as are worked off in about 4 ms. `batchTime` in nanoseconds; 0: none is done. */
export function windowAhead(batchTime: number): number {
  const ahead = batchTime === 0 ? SMALLEST_WINDOW : Math.ceil(AHEAD / Math.max(1, batchTime));
  return Math.min(LARGEST_WINDOW, Math.max(SMALLEST_WINDOW, ahead));
}

/** Arrivals per second over the whole load; null where they depend on answers, or all come at once. */
export function offeredRate({ load }: Scenario): number | null {
  switch (load.executor) {
    case "constant-arrival-rate":
      return typeof load.rate === "number" ? (load.rate * 1e6) / load.timeUnit : null;
    case "ramping-arrival-rate":
      return (rampTotal(load) * 1e6) / load.stages.reduce((sum, { duration }) => sum + duration, 0);
    case "bursts":
      return load.count > 1 ? (load.size * 1e6) / load.every : null;
    case "replay":
      return load.rate ?? null;
    case "constant-vus":
    case "shared-iterations":
    case "once":
      return null;
    default:
      return load satisfies never;
  }
}

/** True when the arrivals are known before the case starts. */
export function simulatable({ load }: Scenario): boolean {
  if (load.executor === "constant-arrival-rate") return typeof load.rate === "number";
  return load.executor !== "replay" && load.executor !== "once";
}
