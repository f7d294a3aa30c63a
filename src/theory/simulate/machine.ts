import type { Nanoseconds } from "../../kernel/clock.ts";
import { type BatchRule, batchRule } from "../../queueing/batcher.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { type Expected, handoverOf, queryShare, rationed, type Shares, sharesOf } from "../demand.ts";

/** What a case is worked off by, and by which rules: all that the simulation knows of mode, threads and queue. Times in nanoseconds. */
export interface SimulatedMachine {
  /**
   * `line`: one thread does everything in turn (`sync`). `loop`: source, collector and work take turns on one event loop
   * (`async`). `workers`: a thread that reads and deals, and others that work (`parallel`; with `offload` one helper).
   */
  readonly kind: "line" | "loop" | "workers";
  /** Threads that work. */
  readonly threads: number;
  /** Batches that one thread may have at work at once. */
  readonly slots: number;
  /** Cores that those threads compute on, each getting as much as the others. */
  readonly cores: number;
  /** CPU time that all of them have in each period; null: more than they could use. */
  readonly ration: Ration | null;
  /** What becomes of a message's time. */
  readonly shares: Shares;
  /** How much longer what holds a thread takes because it answers queries meanwhile. */
  readonly stretch: number;
  /** Messages of one key are worked one after another. */
  readonly ordered: boolean;
  /** Messages of a batch after which the loop gets a turn; Infinity: after the batch. */
  readonly yieldEvery: number;
  /** Computed once for each batch, before its first message. */
  readonly perBatch: Nanoseconds;
  /** From the end of a piece of work until the next can begin, where a helper works. */
  readonly handover: Nanoseconds;
  /** Messages handed to a helper Worker at a time; null: no helper. */
  readonly offload: "message" | "batch" | null;
  readonly batch: BatchRule;
  /** Infinity: unlimited. */
  readonly capacity: number;
  readonly overflow: Scenario["queue"]["overflow"];
  readonly warmup: Nanoseconds;
  /** Time after the last arrival in which what was taken in may still be done. */
  readonly grace: Nanoseconds;
}

/** A CPU quota: `quota` nanoseconds of CPU time in each `period`. */
export interface Ration {
  readonly quota: Nanoseconds;
  readonly period: Nanoseconds;
}

/** The machine a case runs on; null for work whose time is not known beforehand. */
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

/** Seconds of work that a helper is given at a time, where its batches are full. */
function pieceOf({ work, batch }: Scenario, offload: "message" | "batch"): number {
  return (work.perBatch + work.time * (offload === "message" ? 1 : (batch.size ?? 1))) / 1e6;
}

/** Work of no time of its own, whose batches cost something. */
function opensBatches({ work }: Scenario): boolean {
  return work.kind === "none" && work.perBatch > 0;
}

/** True when a message waits for something outside, so that others may be worked meanwhile. */
export function overlaps({ shares, slots }: SimulatedMachine): boolean {
  return shares.wait > 0 && slots > 1;
}
