import type { FailureCount } from "../../../telemetry/result.ts";
import type { ProcessorSpec } from "../../../workloads/processors.ts";
import type { StateSlice, WorkloadReport } from "../../../workloads/workload.ts";
import type { WorkSums } from "../../runner/work-meter.ts";

/** What the source's thread and a Worker say to each other beside the ring. */

/** Places in a Worker's control block. */
export const CONTROL = {
  /** The Worker's bell takes two places. */
  bell: 0,
  batchesDone: 2,
  phase: 4,
  /** The source's thread wants to hear when `batchesDone` reaches this number; it is not woken for less. */
  wanted: 3,
  /** Goes on as long as the Worker's loop does. */
  alive: 5,
  /** 1: the ring had no room for what the source's thread has next; it wants to hear when there is more. */
  crowded: 6,
  size: 16,
} as const;

/** The Worker waits for t = 0 / works frames off / works off what is left and reports / stops after the item at hand. */
export const PHASE = { waiting: 0, running: 1, ending: 2, halting: 3 } as const;

export interface BeginMessage {
  readonly type: "begin";
  readonly ring: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  /** float64: the instant of the shared clock that is t = 0, written before the first frame. */
  readonly origin: SharedArrayBuffer;
  readonly recorder: SharedArrayBuffer;
  readonly mainBell: SharedArrayBuffer;
  readonly processor: ProcessorSpec;
  /** Number of this Worker. */
  readonly worker: number;
  readonly concurrency: number;
  readonly warmup: number;
  /** Queries: (id, key) each, answered in the next ring; by post where that has no room. */
  readonly queries: SharedArrayBuffer;
  readonly answers: SharedArrayBuffer;
  /** States that changed are posted every now and then, for queries that do not wait for this thread. */
  readonly snapshots: boolean;
}

/** Asked for instead of a key: the ids of all machines. */
export const ALL_KEYS = 0xffffffff;

export type WorkerReply =
  | { readonly type: "ready" }
  | {
      readonly type: "done";
      readonly state: StateSlice;
      readonly report: WorkloadReport;
      readonly failures: readonly FailureCount[];
      readonly cpu: number | null;
      /** What it computed. */
      readonly work: WorkSums;
    }
  | { readonly type: "answer"; readonly id: number; readonly json: string | null }
  /** States as they were at `at`, an instant of the run. */
  | { readonly type: "published"; readonly at: number; readonly states: readonly (readonly [number, string])[] }
  | { readonly type: "broken"; readonly reason: string };
