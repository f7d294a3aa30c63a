import { Deque } from "../../kernel/deque.ts";
import { realTimers, type Timers } from "../../kernel/timers.ts";
import { callerContext } from "../async-context.ts";
import { Channel } from "../channel.ts";
import { type Failures, type OnFailure, Stopped } from "../failures.ts";
import type { FlowHeaders } from "../headers.ts";
import { onAbort } from "../notifier.ts";
import { checkCount, checkNames, checkSignal, checkText, type OptionNames } from "../options.ts";
import { type Durations, type Health, type PartStats, stuckHealth } from "../part.ts";
import { SharedOutput } from "../shared-output.ts";
import { headersOf } from "../tracing.ts";
import { FlowContext } from "./context.ts";
import { type ItemOutcomes, NOBODY, type Node, type Passing, type StageNode, type Waiter } from "./node.ts";
import { Sink } from "./sink.ts";
import { PipelineStage } from "./stage.ts";

/** Options of a pipeline. */
export interface DataPipelineOptions {
  /** Results that may wait to be read; beyond it the last stage waits, and in the end the feeder. Default 1024. */
  readonly outputBuffer?: number;
  /** Called with every item that failed. */
  readonly onFailure?: OnFailure;
  readonly timers?: Timers;
}

/** What accompanies a fed item. */
export interface FeedOptions {
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly correlationId?: string;
  /** Headers of the item. The feeder's trace is added, unless they name one. */
  readonly headers?: FlowHeaders;
  /** Gives the item up: its caller is rejected with the reason, no stage begins it any more, and the one it is in is told by its signal. */
  readonly signal?: AbortSignal;
}

const FEED_NAMES: OptionNames<FeedOptions> = { fields: true, correlationId: true, headers: true, signal: true };

/** An item that failed and is not retried. */
export interface FailedItem {
  /** As it came to the stage in which it failed. */
  readonly value: unknown;
  readonly context: FlowContext;
  readonly stage: string;
  readonly error: unknown;
}

/** Counts of items since the pipeline started; fed = delivered + filtered + failed + abandoned + inside. */
export interface PipelineStats extends PartStats {
  readonly fed: number;
  readonly delivered: number;
  readonly filtered: number;
  readonly failed: number;
  readonly abandoned: number;
  readonly inside: number;
  readonly stages: readonly PartStats[];
}

export type MakeNode = (outcomes: ItemOutcomes, timers: Timers) => StageNode;

const DONE = Promise.resolve();

/** Failed items that may wait to be read. */
const ERRORS_KEPT = 1000;

/** A pipeline from start to stop: its linked stages, and the items inside. */
export class PipelineRun implements ItemOutcomes {
  closed = false;
  /** The last item has left. */
  over = false;
  private readonly nodes: readonly StageNode[];
  private readonly first: Node;
  private readonly timers: Timers;
  private readonly channel: Channel<unknown>;
  private failed_: Channel<FailedItem> | null = null;
  private sink: Sink;
  private readonly feeders = new Deque<{ item: Passing; resolve(): void; reject(error: unknown): void }>(2);
  private readonly counts = { fed: 0, delivered: 0, filtered: 0, failed: 0, abandoned: 0 };
  private readonly ended = Promise.withResolvers<void>();
  /** Why it takes no more items; null: it does. */
  private refusal: { readonly reason: unknown } | null = null;
  /** Why what its readers have got is not whole; null: it is, so far. */
  loss: { readonly reason: unknown } | null = null;
  private readonly onAbandoned = new Set<(reason: unknown) => void>();
  private readonly results: SharedOutput<unknown>;
  private read = false;
  private ending = false;

  constructor(
    private readonly name: string,
    makers: readonly MakeNode[],
    options: DataPipelineOptions,
    private readonly failures: Failures,
  ) {
    checkCount("outputBuffer", options.outputBuffer, 1);
    this.timers = options.timers ?? realTimers;
    this.channel = new Channel(options.outputBuffer ?? 1024);
    this.results = new SharedOutput(this.channel, (reason) => this.abandon(reason));
    this.nodes = makers.map((make) => make(this, this.timers));
    this.sink = new Sink(
      this,
      this.channel,
      this.timers,
      () => this.read,
      () => {
        this.over = true;
        this.failed_?.close();
        this.ended.resolve();
      },
    );
    this.first = this.nodes[0] ?? this.sink;
    for (const [i, node] of this.nodes.entries()) {
      node.next = this.nodes[i + 1] ?? this.sink;
      node.previous = this.nodes[i - 1] ?? { makeRoom: () => this.admit() };
    }
    this.sink.previous = this.nodes.at(-1) ?? { makeRoom: () => this.admit() };
  }

  get output(): SharedOutput<unknown> {
    this.read = true;
    return this.results;
  }

  get errors(): Channel<FailedItem> {
    this.failed_ ??= new Channel(ERRORS_KEPT, "drop-oldest");
    if (this.over) this.failed_.close();
    return this.failed_;
  }

  /** `discards`: the last stage has the effect, and what it returns is of no account. */
  deliverTo(take: (value: unknown, context: FlowContext) => unknown, discards: boolean): void {
    this.sink.take = take;
    const last = this.nodes.at(-1);
    if (last instanceof PipelineStage) last.isEffect = discards;
  }

  /** Calls back when items are abandoned, with the reason. Returns a function that forgets it. */
  whenAbandoned(listener: (reason: unknown) => void): () => void {
    this.onAbandoned.add(listener);
    return () => this.onAbandoned.delete(listener);
  }

  private get closedReason(): unknown {
    return this.refusal?.reason ?? new Stopped(`${this.name} is closed and takes no more items`);
  }

  offer(value: unknown, options: FeedOptions | undefined): boolean {
    this.check(options);
    if (this.feeders.length > 0 || !this.first.hasRoom) return false;
    this.admitOne(this.itemOf(value, options));
    return true;
  }

  feed(value: unknown, options: FeedOptions | undefined): Promise<void> {
    try {
      this.check(options);
      const item = this.itemOf(value, options);
      if (this.feeders.length > 0 || !this.first.hasRoom) return new Promise((resolve, reject) => this.wait(item, resolve, reject));
      this.admitOne(item);
      return DONE;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  process(value: unknown, options: FeedOptions | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.check(options);
      const item = this.itemOf(value, options, { resolve, reject, reports: true });
      if (this.feeders.length === 0 && this.first.hasRoom) this.admitOne(item);
      else this.wait(item, () => {}, reject);
    });
  }

  /** Throws what keeps an item out: the end of the pipeline, an option that does not exist, a signal that was aborted. */
  private check(options: FeedOptions | undefined): void {
    if (this.closed) throw this.closedReason;
    if (options === undefined) return;
    checkNames(options, FEED_NAMES);
    checkText("correlationId", options.correlationId);
    checkSignal(options.signal);
    options.signal?.throwIfAborted();
  }

  private itemOf(value: unknown, options: FeedOptions | undefined, waiter?: Waiter): Passing {
    const headers = headersOf(options?.headers);
    const context = new FlowContext(options?.fields, options?.correlationId ?? null, undefined, this.timers, headers);
    const waiters = waiter === undefined ? NOBODY : [waiter];
    const item: Passing = {
      value,
      context,
      caller: null,
      weight: 1,
      done: false,
      gone: false,
      started: 0,
      abandoned: false,
      unwanted: false,
      waiters,
    };
    return options?.signal === undefined ? item : this.revocable(item, options.signal);
  }

  /** The item as one that its caller can give up while it is inside. */
  private revocable(item: Passing, signal: AbortSignal): Passing {
    const forget = onAbort(signal, () => {
      const { reason } = signal;
      own.unwanted = true;
      for (const { item: waiting, reject } of this.feeders.take((feeder) => feeder.item === own)) {
        waiting.abandoned = true;
        reject(reason);
      }
      for (const waiter of item.waiters) waiter.reject(reason);
      own.context.abort(reason);
    });
    const own: Passing = { ...item, waiters: [...item.waiters, { resolve: forget, reject: forget, reports: false }] };
    return own;
  }

  private wait(item: Passing, resolve: () => void, reject: (error: unknown) => void): void {
    item.caller = callerContext();
    this.feeders.push({ item, resolve, reject });
  }

  private admitOne(item: Passing): void {
    this.counts.fed++;
    this.first.push(item, this.timers.now());
  }

  /** Admits waiting feeders in their order. */
  private admit(): void {
    while (this.feeders.length > 0 && this.first.hasRoom) {
      const feeder = this.feeders.shift();
      if (feeder === undefined) break;
      feeder.item.caller?.runInAsyncScope(this.admitOne, this, feeder.item);
      feeder.resolve();
    }
    if (this.closed && this.feeders.length === 0) this.endOnce();
  }

  private endOnce(): void {
    if (this.ending) return;
    this.ending = true;
    this.first.end();
  }

  close(): Promise<void> {
    this.closed = true;
    if (this.feeders.length === 0) this.endOnce();
    return this.ended.promise;
  }

  /** Abandons all that is inside. `why`: the reason, where somebody gave one; loops over the output then throw it. */
  abandon(why?: unknown): void {
    if (this.over) return;
    this.closed = true;
    const reason = why ?? new Stopped(`${this.name} was stopped`);
    let lost = this.feeders.length;
    const give = (item: Passing) => {
      lost++;
      item.abandoned = true;
      for (const waiter of item.waiters) waiter.reject(reason);
      this.counts.abandoned += item.weight;
      item.context.abort(reason);
    };
    for (const node of this.nodes) node.abandon(give);
    this.sink.abandon(give);
    for (let feeder = this.feeders.shift(); feeder !== undefined; feeder = this.feeders.shift()) feeder.reject(reason);
    this.ending = true;
    this.refusal = { reason };
    if (lost > 0 || why !== undefined) this.loss = { reason };
    if (why !== undefined) this.channel.fail(why);
    for (const listener of this.onAbandoned) listener(reason);
    this.sink.end();
  }

  delivered(item: Passing): void {
    this.counts.delivered += item.weight;
    for (const waiter of item.waiters) waiter.resolve(item.value);
  }

  filtered(item: Passing): void {
    this.counts.filtered += item.weight;
    for (const waiter of item.waiters) waiter.resolve(undefined);
  }

  dismissed(item: Passing): void {
    this.counts.abandoned += item.weight;
    for (const waiter of item.waiters) waiter.reject(new Stopped(`${this.name}: its caller gave it up`));
  }

  failed(item: Passing, stage: string, error: unknown): void {
    this.counts.failed += item.weight;
    for (const waiter of item.waiters) waiter.reject(error);
    this.failed_?.offer({ value: item.value, context: item.context, stage, error });
    this.failures.report(stage, item.value, error, this.failed_ !== null || item.waiters.some(({ reports }) => reports));
  }

  stats(): PipelineStats {
    const { fed, delivered, filtered, failed, abandoned } = this.counts;
    const inside = fed - delivered - filtered - failed - abandoned;
    return {
      ...this.counts,
      inside,
      feedersWaiting: this.feeders.length,
      outputWaiting: this.channel.length,
      stages: this.nodes.map((node) => node.stats()),
    };
  }

  durations(): Durations[] {
    return this.nodes.flatMap((node) => node.durations?.() ?? []);
  }

  health(): Health {
    if (this.closed) return { status: "down", detail: "closed" };
    const { stages } = this.stats();
    for (const { name, breaker } of stages) {
      if (breaker !== undefined && breaker !== "closed") return { status: "degraded", detail: `${name}: circuit breaker ${breaker}` };
    }
    return stuckHealth([...stages, this.sink.stats()], "item");
  }
}
