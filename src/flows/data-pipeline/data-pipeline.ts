import { isThenable, promiseOf } from "../../kernel/promises.ts";
import { realTimers, within } from "../../kernel/timers.ts";
import { leave } from "../channel.ts";
import { Failures, type OnFailure, Stopped } from "../failures.ts";
import { checkFunction, checkName, checkNames, timersOf } from "../options.ts";
import { type Durations, deadlineOf, type Health, type Part, type StopOptions } from "../part.ts";
import type { SharedOutput } from "../shared-output.ts";
import { type BatchOptions, BatchStage } from "./batch.ts";
import type { FlowContext } from "./context.ts";
import {
  type DataPipelineOptions,
  type FailedItem,
  type FeedOptions,
  type MakeNode,
  PipelineRun,
  type PipelineStats,
} from "./pipeline-run.ts";
import { PipelineStage } from "./stage.ts";
import type { StageFunction, StageOptions, TapOptions } from "./stage-options.ts";
import { readableOf, writableOf } from "./web-streams.ts";

/**
 * Named stages in a row, typed from end to end, with bounded buffers between them: when the last one is slow, feeding waits. An item leaves
 * in one way: delivered, filtered out by a stage that returned `undefined`, failed by one that threw, or abandoned by a stop; fed =
 * delivered + filtered + failed + abandoned + inside, always. A batch counts as the items it holds.
 */
export class DataPipeline<In, Out = In> implements Part {
  private current: PipelineRun | null = null;
  private take: ((value: unknown, context: FlowContext) => unknown) | null = null;
  private discards = false;
  private readonly failures: Failures;

  private constructor(
    readonly name: string,
    private readonly makers: readonly MakeNode[],
    private readonly options: DataPipelineOptions,
  ) {
    checkName(name);
    checkNames(options, { outputBuffer: true, onFailure: true, timers: true });
    this.failures = new Failures(name, timersOf(options.timers), options.onFailure);
  }

  /** A pipeline of no stages yet, for items of this type. */
  static of<In>(name: string, options: DataPipelineOptions = {}): DataPipeline<In> {
    return new DataPipeline<In>(name, [], options);
  }

  /** The same pipeline with one more stage at its end. */
  stage<Next>(name: string, work: StageFunction<Out, Next>, options: StageOptions<Out, Next> = {}): DataPipeline<In, Next> {
    checkName(name);
    checkFunction(name, work);
    return this.with(
      (outcomes, timers) =>
        new PipelineStage(
          this.name,
          name,
          work as StageFunction<unknown, unknown>,
          options as StageOptions<unknown, unknown>,
          outcomes,
          timers,
        ),
    );
  }

  /** The same pipeline with a stage that has an effect and passes each item on as it came, whatever it returns. */
  tap(name: string, effect: (value: Out, context: FlowContext) => unknown, options: TapOptions = {}): DataPipeline<In, Out> {
    checkFunction(name, effect);
    const pass: StageFunction<Out, Out> = (value, context) => {
      const answer = effect(value, context);
      return isThenable(answer) ? promiseOf(answer).then(() => value) : value;
    };
    return this.stage(name, pass, options);
  }

  /** The same pipeline with its results gathered into lists. */
  batch(options: BatchOptions, name = "batch"): DataPipeline<In, Out[]> {
    checkName(name);
    return this.with((_, timers) => new BatchStage(name, options, timers));
  }

  private with<Next>(maker: MakeNode): DataPipeline<In, Next> {
    if (this.current !== null) throw new Error(`${this.name} is running; stages are added before the first item is fed`);
    return new DataPipeline<In, Next>(this.name, [...this.makers, maker], this.options);
  }

  /** Feeds an item if there is room for it now; false when there is none. */
  offer(value: In, options?: FeedOptions): boolean {
    return this.running.offer(value, options);
  }

  /** Feeds an item; resolves once there was room for it and it is in. Rejects with `Stopped` when there never will be room. */
  feed(value: In, options?: FeedOptions): Promise<void> {
    return this.running.feed(value, options);
  }

  /**
   * Feeds an item and resolves with its result, `undefined` when a stage filters it out; rejects with why it failed. The result goes to
   * `into` too, or to `output` where that is read; where neither is, to the caller alone. An item of a batch gets the result of the batch.
   */
  process(value: In, options?: FeedOptions): Promise<Out | undefined> {
    return this.running.process(value, options) as Promise<Out | undefined>;
  }

  /**
   * Feeds everything from the source, closes, and yields the results as they come. One run at a time: the next starts afresh, with new
   * counts.
   */
  async *run(source: Iterable<In> | AsyncIterable<In>): AsyncGenerator<Out, void, undefined> {
    if (this.current?.closed === true && !this.current.over) throw new Stopped(`${this.name} is closing; it can run again once all is out`);
    this.start();
    // Of this run: another may have begun by the time this run's source ends.
    const run = this.running;
    const values = (source as AsyncIterable<In>)[Symbol.asyncIterator]?.() ?? (source as Iterable<In>)[Symbol.iterator]();
    let ended = false;
    const next = async () => {
      try {
        const result = await values.next();
        if (result.done === true) ended = true;
        return result;
      } catch (error) {
        // A source that throws has ended.
        ended = true;
        throw error;
      }
    };
    const leaveSource = () => {
      if (ended) return;
      ended = true;
      leave(values).catch((error: unknown) => this.failures.report("source", undefined, error));
    };
    const feeding = (async () => {
      try {
        for (let result = await next(); result.done !== true && !run.closed; result = await next()) await run.feed(result.value, undefined);
      } finally {
        leaveSource();
        await run.close();
      }
    })();
    // A reader that leaves the loop early does not wait for the rest.
    feeding.catch(() => {});
    try {
      yield* run.output as SharedOutput<Out>;
    } finally {
      leaveSource();
      if (!run.closed) await this.stopRun(run, 0);
    }
    await feeding;
  }

  /**
   * The results as they come; ends when the pipeline is closed and empty, and throws the reason of an `abort`. Several readers
   * share them: a loop that breaks off leaves the rest to the others, and the last to do so stops the pipeline.
   */
  get output(): AsyncIterableIterator<Out, undefined> {
    return this.running.output as SharedOutput<Out>;
  }

  /** Items that failed, as they come; unread, the latest thousand are kept. */
  get errors(): AsyncIterableIterator<FailedItem, undefined> {
    return this.running.errors;
  }

  /** Passes each result to a function instead of `output`; the next one waits until it is done. To be called before the first item. */
  into(take: (value: Out, context: FlowContext) => unknown): this {
    checkFunction("into", take);
    return this.deliverTo(take as (value: unknown, context: FlowContext) => unknown, false);
  }

  /** Discards results, counted: for pipelines whose last stage has the effect, and may return nothing. */
  discard(): this {
    return this.deliverTo(() => {}, true);
  }

  private deliverTo(take: (value: unknown, context: FlowContext) => unknown, discards: boolean): this {
    this.take = take;
    this.discards = discards;
    this.current?.deliverTo(take, discards);
    return this;
  }

  /** The results as a Web Stream. It errors when items were abandoned; cancelling it, as the only reader, abandons all items inside. */
  get readable(): ReadableStream<Out> {
    return readableOf<Out>(this.running);
  }

  /** A Web Stream whose chunks are fed; closing it closes the pipeline, and aborting it abandons what is inside. */
  get writable(): WritableStream<In> {
    return writableOf<In>(this.running);
  }

  /** Accepts nothing more; resolves when all that was fed has left the last stage. */
  close(): Promise<void> {
    return this.running.close();
  }

  start(): void {
    if (this.current?.closed === true) this.current = null;
    void this.running;
  }

  /** As `close`, but by the deadline: items inside then are abandoned and their signals aborted. */
  async stop(options: StopOptions = {}): Promise<void> {
    await this.stopRun(this.running, deadlineOf(options));
  }

  private async stopRun(running: PipelineRun, deadlineMs: number): Promise<void> {
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
    return this.failures.listen(listener);
  }

  stats(): PipelineStats {
    return this.running.stats();
  }

  durations(): readonly Durations[] {
    return this.running.durations();
  }

  health(): Health {
    return this.running.health();
  }

  private get running(): PipelineRun {
    if (this.current === null) {
      this.current = new PipelineRun(this.name, this.makers, this.options, this.failures);
      if (this.take !== null) this.current.deliverTo(this.take, this.discards);
    }
    return this.current;
  }
}
