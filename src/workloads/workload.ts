import type { Nanoseconds } from "../kernel/clock.ts";
import type { WordReader, WordWriter } from "../kernel/word-buffer.ts";
import type { Arrival } from "../load/tape.ts";
import type { Item } from "../queueing/item.ts";
import type { FlowPartFigures } from "../telemetry/flow-figures.ts";
import type { Rejection } from "../telemetry/result.ts";
import type { FetchReport } from "./fetch/report.ts";
import type { ProgramReport } from "./message/command/supervisor.ts";
import type { Unseen } from "./message/unseen.ts";
import type { WireCost } from "./message/wire.ts";

/** Ways to spend time, provided to a workload by the mode that runs it. */
export interface Effort {
  now(): Nanoseconds;
  /** Computes on this thread: a calibrated amount of work that takes the span on a free core. */
  compute(span: Nanoseconds): void;
  /** Blocks this thread. */
  block(span: Nanoseconds): void;
  /** Waits for something outside: blocks in modes that block, else yields the loop. */
  wait(span: Nanoseconds): void | Promise<void>;
  /** Waits without blocking the loop, in every mode. */
  pause(span: Nanoseconds): Promise<void>;
}

/** `null`: processed. Otherwise why it failed; the state is as before. */
export type Outcome = string | null;

/** Items of a batch that are at work together. */
export interface Overlap {
  /** Whether they are, now; may change between batches. */
  readonly now: boolean;
  /** As `process`; `ended` is called once the outcome is known. */
  start(item: Item, ended: (outcome: Outcome) => void): void;
}

/** Handles items, whatever the mode. One instance per processing thread. */
export interface Processor {
  /** Does the work and updates the state. Returns a promise only when the work waits for something outside. */
  process(item: Item): Outcome | Promise<Outcome>;
  /** True when `process` never returns a promise and is too short to be worth reading a clock. */
  readonly instant: boolean;
  /** True when `process` only starts something outside and takes next to no time on its thread. */
  readonly yields: boolean;
  /** Does a batch's one-time work, on the thread that handles it; its first item's service begins with it. Absent: none. */
  readonly openBatch?: (() => void) | undefined;
  /** True when items of one key must be handled one after another. */
  readonly ordered: boolean;
  /** How the items of a batch are begun together, each in its key's turn, since they wait outside together. Absent: they never are. */
  readonly overlap?: Overlap;
  /** Items that may be in progress now, where that is less than the mode allows. */
  readonly limit: number;
  /**
   * Starts what the work needs outside of this process; resolves when t = 0 may be. Rejects with a sentence. `giveUp`: called with a sentence
   * without its full stop when no more work can be done. Absent: it needs nothing.
   */
  open?(giveUp: (why: string) => void): Promise<void>;
  /** Ends what `open` started. */
  close?(): Promise<void>;
  /** Aborts work in progress: the run is over, and nothing more is counted. */
  halt(): void;
  /** Results at the end that are not counted elsewhere. */
  report(): WorkloadReport;
  /** Reads an item's payload as the source's `encode` wrote it, reusing the item's previous payload, if any. */
  decode(words: WordReader, item: Item): void;
  /** Reads an item's payload as the source's `toJson` wrote it. Throws when it is none. Absent: items stay in one process. */
  fromJson?(json: string, item: Item): void;
  /**
   * What an item that has just ended adds to its workload's own figures, as plain data for another process; to be asked once. Absent:
   * nothing, or this process keeps them.
   */
  figuresOf?(item: Item): unknown;
  /** Makes a machine's state the one of a text of `stateOf`; null: it has none. Absent: items leave no states. */
  adopt?(key: number, json: string | null): void;
  /** The name of a machine that an item read by `fromJson` belongs to. Absent: items leave no states. */
  nameOfKey?(key: number): string;
  /** A machine's state as JSON between two complete messages, null when there is none; a promise while a message is being handled. */
  stateOf(key: number): string | null | Promise<string | null>;
  /** The ids of the existing machines. */
  names(): string[];
  /** The final states of all keys of this instance. */
  state(): StateSlice;
}

/** One thread's results that only its workload interprets. */
export interface WorkloadReport {
  readonly fetch?: FetchReport;
  /** The parts of this thread's flow. */
  readonly flow?: readonly FlowPartFigures[];
  /** Cost of reading messages written by another thread. */
  readonly wire?: WireCost;
  /** The program that works on this thread's messages. */
  readonly program?: ProgramReport;
}

/** Turns arrivals into items, on the thread of the source. */
export interface Intake {
  /** Fills in key, sequence and payload; returns a reason when the item must be refused. */
  accept(arrival: Arrival, item: Item): string | null;
  /** The name of a key. */
  nameOf(key: number): string;
  /** True when items belong to no Worker: the least busy one takes them. */
  readonly anywhere: boolean;
  /** Number of the Worker, of `count`, that owns a key. */
  shardOf(key: number, count: number): number;
  /** Writes an item's payload for another thread's `decode`. */
  encode(item: Item, words: WordWriter, shard: number): void;
  /** Upper bound of the bytes that `encode` writes for one item to this Worker. */
  encodedBytes(item: Item, shard: number): number;
  /** An item's payload as JSON text that any process can read by itself. Absent: items stay in one process. */
  toJson?(item: Item): string;
  /** The number of a key by its name; null when there is none. */
  keyOf(name: string): number | null;
  readonly rejections: readonly Rejection[];
}

/** States as canonical JSON texts: one `"key":{…}` entry per state machine, unsorted. */
export interface StateSlice {
  readonly entries: readonly StateEntry[];
  /** Values in the states that these texts do not show; absent or null: none. */
  readonly unseen?: Unseen | null;
}

export interface StateEntry {
  readonly key: string;
  readonly json: string;
}
