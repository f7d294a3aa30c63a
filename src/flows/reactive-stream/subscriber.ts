import { Deque } from "../../kernel/deque.ts";
import { attempt, isFulfilled, isThenable, promiseOf } from "../../kernel/promises.ts";
import type { Timers } from "../../kernel/timers.ts";
import { type CallerContext, callerContext } from "../async-context.ts";
import type { Channel } from "../channel.ts";
import type { Failures } from "../failures.ts";
import { Notifier, onAbort } from "../notifier.ts";
import type { HandlingStats } from "../part.ts";

/**
 * What happens to a value that finds a subscriber busy and its buffer full. `latest`: only the newest is kept, whatever the buffer. `fail`:
 * the subscriber is ended with an error; others are not affected.
 */
export type StreamOverflow = (typeof OVERFLOWS)[number];

export const OVERFLOWS = ["drop-oldest", "drop-newest", "latest", "fail"] as const;

/** Receives values, the end, or an error; RxJS and other observables call it an observer. */
export interface StreamObserver<T> {
  next?(value: T): unknown;
  error?(error: unknown): void;
  complete?(): void;
  /** Receives a value that its overflow rule dropped. */
  dropped?(value: T): void;
}

/** The observer that a caller gives. Throws a sentence for what is none. */
export function observerOf<T>(given: StreamObserver<T> | ((value: T) => unknown)): StreamObserver<T> {
  if (typeof given === "function") return { next: given };
  if (typeof given === "object" && given !== null) return given;
  throw new TypeError(`observer: must be a function or an object, got ${String(given)}`);
}

/** A value that waits. */
export interface WaitingValue<T> {
  readonly value: T;
  readonly caller: CallerContext;
}

/** Options of a subscriber. */
export interface SubscriberOptions {
  /** Shown in failures and statistics. */
  readonly name?: string;
  /** Values that may wait while its handler runs. Default 1024. */
  readonly buffer?: number;
  /** Without a rule of its own a source that can wait waits for this subscriber, and of what is emitted the oldest are dropped. */
  readonly overflow?: StreamOverflow;
  /** Ends the subscription when it is aborted. */
  readonly signal?: AbortSignal;
}

/** Settings of a subscriber, with defaults filled in. */
export interface SubscriberRule<T> {
  readonly name: string;
  readonly buffer: number;
  /** null: it has no rule of its own. */
  readonly overflow: StreamOverflow | null;
  /** Where its observer puts the values; null: it handles them. */
  readonly channel: Channel<T> | null;
}

/** Thrown to a subscriber with `overflow: fail` that is too slow. */
export class TooSlow extends Error {
  override readonly name = "TooSlow";

  constructor(readonly buffer: number) {
    super(`more than ${buffer} values were waiting`);
  }
}

/** Counts of a subscriber; offered = handled + failed + dropped + abandoned + waiting + inFlight. */
export interface SubscriberStats extends HandlingStats {
  readonly name: string;
  readonly offered: number;
  /** How long its handler has been at the current value, in milliseconds; null: it is idle. */
  readonly oldestMs: number | null;
}

/**
 * Passes the values of a stream to one observer, one after another, in order. While its handler runs, values wait in a buffer of its own.
 * offered = handled + failed + dropped + abandoned + waiting + inFlight, always.
 *
 * | a value is | event                                            | next                                          |
 * |------------|--------------------------------------------------|-----------------------------------------------|
 * | offered    | nothing is in flight                             | in flight                                     |
 * | offered    | otherwise, and the buffer has room               | waiting                                       |
 * | offered    | otherwise, by `overflow`                         | dropped, or waiting in the place of the oldest; `fail` ends the subscriber |
 * | waiting    | the handler has ended, and it is the first       | in flight                                     |
 * | waiting    | the subscriber ends                              | abandoned                                     |
 * | in flight  | the handler returns, or resolves                 | handled                                       |
 * | in flight  | it throws or rejects                             | failed                                        |
 * | in flight  | the subscriber ends                              | abandoned; a failure that follows is reported |
 *
 * The subscriber ends when it is unsubscribed or its buffer overflows under `fail`, and once the stream has ended and no value is left.
 */
export class Subscriber<T> implements Disposable {
  offered = 0;
  handled = 0;
  failed = 0;
  dropped = 0;
  abandoned = 0;
  private readonly waiting = new Deque<WaitingValue<T>>(2);
  private inFlight = 0;
  private since = 0;
  private closed = false;
  /** Set once the stream has ended, well or with an error: the subscriber ends when all it was offered is handled. */
  private completing: { readonly error?: unknown } | null = null;
  private readonly idle = new Notifier();
  /** Notified whenever a waiting value has been taken. */
  private readonly taken = new Notifier();
  private draining = false;
  private unlink: () => void = () => {};

  constructor(
    private readonly observer: StreamObserver<T>,
    private readonly rule: SubscriberRule<T>,
    private readonly failures: Failures,
    private readonly timers: Timers,
    private readonly onClose: (subscriber: Subscriber<T>) => void,
  ) {}

  /** Ends the subscription: waiting values are abandoned. Idempotent. */
  readonly unsubscribe = (): void => {
    if (this.closed) return;
    this.closed = true;
    this.abandoned += this.waiting.length + this.inFlight;
    this.inFlight = 0;
    this.waiting.clear();
    this.unlink();
    this.onClose(this);
    this.taken.notifyAll();
    this.idle.notifyAll();
  };

  /** Ends the subscription when the signal is aborted. */
  endWithSignal(signal: AbortSignal | undefined): void {
    this.unlink = onAbort(signal, this.unsubscribe);
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  offer(value: T): void {
    if (this.closed) return;
    this.offered++;
    if (this.inFlight > 0) this.wait(value);
    else this.run(value);
  }

  /** Counts values that were delivered to an iteration and then dropped, unread. */
  lose(count: number): void {
    this.handled -= count;
    this.dropped += count;
  }

  /** False while a source that can wait should. */
  get isRoomy(): boolean {
    const { overflow, channel, buffer } = this.rule;
    if (overflow !== null || this.closed) return true;
    return channel === null ? this.inFlight === 0 || this.waiting.length < buffer : channel.hasRoom;
  }

  /** Resolves when it may be roomy again. */
  roomy(): Promise<void> {
    return this.rule.channel?.room() ?? this.taken.next();
  }

  private wait(value: T): void {
    const { overflow, buffer } = this.rule;
    const limit = overflow === "latest" ? 1 : buffer;
    if (this.waiting.length >= limit) {
      this.dropped++;
      if (overflow === "fail") {
        this.endNow({ error: new TooSlow(buffer) });
        return;
      }
      const newest = overflow === "drop-newest" || limit === 0;
      const oldest = newest ? undefined : this.waiting.shift();
      if (oldest === undefined) this.drop(value);
      else oldest.caller.runInAsyncScope(this.drop, this, oldest.value);
      if (newest) return;
    }
    this.waiting.push({ value, caller: callerContext() });
  }

  private drop(value: T): void {
    this.call(() => this.observer.dropped?.(value));
  }

  private run(value: T): void {
    this.inFlight = 1;
    let answer: unknown;
    try {
      answer = this.observer.next?.(value);
    } catch (error) {
      this.settle(value, error ?? new Error("threw nothing"));
      return;
    }
    if (!isThenable(answer) || isFulfilled(answer)) {
      // Unsubscribed by its own handler: counted as abandoned.
      if (this.closed) return;
      this.inFlight = 0;
      this.handled++;
      if (this.waiting.length > 0 || this.completing !== null) this.next();
      return;
    }
    this.since = this.timers.now();
    promiseOf(answer).then(
      () => this.settle(value, null),
      (error: unknown) => this.settle(value, error ?? new Error("rejected with nothing")),
    );
  }

  private settle(value: T, error: unknown): void {
    if (this.closed) {
      if (error !== null) this.failures.report(this.rule.name, value, error);
      return;
    }
    this.inFlight = 0;
    if (error === null) this.handled++;
    else {
      this.failed++;
      this.failures.report(this.rule.name, value, error);
    }
    this.next();
  }

  /** Handles waiting values one after another rather than one inside another. */
  private next(): void {
    if (this.draining) return;
    this.draining = true;
    while (this.inFlight === 0) {
      const waiting = this.waiting.shift();
      if (waiting === undefined) break;
      waiting.caller.runInAsyncScope(this.run, this, waiting.value);
    }
    if (this.taken.awaited) this.taken.notifyAll();
    this.draining = false;
    if (this.inFlight > 0 || this.closed) return;
    if (this.completing !== null) this.endNow(this.completing);
    this.idle.notifyAll();
  }

  /** No more values come: completes its observer once all it was offered is handled. */
  complete(how: { readonly error?: unknown } = {}): void {
    this.completing = how;
    if (this.inFlight === 0) this.endNow(how);
  }

  /** Ends it now, whatever waits, and notifies its observer. */
  endNow(how: { readonly error?: unknown } = {}): void {
    if (this.closed) return;
    this.unsubscribe();
    if (!("error" in how)) this.call(() => this.observer.complete?.());
    else if (this.observer.error === undefined) this.failures.report(this.rule.name, undefined, how.error);
    else this.call(() => this.observer.error?.(how.error));
  }

  private call(what: () => unknown): void {
    attempt(what, (error) => this.failures.report(this.rule.name, undefined, error));
  }

  /** Resolves when nothing waits and nothing runs. */
  drained(): Promise<void> {
    if (this.closed || this.inFlight === 0) return Promise.resolve();
    return this.idle.next();
  }

  stats(): SubscriberStats {
    const { offered, handled, failed, dropped, abandoned, inFlight } = this;
    const oldestMs = inFlight > 0 ? this.timers.now() - this.since : null;
    return { name: this.rule.name, offered, handled, failed, dropped, abandoned, waiting: this.waiting.length, inFlight, oldestMs };
  }
}
