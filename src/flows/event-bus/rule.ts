import type { HandlingStats } from "../part.ts";
import type { EventFilter, FlowEvent } from "./event.ts";

/** What a handler receives beside its event. */
export interface Delivering {
  /** Aborted when the handler's time is up, its subscription ends, or the bus stops. */
  readonly signal: AbortSignal;
}

export type Handle = (event: FlowEvent, delivering: Delivering) => unknown;

/** Settings of a subscription, with defaults filled in. */
export interface SubscriptionRule {
  /** The bus. */
  readonly part: string;
  readonly name: string;
  /** Types delivered; null: all. */
  readonly types: readonly string[] | null;
  readonly source: EventFilter["source"];
  /** Handlers of this subscription that may run at a time. */
  readonly concurrency: number;
  /** Emitted events that may wait for a handler; published ones always may, since their publisher waits for them. */
  readonly buffer: number;
  readonly overflow: "drop-newest" | "drop-oldest";
  /** Longest a handler may take, in milliseconds; Infinity: no limit. */
  readonly timeoutMs: number;
}

/** Counts of a subscription; delivered = handled + failed + dropped + abandoned + waiting + inFlight. */
export interface SubscriptionStats extends HandlingStats {
  readonly name: string;
  readonly types: string;
  readonly delivered: number;
  /** How long the oldest running handler has taken so far, in milliseconds; null: none is running. */
  readonly oldestMs: number | null;
}
