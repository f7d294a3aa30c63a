import { ifRejected, isFulfilled, isThenable } from "../../kernel/promises.ts";
import type { Timers } from "../../kernel/timers.ts";
import { type Failures, Stopped, TimedOut } from "../failures.ts";
import { NO_HEADERS } from "../headers.ts";
import { Invocation } from "../invocation.ts";
import { Notifier, onAbort } from "../notifier.ts";
import { Slots } from "../slots.ts";
import { traced } from "../tracing.ts";
import { DeliveryCount } from "./delivery.ts";
import { type EventFilter, type FlowEvent, matches } from "./event.ts";
import type { Delivering, Handle, SubscriptionRule, SubscriptionStats } from "./rule.ts";
import { WaitingEvents } from "./waiting-events.ts";

/** A handler call that did not end at once. */
class HandlerInvocation extends Invocation<FlowEvent> {
  ended = false;
  tally: DeliveryCount | null = null;
  abort: AbortController | null = null;
}

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
  delivered = 0;
  handled = 0;
  failed = 0;
  dropped = 0;
  abandoned = 0;
  inFlight = 0;
  private readonly waiting: WaitingEvents;
  private readonly running = new Slots<HandlerInvocation>();
  private readonly spare: HandlerInvocation[] = [];
  private readonly abort = new AbortController();
  private readonly delivering: Delivering = { signal: this.abort.signal };
  /** Copy of the rule's, which every event reads. */
  private readonly concurrency: number;
  private readonly source: EventFilter["source"];
  private readonly limited: boolean;
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
    private readonly timers: Timers,
    private readonly onClose: (subscription: Subscription) => void,
  ) {
    this.waiting = new WaitingEvents(rule);
    this.concurrency = rule.concurrency;
    this.source = rule.source;
    this.limited = rule.timeoutMs !== Number.POSITIVE_INFINITY;
  }

  /** Ends the subscription: waiting events are abandoned, running handlers are aborted by their signal. Idempotent. */
  readonly unsubscribe = (): void => {
    if (this.closed) return;
    this.closed = true;
    const reason = new Stopped("the subscription has ended");
    for (let next = this.waiting.shift(); next !== undefined; next = this.waiting.shift()) this.abandon(next.tally, reason);
    for (const run of this.running.all) this.giveUp(run, reason);
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

  /** Delivers a matching event. `tally` counts it for a `publish` that awaits; null for `emit`. */
  deliver(event: FlowEvent, tally: DeliveryCount | null): void {
    if (this.closed || !this.hears(event)) return;
    this.delivered++;
    tally?.join();
    if (this.inFlight < this.concurrency && (!this.attention || this.waiting.length === 0)) this.run(event, tally);
    else this.wait(event, tally);
  }

  protected hears(event: FlowEvent): boolean {
    return this.source === undefined || matches(event, { source: this.source });
  }

  /** Delivers past events, in order and none of them dropped; events that its handler causes meanwhile come after. */
  catchUp(events: readonly FlowEvent[]): void {
    // As if published, without an observer.
    const tally = new DeliveryCount();
    for (const event of events) {
      if (!this.hears(event)) continue;
      this.delivered++;
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
    const abort = this.limited ? new AbortController() : null;
    let answer: unknown;
    try {
      answer = event.headers === NO_HEADERS ? this.handle(event, abort ?? this.delivering) : this.traced(event, abort);
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
    this.handled++;
    if (tally !== null) {
      tally.handled++;
      tally.leave();
    }
    if (this.attention) this.next();
  }

  private traced(event: FlowEvent, abort: AbortController | null): unknown {
    const { part } = this.rule;
    const handling = { operation: "process", destination: event.type, part, id: event.id } as const;
    return traced(event.headers, handling, () => this.handle(event, abort ?? this.delivering));
  }

  /** Follows a handler that returned a promise; an event that had waited begins now, any other began when it came. */
  private follow(answer: PromiseLike<unknown>, event: FlowEvent, tally: DeliveryCount | null, abort: AbortController | null): void {
    const since = this.draining ? this.timers.wall() : event.time;
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
    const run = this.spare.pop() ?? this.newInvocation();
    run.ended = false;
    run.subject = event;
    run.tally = tally;
    run.abort = abort;
    run.since = since;
    this.running.add(run);
    if (abort !== null)
      run.cancelTimer = this.timers.after(this.rule.timeoutMs, () => this.end(run, event, new TimedOut(this.rule.timeoutMs)));
    run.follow(answer);
  }

  private newInvocation(): HandlerInvocation {
    const run: HandlerInvocation = new HandlerInvocation((_, error) => this.settled(run, error));
    return run;
  }

  /** A handler's promise has settled, in time or not. */
  private settled(run: HandlerInvocation, error: unknown): void {
    const event = run.subject;
    if (event === null) return;
    this.end(run, event, error);
    run.subject = null;
    run.tally = null;
    run.abort = null;
    run.cancelTimer = null;
    this.spare.push(run);
  }

  private release(run: HandlerInvocation): void {
    run.ended = true;
    run.cancelTimer?.();
    this.running.delete(run);
    this.inFlight--;
  }

  private end(run: HandlerInvocation, event: FlowEvent, error: unknown): void {
    if (run.ended || run.subject !== event) return;
    this.release(run);
    if (error === null) {
      this.handled++;
      if (run.tally !== null) run.tally.handled++;
      run.tally?.leave();
    } else {
      if (error instanceof TimedOut) run.abort?.abort(error);
      this.fail(event, run.tally, error);
    }
    if (this.attention) this.next();
  }

  private giveUp(run: HandlerInvocation, reason: Stopped): void {
    this.release(run);
    run.abort?.abort(reason);
    this.abandon(run.tally, reason);
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
      oldestMs: this.running.oldestMs(this.timers.wall()),
    };
  }
}
