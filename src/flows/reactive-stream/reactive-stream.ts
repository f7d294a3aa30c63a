import { Deque } from "../../kernel/deque.ts";
import { isThenable, promiseOf } from "../../kernel/promises.ts";
import { type Timers, within } from "../../kernel/timers.ts";
import { callerContext } from "../async-context.ts";
import { Channel, type ChannelOverflow } from "../channel.ts";
import { Failures, type OnFailure } from "../failures.ts";
import { Notifier } from "../notifier.ts";
import { checkCount, checkFunction, checkName, checkNames, checkOneOf, checkSignal, timersOf } from "../options.ts";
import { deadlineOf, type Health, type Part, type StopOptions, stuckHealth } from "../part.ts";
import { findableAsObservable, OBSERVABLE, type ObservableLike, type Observed } from "./interop.ts";
import type { ReactiveStreamOptions, StreamStats, Transformer } from "./rule.ts";
import { type StreamSource, sourceOf } from "./source.ts";
import { OVERFLOWS, observerOf, type StreamObserver, Subscriber, type SubscriberOptions, type WaitingValue } from "./subscriber.ts";
import { type Branch, type Ending, Trunk } from "./trunk.ts";

/**
 * Values as they happen, through a row of transformers, to any number of subscribers, each with its own buffer and overflow rule. Emitting
 * never waits. Order is kept: values wait behind one that a transformer still works on. emitted = delivered + filtered + failed + dropped +
 * abandoned + inside, always.
 *
 * Streams made by `transform` and `filter` are branches: what is emitted on one of them all hear, each through its own transformers, and
 * they end together. A source that `from` follows is subscribed to with the first subscriber of any branch and left with the last; one that
 * can wait is read as fast as the slowest subscriber reads that has not chosen to lose values.
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
  private readonly emptied = new Notifier();
  private readonly roomyAgain = new Notifier();
  /** Incremented by each stop. */
  private run = 0;
  private readonly trunk: Trunk<In>;
  /** This stream as its trunk sees it. */
  private readonly branch: Branch<In>;

  private constructor(
    readonly name: string,
    private readonly transformers: readonly Transformer<unknown, unknown>[],
    private readonly options: ReactiveStreamOptions,
    /** The source that it follows, or the trunk that it branches off. */
    origin: StreamSource<In> | Trunk<In> | null = null,
  ) {
    checkName(name);
    checkNames(options, { buffer: true, onFailure: true, timers: true });
    checkCount("buffer", options.buffer, 0);
    this.timers = timersOf(options.timers);
    this.failures = new Failures(name, this.timers, options.onFailure);
    const trouble = (error: unknown) => this.failures.report("source", undefined, error);
    this.trunk = origin instanceof Trunk ? origin : new Trunk(name, origin, trouble);
    this.branch = {
      take: (value) => this.take(value),
      isRoomy: () => this.hasRoom && this.subscribers.every((subscriber) => subscriber.isRoomy),
      roomy: () => this.roomy(),
      finish: (ending) => this.finish(ending),
      drained: () => this.drained(),
      abandon: () => this.abandon(),
    };
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
    const followed = sourceOf<T>(source);
    if (followed === null) throw new TypeError(`${name}: must be made from an observable or an async iterable, got ${String(source)}`);
    return new ReactiveStream<T>(name, [], options, followed);
  }

  /** A branch of this stream with one more transformer at its end. */
  transform<Next>(transformer: Transformer<Out, Next>): ReactiveStream<In, Next> {
    checkFunction("transformer", transformer);
    const transformers = [...this.transformers, transformer as Transformer<unknown, unknown>];
    return new ReactiveStream<In, Next>(this.name, transformers, this.options, this.trunk);
  }

  /** A branch of this stream without the values that fail the test. */
  filter(passes: (value: Out) => boolean): ReactiveStream<In, Out> {
    checkFunction("filter", passes);
    return this.transform((value) => (passes(value) ? value : undefined));
  }

  /** Passes a value on, to all branches, and never waits. False when there was no room for it: it is dropped, and counted. */
  emit(value: In): boolean {
    const { branches, ended } = this.trunk;
    if (ended === null && (branches.length === 0 || (branches.length === 1 && branches[0] === this.branch))) return this.take(value);
    return this.trunk.emit(value, this.branch);
  }

  /** Takes a value that was emitted on this stream or one that it shares its trunk with. */
  private take(value: In): boolean {
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
    return this.hasRoom ? Promise.resolve() : this.roomyAgain.next();
  }

  private async roomy(): Promise<void> {
    if (!this.hasRoom) await this.roomyAgain.next();
    for (const subscriber of this.subscribers) if (!subscriber.isRoomy) await subscriber.roomy();
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
    if (this.roomyAgain.awaited && this.hasRoom) this.roomyAgain.notifyAll();
    if (!this.busy) this.emptied.notifyAll();
  }

  private deliver(value: Out): void {
    this.counts.delivered++;
    const { subscribers } = this;
    for (let i = 0; i < subscribers.length; i++) (subscribers[i] as Subscriber<Out>).offer(value);
  }

  /** Subscribes to every value from now on. A handler that returns a promise gets the next value once it has resolved. */
  subscribe(observer: StreamObserver<Out> | ((value: Out) => unknown), options: SubscriberOptions = {}): Subscriber<Out> {
    return this.begin(observerOf(observer), options);
  }

  /** `channel`: where its observer puts the values, to be read at leisure. */
  private begin(observer: StreamObserver<Out>, options: SubscriberOptions, channel?: Channel<Out>): Subscriber<Out> {
    checkNames(options, { name: true, buffer: true, overflow: true, signal: true });
    checkCount("buffer", options.buffer, 0);
    checkOneOf("overflow", options.overflow, OVERFLOWS);
    checkName(options.name);
    checkSignal(options.signal);
    const subscriber = new Subscriber<Out>(
      observer,
      {
        name: options.name ?? `subscriber ${++this.subscribed}`,
        buffer: options.buffer ?? 1024,
        overflow: options.overflow ?? null,
        channel: channel ?? null,
      },
      this.failures,
      this.timers,
      this.remove,
    );
    const { ended } = this.trunk;
    if (ended !== null) subscriber.complete(ended);
    else if (options.signal?.aborted === true) subscriber.unsubscribe();
    else {
      subscriber.endWithSignal(options.signal);
      this.subscribers = [...this.subscribers, subscriber];
      if (this.subscribers.length === 1) this.trunk.join(this.branch);
    }
    return subscriber;
  }

  /** Iterates over the values from now on; leaving the loop unsubscribes. */
  values(options: { buffer?: number; overflow?: Exclude<ChannelOverflow, "block"> } = {}) {
    checkNames(options, { buffer: true, overflow: true });
    const { buffer = 1024, overflow } = options;
    // A source that says all at once may end it before there is anybody to unsubscribe.
    let subscriber: Subscriber<Out> | null = null;
    const channel = new Channel<Out>(
      buffer,
      overflow ?? "drop-oldest",
      () => subscriber?.unsubscribe(),
      (count) => subscriber?.lose(count),
    );
    subscriber = this.begin(
      { next: (value) => void channel.offer(value), error: (error) => channel.fail(error), complete: () => channel.close() },
      { name: "iteration", ...(overflow === undefined ? {} : { overflow }) },
      channel,
    );
    return channel as AsyncIterableIterator<Out, undefined>;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Out, undefined> {
    return this.values();
  }

  [OBSERVABLE](): ObservableLike<Out> {
    return this;
  }

  /** No more values: subscribers of all branches complete once they have handled theirs. */
  complete(): void {
    this.trunk.end({});
  }

  /** Ends every subscriber with an error, after what was emitted before it; later subscribers get it too. */
  endWith(error: unknown): void {
    this.trunk.end({ error });
  }

  private finish(ending: Ending): void {
    const { run } = this;
    void this.empty().then(() => {
      // A deadline has stopped the stream meanwhile: subscribers of the new run are not concerned.
      if (this.run === run) for (const subscriber of this.subscribers) subscriber.complete(ending);
    });
  }

  start(): void {
    this.trunk.ended = null;
  }

  /** Accepts no more values, lets transformers and subscribers of all branches end until the deadline, and completes. */
  async stop(options: StopOptions = {}): Promise<void> {
    const deadlineMs = deadlineOf(options);
    const all = [this.branch, ...this.trunk.branches.filter((branch) => branch !== this.branch)];
    this.complete();
    await within(this.timers, deadlineMs, Promise.all(all.map((branch) => branch.drained())), null);
    for (const branch of all) branch.abandon();
  }

  private async drained(): Promise<void> {
    await this.empty();
    await Promise.all(this.subscribers.map((subscriber) => subscriber.drained()));
  }

  /** What a transformer still returns is ignored from now on. */
  private abandon(): void {
    this.run++;
    this.counts.abandoned += this.inbox.length + (this.busy ? 1 : 0);
    this.busy = false;
    this.inbox.clear();
    for (const subscriber of this.subscribers) subscriber.endNow();
    this.emptied.notifyAll();
    this.roomyAgain.notifyAll();
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
    if (this.trunk.ended !== null) return { status: "down", detail: "ended" };
    const transformer = { name: "a transformer", oldestMs: this.busy ? this.timers.now() - this.busySince : null };
    return stuckHealth([transformer, ...this.stats().subscribers], "value");
  }

  /** Resolves when no value is in the transformers. */
  private empty(): Promise<void> {
    if (!this.busy && this.inbox.length === 0) return Promise.resolve();
    return this.emptied.next();
  }

  private readonly remove = (subscriber: Subscriber<Out>): void => {
    if (!this.subscribers.includes(subscriber)) return;
    this.subscribers = this.subscribers.filter((other) => other !== subscriber);
    if (this.subscribers.length === 0) this.trunk.leave(this.branch);
  };
}

findableAsObservable(ReactiveStream.prototype);
