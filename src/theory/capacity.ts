import { hashOf } from "../kernel/hash.ts";
import { keyShares, workerName } from "../load/keys.ts";
import type { Scenario } from "../scenario/schema.ts";
import { coresGiven, type Expected, rationed, type Shares, sharesOf } from "./demand.ts";

export interface Capacity {
  /** Per second; null: no time of the work is known. */
  readonly capacity: number | null;
  readonly bottleneck: string;
  readonly servers: number;
}

/** The rate at which the first resource is used up, with keys evenly spread. */
export function messageCapacity(expected: Expected): Capacity {
  const { mode, scenario, workers } = expected;
  const { source } = scenario;
  const read = (source.latency.min + source.latency.max) / 2e6;
  const spent = spentPerItem(expected);
  const service = spent.cpu + spent.hold + spent.wait;
  const given = coresGiven(expected);
  const short = rationed(expected) && spent.cpu > 0;
  if (mode === "sync") {
    const whole = service + read;
    if (whole === 0) return { capacity: null, bottleneck: unknown(scenario), servers: 1 };
    if (short && given / spent.cpu < 1 / whole) return { capacity: given / spent.cpu, bottleneck: QUOTA, servers: 1 };
    return { capacity: 1 / whole, bottleneck: read > service ? "source" : nameOf(spent), servers: 1 };
  }
  const threads = mode === "parallel" ? workers : 1;
  const slots = threads * scenario.async.concurrency;
  const limits: [number, string, number][] = [];
  const held = spent.cpu + spent.hold;
  if (held > 0) limits.push([threads / held, threadName(mode, threads, given, spent), threads]);
  if (spent.cpu > 0) limits.push([given / spent.cpu, short ? QUOTA : "all cores", given]);
  if (service > 0) limits.push([slots / service, slots === 1 ? nameOf(spent) : "concurrency", slots]);
  if (read > 0) limits.push([source.connections / read, "source", slots]);
  if (limits.length === 0) return { capacity: null, bottleneck: unknown(scenario), servers: 1 };
  const [capacity, bottleneck, servers] = limits.reduce((least, one) => (one[0] < least[0] ? one : least));
  return { capacity, bottleneck, servers };
}

/** CPU time runs out before cores do. */
const QUOTA = "cpu quota";

/** Seconds per item of core time, of thread time and of neither, including its share of a full batch's one-time cost. */
export function spentPerItem({ mode, scenario }: Expected): Shares {
  const shares = sharesOf(scenario);
  const { work, batch, async } = scenario;
  if (work.kind === "handler" || work.kind === "command") return { cpu: 0, hold: 0, wait: 0 };
  const alone = mode === "sync" || (mode === "async" && async.offload === "message");
  // With a timeout alone, a backlog makes batches of all that wait, and of what comes into the places that they leave.
  const most = batch.timeout === undefined ? 1 : 1e6;
  const opening = work.perBatch / 1e6 / (alone ? 1 : (batch.size ?? most));
  const time = shares === null ? 0 : work.time / 1e6;
  const { cpu, hold, wait } = shares ?? { cpu: 0, hold: 0, wait: 0 };
  return { cpu: time * cpu + opening, hold: time * hold, wait: time * wait };
}

/** The limit of work whose time is unknown. */
function unknown({ work }: Scenario): string {
  return work.kind === "command" ? "the program" : work.kind === "handler" ? "the handler" : "the lab's own overhead";
}

function nameOf({ cpu, hold, wait }: Shares): string {
  return cpu >= hold && cpu >= wait ? "cpu" : hold >= wait ? "sleep" : "io";
}

function threadName(mode: string, threads: number, cores: number, shares: Shares): string {
  if (mode === "async") return shares.cpu > 0 ? "cpu" : "sleep";
  return threads >= cores && shares.cpu > 0 ? "all cores" : "workers";
}

/** Keys assigned to threads one by one; the rest counts as evenly spread. */
const KEYS_PLACED = 10_000;

export interface KeyLimits {
  /** Items per second at which the busiest key is used up, since its items are handled one after another. */
  readonly key: number;
  /** The same for the thread with the largest share of the keys. */
  readonly thread: number;
}

const NO_LIMIT = Number.POSITIVE_INFINITY;

export function keyLimits({ mode, scenario, workers }: Expected): KeyLimits {
  const shares = sharesOf(scenario);
  if (mode === "sync" || shares === null || (mode === "async" && scenario.async.concurrency === 1))
    return { key: NO_LIMIT, thread: NO_LIMIT };
  const time = scenario.work.time / 1e6;
  const service = time * (shares.cpu + shares.hold + shares.wait);
  const held = time * (shares.cpu + shares.hold);
  const key = scenario.keys.order ? 1 / service / (keyShares(scenario.keys)[0] ?? 1) : NO_LIMIT;
  if (mode !== "parallel" || workers === 1) return { key, thread: NO_LIMIT };
  const busiest = laneShares(scenario.keys, workers).reduce((most, lane) => Math.max(most, lane), 0);
  return { key, thread: Math.min(scenario.async.concurrency / service, held > 0 ? 1 / held : NO_LIMIT) / busiest };
}

/** Share of the messages for each Worker by its keys; keys beyond `KEYS_PLACED` count as evenly spread. */
export function laneShares(keys: Scenario["keys"], workers: number): Float64Array {
  const parts = keyShares(keys);
  const lanes = new Float64Array(workers);
  const placed = Math.min(parts.length, KEYS_PLACED);
  let left = 1;
  for (let i = 0; i < placed; i++) {
    const lane = hashOf(workerName(i)) % workers;
    lanes[lane] = (lanes[lane] as number) + (parts[i] as number);
    left -= parts[i] as number;
  }
  return lanes.map((lane) => lane + Math.max(0, left) / workers);
}
