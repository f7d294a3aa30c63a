import type { RedisPort } from "../../../kernel/redis/port.ts";
import type { BatchOrder } from "../../../queueing/arrange.ts";
import type { FailureCount } from "../../../telemetry/result.ts";
import type { PortableSpec } from "../../../workloads/portable.ts";
import type { WorkloadReport } from "../../../workloads/workload.ts";
import type { WorkSums } from "../../work/work-meter.ts";
import { BEAT } from "./scripts.ts";

/** What runner and workers tell each other through Redis, as JSON. */

/** Of the keys and texts of a run: workers of another number are not used. */
export const PROTOCOL = 2;

/** Hash of all workers: id → milliseconds of Redis's clock at the last sign of life, a space, JSON of `Beat`. */
export const WORKERS = "lab-tui:workers";
/** Milliseconds between signs of life, and without one after which a worker counts as lost. */
export const BEAT_MS = 1000;
export const LOST_MS = 3500;
/** Milliseconds without a sign of life that are told of: one is missing. */
export const SILENT_MS = 2 * BEAT_MS;

/** List of the runs that a worker is wanted for. */
export function ordersOf(worker: string): string {
  return `lab-tui:orders:${worker}`;
}

/** Rest of the names of a run's keys beside its streams: workers' answers, their reports, and the orders for each. */
export const HOSTS = "hosts";
export const REPORTS = "reports";
export function runOrdersOf(worker: string): string {
  return `orders:${worker}`;
}

/** A sign of life. */
export interface Beat {
  readonly protocol: number;
  readonly name: string;
  readonly cores: number;
  readonly slots: number;
  /** Name of the machine's boot, and the process on it: two workers with the same share a clock. */
  readonly machine: string;
  readonly pid: number;
  /** The run that it serves; null: none. */
  readonly run: string | null;
  /** CPU time of its process in milliseconds. */
  readonly cpuMs: number;
}

/** Everything that a worker needs for a run. */
export interface RunPlan {
  readonly protocol: number;
  readonly scenario: string;
  /** True for what warms the lab up before a case, of which a worker does not speak; absent: false. */
  readonly rehearses?: boolean;
  /** Second of Redis's clock from which the instants of the run are counted. */
  readonly base: number;
  readonly spec: PortableSpec;
  readonly partitions: number;
  /** Items keep the order of their partition. */
  readonly ordered: boolean;
  readonly batch: number;
  readonly order: BatchOrder | null;
  readonly claimAfterMs: number;
  /** Batches that each slot works on at once or, where the work has limits of its own, each worker with all its slots. */
  readonly concurrency: number;
}

/** An order during a run. `start`: at an instant since the base. `end`: when no item is left. `halt`: now. */
export type RunOrder = { readonly type: "start"; readonly at: number } | { readonly type: "end"; readonly halting: boolean };

/** A worker's answer to being wanted for a run. `offset`: of Redis's clock since the base to its own, in nanoseconds. */
export type HostAnswer =
  | { readonly type: "ready"; readonly offset: number; readonly error: number }
  | { readonly type: "refused"; readonly reason: string }
  /** It can do no more work in the run. */
  | { readonly type: "failed"; readonly reason: string };

/** A worker's last word about a run. */
export interface HostReport {
  readonly host: string;
  /** As in `HostAnswer`, after the run; the error is the largest since. */
  readonly offset: number;
  readonly error: number;
  /** When it began ÷ the announced instant, in nanoseconds; null: it came later. */
  readonly startSkew: number | null;
  readonly cpuMs: number;
  readonly slots: readonly SlotReport[];
}

export interface SlotReport {
  readonly report: WorkloadReport;
  /** Items that it has committed. */
  readonly items: number;
  readonly failures: readonly FailureCount[];
  /** Items recounted as failed, since something they left running threw. */
  readonly strays: number;
  /** CPU time of its thread in nanoseconds; null: unknown. */
  readonly cpu: number | null;
  readonly work: WorkSums;
  /** Batches that it could not commit, since another worker had taken them over. */
  readonly refused: number;
  /** Items that it took over. */
  readonly redelivered: number;
}

/** Largest message that is read, in characters. */
export const LONGEST_MESSAGE = 16_000_000;

/** A JSON object from Redis; null: it is none. `fields`: names that it has to have. Never throws. */
export function readObject<T extends object>(text: unknown, fields: readonly (keyof T & string)[]): T | null {
  if (typeof text !== "string" || text.length > LONGEST_MESSAGE) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    return fields.every((field) => Object.hasOwn(value, field)) ? (value as T) : null;
  } catch {
    return null;
  }
}

/** A worker in the list of all. */
export interface ListedWorker {
  readonly id: string;
  readonly at: number;
  readonly beat: Beat;
}

/** Gives a sign of life; returns the time of Redis as TIME does. */
export async function giveBeat(redis: RedisPort, id: string, beat: Beat) {
  return redis.run(BEAT, [WORKERS], [id, JSON.stringify(beat)]);
}

/** A list entry, as `BEAT` writes it; null: it is none. */
export function readListed(id: string, text: string): ListedWorker | null {
  const space = text.indexOf(" ");
  const at = Number(text.slice(0, space));
  const beat = readObject<Beat>(text.slice(space + 1), ["protocol", "name", "cores", "slots", "pid", "machine"]);
  if (beat === null || space < 1 || !Number.isFinite(at)) return null;
  if (typeof beat.name !== "string" || !(beat.slots > 0) || !(beat.cores > 0) || id.length > 100) return null;
  return { id, at, beat };
}
