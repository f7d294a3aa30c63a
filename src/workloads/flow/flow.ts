import type { FlowOrchestrator } from "../../flows/index.ts";
import type { FlowPart } from "../../scenario/flow-schema.ts";

/** An arrival as a flow receives it. */
export interface FlowItem {
  /** Its position on the tape, from 0. */
  readonly index: number;
  /** The name of its key. */
  readonly key: string;
}

/** Services of the lab for a flow. */
export interface FlowLab {
  /**
   * The work of one handler on an item: the scenario's `work`, then its planted failure, where one is due. `place` distinguishes the
   * handlers of one item. Returns a promise only when the work waits for something outside.
   */
  handle(item: FlowItem, place: number): void | Promise<void>;
  /** The same for one of several parts, with its own settings. */
  part(settings: FlowPart, places: number): FlowLab;
  /** Number of this thread, from 0. */
  readonly thread: number;
  /** A folder that the flow may write to; removed after the case. */
  readonly folder: string;
  /** The scenario's settings. */
  readonly settings: FlowPart;
}

/** Takes one item and ends when the item has passed the whole flow; throws or rejects when it failed. */
export type Submit = (item: FlowItem) => unknown;

/**
 * Makes a flow: registers its parts with the orchestrator, which starts and stops them, and returns the function that takes items. A module
 * named by `flow.module` has one as its default export.
 */
export type FlowMaker = (flows: FlowOrchestrator, lab: FlowLab) => Submit | Promise<Submit>;
