import type { Nanoseconds } from "../../kernel/clock.ts";
import { type BatchRule, batchRule } from "../../queueing/batcher.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { type Expected, handoverOf, queryShare, rationed, type Shares, sharesOf } from "../demand.ts";

/** The machine of a case: all that the simulation knows of mode, threads and queue. Times in nanoseconds. */
export interface SimulatedMachine {
  /**
   * `line`: one thread does everything in turn (`sync`). `loop`: source, collector and work take turns on one event loop
   * (`async`). `workers`: a thread that reads and deals, and others that work (`parallel`; with `offload` one helper).
   */
  readonly kind: "line" | "loop" | "workers";
  /** Threads that work. */
  readonly threads: number;
  /** Batches that one thread may work on concurrently. */
  readonly slots: number;
  /** Cores that those threads share equally. */
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
  /** Computing before the first message of each batch. */
  readonly perBatch: Nanoseconds;
  /** Time from the end of a piece of work until the next can begin, where a helper works. */
  readonly handover: Nanoseconds;
  /** Unit of work sent to a helper Worker; null: no helper. */
  readonly offload: "message" | "batch" | null;
  readonly batch: BatchRule;
  /** Infinity: no limit. */
  readonly capacity: number;
  readonly overflow: Scenario["queue"]["overflow"];
  readonly warmup: Nanoseconds;
  /** Time after the last arrival in which items already taken may still be done. */
  readonly grace: Nanoseconds;
}

/** A CPU quota: `quota` nanoseconds of CPU time in each `period`. */
export interface Ration {
  readonly quota: Nanoseconds;
  readonly period: Nanoseconds;
}

/** The machine of a case; null for work of unknown time. */
export function machineOf(expected: Expected): SimulatedMachine | null {
  const { mode, scenario, workers, cores, quota } = expected;
  const shares = sharesOf(scenario) ?? (opensBatches(scenario) ? { cpu: 0, hold: 0, wait: 0 } : null);
  if (shares === null) return null;
  const offload = mode === "async" && scenario.async.offload !== "none" ? scenario.async.offload : null;
  return {
    kind: mode === "sync" ? "line" : mode === "parallel" || offload !== null ? "workers" : "loop",
    threads: mode === "parallel" ? workers : 1,
    slots: mode === "sync" ? 1 : scenario.async.concurrency,
    cores,
    ration: rationed(expected) && quota !== undefined ? { quota: quota.quotaMs * 1e6, period: quota.periodMs * 1e6 } : null,
    shares,
    stretch: 1 / (1 - queryShare(expected)),
    ordered: scenario.keys.order,
    yieldEvery: scenario.loop.yieldEvery === "batch" ? Number.POSITIVE_INFINITY : scenario.loop.yieldEvery,
    perBatch: scenario.work.perBatch * 1000,
    handover: offload === null ? 0 : handoverOf(pieceOf(scenario, offload)) * 1e9,
    offload,
    batch: batchRule(scenario.batch),
    capacity: scenario.queue.capacity === "unlimited" ? Number.POSITIVE_INFINITY : scenario.queue.capacity,
    overflow: scenario.queue.overflow,
    warmup: scenario.warmup * 1000,
    grace: scenario.gracefulStop * 1000,
  };
}

/** Seconds of work sent to a helper at a time, where its batches are full. */
function pieceOf({ work, batch }: Scenario, offload: "message" | "batch"): number {
  return (work.perBatch + work.time * (offload === "message" ? 1 : (batch.size ?? 1))) / 1e6;
}

/** True for work without a time of its own, whose batches cost something. */
function opensBatches({ work }: Scenario): boolean {
  return work.kind === "none" && work.perBatch > 0;
}

/** True when messages wait for something outside, so that others may be handled meanwhile. */
export function overlaps({ shares, slots }: SimulatedMachine): boolean {
  return shares.wait > 0 && slots > 1;
}
