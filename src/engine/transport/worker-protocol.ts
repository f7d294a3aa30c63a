import type { FailureCount } from "../../telemetry/result.ts";
import type { StateSlice } from "../../workloads/workload.ts";
import type { ProcessorSpec } from "../processors.ts";

/** What the source's thread and a Worker say to each other beside the ring. */

/** Places in a Worker's control block. */
export const CONTROL = {
  /** The Worker's bell takes two places. */
  bell: 0,
  batchesDone: 2,
  phase: 4,
  /** The source's thread wants to hear when `batchesDone` reaches this number; it is not woken for less. */
  wanted: 3,
  size: 16,
} as const;

/** The Worker works frames off / works off what is left and reports / stops after the item at hand. */
export const PHASE = { running: 0, ending: 1, halting: 2 } as const;

export interface BeginMessage {
  readonly type: "begin";
  readonly ring: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  /** float64: the instant of the shared clock that is t = 0, written before the first frame. */
  readonly origin: SharedArrayBuffer;
  readonly recorder: SharedArrayBuffer;
  readonly mainBell: SharedArrayBuffer;
  readonly processor: ProcessorSpec;
  readonly concurrency: number;
  readonly warmup: number;
}

export type WorkerReply =
  | { readonly type: "ready" }
  | {
      readonly type: "done";
      readonly state: StateSlice;
      readonly failures: readonly FailureCount[];
      readonly cpu: number | null;
    }
  | { readonly type: "broken"; readonly reason: string };
