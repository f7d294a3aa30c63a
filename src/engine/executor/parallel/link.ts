import type { Nanoseconds } from "../../../kernel/clock.ts";
import type { WordReader, WordWriter } from "../../../kernel/words.ts";
import type { Recorder } from "../../../telemetry/recorder.ts";
import type { FailureCount } from "../../../telemetry/result.ts";
import type { ProcessorSpec } from "../../../workloads/processors.ts";
import type { StateSlice, WorkloadReport } from "../../../workloads/workload.ts";
import type { WorkSums } from "../../work/work-meter.ts";

/**
 * The link between the source's thread and one Worker, seen from both ends. The executor and the Worker's session know these interfaces
 * alone; what carries them is chosen by whoever passes the spawn in: shared memory (`shared-link.ts`), or a socket or a pipe one day.
 *
 * Order of a session: the source opens it (`WorkerHandle.open`), the Worker replies `ready`, the source starts it at an instant of the
 * clock, frames and questions go one way, counts and answers come back, the source ends it, and the Worker replies `done`.
 * No call on either end waits for the other end. Frames arrive in the order they were published.
 */

/** What a Worker has to do in one session. Plain data. */
export interface Assignment {
  readonly processor: ProcessorSpec;
  /** Number of this Worker, from 0. */
  readonly worker: number;
  /** Batches it has at work at once. */
  readonly concurrency: number;
  /** Items due before this are counted but not measured. */
  readonly warmup: Nanoseconds;
  /** States that changed are published every now and then, for queries that do not wait for the Worker. */
  readonly snapshots: boolean;
}

/** What a Worker says besides counts and answers. */
export type WorkerReply =
  | { readonly type: "ready" }
  | {
      readonly type: "done";
      readonly state: StateSlice;
      readonly report: WorkloadReport;
      readonly failures: readonly FailureCount[];
      /** CPU time of its thread since the start; null: not known on this system. */
      readonly cpu: Nanoseconds | null;
      /** What it computed. */
      readonly work: WorkSums;
    }
  /** An answer that was too large for the usual way. */
  | { readonly type: "answer"; readonly id: number; readonly json: string | null }
  /** States as they were at `at`, an instant of the run. */
  | { readonly type: "published"; readonly at: Nanoseconds; readonly states: readonly (readonly [number, string])[] }
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
  /** Most words that a frame may have. */
  readonly largestFrame: number;
  /** Opens a frame of at least `words` words; how many it may have, or 0 when there is no room yet. */
  open(words: number): number;
  /** Hands over what was written since `open`. `flags`: `BATCH_END` on the last frame of a batch. */
  publish(items: number, flags: number): void;
}

/** Reads frames in the order they were published. */
export interface FrameReader {
  readonly words: WordReader;
  /** Items and flags of the frame that is open. */
  readonly items: number;
  readonly flags: number;
  /** True when no frame is there. */
  readonly empty: boolean;
  /** Opens the next frame; false when there is none. */
  open(): boolean;
  /** Gives the room of the open frame back to the writer. */
  close(): void;
}

/** Receives an answer: the JSON asked for, null when there is none. */
export type OnAnswer = (id: number, json: string | null) => void;

/** The source's end: the way to a Worker during one session. */
export interface WorkerLink {
  readonly frames: FrameWriter;
  /** Has the Worker look at what was published, if it sleeps. */
  flush(): void;
  /** Batches that the Worker has finished. */
  readonly batchesDone: number;
  /** A number that rises as long as the Worker's loop turns. */
  readonly alive: number;
  /** The Worker's figures, as far as they have come over. */
  readonly recorder: Recorder;
  /** Asks for the source's thread to be woken once this many batches are done, and for no fewer; false when they are done already. */
  wakeAt(batches: number): boolean;
  /** Asks for the source's thread to be woken once frames have more room. */
  wakeAtRoom(): void;
  /** True from `wakeAtRoom` until there is more room. */
  readonly crowded: boolean;
  /** Asks for the state of a key, or with `ALL_KEYS` for the names of all; false when too many questions are under way. */
  ask(id: number, key: number): boolean;
  /** Passes on the answers that have come since the last call; false when there was none. */
  readAnswers(hear: OnAnswer): boolean;
  /** Has the Worker begin. `origin`: the instant of the monotonic clock that is t = 0. */
  start(origin: Nanoseconds): void;
  /** Has the Worker finish all it was sent, or with `halting` only the items at hand, and reply `done`. */
  end(halting: boolean): void;
}

/** Asked for instead of a key: the names of all machines. */
export const ALL_KEYS = 0xffffffff;

/** How far a session is: before t = 0, working, finishing what is left, stopping after the items at hand. */
export const PHASE = { waiting: 0, running: 1, ending: 2, halting: 3 } as const;

/** The Worker's end: the way to the source's thread during one session. */
export interface SourceLink {
  readonly frames: FrameReader;
  /** The figures that this Worker writes and the source's thread reads. */
  readonly recorder: Recorder;
  /** One of `PHASE`. */
  readonly phase: number;
  /** The instant of the monotonic clock that is t = 0, once the session is started. */
  readonly origin: Nanoseconds;
  /** A number that rises whenever the source's thread wants this Worker awake. */
  readonly calls: number;
  /** True when questions wait. */
  readonly asked: boolean;
  /** Passes on the questions that wait. */
  readQuestions(hear: (id: number, key: number) => void): void;
  answer(id: number, json: string | null): void;
  /** Counts a turn of the Worker's loop. */
  turned(): void;
  /** Counts a finished batch. */
  batchDone(): void;
  /** A frame was read and closed: there is more room. */
  roomMade(): void;
  /** Sends a reply and wakes the source's thread. */
  reply(message: WorkerReply): void;
}
