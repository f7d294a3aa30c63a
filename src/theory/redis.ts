import type { Expected } from "./demand.ts";

/** What mode `distributed` costs beside the work, in one unit of time. */
export interface StreamCosts {
  /** Time of the one thread of Redis for a call and for each item of it: appending items, … */
  readonly add: number;
  readonly added: number;
  /** … taking a batch, … */
  readonly take: number;
  readonly taken: number;
  /** … committing it with its states and its record, … */
  readonly commit: number;
  readonly committed: number;
  /** … and reading the states of its machines. */
  readonly read: number;
  readonly readEach: number;
  /** Time of the runner's thread for an item, half of it when it is sent and half when it is recorded; and of a slot's. */
  readonly runner: number;
  readonly slot: number;
  /** From a call with nothing to do to its answer. */
  readonly roundTrip: number;
}

/**
 * Microseconds of CPU time on a core of a present server. Of Redis 7.0: from calls with 1, 10 and 100 messages of 80 bytes, one in flight,
 * each with its way through a socket. Of runner and slot: from 300 000 messages without work in batches of 100.
 */
const ON_REDIS = { add: 25, added: 2.1, take: 20, taken: 0.8, commit: 28, committed: 1.7, read: 15, readEach: 0.3 } as const;
const ON_THREADS = { runner: 6, slot: 5 } as const;
/** The same of all processes together, with what they do beside these threads. */
const IN_ALL = 22;

/** Microseconds of a round trip within a machine, and over a switched network, of ends that sleep until then; awake they take a fifth of the first. */
const WITHIN = 250;
const BETWEEN = 500;

/** The usual costs in `units` per second. A round trip that is not given is that within a machine or, of several hosts, of a local network. */
export function usualCosts({ hosts = 1, roundTrip }: Pick<Expected, "hosts" | "roundTrip">, units: number): StreamCosts {
  const micro = units / 1e6;
  const { add, added, take, taken, commit, committed, read, readEach } = ON_REDIS;
  return {
    ...{ add: add * micro, added: added * micro, take: take * micro, taken: taken * micro },
    ...{ commit: commit * micro, committed: committed * micro, read: read * micro, readEach: readEach * micro },
    ...{ runner: ON_THREADS.runner * micro, slot: ON_THREADS.slot * micro },
    roundTrip: roundTrip === undefined ? (hosts > 1 ? BETWEEN : WITHIN) * micro : roundTrip * units,
  };
}

/** The costs of a case in `units` per second: longer where server, runner and workers share too few cores. */
export function streamCosts(expected: Expected, units: number): StreamCosts {
  const usual = usualCosts(expected, units);
  const factor = slowdown(expected);
  const { roundTrip, ...computing } = usual;
  const longer = Object.fromEntries(Object.entries(computing).map(([name, cost]) => [name, factor * cost]));
  return { ...usual, ...longer, roundTrip };
}

/** How much longer everything beside the work takes, at most, since all processes are on one machine: the cores are used up before Redis is. */
export function slowdown(expected: Expected): number {
  const { scenario, hosts = 1, cores, workers } = expected;
  if (scenario.distributed.redis !== "auto" || hosts > 1) return 1;
  const costs = usualCosts(expected, 1);
  const longest = Math.max(onRedis(costs, fullBatch(expected)), costs.runner, costs.slot / workers);
  return Math.max(1, IN_ALL / 1e6 / cores / longest);
}

/** Batches that are long, in seconds: as in the engine. */
const LONG_BATCH = 3e-3;

/**
 * Batches that a slot takes beside those at work, so that it need not wait for Redis: one, as long as they are short, in seconds; no
 * other slot can work them meanwhile.
 */
export function batchesAhead(batchTime: number): number {
  return batchTime < LONG_BATCH ? 1 : 0;
}

/** Seconds of Redis for an item of full batches, each of which was added with one call. */
export function redisTime(expected: Expected): number {
  return onRedis(streamCosts(expected, 1), fullBatch(expected));
}

function onRedis({ add, added, take, taken, commit, committed, read, readEach }: StreamCosts, size: number): number {
  return added + taken + committed + readEach + (add + take + commit + read) / size;
}

/** Seconds from the end of a batch's work until its slot may work the next but one, for each item of it: a commit, which takes, and a read. */
export function exchangeOf(expected: Expected): number {
  const { take, taken, commit, committed, read, readEach, roundTrip } = streamCosts(expected, 1);
  return taken + committed + readEach + (2 * roundTrip + take + commit + read) / fullBatch(expected);
}

/** Items of a batch where as many wait as the queue has room for, over all partitions. */
export function fullBatch({ scenario: { distributed, queue, keys } }: Expected): number {
  const { batch, partitions } = distributed;
  if (queue.capacity === "unlimited") return batch;
  return Math.min(batch, Math.max(1, queue.capacity / Math.min(partitions, keys.count)));
}
