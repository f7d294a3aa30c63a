import type { CallerContext } from "../async-context.ts";
import type { Durations, PartStats } from "../part.ts";
import type { FlowContext } from "./context.ts";

/** A caller that waits for one item's end: its result, `undefined` when it was filtered out, or why it failed. */
export interface Waiter {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** It reports failures to somebody, so that no warning of the process is due. */
  readonly reports: boolean;
}

export const NOBODY: readonly Waiter[] = [];

/** An item in the pipeline, the same object from end to end. */
export interface Passing {
  value: unknown;
  readonly context: FlowContext;
  /** Async context of its feeder, taken once it has to wait; it goes on inside that. */
  caller: CallerContext | null;
  /** Fed items that it stands for: one, or as many as a batch holds. */
  readonly weight: number;
  /** Its stage has ended, well or not. */
  done: boolean;
  /** Filtered out or failed: it keeps its place in the order and goes no further. */
  gone: boolean;
  /** When its stage's function began, in milliseconds. */
  started: number;
  /** Abandoned; what its stage still returns is ignored. */
  abandoned: boolean;
  /** Its caller has given it up: no stage begins it, and what has begun may end. */
  unwanted: boolean;
  /** Callers waiting for its end; of a batch, those waiting for its items. */
  readonly waiters: readonly Waiter[];
}

/** How an item leaves the pipeline. */
export interface ItemOutcomes {
  filtered(item: Passing): void;
  /** It was given up by its caller. */
  dismissed(item: Passing): void;
  failed(item: Passing, stage: string, error: unknown): void;
  delivered(item: Passing): void;
}

/** A stage of a pipeline, or its end. Items are pushed downstream; room is announced upstream. */
export interface Node {
  /** True when `push` may be called. */
  readonly hasRoom: boolean;
  /** Takes an item. `now`: an instant just read, in milliseconds. */
  push(item: Passing, now: number): void;
  /** Nothing more comes from upstream. */
  end(): void;
}

/** A stage as its downstream neighbour and the pipeline see it. */
export interface StageNode extends Node {
  next: Node;
  previous: { makeRoom(): void };
  /** The downstream node has room again. */
  makeRoom(): void;
  /** Abandons all it holds. */
  abandon(give: (item: Passing) => void): void;
  stats(): PartStats;
  /** How long it takes over an item; a stage that does nothing of its own has none. */
  durations?(): Durations;
}

/** What a stage is linked to until the pipeline is assembled. */
export const DETACHED: Node = {
  hasRoom: false,
  push: () => {
    throw new Error("a stage that is linked to nothing");
  },
  end: () => {},
};
