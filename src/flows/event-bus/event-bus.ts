import { newId, realTimers, stampOf, type Timers, within } from "../../kernel/timers.ts";
import { Channel, type ChannelOverflow } from "../channel.ts";
import { Failures, type OnFailure, Stopped } from "../failures.ts";
import { checkCount, checkSpan } from "../options.ts";
import { type HandlingStats, type Health, type Part, STOP_MS, type StopOptions, stuckHealth } from "../part.ts";
import { type Delivery, DeliveryCount } from "./delivery.ts";
import { type AnyEvent, type EventFilter, type EventName, FlowEvent } from "./event.ts";
import { History } from "./history.ts";
import { Routes } from "./routes.ts";
import { type Delivering, type Handle, Subscription, type SubscriptionRule, type SubscriptionStats } from "./subscription.ts";

/** Options of a bus. */
export interface EventBusOptions {
  /** Shown in failures and statistics. Default `bus`. */
  readonly name?: string;
  /** Events remembered for replay and audits. Default 1000; 0: none. */
  readonly history?: number;
  /** Called with every failure of a handler. */
  readonly onFailure?: OnFailure;
  readonly timers?: Timers;
}

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

/** Options of an iteration over events. */
export interface EventsOptions extends Pick<SubscribeOptions, "source" | "replay" | "signal" | "name"> {
  /** Events that may wait to be read. Default 1024. */
  readonly buffer?: number;
  /** Which event is dropped when the buffer is full; `block`: publishing waits, and emitted events are dropped. Default `drop-oldest`. */
  readonly overflow?: ChannelOverflow;
}

/** Options of one event. */
export interface PublishOptions {
  /** Source of the event. Default: the name of the bus. */
  readonly source?: string;
}

/**
 * Publish and subscribe, typed by a map from event names to their data. A handler that throws, is slow or never returns harms no other: its
 * failure is counted and reported, and the publisher can see it.
 */
export class EventBus<Events extends object> implements Part {
  readonly name: string;
  private readonly origin: string;
  private readonly timers: Timers;
  private readonly stamp: () => number;
  private readonly past: History;
  private readonly failures: Failures;
  private subscriptions: Subscription[] = [];
  private readonly routes = new Routes();
  private sequence = 0;
  /** Subscriptions without a given name. */
  private named = 0;
  /** Ended, but not yet idle. */
  private leaving: Subscription[] = [];
  private stopped = false;
  /** Counts of subscriptions that are gone. */
  private readonly gone = { delivered: 0, handled: 0, failed: 0, dropped: 0, abandoned: 0, waiting: 0, inFlight: 0 };

  constructor(options: EventBusOptions = {}) {
    this.name = options.name ?? "bus";
    checkCount("history", options.history, 0);
    this.timers = options.timers ?? realTimers;
    this.stamp = stampOf(this.timers);
    this.origin = newId(this.timers).slice(0, 13);
    this.past = new History(options.history ?? 1000);
    this.failures = new Failures(this.name, this.timers, options.onFailure);
  }

  /**
   * Delivers an event to every subscription that matches and does not wait. Handlers that are free run now, those of a busy subscription
   * later; beyond its buffer the event is dropped for that subscription, and counted. Events emitted by a handler are delivered immediately,
   * depth first: a later subscriber may get the inner event before the outer; `sequence` is the order of emission. Returns the event.
   * Throws `Stopped` on a bus that has stopped.
   */
  emit<Type extends EventName<Events>>(type: Type, data: Events[Type], options?: PublishOptions): FlowEvent<Type, Events[Type]> {
    return this.dispatch(type, data, options, null) as FlowEvent<Type, Events[Type]>;
  }

  /**
   * Delivers an event to all that match, at once rather than in turn, and resolves when every handler has ended, well or not: it never
   * rejects for a handler's failure. Rejects with `Stopped` on a bus that has stopped.
   */
  publish<Type extends EventName<Events>>(type: Type, data: Events[Type], options?: PublishOptions): Promise<Delivery> {
    const tally = new DeliveryCount();
    try {
      this.dispatch(type, data, options, tally);
    } catch (error) {
      return Promise.reject(error);
    }
    return tally.delivered();
  }

  private dispatch(type: string, data: unknown, options: PublishOptions | undefined, tally: DeliveryCount | null): FlowEvent {
    if (this.stopped) throw new Stopped(`${this.name} has stopped and takes no more events`);
    const event = new FlowEvent(this.origin, ++this.sequence, type, this.stamp(), options?.source ?? this.name, data);
    this.past.add(event);
    const heard = this.routes.byType[type] ?? this.routes.add(type, this.subscriptions);
    for (let i = 0; i < heard.length; i++) (heard[i] as Subscription).deliver(event, tally);
    return event;
  }

  /** Subscribes to a type, to several, or to all (`*`). */
  subscribe<Type extends EventName<Events>>(
    types: Type | readonly Type[] | "*",
    handler: (event: AnyEvent<Events, Type>, delivering: Delivering) => unknown,
    options: SubscribeOptions = {},
  ): Subscription {
    const { source, signal, replay } = options;
    checkCount("concurrency", options.concurrency, 1);
    checkCount("buffer", options.buffer, 0);
    checkSpan("timeoutMs", options.timeoutMs);
    const heard = types === "*" ? null : typeof types === "string" ? [types] : [...types];
    const subscription = new Subscription(
      {
        name: options.name ?? `subscriber ${++this.named}`,
        types: heard,
        source,
        concurrency: options.concurrency ?? 16,
        buffer: options.buffer ?? 1024,
        overflow: options.overflow ?? "drop-newest",
        timeoutMs: options.timeoutMs ?? Number.POSITIVE_INFINITY,
      },
      handler as Handle,
      this.failures,
      this.timers,
      this.remove,
    );
    if (signal?.aborted === true || this.stopped) {
      subscription.unsubscribe();
      return subscription;
    }
    subscription.endWithSignal(signal);
    this.subscriptions = [...this.subscriptions, subscription];
    this.routes.forget();
    if (replay !== undefined) subscription.catchUp(this.replayed(subscription.rule, replay));
    return subscription;
  }

  /** Iterates over the events of a type, of several, or of all, as they come; leaving the loop unsubscribes. */
  events<Type extends EventName<Events>>(
    types: Type | readonly Type[] | "*",
    options: EventsOptions = {},
  ): AsyncIterableIterator<AnyEvent<Events, Type>, undefined> {
    const { buffer = 1024, overflow = "drop-oldest", replay, ...rest } = options;
    const channel = new Channel<AnyEvent<Events, Type>>(
      buffer,
      overflow,
      () => subscription.unsubscribe(),
      (count) => subscription.lose(count),
    );
    const keep = (event: AnyEvent<Events, Type>) => (channel.offer(event) || overflow !== "block" ? undefined : channel.put(event));
    const subscription = this.subscribe(types, keep, { name: "iteration", concurrency: 1, buffer, ...rest });
    if (subscription.signal.aborted) channel.close();
    // Only now: the subscription counts what the buffer has no room for.
    else if (replay !== undefined) subscription.catchUp(this.replayed(subscription.rule, replay));
    subscription.signal.addEventListener("abort", () => channel.close(), { once: true });
    return channel;
  }

  /** Remembered events that match, oldest first; the latest `limit` of them. */
  history<Type extends EventName<Events> = EventName<Events>>(filter: EventFilter<Type> = {}, limit?: number): AnyEvent<Events, Type>[] {
    return this.past.select(filter, limit) as AnyEvent<Events, Type>[];
  }

  /** Accepts events again after a stop. */
  start(): void {
    this.stopped = false;
  }

  /** Accepts no more events, lets handlers end until the deadline, and unsubscribes all; what is left then is abandoned. */
  async stop({ deadlineMs = STOP_MS }: StopOptions = {}): Promise<void> {
    this.stopped = true;
    // Subscriptions made while it stops are for the time after.
    const { subscriptions } = this;
    const busy = subscriptions.filter(({ idle }) => !idle);
    if (busy.length > 0) await within(this.timers, deadlineMs, Promise.all(busy.map((subscription) => subscription.drained())), null);
    for (const subscription of subscriptions) subscription.unsubscribe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Calls the listener with every failure of a handler. Returns a function that removes it. */
  onFailure(listener: OnFailure): () => void {
    return this.failures.listen(listener);
  }

  /** Counts over all subscriptions, past ones included; `subscribers` are the present ones. */
  stats(): BusStats {
    this.forget();
    const subscribers = this.subscriptions.map((subscription) => subscription.stats());
    const counted = [...subscribers, ...this.leaving.map((subscription) => subscription.stats())];
    const sum = (figure: "delivered" | "handled" | "failed" | "dropped" | "abandoned" | "waiting" | "inFlight") =>
      counted.reduce((total, each) => total + each[figure], this.gone[figure]);
    return {
      published: this.sequence,
      remembered: this.past.size,
      delivered: sum("delivered"),
      handled: sum("handled"),
      failed: sum("failed"),
      dropped: sum("dropped"),
      abandoned: sum("abandoned"),
      waiting: sum("waiting"),
      inFlight: sum("inFlight"),
      subscribers,
    };
  }

  health(): Health {
    if (this.stopped) return { status: "down", detail: "stopped" };
    return stuckHealth(this.stats().subscribers, "event");
  }

  private replayed({ types, source }: SubscriptionRule, replay: true | number | Pick<EventFilter, "since" | "until">): FlowEvent[] {
    const filter = {
      ...(types === null ? {} : { type: types }),
      ...(source === undefined ? {} : { source }),
      ...(typeof replay === "object" ? replay : {}),
    };
    return this.past.select(filter, typeof replay === "number" ? replay : undefined);
  }

  /** Keeps the counts of subscriptions that have ended; one that its own handler ended is still inside that handler. */
  private forget(): void {
    const ended = this.leaving.filter(({ idle }) => idle);
    if (ended.length === 0) return;
    this.leaving = this.leaving.filter(({ idle }) => !idle);
    for (const figure of ["delivered", "handled", "failed", "dropped", "abandoned"] as const)
      for (const subscription of ended) this.gone[figure] += subscription[figure];
  }

  private readonly remove = (subscription: Subscription): void => {
    this.subscriptions = this.subscriptions.filter((other) => other !== subscription);
    this.routes.forget();
    this.leaving.push(subscription);
    this.forget();
  };
}

/** Counts of deliveries over all subscriptions. */
export interface BusStats extends HandlingStats {
  readonly published: number;
  readonly remembered: number;
  readonly delivered: number;
  readonly subscribers: readonly SubscriptionStats[];
}
