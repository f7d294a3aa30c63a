import { MODE_TRAITS } from "../scenario/modes.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { Capacity, KeyLimits } from "./capacity.ts";
import { spentPerItem } from "./capacity.ts";
import { type Expected, threadsOf } from "./demand.ts";
import { usualCosts } from "./redis.ts";
import type { Simulated } from "./simulate.ts";

/** A limit is named when it cuts the rate below this share of the next one. */
const UNEVEN = 0.95;
/** Share of lost arrivals from which losses are the bottleneck. */
const LOST = 0.01;
/** A sojourn of at most this many service times counts as no waiting. */
const CALM = 2;

/** Predicted properties of a case beside its simulation. */
export interface Known {
  readonly lambda: number | null;
  readonly limits: KeyLimits;
  readonly foreseen: Simulated;
  /** Messages per second in a simulation of the same case without order of keys. */
  readonly withoutOrder: () => number;
}

/** The bottleneck of a case: a shared resource, or what prevents its full use. */
export function bottleneckOf(expected: Expected, { capacity, bottleneck }: Capacity, known: Known): string {
  const { lambda, limits, foreseen } = known;
  const { scenario, mode } = expected;
  if (capacity === null) return bottleneck;
  // Though capacity exceeds the arrival rate, bursts of arrivals overflow the queue.
  if (lambda !== null && lambda < capacity && foreseen.dropped > LOST * foreseen.arrivals) return "queue";
  if (clientsDecide(expected, capacity, foreseen)) return "clients";
  const even = Math.min(lambda ?? capacity, capacity);
  // A read begins only while work does not hold the loop, so that neither gets all its time.
  const inTurn = mode === "async" && scenario.source.latency.max > 0;
  if (inTurn && foreseen.dropped === 0 && foreseen.throughput < UNEVEN * Math.min(even, limits.key)) return "source";
  const named = limitOf(expected, lambda, capacity, limits);
  if (named === "arrivals" && foreseen.throughput < UNEVEN * even && known.withoutOrder() > foreseen.throughput / UNEVEN)
    return keyName(scenario.keys);
  if (named !== null) return named;
  return limits.thread < UNEVEN * capacity && foreseen.throughput < UNEVEN * even ? unevenName(expected) : bottleneck;
}

/** The limit where it is not a shared resource; null: it is one. */
export function limitOf(expected: Expected, lambda: number | null, capacity: number, { key, thread }: KeyLimits): string | null {
  if (lambda !== null && lambda < Math.min(capacity, key, thread)) return "arrivals";
  if (key < UNEVEN * capacity) return keyName(expected.scenario.keys);
  return lambda !== null && lambda < capacity && thread < capacity ? unevenName(expected) : null;
}

/** More messages for one Worker, or in one partition, than in the others. */
function unevenName({ mode }: Expected): string {
  return MODE_TRAITS[mode].remote ? "hot partition" : "uneven keys";
}

function keyName({ distribution, count }: Scenario["keys"]): string {
  return distribution === "zipf" || count === 1 ? "hot key" : "few keys";
}

/** True where clients of a closed loop always find a free server. */
function clientsDecide(expected: Expected, capacity: number, { throughput, sojourn }: Simulated): boolean {
  const { mode, scenario } = expected;
  const { load, source, async } = scenario;
  if (!("vus" in load)) return false;
  const { cpu, hold, wait } = spentPerItem(expected);
  const read = (source.latency.min + source.latency.max) / 2e6;
  const calm = sojourn.mean / 1e9 <= CALM * (cpu + hold + wait + read + wayOf(expected));
  if (throughput < UNEVEN * capacity) return calm;
  // One server per client, none of which computes all the time.
  const slots = mode === "sync" ? 1 : threadsOf(expected) * (wait > 0 ? async.concurrency : 1);
  return calm && cpu === 0 && load.vus <= slots;
}

/** Seconds of an item on its way to a slot that waits for it: it is added, the slot is notified, takes it and reads its state. */
function wayOf(expected: Expected): number {
  return MODE_TRAITS[expected.mode].remote ? 3 * usualCosts(expected, 1).roundTrip : 0;
}
