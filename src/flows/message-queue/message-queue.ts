import { realTimers, type SteadyClock, steadyClock, type Timers } from "../../kernel/timers.ts";
import { Failures, type OnFailure } from "../failures.ts";
import { DEFAULT_BACKOFF } from "../guard.ts";
import { checkCount } from "../options.ts";
import { type Health, type Part, STOP_MS, type StopOptions, stuckHealth } from "../part.ts";
import { Consumer } from "./consumer/consumer.ts";
import { MemoryStore } from "./memory/store.ts";
import type { Handler } from "./message.ts";
import { MOST_BYTES } from "./payload/payload.ts";
import {
  type ConsumeOptions,
  checkConsumeOptions,
  checkQueueOptions,
  type MessageQueueOptions,
  type QueueStats,
  storeOptionsOf,
} from "./queue-options.ts";
import { Sender, type SendOptions } from "./sender.ts";
import { SqliteStore } from "./sqlite/store.ts";
import { type DeadLetter, type GroupDepth, QueueError, type QueueStore, type Receipt, type TaskState, unknownGroup } from "./store.ts";

export type { ConsumeOptions, MessageQueueOptions, QueueStats };

/**
 * A queue whose messages are handled at least once each, when a consumer is free: acknowledged, retried, or given up as dead letters, and
 * never lost, with a file not even by a killed process. `send` resolves when the message is safe.
 */
export class MessageQueue<T> implements Part {
  private readonly consumers = new Set<Consumer<T>>();
  /** Consumers that were not stopped by their caller: a start after a stop resumes them. */
  private readonly wanted = new Map<Consumer<T>, { readonly handler: Handler<T>; readonly options: ConsumeOptions }>();
  private stopping: Promise<void> | null = null;
  private sender: Sender<T>;
  private trouble: unknown = null;
  private closed = false;
  /** Adopted and not started yet: nothing is leased. */
  private adopted = false;
  private consumed = 0;
  private readonly failures: Failures;
  private readonly timers: Timers;
  private clock: SteadyClock;
  readonly groups: readonly string[];

  /** Uses a store of another kind; `MessageQueue.open` makes those of this library. */
  constructor(
    readonly name: string,
    private store: QueueStore,
    private readonly options: MessageQueueOptions = {},
    /** Opens the store again after a stop; without it the same store is used. */
    private readonly reopen: () => QueueStore = () => store,
  ) {
    checkQueueOptions(options);
    this.timers = options.timers ?? realTimers;
    this.failures = new Failures(name, this.timers, options.onFailure);
    this.groups = options.groups ?? ["default"];
    this.clock = store.clock ?? steadyClock(this.timers);
    this.sender = this.newSender();
  }

  /** Opens a queue in memory, or in a file. Throws `QueueError` when the file cannot be a queue. */
  static open<T>(name: string, options: MessageQueueOptions = {}): MessageQueue<T> {
    const { file, durability = "process", maxBytes = Number.POSITIVE_INFINITY, busyMs = 5000, timers } = options;
    // Before the file is created.
    checkQueueOptions(options);
    const common = storeOptionsOf(options);
    if (file === "") throw new QueueError("invalid", "file: must be a path, got an empty text");
    if (file === undefined) return new MessageQueue<T>(name, new MemoryStore(common), options);
    const openFile = () => new SqliteStore({ ...common, file, durability, maxBytes, busyMs, ...(timers === undefined ? {} : { timers }) });
    return new MessageQueue<T>(name, openFile(), options, openFile);
  }

  /** Adds a message for every group; resolves once it is safe. */
  send(value: T, options?: SendOptions): Promise<Receipt> {
    return this.sender.send(value, options);
  }

  /**
   * Adds several messages in their order, in as few batches as there is room for; resolves once all are safe. Where a full queue rejects,
   * what did not fit is rejected, and what went before it stays.
   */
  sendAll(values: readonly T[], options?: SendOptions | ((value: T) => SendOptions)): Promise<Receipt[]> {
    return this.sender.sendAll(values, options);
  }

  private newSender(): Sender<T> {
    const { order, capacity = 0, whenFull, maxMessageBytes = MOST_BYTES, values } = this.options;
    return new Sender<T>(
      {
        queue: this.name,
        ordered: order === "key",
        capacity,
        rejects: whenFull === "reject",
        pollMs: this.pollMs,
        maxMessageBytes,
        shares: values === "shared",
      },
      this.store,
      this.timers,
      this.clock,
      (work) => this.attempt(work),
      this.wakeAll,
    );
  }

  private readonly wakeAll = (): void => {
    for (const consumer of this.consumers) consumer.wake();
  };

  /** Handles the messages of a group from now on, until the consumer or the queue is stopped. */
  consume(handler: Handler<T>, options: ConsumeOptions = {}): Consumer<T> {
    if (this.closed) throw new QueueError("closed", `${this.name} is closed`);
    checkConsumeOptions(options);
    if (options.group !== undefined && !this.groups.includes(options.group)) throw unknownGroup(options.group, this.groups);
    const consumer = new Consumer<T>(
      {
        name: options.name ?? `consumer ${++this.consumed}`,
        group: options.group ?? (this.groups[0] as string),
        concurrency: options.concurrency ?? 1,
        batch: options.batch ?? null,
        timeoutMs: options.timeoutMs ?? Number.POSITIVE_INFINITY,
        visibilityMs: this.options.visibilityMs ?? 30_000,
        maxAttempts: this.options.maxAttempts ?? 5,
        backoff: { ...DEFAULT_BACKOFF, ...this.options.backoff },
        ordered: this.options.order === "key",
        onSettled: options.onSettled,
        pollMs: this.pollMs,
        paused: () => this.adopted,
      },
      handler,
      { store: this.store, failures: this.failures, timers: this.timers, clock: this.clock },
      {
        trouble: this.onTrouble,
        settled: () => this.sender.roomMade(),
        givenBack: this.wakeAll,
        unwanted: () => this.wanted.delete(consumer),
        stopped: () => this.consumers.delete(consumer),
      },
    );
    this.consumers.add(consumer);
    this.wanted.set(consumer, { handler, options });
    return consumer;
  }

  /** State of a message in a group. */
  async stateOf(id: number, group = this.groups[0] as string): Promise<TaskState> {
    return this.ask(() => this.store.stateOf(group, id));
  }

  async depth(group = this.groups[0] as string): Promise<GroupDepth> {
    return this.ask(() => this.store.depth(group));
  }

  /** Messages of a group that were given up, oldest first. */
  async deadLetters(group = this.groups[0] as string, limit = 100): Promise<DeadLetter[]> {
    checkCount("limit", limit, 0);
    return this.ask(() => this.store.deadLetters(group, limit));
  }

  /** Makes dead letters available again, with attempts counted from 1; resolves with their number. */
  async redrive(group = this.groups[0] as string, ids: readonly number[] | "all" = "all"): Promise<number> {
    const count = await this.attempt(() => this.store.redrive(group, ids, this.clock.now()));
    this.wakeAll();
    return count;
  }

  /** Makes consumers wait for `start`: what they need may have to be up first. */
  adopt(): void {
    this.adopted = true;
  }

  /**
   * Deletes a group that is no longer needed, with all its messages: a group not named when the queue is opened is kept, and fills up.
   * Rejects for groups that this queue was opened with.
   */
  async dropGroup(name: string): Promise<void> {
    if (this.groups.includes(name)) throw new QueueError("invalid", `group "${name}" is in use: ${this.name} was opened with it`);
    await this.attempt(() => this.store.dropGroup(name));
    this.sender.roomMade();
  }

  /** Opens the store again after a stop, and resumes its consumers. */
  start(): void {
    this.adopted = false;
    if (!this.closed) {
      this.wakeAll();
      return;
    }
    this.store = this.reopen();
    this.clock = this.store.clock ?? steadyClock(this.timers);
    this.closed = false;
    this.stopping = null;
    const { counts } = this.sender;
    this.sender = this.newSender();
    Object.assign(this.sender.counts, counts);
    const wanted = [...this.wanted];
    this.wanted.clear();
    for (const [consumer, { handler, options }] of wanted) consumer.goesOnAs(this.consume(handler, options));
  }

  /** Stops the consumers, each with the deadline, and closes the store. Unhandled messages are there when it is opened again. */
  stop({ deadlineMs = STOP_MS }: StopOptions = {}): Promise<void> {
    this.stopping ??= this.close(deadlineMs);
    return this.stopping;
  }

  private async close(deadlineMs: number): Promise<void> {
    this.closed = true;
    // If started again meanwhile, the queue has a new sender and store.
    const { sender, store } = this;
    sender.close();
    await Promise.all([...this.consumers].map((consumer) => consumer.close(deadlineMs)));
    sender.rejectRest();
    await store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  onFailure(listener: OnFailure): () => void {
    return this.failures.listen(listener);
  }

  stats(): QueueStats {
    return {
      ...this.sender.counts,
      sendersWaiting: this.sender.waiting,
      consumers: [...this.consumers].map((consumer) => consumer.stats()),
    };
  }

  health(): Health {
    if (this.closed) return { status: "down", detail: "closed" };
    const trouble = this.store.trouble?.() ?? this.trouble;
    if (trouble !== null) return { status: "degraded", detail: trouble instanceof Error ? trouble.message : "its store fails" };
    return stuckHealth(this.stats().consumers, "message");
  }

  private get pollMs(): number {
    return this.options.pollMs ?? 50;
  }

  /** Not final: consumers try again until the store works. */
  private readonly onTrouble = (error: unknown): void => {
    this.trouble = error;
  };

  /** Runs a change of the store; its success shows that the store works. */
  private async attempt<R>(work: () => R | Promise<R>): Promise<R> {
    const result = await this.ask(work);
    this.trouble = null;
    return result;
  }

  private async ask<R>(work: () => R | Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof QueueError && !["full", "closed", "invalid"].includes(error.problem)) this.onTrouble(error);
      throw error;
    }
  }
}
