import type { SlotReport } from "../executor/distributed/protocol.ts";
import type { SlotAssignment } from "./slot-session.ts";

/** Between a worker's main thread and its slots. */
export type ToSlot =
  | {
      readonly type: "begin";
      readonly assignment: SlotAssignment;
      readonly url: string;
      /** Nanoseconds by which the clock of the worker is ahead of the machine's, in tests. */
      readonly clockShift: number;
    }
  | { readonly type: "end"; readonly halting: boolean };

export type FromSlot =
  | { readonly type: "ready" }
  /** The slot can do no more work; it runs until it is ended. */
  | { readonly type: "gave-up"; readonly reason: string }
  | { readonly type: "broken"; readonly reason: string }
  | { readonly type: "done"; readonly report: SlotReport }
  /** After `done`: what its processor had started has ended. */
  | { readonly type: "closed" };
