import { hashOf } from "../kernel/hash.ts";
import { keyShares, workerName } from "../load/keys.ts";
import { squaredVariation } from "../load/service-times.ts";
import type { Scenario } from "../scenario/schema.ts";
import { arrivalEstimate } from "../scenario/semantics.ts";
import type { Prediction } from "../telemetry/result.ts";
import { type Expected, HANDOVER, offeredRate, queryShare, type Shares, sharesOf, simulatable } from "./demand.ts";
import { predictFetch } from "./fetch.ts";
import { predictFlow } from "./flow.ts";
import {
  dd1OverloadSojourn,
  dd1Sojourn,
  md1Sojourn,
  md1SojournQuantile,
  mg1Sojourn,
  mm1k,
  mm1Sojourn,
  mm1SojournQuantile,
  mmcSojourn,
} from "./queues.ts";
import { type Simulated, simulate } from "./simulate.ts";

/** Arrivals that a prediction simulates of a case in a steady state, and of one that never is in one: a moment's work. */
const STEADY = 300_000;
const SIMULATED = 2_000_000;

/** What theory expects of a case before it runs: a formula where one applies, the simulator for the rest; null: unknown. */
export function predict(asked: Expected): Prediction {
  if (asked.scenario.workload === "fetch") return predictFetch(asked);
  if (asked.scenario.workload === "flow") return predictFlow(asked, predict);
  const expected = atNumber(asked);
  const { scenario } = expected;
  const { capacity, bottleneck, servers } = capacityOf(expected);
  const lambda = offeredRate(scenario);
  const keys = keyLimits(expected);
  const foreseen = simulatable(scenario) ? simulated(expected, capacity, keys) : null;
  if (capacity === null || foreseen === null) {
    // All at once is as much as can be done.
    const asked = lambda ?? (allAtOnce(scenario) ? capacity : null);
    const throughput = capacity === null || asked === null ? asked : Math.min(asked, capacity);
    const utilization = capacity === null || asked === null ? null : Math.min(1, asked / capacity);
    const named = capacity === null ? bottleneck : (limitOf(scenario, lambda, capacity, keys) ?? bottleneck);
    return { capacity, throughput, sojournMean: null, sojournP99: null, utilization, bottleneck: named, model: "capacity" };
  }
  // A read begins only once the loop is not held by work, so that neither gets all its time.
  const inTurn = expected.mode === "async" && scenario.source.latency.max > 0;
  const readsHeldUp = inTurn && foreseen.dropped === 0 && foreseen.throughput < UNEVEN * Math.min(lambda ?? capacity, capacity, keys.key);
  const formula = lambda === null || queryShare(expected) > NEGLIGIBLE ? null : formulaFor(expected, lambda, servers, keys);
  // The simulation lets the newest go, where the oldest would: how many are done is the same, how long they were there is not.
  const unknown = scenario.queue.overflow === "drop-oldest" && expected.mode !== "sync" && foreseen.dropped > 0;
  // Though more can be done than comes, what comes close together does not all find a place.
  const overflows = lambda !== null && lambda < capacity && foreseen.dropped > LOST * foreseen.arrivals;
  return {
    capacity,
    throughput: foreseen.throughput,
    utilization: lambda === null ? foreseen.utilization : Math.min(1, lambda / capacity),
    bottleneck: overflows ? "queue" : readsHeldUp ? "source" : (limitOf(scenario, lambda, capacity, keys) ?? bottleneck),
    ...(unknown ? NO_SOJOURN : (formula ?? fromSimulation(foreseen))),
  };
}

interface Sojourn extends Pick<Prediction, "sojournMean" | "sojournP99" | "model"> {}

function fromSimulation({ sojourn }: Simulated): Sojourn {
  return { sojournMean: sojourn.mean / 1e6, sojournP99: sojourn.percentile(0.99) / 1e6, model: "simulation" };
}

const NO_SOJOURN: Sojourn = { sojournMean: null, sojournP99: null, model: "simulation" };

/** Share of the arrivals that is lost from which on that is what decides. */
const LOST = 0.01;

function allAtOnce({ load }: Scenario): boolean {
  return load.executor === "bursts" || (load.executor === "replay" && load.rate === undefined && load.speed === undefined);
}

/** Share of a thread's time that formulas leave out. */
const NEGLIGIBLE = 0.01;

/** A rate that is to be found out stands for what theory says it will be. */
function atNumber(expected: Expected): Expected {
  const { scenario } = expected;
  const { load } = scenario;
  if (load.executor !== "constant-arrival-rate" || typeof load.rate === "number") return expected;
  const at = (rate: number): Expected => ({ ...expected, scenario: { ...scenario, load: { ...load, rate } } });
  const probed = load.rate === "max" ? expected : { ...expected, mode: scenario.modes[0] ?? expected.mode };
  const { capacity } = capacityOf({ ...probed, scenario: at(1).scenario });
  if (capacity === null) return expected;
  const share = load.rate === "max" ? 1 : Number.parseFloat(load.rate) / 100;
  return at((capacity * share * load.timeUnit) / 1e6);
}

/** Times S/(1 − ρ)² from which on a line counts as settled. */
const SETTLING = 10;

/** The formula whose assumptions a case meets, if there is one. */
function formulaFor(expected: Expected, lambda: number, servers: number, { key, thread }: KeyLimits): Sojourn | null {
  const { mode, scenario } = expected;
  const { load, work, source, batch, queue, keys } = scenario;
  // The formulas know of no time that is spent before a batch.
  if (work.perBatch > 0) return null;
  const oneByOne = mode === "sync" || (batch.size ?? (batch.timeout === undefined ? 1 : 2)) === 1;
  const offloaded = mode === "async" && scenario.async.offload !== "none";
  const steady = load.executor === "constant-arrival-rate" && load.jitter === 0 && source.latency.max === 0;
  if (!steady || !oneByOne || offloaded) return null;
  const service = work.time / 1e6;
  const ms = (seconds: number | null) => (seconds === null ? null : seconds * 1000);
  const roomy = mode === "sync" || queue.overflow === "block" || queue.capacity === "unlimited";
  const overlapping = mode !== "sync" && scenario.async.concurrency > 1;
  if (load.arrivals === "uniform") {
    if (overlapping || servers > 1 || work.distribution !== "constant") return null;
    const calm = dd1Sojourn(lambda, service);
    if (calm !== null) return { sojournMean: ms(calm), sojournP99: ms(calm), model: "D/D/1" };
    const seconds = load.duration / 1e6;
    const drained = seconds * lambda * service <= seconds + scenario.gracefulStop / 1e6;
    if (!roomy || !drained || scenario.warmup > 0) return null;
    const mean = dd1OverloadSojourn(lambda, service, seconds);
    return { sojournMean: ms(mean), sojournP99: ms(service + 0.99 * 2 * (mean - service)), model: "D/D/1, overloaded" };
  }
  const exponential = work.distribution === "exponential";
  if (overlapping) {
    const alike = keys.distribution !== "zipf" && keys.count >= 20 * servers && lambda < key;
    const apart = mode === "async" && work.kind === "io" && exponential && alike && roomy;
    const mean = apart ? mmcSojourn(lambda, service, servers) : null;
    return mean === null ? null : { sojournMean: ms(mean), sojournP99: null, model: `M/M/${servers}` };
  }
  // More Workers than cores compute in turns, for which there is no formula.
  if (mode === "parallel" && servers !== expected.workers) return null;
  // Keys spread by a hash: each Worker is a line of its own, and splitting Poisson arrivals leaves them Poisson.
  const even = keys.distribution !== "zipf" && keys.count >= 100 * servers && thread > (1 - NEGLIGIBLE) * (servers / service);
  if (servers > 1 && !even) return null;
  const each = lambda / servers;
  if (!roomy) {
    // A Worker holds batches beyond the queue, and who drops the oldest keeps those that wait least.
    const finite = mode === "async" && queue.overflow === "drop-newest" && queue.capacity !== "unlimited";
    if (!exponential || !finite || queue.capacity === "unlimited") return null;
    return { sojournMean: ms(mm1k(each, service, queue.capacity + 1).sojourn), sojournP99: null, model: `M/M/1/${queue.capacity + 1}` };
  }
  if (each * service >= 1) return null;
  // Formulas are of the steady state, and the nearer to its limit a line is the longer it takes to get there.
  if (load.duration / 1e6 < (SETTLING * service) / (1 - each * service) ** 2) return null;
  const many = servers > 1 ? `${servers} × ` : "";
  if (exponential) {
    return { sojournMean: ms(mm1Sojourn(each, service)), sojournP99: ms(mm1SojournQuantile(0.99, each, service)), model: `${many}M/M/1` };
  }
  if (work.distribution === "constant") {
    return { sojournMean: ms(md1Sojourn(each, service)), sojournP99: ms(md1SojournQuantile(0.99, each, service)), model: `${many}M/D/1` };
  }
  return { sojournMean: ms(mg1Sojourn(each, service, squaredVariation(work))), sojournP99: null, model: `${many}M/G/1` };
}

interface Capacity {
  /** Per second; null: the work takes no time that theory knows of. */
  readonly capacity: number | null;
  readonly bottleneck: string;
  readonly servers: number;
}

/** The rate at which the first resource is used up, keys evenly spread. */
export function capacityOf(expected: Expected): Capacity {
  const { mode, scenario, workers, cores } = expected;
  if (scenario.workload === "fetch") return { ...predictFetch(expected), servers: 1 };
  if (scenario.workload === "flow") return { ...predictFlow(expected, predict), servers: 1 };
  const { source, batch } = scenario;
  const read = (source.latency.min + source.latency.max) / 2e6;
  const spent = spentPerItem(expected);
  const service = spent.cpu + spent.hold + spent.wait;
  if (mode === "sync") {
    const whole = service + read;
    if (whole === 0) return { capacity: null, bottleneck: unknown(scenario), servers: 1 };
    return { capacity: 1 / whole, bottleneck: read > service ? "source" : nameOf(spent), servers: 1 };
  }
  const offload = mode === "async" ? scenario.async.offload : "none";
  const pieces = offload === "message" ? 1 : 1 / Math.max(1, Math.min(batch.size ?? 1, 1e6));
  const handover = offload === "none" ? 0 : HANDOVER * pieces;
  const threads = mode === "parallel" ? workers : 1;
  const slots = threads * scenario.async.concurrency;
  const limits: [number, string, number][] = [];
  const held = spent.cpu + spent.hold;
  if (held > 0)
    limits.push([threads / (held + (scenario.async.concurrency > 1 ? 0 : handover)), threadName(mode, threads, cores, spent), threads]);
  if (spent.cpu > 0) limits.push([cores / spent.cpu, "all cores", cores]);
  if (service > 0) limits.push([slots / (service + handover), slots === 1 ? nameOf(spent) : "concurrency", slots]);
  if (read > 0) limits.push([source.connections / read, "source", slots]);
  if (limits.length === 0) return { capacity: null, bottleneck: unknown(scenario), servers: 1 };
  const [capacity, bottleneck, servers] = limits.reduce((least, one) => (one[0] < least[0] ? one : least));
  return { capacity, bottleneck, servers };
}

/** Seconds that an item takes of a core, of its thread and of neither; of what its batch costs once, where that is full, its part. */
function spentPerItem({ mode, scenario }: Expected): Shares {
  const shares = sharesOf(scenario);
  const { work, batch, async, queue } = scenario;
  if (work.kind === "handler") return { cpu: 0, hold: 0, wait: 0 };
  const alone = mode === "sync" || (mode === "async" && async.offload === "message");
  // Only a timeout: when there is no end of messages, a batch takes all that wait.
  const most = batch.timeout === undefined ? 1 : queue.capacity === "unlimited" ? 1e6 : queue.capacity;
  const opening = work.perBatch / 1e6 / (alone ? 1 : (batch.size ?? most));
  const time = shares === null ? 0 : work.time / 1e6;
  const { cpu, hold, wait } = shares ?? { cpu: 0, hold: 0, wait: 0 };
  return { cpu: time * cpu + opening, hold: time * hold, wait: time * wait };
}

/** What limits work of which theory knows no time. */
function unknown({ work }: Scenario): string {
  return work.kind === "handler" ? "the handler" : "the lab's own overhead";
}

function nameOf({ cpu, hold, wait }: Shares): string {
  return cpu >= hold && cpu >= wait ? "cpu" : hold >= wait ? "sleep" : "io";
}

function threadName(mode: string, threads: number, cores: number, shares: Shares): string {
  if (mode === "async") return shares.cpu > 0 ? "cpu" : "sleep";
  return threads >= cores && shares.cpu > 0 ? "all cores" : "workers";
}

/** What stays below this share of what else would be possible is kept down: by one key, by reads that wait for the loop. */
const UNEVEN = 0.95;
/** Keys whose thread is worked out one by one; the rest spread evenly. */
const KEYS_PLACED = 10_000;

interface KeyLimits {
  /** Items per second at which the busiest key is used up: it is worked one item after another. */
  readonly key: number;
  /** The same of the thread that has the most of the keys. */
  readonly thread: number;
}

const NO_LIMIT = Number.POSITIVE_INFINITY;

function keyLimits({ mode, scenario, workers }: Expected): KeyLimits {
  const shares = sharesOf(scenario);
  if (mode === "sync" || shares === null || (mode === "async" && scenario.async.concurrency === 1))
    return { key: NO_LIMIT, thread: NO_LIMIT };
  const time = scenario.work.time / 1e6;
  const service = time * (shares.cpu + shares.hold + shares.wait);
  const held = time * (shares.cpu + shares.hold);
  const parts = keyShares(scenario.keys);
  const key = 1 / service / (parts[0] ?? 1);
  if (mode !== "parallel" || workers === 1) return { key, thread: NO_LIMIT };
  const lanes = new Float64Array(workers);
  const placed = Math.min(parts.length, KEYS_PLACED);
  let left = 1;
  for (let i = 0; i < placed; i++) {
    const lane = hashOf(workerName(i)) % workers;
    lanes[lane] = (lanes[lane] as number) + (parts[i] as number);
    left -= parts[i] as number;
  }
  const busiest = lanes.reduce((most, lane) => Math.max(most, lane), 0) + Math.max(0, left) / workers;
  return { key, thread: Math.min(scenario.async.concurrency / service, held > 0 ? 1 / held : NO_LIMIT) / busiest };
}

/** What keeps the rate down where it is not a resource that all share; null: it is one. */
function limitOf({ keys }: Scenario, lambda: number | null, capacity: number, { key, thread }: KeyLimits): string | null {
  if (lambda !== null && lambda < Math.min(capacity, key, thread)) return "arrivals";
  if (key < UNEVEN * capacity) return keys.distribution === "zipf" || keys.count === 1 ? "hot key" : "few keys";
  return lambda !== null && lambda < capacity && thread < capacity ? "uneven keys" : null;
}

/** The case simulated whole, or, where it is the same all along, enough of it; null when it is too long for that. */
function simulated(expected: Expected, capacity: number | null, { key, thread }: KeyLimits): Simulated | null {
  const { scenario } = expected;
  const count = arrivalEstimate(scenario);
  const lambda = offeredRate(scenario) ?? Number.POSITIVE_INFINITY;
  const even = scenario.load.executor === "constant-arrival-rate" && lambda < Math.min(capacity ?? 0, key, thread);
  const steady = even || "vus" in scenario.load;
  if (!steady && count !== null && count > SIMULATED) return null;
  return simulate(expected, steady ? STEADY : SIMULATED);
}
