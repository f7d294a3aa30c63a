import type { Nanoseconds } from "../kernel/clock.ts";
import type { WordReader, WordWriter } from "../kernel/words.ts";
import type { Arrival } from "../load/tape.ts";
import type { Item } from "../queueing/item.ts";
import type { FlowPartFigures } from "../telemetry/flow-figures.ts";
import type { Rejection } from "../telemetry/result.ts";
import type { FetchReport } from "./fetch/report.ts";
import type { Unseen } from "./message/unseen.ts";
import type { WireCost } from "./message/wire.ts";

/** How a workload spends time, given to it by the mode that runs it. */
export interface Effort {
  now(): Nanoseconds;
  /** Computes on this thread: a calibrated amount of work that takes the span on a free core. */
  compute(span: Nanoseconds): void;
  /** Blocks this thread. */
  block(span: Nanoseconds): void;
  /** Waits for something outside: blocks where everything blocks, else yields the loop. */
  wait(span: Nanoseconds): void | Promise<void>;
  /** Waits, and the loop goes on in every mode. */
  pause(span: Nanoseconds): Promise<void>;
}

/** `null`: processed. Otherwise why it failed; its state is as before. */
export type Outcome = string | null;

/** What is done with an item, whatever the mode. One instance per thread that processes. */
export interface Processor {
  /** Does the work and updates the state. A promise only when the work waited for something outside. */
  process(item: Item): Outcome | Promise<Outcome>;
  /** True when `process` never returns a promise and takes less time than reading a clock is worth. */
  readonly instant: boolean;
  /** True when `process` only begins something outside and takes next to no time of its thread. */
  readonly yields: boolean;
  /** Does what a batch costs once, on the thread that works it; its first item's service begins with it. Absent: it costs nothing. */
  readonly openBatch?: (() => void) | undefined;
  /** True when items of one key must be worked one after another. */
  readonly ordered: boolean;
  /** Items that may be under way now, if that is less than the mode would allow. */
  readonly limit: number;
  /** Breaks off what is under way: the run is over, and nothing more is counted. */
  halt(): void;
  /** What it knows at the end that is not counted elsewhere. */
  report(): WorkloadReport;
  /** Reads an item's payload as the source's `encode` wrote it, over the one an item used before still has, if any. */
  decode(words: WordReader, item: Item): void;
  /** A machine's state as JSON between two whole messages, null when there is none; a promise while a message is inside it. */
  stateOf(key: number): string | null | Promise<string | null>;
  /** The ids of the machines there are. */
  names(): string[];
  /** The final states of all keys this instance has seen. */
  state(): StateSlice;
}

/** What one thread knows that only its workload understands. */
export interface WorkloadReport {
  readonly fetch?: FetchReport;
  /** The parts of this thread's flow. */
  readonly flow?: readonly FlowPartFigures[];
  /** What reading messages that another thread wrote cost. */
  readonly wire?: WireCost;
}

/** Turns arrivals into items, on the thread of the source. */
export interface Intake {
  /** Fills in key, sequence and payload; a reason when the item has to be refused. */
  accept(arrival: Arrival, item: Item): string | null;
  /** The name of a key. */
  nameOf(key: number): string;
  /** True when items belong to no Worker: the least busy one takes them. */
  readonly anywhere: boolean;
  /** Number of the Worker, of `count`, that a key belongs to. */
  shardOf(key: number, count: number): number;
  /** Writes an item's payload for another thread's `decode`. */
  encode(item: Item, words: WordWriter, shard: number): void;
  /** Most bytes `encode` writes for one item to this Worker. */
  encodedBytes(item: Item, shard: number): number;
  /** The number of a key by its name; null when there is no such key. */
  keyOf(name: string): number | null;
  readonly rejections: readonly Rejection[];
}

/** States as canonical JSON texts: one `"key":{…}` entry per state machine, unsorted. */
export interface StateSlice {
  readonly entries: readonly StateEntry[];
  /** What these texts do not show of the states; absent or null: nothing. */
  readonly unseen?: Unseen | null;
}

export interface StateEntry {
  readonly key: string;
  readonly json: string;
}
