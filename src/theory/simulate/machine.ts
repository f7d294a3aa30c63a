import type { Nanoseconds } from "../../kernel/clock.ts";
import { type BatchRule, batchRule } from "../../queueing/batcher.ts";
import { MODE_TRAITS } from "../../scenario/modes.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { type Expected, handoverOf, queryShare, rationed, type Shares, sharesOf } from "../demand.ts";
import { type StreamCosts, streamCosts } from "../redis.ts";

/** The machine of a case: all that the simulation knows of mode, threads and queue. Times in nanoseconds. */
export interface SimulatedMachine {
  /**
   * `line`: one thread does everything in turn (`sync`). `loop`: source, collector and work take turns on one event loop
   * (`async`). `workers`: a thread that reads and deals, and others that work (`parallel`; with `offload` one helper). `hosts`: a thread
   * that reads, Redis, and threads on several hosts that take from it (`distributed`).
   */
  readonly kind: "line" | "loop" | "workers" | "hosts";
  /** Threads that work. */
  readonly threads: number;
  /** Batches that one thread may work on concurrently. */
  readonly slots: number;
  /** Cores that those threads share equally, of each host. */
  readonly cores: number;
  /** CPU time of all threads per period; null: no effective quota. */
  readonly ration: Ration | null;
  /** Division of a message's time. */
  readonly shares: Shares;
  /** Factor by which thread time is longer because of queries. */
  readonly stretch: number;
  /** Messages of one key are handled one after another. */
  readonly ordered: boolean;
  /** Messages of a batch after which the loop gets a turn; Infinity: after the batch. */
  readonly yieldEvery: number;
  /** Computing before the first message of each batch, and what the lab itself computes before each. */
  readonly perBatch: Nanoseconds;
  readonly perItem: Nanoseconds;
  /** Time from the end of a piece of work until the next can begin, where a helper works. */
  readonly handover: Nanoseconds;
  /** Unit of work sent to a helper Worker; null: no helper. */
  readonly offload: "message" | "batch" | null;
  /** null: no Redis. */
  readonly streams: Streams | null;
  readonly batch: BatchRule;
  /** Infinity: no limit. */
  readonly capacity: number;
  readonly overflow: Scenario["queue"]["overflow"];
  readonly warmup: Nanoseconds;
  /** Time after the last arrival in which items already taken may still be done. */
  readonly grace: Nanoseconds;
}

/** Streams in Redis, and hosts whose threads take from them. Times in nanoseconds. */
export interface Streams {
  readonly hosts: number;
  readonly partitions: number;
  /** Most entries taken at once. */
  readonly batch: number;
  /** Slots take a batch beside those at work while these are short. */
  readonly ahead: boolean;
  /** Items have states, which a slot reads unless it was the last to commit the partition. */
  readonly states: boolean;
  readonly costs: StreamCosts;
}

/** A CPU quota: `quota` nanoseconds of CPU time in each `period`. */
export interface Ration {
  readonly quota: Nanoseconds;
  readonly period: Nanoseconds;
}

/** The machine of a case; null for work of unknown time. */
export function machineOf(expected: Expected): SimulatedMachine | null {
  const { mode, scenario, workers, cores, quota } = expected;
  const shares = sharesOf(scenario) ?? (costsSomething(expected) ? { cpu: 0, hold: 0, wait: 0 } : null);
  if (shares === null) return null;
  const offload = mode === "async" && scenario.async.offload !== "none" ? scenario.async.offload : null;
  const { spreads, remote } = MODE_TRAITS[mode];
  return {
    kind: remote ? "hosts" : mode === "sync" ? "line" : spreads || offload !== null ? "workers" : "loop",
    threads: spreads ? workers : 1,
    slots: mode === "sync" ? 1 : scenario.async.concurrency,
    cores,
    ration: rationed(expected) && quota !== undefined ? { quota: quota.quotaMs * 1e6, period: quota.periodMs * 1e6 } : null,
    shares,
    stretch: 1 / (1 - queryShare(expected)),
    ordered: scenario.keys.order,
    yieldEvery: scenario.loop.yieldEvery === "batch" ? Number.POSITIVE_INFINITY : scenario.loop.yieldEvery,
    perBatch: scenario.work.perBatch * 1000,
    perItem: remote ? streamCosts(expected, 1e9).slot : 0,
    handover: offload === null ? 0 : handoverOf(pieceOf(scenario, offload)) * 1e9,
    offload,
    streams: remote ? streamsOf(expected) : null,
    batch: batchRule(scenario.batch),
    capacity: scenario.queue.capacity === "unlimited" ? Number.POSITIVE_INFINITY : scenario.queue.capacity,
    overflow: scenario.queue.overflow,
    warmup: scenario.warmup * 1000,
    grace: scenario.gracefulStop * 1000,
  };
}

function streamsOf(expected: Expected): Streams {
  const { partitions, batch } = expected.scenario.distributed;
  const hosts = Math.min(expected.workers, expected.hosts ?? 1);
  return { hosts, partitions, batch, ahead: true, states: true, costs: streamCosts(expected, 1e9) };
}

/** Seconds of work sent to a helper at a time, where its batches are full. */
function pieceOf({ work, batch }: Scenario, offload: "message" | "batch"): number {
  return (work.perBatch + work.time * (offload === "message" ? 1 : (batch.size ?? 1))) / 1e6;
}

/** True where work without a time of its own costs something else: each batch, or Redis. */
function costsSomething({ mode, scenario: { work } }: Expected): boolean {
  return work.kind === "none" && (work.perBatch > 0 || MODE_TRAITS[mode].remote);
}

/** True when messages wait for something outside, so that others may be handled meanwhile. */
export function overlaps({ shares, slots }: SimulatedMachine): boolean {
  return shares.wait > 0 && slots > 1;
}
