import { Deque } from "../../kernel/deque.ts";
import { isThenable, promiseOf } from "../../kernel/promises.ts";
import { realTimers, type Timers, within } from "../../kernel/timers.ts";
import { callerContext } from "../async-context.ts";
import { Channel, type ChannelOverflow } from "../channel.ts";
import { Failures, type OnFailure, Stopped } from "../failures.ts";
import { Notifier } from "../notifier.ts";
import { checkCount } from "../options.ts";
import { type Health, type Part, STOP_MS, type StopOptions, stuckHealth } from "../part.ts";
import { asObservable, OBSERVABLE, type ObservableLike, type Observed } from "./interop.ts";
import type { ReactiveStreamOptions, StreamStats, Transformer } from "./rule.ts";
import { observe, read, type SourceTarget } from "./source.ts";
import { type StreamObserver, Subscriber, type SubscriberOptions, type WaitingValue } from "./subscriber.ts";

/** Destination of a source's values. */
interface Root {
  into: unknown;
}

/**
 * Values as they happen, through a row of transformers, to any number of subscribers, each with its own buffer and overflow rule. Emitting
 * never waits. Order is kept: values wait behind one that a transformer still works on. emitted = delivered + filtered + failed + dropped +
 * abandoned + inside, always.
 */
export class ReactiveStream<In, Out = In> implements Part, ObservableLike<Out> {
  private readonly timers: Timers;
  private readonly failures: Failures;
  private readonly inbox = new Deque<WaitingValue<In>>(2);
  private readonly counts = { emitted: 0, delivered: 0, filtered: 0, failed: 0, dropped: 0, abandoned: 0 };
  private subscribers: Subscriber<Out>[] = [];
  private subscribed = 0;
  /** A value is in the transformers. */
  private busy = false;
  /** Since when a transformer has been pending. */
  private busySince = 0;
  private used = false;
  /** How it has ended: well, or with an error; null: it has not. */
  private ended: { readonly error?: unknown } | null = null;
  private readonly emptied = new Notifier();
  private readonly roomy = new Notifier();
  /** Incremented by each stop. */
  private run = 0;
  /** The stream, of those derived from this one, into which `from` feeds its source; null: none. */
  private root: Root | null = null;
  /** Leaves the source that `from` follows. */
  private leaveSource: () => void = () => {};

  private constructor(
    readonly name: string,
    private readonly transformers: readonly Transformer<unknown, unknown>[],
    private readonly options: ReactiveStreamOptions,
  ) {
    checkCount("buffer", options.buffer, 0);
    this.timers = options.timers ?? realTimers;
    this.failures = new Failures(name, this.timers, options.onFailure);
  }

  /** A stream of values of this type, without transformers. */
  static of<In>(name: string, options: ReactiveStreamOptions = {}): ReactiveStream<In> {
    return new ReactiveStream<In>(name, [], options);
  }

  /** A stream of another source's values: an observable, an async iterable, a Web Stream. It completes and fails with its source. */
  static from<T>(
    name: string,
    source: Observed<T> | ObservableLike<T> | AsyncIterable<T>,
    options: ReactiveStreamOptions = {},
  ): ReactiveStream<T> {
    const stream = ReactiveStream.of<T>(name, options);
    const observable = asObservable<T>(source);
    if (observable === null && typeof (source as AsyncIterable<T>)[Symbol.asyncIterator] !== "function")
      throw new TypeError(`${name}: must be made from an observable or an async iterable, got ${String(source)}`);
    const root: Root = { into: stream };
    stream.root = root;
    // After the caller has had the chance to add transformers and to subscribe.
    queueMicrotask(() => {
      const into = root.into as ReactiveStream<T, unknown>;
      if (observable !== null) observe(observable, into.target);
      else void read(source as AsyncIterable<T>, into.target);
    });
    return stream;
  }

  /** The same stream with one more transformer at its end. */
  transform<Next>(transformer: Transformer<Out, Next>): ReactiveStream<In, Next> {
    if (this.used) throw new Error(`${this.name} is in use; transformers are added before the first value and the first subscriber`);
    const next = new ReactiveStream<In, Next>(
      this.name,
      [...this.transformers, transformer as Transformer<unknown, unknown>],
      this.options,
    );
    next.root = this.root;
    if (next.root !== null) next.root.into = next;
    return next;
  }

  /** The same stream without the values that fail the test. */
  filter(passes: (value: Out) => boolean): ReactiveStream<In, Out> {
    return this.transform((value) => (passes(value) ? value : undefined));
  }

  /** Passes a value on and never waits. False when there was no room for it: it is dropped, and counted. */
  emit(value: In): boolean {
    if (this.ended !== null) throw new Stopped(`${this.name} has ended and takes no more values`);
    this.used = true;
    this.counts.emitted++;
    if (!this.busy) {
      this.pass(value);
      return true;
    }
    if (this.inbox.length >= (this.options.buffer ?? 1024)) {
      this.counts.dropped++;
      return false;
    }
    this.inbox.push({ value, caller: callerContext() });
    return true;
  }

  /** True when `emit` would keep a value. */
  get hasRoom(): boolean {
    return !this.busy || this.inbox.length < (this.options.buffer ?? 1024);
  }

  /** Resolves when there may be room again, or the stream has been stopped: for callers that can wait, though `emit` does not. */
  ready(): Promise<void> {
    return this.hasRoom ? Promise.resolve() : this.roomy.next();
  }

  private pass(value: In): void {
    this.busy = true;
    this.through(value, 0);
    if (!this.busy && (this.inbox.length > 0 || this.emptied.awaited)) this.next();
  }

  /** Passes a value through the transformers from this one on; later values wait until it is out. */
  private through(value: unknown, from: number): void {
    let now = value;
    const { transformers } = this;
    try {
      for (let i = from; i < transformers.length; i++) {
        now = (transformers[i] as Transformer<unknown, unknown>)(now);
        if (isThenable(now)) {
          this.wait(now, i + 1, value);
          return;
        }
        if (now === undefined) break;
      }
    } catch (error) {
      this.fail(value, error);
      return;
    }
    if (now === undefined) this.counts.filtered++;
    else this.deliver(now as Out);
    this.busy = false;
  }

  private wait(answer: PromiseLike<unknown>, then: number, subject: unknown): void {
    const { run } = this;
    this.busySince = this.timers.now();
    promiseOf(answer).then(
      (value) => {
        if (this.run !== run) return;
        if (value === undefined) {
          this.counts.filtered++;
          this.busy = false;
        } else this.through(value, then);
        if (!this.busy) this.next();
      },
      (error: unknown) => {
        if (this.run !== run) return;
        this.fail(subject, error);
        this.next();
      },
    );
  }

  private fail(subject: unknown, error: unknown): void {
    this.counts.failed++;
    this.busy = false;
    this.failures.report("transformer", subject, error);
  }

  private next(): void {
    while (!this.busy) {
      const waiting = this.inbox.shift();
      if (waiting === undefined) break;
      this.busy = true;
      waiting.caller.runInAsyncScope(this.through, this, waiting.value, 0);
    }
    if (this.roomy.awaited && this.hasRoom) this.roomy.notifyAll();
    if (!this.busy) this.emptied.notifyAll();
  }

  private deliver(value: Out): void {
    this.counts.delivered++;
    const { subscribers } = this;
    for (let i = 0; i < subscribers.length; i++) (subscribers[i] as Subscriber<Out>).offer(value);
  }

  /** Subscribes to every value from now on. A handler that returns a promise gets the next value once it has resolved. */
  subscribe(observer: StreamObserver<Out> | ((value: Out) => unknown), options: SubscriberOptions = {}): Subscriber<Out> {
    checkCount("buffer", options.buffer, 0);
    this.used = true;
    const subscriber = new Subscriber<Out>(
      options.name ?? `subscriber ${++this.subscribed}`,
      typeof observer === "function" ? { next: observer } : observer,
      options.buffer ?? 1024,
      options.overflow ?? "drop-oldest",
      this.failures,
      this.timers,
      this.remove,
    );
    if (this.ended !== null) subscriber.complete(this.ended);
    else if (options.signal?.aborted === true) subscriber.unsubscribe();
    else {
      subscriber.endWithSignal(options.signal);
      this.subscribers = [...this.subscribers, subscriber];
    }
    return subscriber;
  }

  /** Iterates over the values from now on; leaving the loop unsubscribes. */
  values({ buffer = 1024, overflow = "drop-oldest" }: { buffer?: number; overflow?: Exclude<ChannelOverflow, "block"> } = {}) {
    const channel = new Channel<Out>(
      buffer,
      overflow,
      () => subscriber.unsubscribe(),
      (count) => subscriber.lose(count),
    );
    const subscriber = this.subscribe(
      { next: (value) => void channel.offer(value), error: (error) => channel.fail(error), complete: () => channel.close() },
      { name: "iteration" },
    );
    return channel as AsyncIterableIterator<Out, undefined>;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Out, undefined> {
    return this.values();
  }

  [OBSERVABLE](): ObservableLike<Out> {
    return this;
  }

  /** No more values: subscribers complete once they have handled theirs. */
  complete(): void {
    this.end({});
  }

  /** Ends every subscriber with an error, after what was emitted before it; later subscribers get it too. */
  endWith(error: unknown): void {
    this.end({ error });
  }

  private end(how: { readonly error?: unknown }): void {
    if (this.ended !== null) return;
    this.ended = how;
    this.leaveSource();
    this.leaveSource = () => {};
    const { run } = this;
    void this.empty().then(() => {
      // A deadline has stopped the stream meanwhile: subscribers of the new run are not concerned.
      if (this.run === run) for (const subscriber of this.subscribers) subscriber.complete(how);
    });
  }

  start(): void {
    this.ended = null;
  }

  /** Accepts no more values, lets transformers and subscribers end until the deadline, and completes. */
  async stop({ deadlineMs = STOP_MS }: StopOptions = {}): Promise<void> {
    this.complete();
    const drained = this.empty().then(() => Promise.all(this.subscribers.map((subscriber) => subscriber.drained())));
    await within(this.timers, deadlineMs, drained, null);
    // What a transformer still returns is ignored.
    this.run++;
    this.counts.abandoned += this.inbox.length + (this.busy ? 1 : 0);
    this.busy = false;
    this.inbox.clear();
    for (const subscriber of this.subscribers) subscriber.endNow();
    this.emptied.notifyAll();
    this.roomy.notifyAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  onFailure(listener: OnFailure): () => void {
    return this.failures.listen(listener);
  }

  stats(): StreamStats {
    return {
      ...this.counts,
      inside: this.inbox.length + (this.busy ? 1 : 0),
      subscribers: this.subscribers.map((subscriber) => subscriber.stats()),
    };
  }

  health(): Health {
    if (this.ended !== null) return { status: "down", detail: "ended" };
    const transformer = { name: "a transformer", oldestMs: this.busy ? this.timers.now() - this.busySince : null };
    return stuckHealth([transformer, ...this.stats().subscribers], "value");
  }

  /** Resolves when no value is in the transformers. */
  private empty(): Promise<void> {
    if (!this.busy && this.inbox.length === 0) return Promise.resolve();
    return this.emptied.next();
  }

  private get target(): SourceTarget<In> {
    return {
      over: () => this.ended !== null,
      leaveBy: (leaveSource) => {
        this.leaveSource = leaveSource;
      },
      emit: (value) => this.emit(value),
      endWith: (error) => this.endWith(error),
      complete: () => this.complete(),
      failedToLeave: (error) => this.failures.report("source", undefined, error),
    };
  }

  private readonly remove = (subscriber: Subscriber<Out>): void => {
    this.subscribers = this.subscribers.filter((other) => other !== subscriber);
  };
}
