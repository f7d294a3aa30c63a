import { realTimers, type Timers, within } from "../../kernel/timers.ts";
import { Ring } from "../../queueing/ring.ts";
import { Channel } from "../channel.ts";
import { Failures, type OnFailure, Stopped } from "../failures.ts";
import { type Health, type Part, type PartStats, STOP_MS, STUCK_MS, type StopOptions } from "../part.ts";
import { type BatchOptions, BatchStage } from "./batch.ts";
import { FlowContext } from "./context.ts";
import type { Fates, Node, Passing, StageNode } from "./node.ts";
import { Stage, type StageFunction, type StageOptions } from "./stage.ts";

export interface DataPipelineOptions {
  /** Results that may wait to be read; then the last stage waits, and in the end who feeds. Default 1024. */
  readonly outputBuffer?: number;
  /** Told of every item that failed. */
  readonly onFailure?: OnFailure;
  readonly timers?: Timers;
}

/** What goes with an item that is fed. */
export interface FeedOptions {
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly correlationId?: string;
}

/** An item that failed for good. */
export interface FailedItem {
  /** As it came to the stage it failed in. */
  readonly value: unknown;
  readonly context: FlowContext;
  readonly stage: string;
  readonly error: unknown;
}

export interface PipelineStats extends PartStats {
  readonly fed: number;
  readonly delivered: number;
  readonly filtered: number;
  readonly failed: number;
  readonly abandoned: number;
  readonly inside: number;
  readonly stages: readonly PartStats[];
}

type MakeNode = (fates: Fates, timers: Timers) => StageNode;

const DONE = Promise.resolve();

/** Failed items that may wait to be read. */
const ERRORS_KEPT = 1000;

/**
 * Named stages in a row, typed from end to end, with bounded buffers between them: when the last one is slow, who feeds waits. An item
 * leaves in one way: delivered, filtered out by a stage that gave `undefined`, failed by one that threw, or abandoned by a
 * stop; fed = delivered + filtered + failed + abandoned + inside, always. A batch counts as the items it holds.
 */
export class DataPipeline<In, Out = In> implements Part {
  private line: Line | null = null;

  private constructor(
    readonly name: string,
    private readonly makers: readonly MakeNode[],
    private readonly options: DataPipelineOptions,
  ) {}

  /** A pipeline of no stages yet, for items of this type. */
  static of<In>(name: string, options: DataPipelineOptions = {}): DataPipeline<In> {
    return new DataPipeline<In>(name, [], options);
  }

  /** The same with one more stage at its end. */
  stage<Next>(name: string, work: StageFunction<Out, Next>, options: StageOptions<Out, Next> = {}): DataPipeline<In, Next> {
    return this.with(
      (fates, timers) => new Stage(name, work as StageFunction<unknown, unknown>, options as StageOptions<unknown, unknown>, fates, timers),
    );
  }

  /** The same with what comes out gathered into lists. */
  batch(options: BatchOptions, name = "batch"): DataPipeline<In, Out[]> {
    return this.with((_, timers) => new BatchStage(name, options, timers));
  }

  private with<Next>(maker: MakeNode): DataPipeline<In, Next> {
    if (this.line !== null) throw new Error(`${this.name} is running; stages are added before the first item is fed`);
    return new DataPipeline<In, Next>(this.name, [...this.makers, maker], this.options);
  }

  /** Feeds an item if there is room for it now; false when there is none. */
  offer(value: In, options?: FeedOptions): boolean {
    return this.running.offer(value, options);
  }

  /** Feeds an item; resolves when it is in, which is when there is room for it. Rejects with `Stopped` when there never will be. */
  feed(value: In, options?: FeedOptions): Promise<void> {
    return this.running.feed(value, options);
  }

  /** Feeds all there is, closes, and gives the results as they come. */
  async *run(source: Iterable<In> | AsyncIterable<In>): AsyncGenerator<Out, void, undefined> {
    const feeding = (async () => {
      try {
        for await (const value of source) await this.feed(value);
      } finally {
        await this.close();
      }
    })();
    // Whoever leaves the loop early does not wait for the rest.
    feeding.catch(() => {});
    try {
      yield* this.output;
    } finally {
      if (!this.running.closed) await this.stop({ deadlineMs: 0 });
    }
    await feeding;
  }

  /** The results as they come; ends when the pipeline was closed and is empty. Several readers share them. */
  get output(): AsyncIterableIterator<Out, undefined> {
    return this.running.output as Channel<Out>;
  }

  /** Items that failed, as they come; of many unread ones the latest thousand. */
  get errors(): AsyncIterableIterator<FailedItem, undefined> {
    return this.running.errors;
  }

  /** Gives each result to a function instead of to `output`; the next one waits until it is done. Before the first item. */
  into(take: (value: Out, context: FlowContext) => unknown): this {
    this.running.deliverTo(take as (value: unknown, context: FlowContext) => unknown);
    return this;
  }

  /** Throws results away, counted: for pipelines whose last stage does what there is to do. */
  discard(): this {
    return this.into(() => {});
  }

  /** The results as a Web Stream. */
  get readable(): ReadableStream<Out> {
    const { output } = this;
    return new ReadableStream<Out>({
      pull: async (controller) => {
        const result = await output.next();
        if (result.done === true) controller.close();
        else controller.enqueue(result.value);
      },
      cancel: () => this.stop({ deadlineMs: 0 }),
    });
  }

  /** Where a Web Stream may be piped to; closing it closes the pipeline. */
  get writable(): WritableStream<In> {
    return new WritableStream<In>({
      write: (value) => this.feed(value),
      close: () => this.close(),
      abort: () => this.stop({ deadlineMs: 0 }),
    });
  }

  /** Takes nothing more; resolves when all that was fed has left its last stage. */
  close(): Promise<void> {
    return this.running.close();
  }

  start(): void {
    if (this.line?.closed === true) this.line = null;
    void this.running;
  }

  /** As `close`, but not for longer than the deadline: what is inside then is abandoned and told so by its signal. */
  async stop({ deadlineMs = STOP_MS }: StopOptions = {}): Promise<void> {
    const { running } = this;
    const left = await within(
      this.options.timers ?? realTimers,
      deadlineMs,
      running.close().then(() => false),
      true,
    );
    if (left) running.abandon();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  onFailure(listener: OnFailure): () => void {
    return this.running.failures.listen(listener);
  }

  stats(): PipelineStats {
    return this.running.stats();
  }

  health(): Health {
    return this.running.health();
  }

  private get running(): Line {
    this.line ??= new Line(this.name, this.makers, this.options);
    return this.line;
  }
}

/** The stages of a pipeline that runs, linked. */
class Line implements Fates {
  closed = false;
  readonly failures: Failures;
  private readonly nodes: readonly StageNode[];
  private readonly first: Node;
  private readonly timers: Timers;
  private readonly channel: Channel<unknown>;
  private failed_: Channel<FailedItem> | null = null;
  private sink: Sink;
  private readonly feeders = new Ring<{ item: Passing; resolve(): void; reject(error: unknown): void }>(2);
  private readonly counts = { fed: 0, delivered: 0, filtered: 0, failed: 0, abandoned: 0 };
  private readonly ended = Promise.withResolvers<void>();
  private ending = false;

  constructor(
    private readonly name: string,
    makers: readonly MakeNode[],
    options: DataPipelineOptions,
  ) {
    this.timers = options.timers ?? realTimers;
    this.failures = new Failures(name, this.timers, options.onFailure);
    this.channel = new Channel(options.outputBuffer ?? 1024, "block", () => this.abandon());
    this.nodes = makers.map((make) => make(this, this.timers));
    this.sink = new Sink(this, this.channel, this.ended.resolve);
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
    if (this.closed && this.ending) this.failed_.close();
    return this.failed_;
  }

  deliverTo(take: (value: unknown, context: FlowContext) => unknown): void {
    this.sink.take = take;
  }

  offer(value: unknown, options: FeedOptions | undefined): boolean {
    if (this.closed) throw new Stopped(`${this.name} is closed and takes no more items`);
    if (this.feeders.length > 0 || !this.first.hasRoom) return false;
    this.admitOne(itemOf(value, options));
    return true;
  }

  feed(value: unknown, options: FeedOptions | undefined): Promise<void> {
    if (this.closed) return Promise.reject(new Stopped(`${this.name} is closed and takes no more items`));
    if (this.feeders.length === 0 && this.first.hasRoom) {
      this.admitOne(itemOf(value, options));
      return DONE;
    }
    return new Promise((resolve, reject) => this.feeders.push({ item: itemOf(value, options), resolve, reject }));
  }

  private admitOne(item: Passing): void {
    this.counts.fed++;
    this.first.push(item, this.timers.now());
  }

  /** Lets those who wait to feed in, in their order. */
  private admit(): void {
    while (this.feeders.length > 0 && this.first.hasRoom) {
      const feeder = this.feeders.shift();
      if (feeder === undefined) break;
      this.admitOne(feeder.item);
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
    return this.ended.promise.then(() => this.failed_?.close());
  }

  abandon(): void {
    this.closed = true;
    const reason = new Stopped(`${this.name} was stopped`);
    const give = (item: Passing) => {
      item.abandoned = true;
      this.counts.abandoned += item.weight;
      item.context.abort(reason);
    };
    for (const node of this.nodes) node.abandon(give);
    this.sink.abandon(give);
    for (let feeder = this.feeders.shift(); feeder !== undefined; feeder = this.feeders.shift()) feeder.reject(reason);
    this.ending = true;
    this.sink.end();
    this.failed_?.close();
  }

  delivered(item: Passing): void {
    this.counts.delivered += item.weight;
  }

  filtered(item: Passing): void {
    this.counts.filtered += item.weight;
  }

  failed(item: Passing, stage: string, error: unknown): void {
    this.counts.failed += item.weight;
    if (this.failed_ !== null) this.failed_.offer({ value: item.value, context: item.context, stage, error });
    else this.failures.report(stage, item.value, error);
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
    for (const { name, oldestMs, breaker } of this.stats().stages) {
      if (typeof oldestMs === "number" && oldestMs > STUCK_MS)
        return { status: "degraded", detail: `${name} has been at one item for ${Math.round(oldestMs / 1000)} s` };
      if (breaker !== undefined && breaker !== "closed") return { status: "degraded", detail: `${name}: circuit breaker ${breaker}` };
    }
    return { status: "up" };
  }
}

/** The end of the line: results to be read, or a function that takes them one by one. */
class Sink implements Node {
  previous = { makeRoom: () => {} };
  take: ((value: unknown, context: FlowContext) => unknown) | null = null;
  private busy: Passing | null = null;
  private waiting = false;
  private ending = false;

  constructor(
    private readonly line: Line,
    private readonly channel: Channel<unknown>,
    private readonly onEnded: () => void,
  ) {}

  get hasRoom(): boolean {
    if (this.take !== null) return this.busy === null;
    if (this.channel.hasRoom) return true;
    if (!this.waiting) {
      this.waiting = true;
      void this.channel.room().then(() => {
        this.waiting = false;
        this.previous.makeRoom();
      });
    }
    return false;
  }

  push(item: Passing): void {
    if (this.take === null) {
      this.channel.offer(item.value);
      this.line.delivered(item);
      return;
    }
    let answer: unknown;
    try {
      answer = this.take(item.value, item.context);
    } catch (error) {
      this.line.failed(item, "output", error);
      return;
    }
    if (typeof answer !== "object" || answer === null || !("then" in answer)) {
      this.line.delivered(item);
      return;
    }
    this.busy = item;
    const free = () => {
      this.busy = null;
      this.previous.makeRoom();
      this.endIfFree();
    };
    Promise.resolve(answer).then(
      () => {
        if (!item.abandoned) this.line.delivered(item);
        free();
      },
      (error: unknown) => {
        if (!item.abandoned) this.line.failed(item, "output", error);
        free();
      },
    );
  }

  end(): void {
    this.ending = true;
    this.endIfFree();
  }

  private endIfFree(): void {
    if (!this.ending || this.busy !== null) return;
    this.channel.close();
    this.onEnded();
  }

  abandon(give: (item: Passing) => void): void {
    if (this.busy !== null) give(this.busy);
    this.busy = null;
  }
}

function itemOf(value: unknown, options: FeedOptions | undefined): Passing {
  const context = new FlowContext(options?.fields, options?.correlationId ?? null);
  return { value, context, weight: 1, done: false, gone: false, started: 0, abandoned: false };
}
