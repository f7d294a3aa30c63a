import type { Timers } from "../../kernel/timers.ts";
import type { ChannelOverflow } from "../channel.ts";
import type { OnFailure } from "../failures.ts";
import type { FlowHeaders } from "../headers.ts";
import type { OptionNames } from "../options.ts";
import type { HandlingStats } from "../part.ts";
import type { EventFilter } from "./event.ts";
import type { SubscriptionStats } from "./rule.ts";

/** Options of a bus. */
export interface EventBusOptions {
  /** Shown in failures and statistics. Default `bus`. */
  readonly name?: string;
  /** Events remembered for replay and audits. Default 1000; 0: none. */
  readonly history?: number;
  /** Most bytes of remembered events, estimated from their data; the oldest are forgotten first. Default 16 MB. */
  readonly historyBytes?: number;
  /** Called with every failure of a handler. */
  readonly onFailure?: OnFailure;
  readonly timers?: Timers;
}

export const BUS_NAMES: OptionNames<EventBusOptions> = { name: true, history: true, historyBytes: true, onFailure: true, timers: true };

/** Options of a subscription. */
export interface SubscribeOptions {
  /** Shown in failures and statistics. */
  readonly name?: string;
  /** Only events from here. */
  readonly source?: string | readonly string[];
  /** Handlers of this subscription that may run at a time. Default 16. */
  readonly concurrency?: number;
  /** Emitted events that may wait for a handler. Default 1024. */
  readonly buffer?: number;
  /** Which emitted event is dropped when the buffer is full. Default `drop-newest`. */
  readonly overflow?: "drop-newest" | "drop-oldest";
  /** Longest a handler may take, in milliseconds; then it counts as failed and its signal is aborted. */
  readonly timeoutMs?: number;
  /** Past events to deliver first: all remembered ones, the latest n, or those a filter selects. */
  readonly replay?: true | number | Pick<EventFilter, "since" | "until">;
  /** Ends the subscription when it is aborted. */
  readonly signal?: AbortSignal;
}

export const SUBSCRIBE_NAMES: OptionNames<SubscribeOptions> = {
  name: true,
  source: true,
  concurrency: true,
  buffer: true,
  overflow: true,
  timeoutMs: true,
  replay: true,
  signal: true,
};

/** Options of a subscription that ends with its first event. */
export type OnceOptions = Omit<SubscribeOptions, "concurrency" | "buffer" | "overflow">;

export const ONCE_NAMES: OptionNames<OnceOptions> = { name: true, source: true, timeoutMs: true, replay: true, signal: true };

/** Options of an iteration over events. */
export interface EventsOptions extends Pick<SubscribeOptions, "source" | "replay" | "signal" | "name"> {
  /** Events that may wait to be read. Default 1024. */
  readonly buffer?: number;
  /** Which event is dropped when the buffer is full; `block`: publishing waits, and emitted events are dropped. Default `drop-oldest`. */
  readonly overflow?: ChannelOverflow;
}

export const EVENTS_NAMES: OptionNames<EventsOptions> = {
  source: true,
  replay: true,
  signal: true,
  name: true,
  buffer: true,
  overflow: true,
};

/** Options of one event. */
export interface EmitOptions {
  /** Source of the event. Default: the name of the bus. */
  readonly source?: string;
  /** Headers of the event. The emitter's trace is added, unless they name one. */
  readonly headers?: FlowHeaders;
}

export const EMIT_NAMES: OptionNames<EmitOptions> = { source: true, headers: true };

/** Options of one event whose handlers are awaited. */
export interface PublishOptions extends EmitOptions {
  /** Gives up waiting: `publish` rejects with its reason, and handlers that have not begun do not. */
  readonly signal?: AbortSignal;
}

export const PUBLISH_NAMES: OptionNames<PublishOptions> = { ...EMIT_NAMES, signal: true };

/** Options of waiting for one event. */
export type NextOptions = Pick<SubscribeOptions, "source" | "signal">;

export const NEXT_NAMES: OptionNames<NextOptions> = { source: true, signal: true };

/** Counts of deliveries over all subscriptions. */
export interface BusStats extends HandlingStats {
  readonly published: number;
  readonly remembered: number;
  readonly delivered: number;
  readonly subscribers: readonly SubscriptionStats[];
}
