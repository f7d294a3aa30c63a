import { ifRejected, isFulfilled, isThenable } from "../../kernel/promises.ts";
import type { Timers } from "../../kernel/timers.ts";
import { type Failures, Stopped } from "../failures.ts";
import { NO_HEADERS } from "../headers.ts";
import { Notifier, onAbort } from "../notifier.ts";
import { traced } from "../tracing.ts";
import { DeliveryCount } from "./delivery.ts";
import { type FlowEvent, matches } from "./event.ts";
import { PendingHandlers } from "./pending-handlers.ts";
import type { Delivering, Handle, SubscriptionRule, SubscriptionStats } from "./rule.ts";
import { WaitingEvents } from "./waiting-events.ts";

/**
 * Delivers events to one handler. Each subscription has a buffer and handlers of its own, so that a slow one, one that throws or one that
 * never returns harms no other. delivered = handled + failed + dropped + abandoned + waiting + inFlight, always.
 *
 * An event of a subscription:
 *
 * | state    | event                                                   | next                                        |
 * |----------|---------------------------------------------------------|---------------------------------------------|
 * | delivered | fewer than `concurrency` are in flight, none waits     | in flight                                   |
 * | delivered | otherwise, and it is published or the buffer has room  | waiting                                     |
 * | delivered | otherwise, by `overflow`                               | dropped, or waiting in the place of another |
 * | waiting  | a handler has ended, and it is the first                | in flight                                   |
 * | waiting  | the subscription ends                                   | abandoned                                   |
 * | in flight | its handler returns, or resolves                       | handled                                     |
 * | in flight | its handler throws or rejects, or its time is up       | failed                                      |
 * | in flight | the subscription ends                                  | abandoned; a failure that follows is reported |
 */
export class Subscription implements Disposable {
  handled = 0;
  failed = 0;
  dropped = 0;
  abandoned = 0;
  inFlight = 0;
  private readonly waiting: WaitingEvents;
  private readonly pending: PendingHandlers;
  private readonly abort = new AbortController();
  /** The same for all handlers; null where each has a time limit of its own. */
  private readonly delivering: Delivering | null;
  /** Copy of the rule's, which every event reads. */
  private readonly concurrency: number;
  private closed = false;
  private draining = false;
  private readonly emptied = new Notifier();
  /** False when nothing waits and `drained` is not awaited. Read for every event, so a field of its own. */
  private attention = false;
  private unlink: () => void = () => {};

  constructor(
    readonly rule: SubscriptionRule,
    private readonly handle: Handle,
    private readonly failures: Failures,
    timers: Timers,
    private readonly onClose: (subscription: Subscription) => void,
  ) {
    this.waiting = new WaitingEvents(rule);
    this.pending = new PendingHandlers(rule.timeoutMs, timers, (event, tally, error) => this.ended(event, tally, error));
    this.delivering = rule.timeoutMs === Number.POSITIVE_INFINITY ? { signal: this.abort.signal } : null;
    this.concurrency = rule.concurrency;
  }

  /** Ends the subscription: waiting events are abandoned, running handlers are aborted by their signal. Idempotent. */
  readonly unsubscribe = (): void => {
    if (this.closed) return;
    this.closed = true;
    const reason = new Stopped("the subscription has ended");
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) this.abandon(next.tally, reason);
    for (const tally of this.pending.giveUp(reason)) {
      this.inFlight--;
      this.abandon(tally, reason);
    }
    this.unlink();
    this.onClose(this);
    this.emptied.notifyAll();
    this.abort.abort(reason);
  };

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  /** Leaves its bus, so that nothing more is delivered, and goes on with what it has. */
  protected leave(): void {
    this.onClose(this);
  }

  /** Aborted when the subscription has ended. */
  get signal(): AbortSignal {
    return this.abort.signal;
  }

  /** Resolves when nothing waits and nothing runs. */
  drained(): Promise<void> {
    if (this.idle) return Promise.resolve();
    this.attention = true;
    return this.emptied.next();
  }

  /** Ends the subscription when the signal is aborted. */
  endWithSignal(signal: AbortSignal | undefined): void {
    this.unlink = onAbort(signal, this.unsubscribe);
  }

  /** True when nothing waits and nothing runs. */
  get idle(): boolean {
    return this.inFlight === 0 && this.waiting.length === 0;
  }

  /** Events delivered so far. */
  get delivered(): number {
    return this.handled + this.failed + this.dropped + this.abandoned + this.waiting.length + this.inFlight;
  }

  /** Delivers a matching event. `tally` counts it for a `publish` that awaits; null for `emit`. */
  deliver(event: FlowEvent, tally: DeliveryCount | null): void {
    if (this.closed || !this.hears(event)) return;
    tally?.join();
    if (this.inFlight < this.concurrency && (!this.attention || this.waiting.length === 0)) this.run(event, tally);
    else this.wait(event, tally);
  }

  protected hears(event: FlowEvent): boolean {
    const { source } = this.rule;
    return source === undefined || matches(event, { source });
  }

  /** Delivers past events, in order and none of them dropped; events that its handler causes meanwhile come after. */
  catchUp(events: readonly FlowEvent[]): void {
    // As if published, without an observer.
    const tally = new DeliveryCount();
    for (const event of events) {
      if (!this.hears(event)) continue;
      tally.join();
      this.waiting.offer(event, tally);
    }
    this.next();
  }

  /** Counts events that were delivered to an iteration and then dropped, unread. */
  lose(count: number): void {
    this.handled -= count;
    this.dropped += count;
  }

  private wait(event: FlowEvent, tally: DeliveryCount | null): void {
    if (!this.waiting.offer(event, tally)) this.dropped++;
    if (this.waiting.length > 0) this.attention = true;
  }

  private run(event: FlowEvent, tally: DeliveryCount | null): void {
    this.inFlight++;
    const abort = this.delivering === null ? new AbortController() : null;
    const delivering = this.delivering ?? (abort as AbortController);
    let answer: unknown;
    try {
      answer = event.headers === NO_HEADERS ? this.handle(event, delivering) : this.traced(event, delivering);
    } catch (error) {
      this.inFlight--;
      this.fail(event, tally, error);
      if (this.attention) this.next();
      return;
    }
    if (isThenable(answer) && !isFulfilled(answer)) {
      this.follow(answer, event, tally, abort);
      return;
    }
    this.inFlight--;
    this.succeed(tally);
    if (this.attention) this.next();
  }

  private traced(event: FlowEvent, delivering: Delivering): unknown {
    const { part } = this.rule;
    const handling = { operation: "process", destination: event.type, part, id: event.id } as const;
    return traced(event.headers, handling, () => this.handle(event, delivering));
  }

  /** Follows a handler that returned a promise; an event that had waited begins now, any other began when it came. */
  private follow(answer: PromiseLike<unknown>, event: FlowEvent, tally: DeliveryCount | null, abort: AbortController | null): void {
    // Ended by its own handler, which is no longer awaited.
    if (this.closed) {
      const reason = new Stopped("the subscription has ended");
      this.inFlight--;
      abort?.abort(reason);
      this.abandon(tally, reason);
      // Its failure is still reported.
      ifRejected(answer, (error) => this.failures.report(this.rule.name, event, error));
      return;
    }
    this.pending.follow(answer, event, tally, abort, this.draining ? null : event.time);
  }

  /** A handler that did not end at once has ended. `error`: null when it ended well. */
  private ended(event: FlowEvent, tally: DeliveryCount | null, error: unknown): void {
    this.inFlight--;
    if (error !== null) this.fail(event, tally, error);
    else this.succeed(tally);
    if (this.attention) this.next();
  }

  private succeed(tally: DeliveryCount | null): void {
    this.handled++;
    if (tally === null) return;
    tally.handled++;
    tally.leave();
  }

  private fail(event: FlowEvent, tally: DeliveryCount | null, error: unknown): void {
    this.failed++;
    this.failures.report(this.rule.name, event, error);
    tally?.fail(this.rule.name, error);
  }

  private abandon(tally: DeliveryCount | null, reason: unknown): void {
    this.abandoned++;
    tally?.abandon(this.rule.name, reason);
  }

  /** Abandons deliveries of one published event that have not begun. */
  withdraw(tally: DeliveryCount, reason: unknown): void {
    for (const { tally: its } of this.waiting.take(tally)) this.abandon(its, reason);
    if (this.attention) this.next();
  }

  /** Runs waiting events one after another rather than one inside another. */
  private next(): void {
    if (this.draining) return;
    this.draining = true;
    while (this.inFlight < this.concurrency) {
      const waiting = this.waiting.shift();
      if (waiting === undefined) break;
      waiting.caller.runInAsyncScope(this.run, this, waiting.event, waiting.tally);
    }
    this.draining = false;
    if (this.idle) this.emptied.notifyAll();
    this.attention = this.waiting.length > 0 || this.emptied.awaited;
  }

  stats(): SubscriptionStats {
    const { delivered, handled, failed, dropped, abandoned, inFlight } = this;
    return {
      name: this.rule.name,
      types: this.rule.types?.join(", ") ?? "*",
      delivered,
      handled,
      failed,
      dropped,
      abandoned,
      waiting: this.waiting.length,
      inFlight,
      oldestMs: this.pending.oldestMs,
    };
  }
}
