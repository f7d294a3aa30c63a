import type { FlowOrchestrator } from "../../flows/index.ts";
import type { FlowPart } from "../../scenario/flow-schema.ts";

/** One arrival, as a flow gets it. */
export interface FlowItem {
  /** Its place on the tape, from 0. */
  readonly index: number;
  /** The name of its key. */
  readonly key: string;
}

/** What the lab lends a flow. */
export interface FlowLab {
  /**
   * What one handler does with an item: the scenario's `work`, then its planted failure, if it is this call's turn. `place` tells the
   * handlers of one item apart. A promise only when the work waited for something outside.
   */
  handle(item: FlowItem, place: number): void | Promise<void>;
  /** The same for one part of several, with settings of its own. */
  part(settings: FlowPart, places: number): FlowLab;
  /** The number of the thread this is, from 0. */
  readonly thread: number;
  /** Where a flow may write; gone after the case. */
  readonly folder: string;
  /** The scenario's settings. */
  readonly settings: FlowPart;
}

/** Takes one item and is done when the item has been through the whole flow; throws or rejects when it failed. */
export type Submit = (item: FlowItem) => unknown;

/**
 * What makes a flow: registers its parts with the orchestrator, which starts and stops them, and gives what takes items. The default
 * export of a module that `flow.module` names is one.
 */
export type FlowMaker = (flows: FlowOrchestrator, lab: FlowLab) => Submit | Promise<Submit>;
