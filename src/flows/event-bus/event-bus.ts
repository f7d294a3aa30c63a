import { newId, stampOf, type Timers, within } from "../../kernel/timers.ts";
import { Channel } from "../channel.ts";
import { Failures, type OnFailure, Stopped } from "../failures.ts";
import { onAbort } from "../notifier.ts";
import {
  checkCount,
  checkFunction,
  checkName,
  checkNames,
  checkOneOf,
  checkSignal,
  checkSpan,
  checkText,
  checkTextOrTexts,
  type OptionNames,
  timersOf,
} from "../options.ts";
import { deadlineOf, type Health, type Part, type StopOptions, stuckHealth } from "../part.ts";
import { headersOf } from "../tracing.ts";
import { type Delivery, DeliveryCount } from "./delivery.ts";
import { type AnyEvent, type EventFilter, EventIds, type EventName, FILTER_NAMES, FlowEvent } from "./event.ts";
import { History } from "./history.ts";
import { OnceSubscription } from "./once.ts";
import {
  BUS_NAMES,
  type BusStats,
  EMIT_NAMES,
  type EmitOptions,
  EVENTS_NAMES,
  type EventBusOptions,
  type EventsOptions,
  NEXT_NAMES,
  type NextOptions,
  ONCE_NAMES,
  type OnceOptions,
  PUBLISH_NAMES,
  type PublishOptions,
  SUBSCRIBE_NAMES,
  type SubscribeOptions,
} from "./options.ts";
import { Routes } from "./routes.ts";
import type { Delivering, Handle, SubscriptionRule } from "./rule.ts";
import { Subscription } from "./subscription.ts";

/** Bytes of remembered events, by default. */
const HISTORY_BYTES = 16_000_000;

/**
 * Publish and subscribe, typed by a map from event names to their data. A handler that throws, is slow or never returns harms no other: its
 * failure is counted and reported, and the publisher can see it.
 */
export class EventBus<Events extends object> implements Part {
  readonly name: string;
  private readonly ids: EventIds;
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
    checkNames(options, BUS_NAMES);
    checkName(options.name);
    this.name = options.name ?? "bus";
    checkCount("history", options.history, 0);
    checkCount("historyBytes", options.historyBytes, 0);
    this.timers = timersOf(options.timers);
    this.stamp = stampOf(this.timers);
    this.ids = new EventIds(newId(this.timers).slice(0, 13));
    this.past = new History(options.history ?? 1000, options.historyBytes ?? HISTORY_BYTES, this.timers);
    this.failures = new Failures(this.name, this.timers, options.onFailure);
  }

  /**
   * Delivers an event to every subscription that matches and does not wait. Handlers that are free run now, those of a busy subscription
   * later; beyond its buffer the event is dropped for that subscription, and counted. Events emitted by a handler are delivered immediately,
   * depth first: a later subscriber may get the inner event before the outer; `sequence` is the order of emission. Returns the event.
   * Throws `Stopped` on a bus that has stopped.
   */
  emit<Type extends EventName<Events>>(type: Type, data: Events[Type], options?: EmitOptions): FlowEvent<Type, Events[Type]> {
    if (options !== undefined) checkEmitting(options, EMIT_NAMES);
    return this.dispatch(type, data, options, null) as FlowEvent<Type, Events[Type]>;
  }

  /**
   * Delivers an event to all that match, at once rather than in turn, and resolves when every handler has ended, well or not: it never
   * rejects for a handler's failure, but says each reason. Rejects with `Stopped` on a bus that has stopped, and as its signal says.
   */
  publish<Type extends EventName<Events>>(type: Type, data: Events[Type], options?: PublishOptions): Promise<Delivery> {
    const tally = new DeliveryCount();
    try {
      if (options !== undefined) checkEmitting(options, PUBLISH_NAMES);
      options?.signal?.throwIfAborted();
      this.dispatch(type, data, options, tally);
    } catch (error) {
      return Promise.reject(error);
    }
    const { signal } = options ?? {};
    return signal === undefined ? tally.delivered() : this.untilAborted(tally, signal);
  }

  private untilAborted(tally: DeliveryCount, signal: AbortSignal): Promise<Delivery> {
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => {
        reject(signal.reason);
        for (const subscription of this.subscriptions) subscription.withdraw(tally, signal.reason);
      });
      void tally.delivered().then((delivery) => {
        forget();
        resolve(delivery);
      });
    });
  }

  private dispatch(type: string, data: unknown, options: EmitOptions | undefined, tally: DeliveryCount | null): FlowEvent {
    if (this.stopped) throw new Stopped(`${this.name} has stopped and takes no more events`);
    const headers = headersOf(options?.headers);
    const event = new FlowEvent(this.ids.next(), ++this.sequence, type, this.stamp(), options?.source ?? this.name, data, headers);
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
    checkNames(options, SUBSCRIBE_NAMES);
    return this.begin(Subscription, types, handler as Handle, options);
  }

  /** As `subscribe`, for the first event that matches and no other. */
  once<Type extends EventName<Events>>(
    types: Type | readonly Type[] | "*",
    handler: (event: AnyEvent<Events, Type>, delivering: Delivering) => unknown,
    options: OnceOptions = {},
  ): Subscription {
    checkNames(options, ONCE_NAMES);
    return this.begin(OnceSubscription, types, handler as Handle, options);
  }

  /** Resolves with the next event that matches. Rejects as its signal says, and with `Stopped` when the bus stops first. */
  next<Type extends EventName<Events>>(types: Type | readonly Type[] | "*", options: NextOptions = {}): Promise<AnyEvent<Events, Type>> {
    const { signal } = options;
    return new Promise((resolve, reject) => {
      checkNames(options, NEXT_NAMES);
      const subscription = this.once(types, resolve, { name: "next", ...options });
      const ended = () => reject(signal?.aborted === true ? signal.reason : new Stopped(`${this.name} has stopped`));
      if (subscription.signal.aborted) ended();
      else subscription.signal.addEventListener("abort", ended, { once: true });
    });
  }

  private begin(kind: typeof Subscription, types: string | readonly string[], handle: Handle, options: SubscribeOptions): Subscription {
    const { source, signal, replay } = options;
    checkFunction("handler", handle);
    checkTypes(types);
    checkSubscribing(options);
    const rule: SubscriptionRule = {
      part: this.name,
      name: options.name ?? `subscriber ${++this.named}`,
      types: types === "*" ? null : typeof types === "string" ? [types] : [...types],
      source,
      concurrency: options.concurrency ?? 16,
      buffer: options.buffer ?? 1024,
      overflow: options.overflow ?? "drop-newest",
      timeoutMs: options.timeoutMs ?? Number.POSITIVE_INFINITY,
    };
    const subscription = new kind(rule, handle, this.failures, this.timers, this.remove);
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
    checkNames(options, EVENTS_NAMES);
    const { buffer = 1024, overflow = "drop-oldest", replay, ...rest } = options;
    checkReplay(replay);
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
    checkNames(filter, FILTER_NAMES);
    checkTextOrTexts("type", filter.type);
    checkTextOrTexts("source", filter.source);
    checkCount("limit", limit, 0);
    return this.past.select(filter, limit) as AnyEvent<Events, Type>[];
  }

  /** Accepts events again after a stop. */
  start(): void {
    this.stopped = false;
  }

  /** Accepts no more events, lets handlers end until the deadline, and unsubscribes all; what is left then is abandoned. */
  async stop(options: StopOptions = {}): Promise<void> {
    const deadlineMs = deadlineOf(options);
    this.stopped = true;
    // Subscriptions made while it stops are for the time after.
    const subscriptions = [...this.subscriptions, ...this.leaving];
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
    if (!this.subscriptions.includes(subscription)) return;
    this.subscriptions = this.subscriptions.filter((other) => other !== subscription);
    this.routes.forget();
    this.leaving.push(subscription);
    this.forget();
  };
}

function checkEmitting<Options extends PublishOptions>(options: Options, names: OptionNames<Options>): void {
  checkNames(options, names);
  checkText("source", options.source);
  checkSignal(options.signal);
}

function checkSubscribing({ name, source, concurrency, buffer, overflow, timeoutMs, replay, signal }: SubscribeOptions): void {
  checkName(name);
  checkTextOrTexts("source", source);
  checkSignal(signal);
  checkCount("concurrency", concurrency, 1);
  checkCount("buffer", buffer, 0);
  checkOneOf("overflow", overflow, ["drop-newest", "drop-oldest"]);
  checkSpan("timeoutMs", timeoutMs);
  checkReplay(replay);
}

function checkTypes(types: unknown): void {
  const list = Array.isArray(types) ? types : [types];
  if (!list.every((type) => typeof type === "string"))
    throw new TypeError(`types: must be a text or a list of texts, got ${String(types)}`);
}

function checkReplay(replay: SubscribeOptions["replay"]): void {
  if (replay === undefined || replay === true) return;
  if (typeof replay === "number") checkCount("replay", replay, 0);
  else if (typeof replay === "object" && replay !== null) checkNames(replay, { since: true, until: true }, "replay.");
  else throw new RangeError(`replay: must be true, a number of events, or a filter, got ${String(replay)}`);
}
