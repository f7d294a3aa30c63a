import type { Scenario } from "../scenario/schema.ts";
import type { Capacity, KeyLimits } from "./capacity.ts";
import { spentPerItem } from "./capacity.ts";
import type { Expected } from "./demand.ts";
import type { Simulated } from "./simulate.ts";

/** What stays below this share of what else would be possible is kept down. */
const UNEVEN = 0.95;
/** Share of the arrivals that is lost from which on that is what decides. */
const LOST = 0.01;
/** A sojourn of at most this many service times counts as no waiting. */
const CALM = 2;

/** What theory knows of a case beside what was simulated of it. */
export interface Known {
  readonly lambda: number | null;
  readonly limits: KeyLimits;
  readonly foreseen: Simulated;
  /** Messages per second of the same, simulated as if those of one key needed no order. */
  readonly withoutOrder: () => number;
}

/** What keeps the rate down: a resource that all share, or what keeps that from being used up. */
export function bottleneckOf(expected: Expected, { capacity, bottleneck }: Capacity, known: Known): string {
  const { lambda, limits, foreseen } = known;
  const { scenario, mode } = expected;
  if (capacity === null) return bottleneck;
  // Though more can be done than comes, what comes close together does not all find a place.
  if (lambda !== null && lambda < capacity && foreseen.dropped > LOST * foreseen.arrivals) return "queue";
  if (clientsDecide(expected, capacity, foreseen)) return "clients";
  const even = Math.min(lambda ?? capacity, capacity);
  // A read begins only once the loop is not held by work, so that neither gets all its time.
  const inTurn = mode === "async" && scenario.source.latency.max > 0;
  if (inTurn && foreseen.dropped === 0 && foreseen.throughput < UNEVEN * Math.min(even, limits.key)) return "source";
  const named = limitOf(scenario, lambda, capacity, limits);
  if (named === "arrivals" && foreseen.throughput < UNEVEN * even && known.withoutOrder() > foreseen.throughput / UNEVEN)
    return keyName(scenario.keys);
  if (named !== null) return named;
  return limits.thread < UNEVEN * capacity && foreseen.throughput < UNEVEN * even ? "uneven keys" : bottleneck;
}

/** What keeps the rate down where it is not a resource that all share; null: it is one. */
export function limitOf({ keys }: Scenario, lambda: number | null, capacity: number, { key, thread }: KeyLimits): string | null {
  if (lambda !== null && lambda < Math.min(capacity, key, thread)) return "arrivals";
  if (key < UNEVEN * capacity) return keyName(keys);
  return lambda !== null && lambda < capacity && thread < capacity ? "uneven keys" : null;
}

function keyName({ distribution, count }: Scenario["keys"]): string {
  return distribution === "zipf" || count === 1 ? "hot key" : "few keys";
}

/** Who waits for his answer before he sends again finds a server free. */
function clientsDecide(expected: Expected, capacity: number, { throughput, sojourn }: Simulated): boolean {
  const { mode, scenario, workers } = expected;
  const { load, source, async } = scenario;
  if (!("vus" in load)) return false;
  const { cpu, hold, wait } = spentPerItem(expected);
  const read = (source.latency.min + source.latency.max) / 2e6;
  const calm = sojourn.mean / 1e9 <= CALM * (cpu + hold + wait + read);
  if (throughput < UNEVEN * capacity) return calm;
  // A server for each, none of which computes all its time.
  const slots = mode === "sync" ? 1 : (mode === "parallel" ? workers : 1) * (wait > 0 ? async.concurrency : 1);
  return calm && cpu === 0 && load.vus <= slots;
}
