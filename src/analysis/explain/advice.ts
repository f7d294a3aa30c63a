import { MODES } from "../../scenario/modes.ts";
import type { Scenario } from "../../scenario/schema.ts";
import type { Expected } from "../../theory/demand.ts";
import { type Simulated, simulate } from "../../theory/simulate.ts";
import type { Facts } from "./facts.ts";

/** Advice, verified before it is given: the case is simulated as it was and with the change. */

/** Changes, each large enough to show at once whether it helps. */
const CHANGES = {
  "async.concurrency": (scenario) => ({ ...scenario, async: { ...scenario.async, concurrency: 4 * scenario.async.concurrency } }),
  "source.connections": (scenario) => ({ ...scenario, source: { ...scenario.source, connections: 4 * scenario.source.connections } }),
  "queue.capacity": (scenario) => ({ ...scenario, queue: { ...scenario.queue, capacity: "unlimited" } }),
  "keys.count": (scenario) => ({ ...scenario, keys: { ...scenario.keys, count: Math.min(10 * scenario.keys.count, MOST_KEYS) } }),
  "batch.order": (scenario) => ({ ...scenario, batch: { ...scenario.batch, order: "key" } }),
  "batch.size": (scenario) => ({ ...scenario, batch: { ...scenario.batch, size: Math.ceil((scenario.batch.size ?? 1) / 4) } }),
  "distributed.batch": (scenario) => ({ ...scenario, distributed: { ...scenario.distributed, batch: 4 * scenario.distributed.batch } }),
  "distributed.partitions": (scenario) => ({
    ...scenario,
    distributed: { ...scenario.distributed, partitions: 4 * scenario.distributed.partitions },
  }),
  "batch.timeout": (scenario) => ({ ...scenario, batch: { ...scenario.batch, timeout: (scenario.batch.timeout ?? EARLY) / 4 } }),
} satisfies Readonly<Record<string, (scenario: Scenario) => Scenario>>;

const MOST_KEYS = 100_000;
/** Microseconds: four times a timeout that is early for all but the fastest arrivals. */
const EARLY = 4000;
/** Most arrivals simulated, a moment's work; the first ones of a longer load. */
const TRIED = 100_000;
/** Largest ratio of measurement to prediction for which the simulation represents the case. */
const NEAR = { throughput: 1.15, sojourn: 1.5 };
/** Least improvement, in throughput, latency or losses. */
const WORTH = 1.05;

/**
 * False where the simulation, which predicted the case as measured, does not improve by a change: throughput, latency and losses stay, or
 * one improves at the expense of another. True where it helps, and where the simulation does not represent the case.
 */
export function mayHelp(facts: Facts, field: keyof typeof CHANGES): boolean {
  const { result, scenario } = facts;
  const mode = MODES.find((each) => each === result.mode);
  if (mode === undefined || scenario.workload !== "message" || scenario.load.executor === "replay" || !foreseen(facts)) return true;
  const machine = { mode, ...machineOf(facts) };
  const [before, after] = [scenario, CHANGES[field](scenario)].map((each) => simulate({ ...machine, scenario: each }, TRIED));
  return before == null || after == null || better(before, after);
}

/** The machine of the case; workers that were started with it share its cores. */
function machineOf({ result: { hosts = [], distributed }, scenario, threads, cores }: Facts): Omit<Expected, "mode" | "scenario"> {
  const own = { workers: threads, cores: Math.max(1, Math.round(cores)) };
  if (distributed === undefined) return own;
  const roundTrip = distributed.roundTripMs / 1000;
  if (scenario.distributed.redis === "auto") return { ...own, roundTrip };
  return { workers: threads, cores: Math.max(1, ...hosts.map((host) => host.cores)), hosts: Math.max(1, hosts.length), roundTrip };
}

function foreseen({ result }: Facts): boolean {
  const { predicted, throughput, latency } = result;
  const near = (a: number | null, b: number, most: number) => a !== null && a > 0 && b > 0 && Math.max(a / b, b / a) <= most;
  return near(predicted.throughput, throughput, NEAR.throughput) && near(predicted.sojournMean, latency.sojourn.mean, NEAR.sojourn);
}

function better(before: Simulated, after: Simulated): boolean {
  const lost = ({ dropped, unfinished }: Simulated) => dropped + unfinished;
  const more = after.throughput / before.throughput;
  const sooner = before.sojourn.mean / after.sojourn.mean;
  const kept = (1 + lost(before)) / (1 + lost(after));
  if (kept >= WORTH) return true;
  // Lower latency with fewer items, or as many with a higher one.
  if (more < 1 / SAME || kept < 1 / SAME) return false;
  return more >= WORTH || sooner >= WORTH;
}

/** Ratio up to which figures count as equal. */
const SAME = 1.02;
