import type { Nanoseconds } from "../../../kernel/clock.ts";
import type { WordReader, WordWriter } from "../../../kernel/word-buffer.ts";
import type { Recorder } from "../../../telemetry/recorder.ts";
import type { FailureCount } from "../../../telemetry/result.ts";
import type { ProcessorSpec } from "../../../workloads/processors.ts";
import type { StateSlice, WorkloadReport } from "../../../workloads/workload.ts";
import type { WorkSums } from "../../work/work-meter.ts";

/**
 * The link between the source's thread and one Worker, seen from both ends. Executor and Worker session use only these interfaces; their
 * implementation is chosen with the spawn function: shared memory (`shared-link.ts`), or later a socket or a pipe.
 *
 * Order of a session: the source opens it (`WorkerHandle.open`), the Worker replies `ready`, the source starts it at an instant of the
 * clock, frames and questions go one way, counts and answers come back, the source ends it, and the Worker replies `done`. No call on
 * either end waits for the other. Frames arrive in the order of publication. Counts may be old, but are never ahead of the recorder: it
 * shows at least the batches of `batchesDone`.
 */

/** A Worker's task in one session. Plain data. */
export interface Assignment {
  readonly processor: ProcessorSpec;
  /** Number of this Worker, from 0. */
  readonly worker: number;
  /** Batches that it works on concurrently. */
  readonly concurrency: number;
  /** Items due before this are counted but not measured. */
  readonly warmup: Nanoseconds;
  /** Changed states are published periodically, for queries that do not wait for the Worker. */
  readonly snapshots: boolean;
}

/** A Worker's messages besides counts and answers. */
export type WorkerReply =
  | { readonly type: "ready" }
  | {
      readonly type: "done";
      readonly state: StateSlice;
      readonly report: WorkloadReport;
      readonly failures: readonly FailureCount[];
      /** CPU time of its thread since the start; null: unknown on this system. */
      readonly cpu: Nanoseconds | null;
      /** Timing of its computing. */
      readonly work: WorkSums;
    }
  /** An answer too large for the usual way. */
  | { readonly type: "answer"; readonly id: number; readonly json: string | null }
  /** States at `at`, an instant of the run. */
  | { readonly type: "published"; readonly at: Nanoseconds; readonly states: readonly (readonly [number, string])[] }
  /** It can do no more work; its session goes on until it is ended. */
  | { readonly type: "gave-up"; readonly reason: string }
  /** After `done`: what its processor had started has ended. */
  | { readonly type: "closed" }
  | { readonly type: "broken"; readonly reason: string };

/** The reply that ends a session. */
export type WorkerReport = Extract<WorkerReply, { type: "done" }>;

/** One Worker. It stays from one session to the next. */
export interface WorkerHandle {
  /**
   * Begins a session on fresh state, with figures at zero. The Worker replies `ready` once it can be started.
   * `bufferWords`: 8-byte words that can be under way to the Worker; a frame takes less than half of them.
   */
  open(assignment: Assignment, bufferWords: number): WorkerLink;
  /** Ends the Worker, whatever it is doing. */
  terminate(): Promise<unknown>;
}

/** Starts a Worker. `hear`: receives its replies. `lose`: receives how it ended, should it end by itself, by an error or by `terminate`. */
export type SpawnWorker = (hear: (reply: WorkerReply) => void, lose: (how: string) => void) => WorkerHandle;

/** Writes frames of items: opened, filled through `words`, published. */
export interface FrameWriter {
  readonly words: WordWriter;
  /** Most words of a frame. */
  readonly largestFrame: number;
  /** Opens a frame of at least `words` words; returns how many it may have, or 0 when there is no room yet. */
  open(words: number): number;
  /** Publishes what was written since `open`. `flags`: `BATCH_END` on the last frame of a batch. */
  publish(items: number, flags: number): void;
}

/** Reads frames in the order they were published. */
export interface FrameReader {
  readonly words: WordReader;
  /** Items and flags of the last frame that was opened. */
  readonly items: number;
  readonly flags: number;
  /** True when there is no frame. */
  readonly empty: boolean;
  /** Opens the next frame; false when there is none. */
  open(): boolean;
  /** Returns the room of the open frame to the writer. */
  close(): void;
}

/** Receives an answer: the requested JSON, null when there is none. */
export type OnAnswer = (id: number, json: string | null) => void;

/** The source's end of the link during one session. */
export interface WorkerLink {
  readonly frames: FrameWriter;
  /** Wakes the Worker if it sleeps, to read what was published. */
  flush(): void;
  /** Batches that the Worker has finished. */
  readonly batchesDone: number;
  /** A counter that rises while the Worker's loop turns. */
  readonly alive: number;
  /** The Worker's figures, as far as they have arrived. */
  readonly recorder: Recorder;
  /** Asks to wake the source's thread once this many batches are done, and not before; false when they already are. */
  wakeAt(batches: number): boolean;
  /** Asks to wake the source's thread once there is more room for frames. */
  wakeAtRoom(): void;
  /** True from `wakeAtRoom` until there is more room. */
  readonly crowded: boolean;
  /** Requests the state of a key, or with `ALL_KEYS` the names of all; false when too many requests are pending. */
  ask(id: number, key: number): boolean;
  /** Passes on the answers received since the last call; false when there was none. */
  readAnswers(hear: OnAnswer): boolean;
  /** Starts the Worker. `origin`: the instant of the monotonic clock that is t = 0. */
  start(origin: Nanoseconds): void;
  /** Lets the Worker finish all it was sent, or with `halting` only the current items, and reply `done`. */
  end(halting: boolean): void;
}

/** Requests the names of all machines, in place of a key. */
export const ALL_KEYS = 0xffffffff;

/** Phases of a session: before t = 0, working, finishing what is left, stopping after the current items. */
export const PHASE = { waiting: 0, running: 1, ending: 2, halting: 3 } as const;

/** The Worker's end of the link during one session. */
export interface SourceLink {
  readonly frames: FrameReader;
  /** The figures that this Worker writes and the source's thread reads. */
  readonly recorder: Recorder;
  /** One of `PHASE`. */
  readonly phase: number;
  /** The instant of the monotonic clock that is t = 0, once the session is started. */
  readonly origin: Nanoseconds;
  /** A counter that rises whenever the source's thread wants this Worker awake. */
  readonly calls: number;
  /** True when requests are pending. */
  readonly asked: boolean;
  /** Passes on pending requests. */
  readQuestions(hear: (id: number, key: number) => void): void;
  answer(id: number, json: string | null): void;
  /** Counts a turn of the Worker's loop. */
  turned(): void;
  /** Counts a finished batch. */
  batchDone(): void;
  /** To be called when a frame was read and closed: there is more room. */
  roomMade(): void;
  /** Sends a reply and wakes the source's thread. */
  reply(message: WorkerReply): void;
}
