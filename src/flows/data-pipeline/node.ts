import type { PartStats } from "../part.ts";
import type { FlowContext } from "./context.ts";

/** Waits for one item's end: its result, `undefined` when it was filtered out, or why it failed. */
export interface Waiter {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export const NOBODY: readonly Waiter[] = [];

/** An item on its way, the same object from end to end. */
export interface Passing {
  value: unknown;
  readonly context: FlowContext;
  /** Items that were fed and are in it: one, or as many as a batch holds. */
  readonly weight: number;
  /** Ended in its stage, for better or worse. */
  done: boolean;
  /** Filtered out or failed: it takes its place in the order and goes no further. */
  gone: boolean;
  /** When it came to its stage's function, in milliseconds. */
  started: number;
  /** Given up; what its stage still says of it is not heard. */
  abandoned: boolean;
  /** Who waits to know what becomes of it; of a batch, those who wait for what is in it. */
  readonly waiters: readonly Waiter[];
}

/** How an item leaves the pipeline. */
export interface ItemOutcomes {
  filtered(item: Passing): void;
  failed(item: Passing, stage: string, error: unknown): void;
  delivered(item: Passing): void;
}

/** A stage of a pipeline, or its end. Items are pushed downwards; room is made known upwards. */
export interface Node {
  /** True when `push` may be called. */
  readonly hasRoom: boolean;
  /** Takes an item. `now`: an instant just read, in milliseconds. */
  push(item: Passing, now: number): void;
  /** Nothing more comes from above. */
  end(): void;
}

/** A stage as the one below and the pipeline see it. */
export interface StageNode extends Node {
  next: Node;
  previous: { makeRoom(): void };
  /** The one below has room again. */
  makeRoom(): void;
  /** Gives up all it holds. */
  abandon(give: (item: Passing) => void): void;
  stats(): PartStats;
}

/** What a stage is linked to until the pipeline is put together. */
export const DETACHED: Node = {
  hasRoom: false,
  push: () => {
    throw new Error("a stage that is linked to nothing");
  },
  end: () => {},
};
