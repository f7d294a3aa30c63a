import { hashOf } from "../kernel/hash.ts";
import { keyShares, workerName } from "../load/keys.ts";
import { MODE_TRAITS } from "../scenario/modes.ts";
import type { Scenario } from "../scenario/schema.ts";
import { coresGiven, type Expected, rationed, type Shares, sharesOf, threadsOf } from "./demand.ts";
import { batchesAhead, exchangeOf, fullBatch, redisTime, slowdown, streamCosts } from "./redis.ts";

export interface Capacity {
  /** Per second; null: no time of the work is known. */
  readonly capacity: number | null;
  readonly bottleneck: string;
  readonly servers: number;
}

/** The rate at which the first resource is used up, with keys evenly spread. */
export function messageCapacity(expected: Expected): Capacity {
  const { mode, scenario } = expected;
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
  if (MODE_TRAITS[mode].remote) return leastOf(remoteLimits(expected, spent), scenario);
  const threads = threadsOf(expected);
  const slots = threads * scenario.async.concurrency;
  const limits: Limit[] = [];
  const held = spent.cpu + spent.hold;
  if (held > 0) limits.push([threads / held, threadName(mode, threads, given, spent), threads]);
  if (spent.cpu > 0) limits.push([given / spent.cpu, short ? QUOTA : "all cores", given]);
  if (service > 0) limits.push([slots / service, slots === 1 ? nameOf(spent) : "concurrency", slots]);
  if (read > 0) limits.push([source.connections / read, "source", slots]);
  return leastOf(limits, scenario);
}

/** A rate per second, what is used up at it, and of how many. */
type Limit = readonly [rate: number, name: string, servers: number];

function leastOf(limits: readonly Limit[], scenario: Scenario): Capacity {
  if (limits.length === 0) return { capacity: null, bottleneck: unknown(scenario), servers: 1 };
  const [capacity, bottleneck, servers] = limits.reduce((least, one) => (one[0] < least[0] ? one : least));
  return { capacity, bottleneck, servers };
}

/**
 * The limits of `distributed`: Redis; the threads; the slots, which have batches ahead while they wait for Redis; the partitions, each of
 * which waits for it; the cores.
 */
function remoteLimits(expected: Expected, { cpu, hold, wait }: Shares): Limit[] {
  const { scenario } = expected;
  const { work, async, distributed, source } = scenario;
  const read = (source.latency.min + source.latency.max) / 2e6;
  const limits: Limit[] = read > 0 ? [[source.connections / read, "source", source.connections]] : [];
  if (work.kind === "handler" || work.kind === "command") return limits;
  const { runner, slot } = streamCosts(expected, 1);
  // Where all share too few cores, it is these that are used up.
  const crowded = slowdown(expected) > 1;
  limits.push([1 / redisTime(expected), crowded ? "all cores" : "redis", 1], [1 / runner, crowded ? "all cores" : "runner", 1]);
  const [threads, exchange, held] = [threadsOf(expected), exchangeOf(expected), cpu + hold + slot];
  const overlapping = wait > 0 ? async.concurrency : 1;
  const each = held + wait + exchange;
  const slots = threads * overlapping;
  const waiting = threads * (overlapping + batchesAhead((held + wait) * fullBatch(expected)));
  if (cpu > 0) limits.push([coresGiven(expected) / cpu, rationed(expected) ? QUOTA : "all cores", coresGiven(expected)]);
  const name = overlapping > 1 ? "concurrency" : threadName(expected.mode, threads, coresGiven(expected), { cpu, hold, wait });
  limits.push([slots / (held + wait), name, slots]);
  const at = Math.min(waiting, distributed.partitions);
  limits.push([at / each, at < slots ? "few partitions" : exchange > held + wait ? "round trips" : name, at]);
  return limits;
}

/** CPU time runs out before cores do. */
const QUOTA = "cpu quota";

/** Seconds per item of core time, of thread time and of neither, including its share of a full batch's one-time cost. */
export function spentPerItem(expected: Expected): Shares {
  const { mode, scenario } = expected;
  const shares = sharesOf(scenario);
  const { work, batch, async } = scenario;
  if (work.kind === "handler" || work.kind === "command") return { cpu: 0, hold: 0, wait: 0 };
  const alone = mode === "sync" || (mode === "async" && async.offload === "message");
  // With a timeout alone, a backlog makes batches of all that wait, and of what comes into the places that they leave.
  const most = batch.timeout === undefined ? 1 : 1e6;
  const size = MODE_TRAITS[mode].remote ? fullBatch(expected) : (batch.size ?? most);
  const opening = work.perBatch / 1e6 / (alone ? 1 : size);
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
  /** The same for the thread, or the partition, with the largest share of the keys. */
  readonly thread: number;
}

const NO_LIMIT = Number.POSITIVE_INFINITY;
const UNLIMITED: KeyLimits = { key: NO_LIMIT, thread: NO_LIMIT };

export function keyLimits(expected: Expected): KeyLimits {
  const { mode, scenario, workers } = expected;
  const { keys, async } = scenario;
  const shares = sharesOf(scenario);
  if (MODE_TRAITS[mode].remote) return partitionLimits(expected, shares);
  if (mode === "sync" || shares === null || (mode === "async" && async.concurrency === 1)) return UNLIMITED;
  const time = scenario.work.time / 1e6;
  const service = time * (shares.cpu + shares.hold + shares.wait);
  const held = time * (shares.cpu + shares.hold);
  const key = keys.order ? 1 / service / (keyShares(keys)[0] ?? 1) : NO_LIMIT;
  if (mode !== "parallel" || workers === 1) return { key, thread: NO_LIMIT };
  return { key, thread: Math.min(async.concurrency / service, held > 0 ? 1 / held : NO_LIMIT) / busiestShare(keys, workers) };
}

/** A partition is worked by one slot at a time, which has it alone while a batch of it is taken and committed. */
function partitionLimits(expected: Expected, shares: Shares | null): KeyLimits {
  const { scenario, workers } = expected;
  const { keys, work, async, distributed } = scenario;
  const overlapping = shares !== null && shares.wait > 0 ? async.concurrency : 1;
  if (work.kind === "handler" || work.kind === "command" || workers * overlapping === 1) return UNLIMITED;
  const each = (shares === null ? 0 : work.time / 1e6) + exchangeOf(expected);
  return { key: 1 / each / (keyShares(keys)[0] ?? 1), thread: 1 / each / busiestShare(keys, distributed.partitions) };
}

function busiestShare(keys: Scenario["keys"], lanes: number): number {
  return laneShares(keys, lanes).reduce((most, lane) => Math.max(most, lane), 0);
}

/** Share of the messages for each Worker, or partition, by its keys; keys beyond `KEYS_PLACED` count as evenly spread. */
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
