import type { Expected } from "./demand.ts";

/** Time of the one thread of Redis for a call and for each item of it, in one unit, and the round trip of one with nothing to do. */
export interface RedisCosts {
  /** Appending items. */
  readonly add: number;
  readonly added: number;
  /** Taking a batch. */
  readonly take: number;
  readonly taken: number;
  /** Committing a batch, its states and its record. */
  readonly commit: number;
  readonly committed: number;
  /** Reading the states of a batch's machines. */
  readonly read: number;
  readonly readEach: number;
  readonly roundTrip: number;
}

/** Seconds of batches that are long: as in the engine. */
const LONG_BATCH = 3e-3;

/**
 * Batches that a slot takes beside those at work, so that it need not wait for Redis: one, as long as they are short, in seconds; nobody
 * else can work them meanwhile.
 */
export function batchesAhead(batchTime: number): number {
  return batchTime < LONG_BATCH ? 1 : 0;
}

/**
 * Microseconds of CPU time of Redis 7.0 on a core of a present server, from calls with 1, 10 and 100 messages of 80 bytes, one in flight, each
 * with its way through a socket.
 */
const ON_REDIS = { add: 25, added: 2.1, take: 20, taken: 0.8, commit: 28, committed: 1.7, read: 15, readEach: 0.3 } as const;

/** Microseconds of a round trip within a machine, and over a switched network. */
const WITHIN = 50;
const BETWEEN = 300;

/** Costs in `units` per second. A round trip that is not given is that within a machine or, of several hosts, that of a local network. */
export function redisCosts({ hosts = 1, roundTrip }: Pick<Expected, "hosts" | "roundTrip">, units: number): RedisCosts {
  const micro = units / 1e6;
  const { add, added, take, taken, commit, committed, read, readEach } = ON_REDIS;
  return {
    ...{ add: add * micro, added: added * micro, take: take * micro, taken: taken * micro },
    ...{ commit: commit * micro, committed: committed * micro, read: read * micro, readEach: readEach * micro },
    roundTrip: roundTrip === undefined ? (hosts > 1 ? BETWEEN : WITHIN) * micro : roundTrip * units,
  };
}

/** Seconds of Redis for an item of full batches, each of which was added with one call. */
export function redisTime(expected: Expected): number {
  const { add, added, take, taken, commit, committed, read, readEach } = redisCosts(expected, 1);
  const calls = add + take + commit + read;
  return added + taken + committed + readEach + calls / fullBatch(expected);
}

/** Seconds from the end of a batch's work until its slot may work the next but one, for each item of it: a commit, which takes, and a read. */
export function exchangeOf(expected: Expected): number {
  const { take, taken, commit, committed, read, readEach, roundTrip } = redisCosts(expected, 1);
  return taken + committed + readEach + (2 * roundTrip + take + commit + read) / fullBatch(expected);
}

/** Items of a batch where as many wait as the queue has room for, over all partitions. */
export function fullBatch({ scenario: { distributed, queue, keys } }: Expected): number {
  const { batch, partitions } = distributed;
  if (queue.capacity === "unlimited") return batch;
  return Math.min(batch, Math.max(1, queue.capacity / Math.min(partitions, keys.count)));
}
