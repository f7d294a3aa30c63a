import type { Timers } from "../../kernel/timers.ts";
import { Failures, type OnFailure } from "../failures.ts";
import { checkCount, checkId, checkText, timersOf } from "../options.ts";
import { deadlineOf, type Health, type Part, type StopOptions, stuckHealth } from "../part.ts";
import { GroupConsumer } from "./consumer/consumer.ts";
import type { Consumer } from "./consumer/rule.ts";
import type { ListOptions, PurgeOptions, Redriven } from "./inspection.ts";
import { MemoryStore } from "./memory/store.ts";
import type { Handler } from "./message.ts";
import { Opening } from "./opening.ts";
import {
  type ConsumeOptions,
  checkConsuming,
  checkQueueName,
  checkQueueOptions,
  consumerRule,
  type MessageQueueOptions,
  type QueueStats,
  storeOptionsOf,
} from "./queue-options.ts";
import { GroupLimit, type RateLimit } from "./rate-limits.ts";
import { openRedisStore } from "./redis/open.ts";
import type { ResultOptions } from "./results.ts";
import { type Schedule, type ScheduleRule, type ScheduleSendOptions, Schedules } from "./schedules.ts";
import { bucketsOf } from "./shared-buckets.ts";
import { SqliteStore } from "./sqlite/store.ts";
import {
  type DeadLetter,
  type GroupDepth,
  QueueError,
  type QueueStore,
  type Receipt,
  type StoredMessage,
  type TaskState,
  unknownGroup,
} from "./store.ts";
import type { SendOptions } from "./terms.ts";
import type { WaitOptions } from "./watch.ts";

export type { ConsumeOptions, MessageQueueOptions, QueueStats };

/**
 * A queue whose messages are handled at least once each, when a consumer is free: acknowledged, retried, or given up as dead letters, and
 * never lost, with a file not even by a killed process. `send` resolves when the message is safe.
 */
export class MessageQueue<T> implements Part {
  private consumers: readonly GroupConsumer<T>[] = [];
  /** Consumers that were not stopped by their caller: a start after a stop resumes them. */
  private readonly wanted = new Map<GroupConsumer<T>, { readonly handler: Handler<T>; readonly options: ConsumeOptions }>();
  private stopping: Promise<void> | null = null;
  private opened: Opening<T>;
  /** Figures of consumers that were stopped. */
  private readonly retired = { acknowledged: 0, retried: 0, dead: 0, lost: 0 };
  private closed = false;
  /** Adopted and not started yet: nothing is leased. */
  private adopted = false;
  private consumed = 0;
  private readonly limits: ReadonlyMap<string, GroupLimit>;
  private readonly schedules: Schedules;
  private readonly failures: Failures;
  private readonly timers: Timers;
  readonly groups: readonly string[];

  /** Uses a store of another kind; `MessageQueue.open` makes those of this library. */
  constructor(
    readonly name: string,
    store: QueueStore,
    private readonly options: MessageQueueOptions = {},
    /** Opens the store again after a stop; without it the same store is used. */
    private readonly reopen: () => QueueStore = () => store,
  ) {
    checkQueueName(name);
    checkQueueOptions(options);
    this.timers = timersOf(options.timers);
    this.failures = new Failures(name, this.timers, options.onFailure);
    this.groups = options.groups ?? ["default"];
    this.schedules = new Schedules(this.timers, this.failures, {
      check: (sending) => this.opened.sender.check(sending),
      send: (value, sending) => this.send(value as T, sending),
    });
    this.opened = this.opening(store);
    const buckets = (group: string, limit: RateLimit) => bucketsOf(group, limit, () => this.opened.store);
    const limits = Object.entries(options.rateLimits ?? {});
    this.limits = new Map(limits.map(([group, limit]) => [group, new GroupLimit(limit, buckets(group, limit))]));
  }

  /** Opens a queue in memory, in a file, or in Redis. Throws `QueueError` when the file cannot be a queue, or the address is not one. */
  static open<T>(name: string, options: MessageQueueOptions = {}): MessageQueue<T> {
    const { file, redis, durability = "process", maxBytes = Number.POSITIVE_INFINITY, busyMs = 5000, timers } = options;
    // Before the file is created.
    checkQueueName(name);
    checkQueueOptions(options);
    const common = storeOptionsOf(options);
    if (file === "") throw new QueueError("invalid", "file: must be a path, got an empty text");
    if (redis !== undefined) {
      const openRedis = () => openRedisStore(redis, { ...common, queue: name, ...(timers === undefined ? {} : { timers }) });
      return new MessageQueue<T>(name, openRedis(), options, openRedis);
    }
    if (file === undefined) return new MessageQueue<T>(name, new MemoryStore(common), options);
    const openFile = () => new SqliteStore({ ...common, file, durability, maxBytes, busyMs, ...(timers === undefined ? {} : { timers }) });
    return new MessageQueue<T>(name, openFile(), options, openFile);
  }

  /** Adds a message for every group; resolves once it is safe. */
  send(value: T, options?: SendOptions): Promise<Receipt> {
    return this.opened.sender.send(value, options);
  }

  /**
   * Adds several messages in their order, in as few batches as there is room for; resolves once all are safe. Where a full queue rejects,
   * what did not fit is rejected, and what went before it stays.
   */
  sendAll(values: readonly T[], options?: SendOptions | ((value: T) => SendOptions)): Promise<Receipt[]> {
    return this.opened.sender.sendAll(values, options);
  }

  private opening(store: QueueStore): Opening<T> {
    return new Opening<T>(this.name, store, this.options, this.timers, this.wakeAll);
  }

  private readonly wakeAll = (): void => {
    for (const consumer of this.consumers) consumer.wake();
  };

  /**
   * Sends a message again and again, from now on until the schedule or the queue is stopped; a value may be made each time, from the time
   * at which it was due. Several processes may have the same schedule: it sends once. What was missed is not made up for, but for the last
   * time.
   */
  schedule(name: string, rule: ScheduleRule, value: T | ((due: Date) => T | Promise<T>), options: ScheduleSendOptions = {}): Schedule {
    return this.schedules.add(name, rule, value, options);
  }

  /** Handles the messages of a group from now on, until the consumer or the queue is stopped. */
  consume(handler: Handler<T>, options: ConsumeOptions = {}): Consumer<T> {
    return this.newConsumer(handler, options);
  }

  private newConsumer(handler: Handler<T>, options: ConsumeOptions): GroupConsumer<T> {
    if (this.closed) throw new QueueError("closed", `${this.name} is closed`);
    checkConsuming(handler, options);
    if (options.group !== undefined && !this.groups.includes(options.group)) throw unknownGroup(options.group, this.groups);
    const { opened } = this;
    const limit = this.limits.get(options.group ?? (this.groups[0] as string)) ?? null;
    const consumer = new GroupConsumer<T>(
      consumerRule(options, this.options, this.name, options.name ?? `consumer ${++this.consumed}`, this.groups, () => this.adopted),
      handler,
      { store: opened.store, failures: this.failures, timers: this.timers, clock: opened.clock, limit },
      {
        trouble: opened.noteTrouble,
        settled: (acknowledged, dead) => {
          opened.sender.roomMade();
          opened.watch.left(acknowledged, dead);
        },
        told: (list) => opened.watch.told(list),
        givenBack: this.wakeAll,
        unwanted: () => this.wanted.delete(consumer),
        stopped: () => this.retire(consumer),
      },
    );
    this.consumers = [...this.consumers, consumer];
    this.wanted.set(consumer, { handler, options });
    return consumer;
  }

  private retire(consumer: GroupConsumer<T>): void {
    if (!this.consumers.includes(consumer)) return;
    this.consumers = this.consumers.filter((other) => other !== consumer);
    const figures = consumer.stats();
    for (const figure of Object.keys(this.retired) as (keyof typeof this.retired)[]) this.retired[figure] += figures[figure];
  }

  /** State of a message in a group; `done`: it has left the group. */
  async stateOf(id: number, group?: string): Promise<TaskState> {
    checkId("id", id);
    return this.opened.ask(() => this.opened.store.stateOf(this.group(group), id));
  }

  /**
   * Resolves once a message has left its group, or all groups: `done`, or `dead` where one gave it up. Rejects for an id that no message
   * has, with `Stopped` when the queue is stopped before, and with the reason of an aborted signal.
   */
  settled(id: number, options: WaitOptions = {}): Promise<"done" | "dead"> {
    return this.opened.watch.settled(id, this.groups, options);
  }

  /**
   * Resolves with what the handler of a message returned, once it is done in a group. Needs `resultMs`, which says for how long results are
   * kept. Rejects with `DeadLetterError` when the message is given up, and as `settled` does.
   */
  async result<R = unknown>(id: number, options: ResultOptions = {}): Promise<R> {
    return (await this.opened.results.result(id, this.group(options.group), options)) as R;
  }

  /** The progress that a message's handler reported last (`message.progress`); undefined: none, or its time is over. Needs `resultMs`. */
  progress(id: number, group?: string): Promise<unknown> {
    return this.opened.results.progress(id, this.group(group));
  }

  /** Resolves once a group, or all groups, hold no message but dead letters. Rejects as `settled` does. */
  drained(options: WaitOptions = {}): Promise<void> {
    return this.opened.watch.drained(this.groups, options);
  }

  /** Messages of a group by their state; see `stats` for what is quick to look at often. */
  async depth(group?: string): Promise<GroupDepth> {
    return this.opened.ask(() => this.opened.store.depth(this.group(group)));
  }

  /** Messages of a group in the order of sending. */
  list(options: ListOptions = {}): Promise<StoredMessage<T>[]> {
    return this.opened.inspection.list(this.group(options.group), options);
  }

  /** Deletes a message from a group, or all groups, where it is not at work; resolves with false when there was nothing to delete. */
  async cancel(id: number, group?: string): Promise<boolean> {
    const found = await this.opened.inspection.cancel(group === undefined ? this.groups : [this.group(group)], id);
    if (found) this.messagesLeft([id]);
    return found;
  }

  /** Deletes messages of a group that are not at work; resolves with their number. */
  async purge(options: PurgeOptions<T> = {}): Promise<number> {
    const count = await this.opened.inspection.purge(this.group(options.group), options);
    this.messagesLeft([]);
    return count;
  }

  private messagesLeft(ids: readonly number[]): void {
    this.opened.sender.roomMade();
    this.opened.watch.left(ids.map((id) => ({ id })));
    // One of the same key may be free now.
    this.wakeAll();
  }

  /** Has no consumer of a group lease anything, in all processes, until `resume`; the queue keeps it when it is closed. */
  async pause(group?: string): Promise<void> {
    await this.opened.attempt(() => this.opened.store.pause(this.group(group), true));
  }

  /** Ends a pause. */
  async resume(group?: string): Promise<void> {
    await this.opened.attempt(() => this.opened.store.pause(this.group(group), false));
    this.wakeAll();
  }

  /** Messages of a group that were given up, oldest first. */
  async deadLetters(group?: string, limit = 100): Promise<DeadLetter<T>[]> {
    checkCount("limit", limit, 0);
    return this.opened.ask(() => this.opened.store.deadLetters(this.group(group), limit)) as Promise<DeadLetter<T>[]>;
  }

  /** Makes dead letters available again, all or those that match, with attempts counted from 1; resolves with their number. */
  async redrive(group?: string, which: Redriven<T> = "all"): Promise<number> {
    const count = await this.opened.inspection.redrive(this.group(group), which, this.opened.clock.now());
    this.wakeAll();
    return count;
  }

  /** The group that a caller names, else the first. */
  private group(name: string | undefined): string {
    checkText("group", name);
    return name ?? (this.groups[0] as string);
  }

  /** Makes consumers wait for `start`: what they need may have to be up first. */
  adopt(): void {
    this.adopted = true;
    this.schedules.pause();
  }

  /**
   * Deletes a group that is no longer needed, with all its messages: a group not named when the queue is opened is kept, and fills up.
   * Rejects for groups that this queue was opened with.
   */
  async dropGroup(name: string): Promise<void> {
    if (this.groups.includes(name)) throw new QueueError("invalid", `group "${name}" is in use: ${this.name} was opened with it`);
    await this.opened.attempt(() => this.opened.store.dropGroup(name));
    this.opened.sender.roomMade();
  }

  /** Opens the store again after a stop, and resumes its consumers. */
  start(): void {
    this.adopted = false;
    if (!this.closed) {
      this.wakeAll();
      this.schedules.start();
      return;
    }
    const { counts } = this.opened.sender;
    this.opened = this.opening(this.reopen());
    Object.assign(this.opened.sender.counts, counts);
    this.closed = false;
    this.stopping = null;
    this.schedules.start();
    const wanted = [...this.wanted];
    this.wanted.clear();
    for (const [consumer, { handler, options }] of wanted) consumer.goesOnAs(this.newConsumer(handler, options));
  }

  /** Stops the consumers, each with the deadline, and closes the store. Unhandled messages are there when it is opened again. */
  async stop(options: StopOptions = {}): Promise<void> {
    const deadlineMs = deadlineOf(options);
    this.stopping ??= this.close(deadlineMs);
    await this.stopping;
  }

  private async close(deadlineMs: number): Promise<void> {
    this.closed = true;
    // If started again meanwhile, the queue has another.
    const { sender, store, watch } = this.opened;
    sender.close();
    this.schedules.pause();
    await Promise.all(this.consumers.map((consumer) => consumer.close(deadlineMs)));
    sender.rejectRest();
    watch.stop(`${this.name} was stopped`);
    await store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  onFailure(listener: OnFailure): () => void {
    return this.failures.listen(listener);
  }

  stats(): QueueStats {
    const consumers = this.consumers.map((consumer) => consumer.stats());
    const total = (figure: keyof typeof this.retired) => consumers.reduce((sum, each) => sum + each[figure], this.retired[figure]);
    return {
      ...this.opened.sender.counts,
      sendersWaiting: this.opened.sender.waiting,
      acknowledged: total("acknowledged"),
      retried: total("retried"),
      dead: total("dead"),
      lost: total("lost"),
      groups: this.groups.map((group) => this.opened.figures.of(group)),
      consumers,
    };
  }

  health(): Health {
    if (this.closed) return { status: "down", detail: "closed" };
    const { trouble } = this.opened;
    if (trouble !== null) return { status: "degraded", detail: trouble instanceof Error ? trouble.message : "its store fails" };
    const consumers = this.consumers.map((consumer) => consumer.stats());
    return stuckHealth(consumers, "message");
  }
}
