import { Deque } from "../../kernel/deque.ts";
import { realTimers, type Timers } from "../../kernel/timers.ts";
import { callerContext } from "../async-context.ts";
import { Channel } from "../channel.ts";
import { type Failures, type OnFailure, Stopped } from "../failures.ts";
import { type FlowHeaders, NO_HEADERS } from "../headers.ts";
import { checkCount } from "../options.ts";
import { type Health, type PartStats, stuckHealth } from "../part.ts";
import { headersOf, isUntraced } from "../tracing.ts";
import { FlowContext } from "./context.ts";
import { type ItemOutcomes, NOBODY, type Node, type Passing, type StageNode, type Waiter } from "./node.ts";
import { Sink } from "./sink.ts";

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
  /** The trace of whoever feeds it is added, unless it is among them. */
  readonly headers?: FlowHeaders;
}

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
  private ending = false;

  constructor(
    private readonly name: string,
    makers: readonly MakeNode[],
    options: DataPipelineOptions,
    private readonly failures: Failures,
  ) {
    checkCount("outputBuffer", options.outputBuffer, 1);
    this.timers = options.timers ?? realTimers;
    this.channel = new Channel(options.outputBuffer ?? 1024, "block", () => this.abandon());
    this.nodes = makers.map((make) => make(this, this.timers));
    this.sink = new Sink(this, this.channel, this.timers, () => {
      this.over = true;
      this.failed_?.close();
      this.ended.resolve();
    });
    this.first = this.nodes[0] ?? this.sink;
    for (const [i, node] of this.nodes.entries()) {
      node.next = this.nodes[i + 1] ?? this.sink;
      node.previous = this.nodes[i - 1] ?? { makeRoom: () => this.admit() };
    }
    this.sink.previous = this.nodes.at(-1) ?? { makeRoom: () => this.admit() };
  }

  get output(): Channel<unknown> {
    return this.channel;
  }

  get errors(): Channel<FailedItem> {
    this.failed_ ??= new Channel(ERRORS_KEPT, "drop-oldest");
    if (this.over) this.failed_.close();
    return this.failed_;
  }

  deliverTo(take: (value: unknown, context: FlowContext) => unknown): void {
    this.sink.take = take;
  }

  offer(value: unknown, options: FeedOptions | undefined): boolean {
    if (this.closed) throw new Stopped(`${this.name} is closed and takes no more items`);
    if (this.feeders.length > 0 || !this.first.hasRoom) return false;
    this.admitOne(itemOf(this.timers, value, options));
    return true;
  }

  feed(value: unknown, options: FeedOptions | undefined): Promise<void> {
    if (this.closed) return Promise.reject(new Stopped(`${this.name} is closed and takes no more items`));
    if (this.feeders.length === 0 && this.first.hasRoom) {
      this.admitOne(itemOf(this.timers, value, options));
      return DONE;
    }
    return new Promise((resolve, reject) => this.wait(itemOf(this.timers, value, options), resolve, reject));
  }

  process(value: unknown, options: FeedOptions | undefined): Promise<unknown> {
    if (this.closed) return Promise.reject(new Stopped(`${this.name} is closed and takes no more items`));
    return new Promise((resolve, reject) => {
      const item = itemOf(this.timers, value, options, [{ resolve, reject }]);
      if (this.feeders.length === 0 && this.first.hasRoom) this.admitOne(item);
      else this.wait(item, () => {}, reject);
    });
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

  abandon(): void {
    this.closed = true;
    const reason = new Stopped(`${this.name} was stopped`);
    const give = (item: Passing) => {
      item.abandoned = true;
      for (const waiter of item.waiters) waiter.reject(reason);
      this.counts.abandoned += item.weight;
      item.context.abort(reason);
    };
    for (const node of this.nodes) node.abandon(give);
    this.sink.abandon(give);
    for (let feeder = this.feeders.shift(); feeder !== undefined; feeder = this.feeders.shift()) feeder.reject(reason);
    this.ending = true;
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

  failed(item: Passing, stage: string, error: unknown): void {
    this.counts.failed += item.weight;
    for (const waiter of item.waiters) waiter.reject(error);
    this.failed_?.offer({ value: item.value, context: item.context, stage, error });
    this.failures.report(stage, item.value, error, this.failed_ !== null || item.waiters.length > 0);
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

  health(): Health {
    if (this.closed) return { status: "down", detail: "closed" };
    const { stages } = this.stats();
    for (const { name, breaker } of stages) {
      if (breaker !== undefined && breaker !== "closed") return { status: "degraded", detail: `${name}: circuit breaker ${breaker}` };
    }
    return stuckHealth([...stages, this.sink.stats()], "item");
  }
}

function itemOf(timers: Timers, value: unknown, options: FeedOptions | undefined, waiters: readonly Waiter[] = NOBODY): Passing {
  const headers = options === undefined && isUntraced() ? NO_HEADERS : headersOf(options?.headers);
  const context = new FlowContext(options?.fields, options?.correlationId ?? null, undefined, timers, headers);
  return { value, context, caller: null, weight: 1, done: false, gone: false, started: 0, abandoned: false, waiters };
}
