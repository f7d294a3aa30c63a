import { realTimers, type Timers } from "../../kernel/timers.ts";
import { Ring } from "../../queueing/ring.ts";
import type { BackoffRule } from "../../resilience/backoff.ts";
import { Failures, type OnFailure } from "../failures.ts";
import { DEFAULT_BACKOFF } from "../guard.ts";
import { checkCount, checkSpan } from "../options.ts";
import { type Health, type Part, type PartStats, STOP_MS, type StopOptions, stuckHealth } from "../part.ts";
import { Consumer, type ConsumerStats, type Settled } from "./consumer.ts";
import { MemoryStore } from "./memory-store.ts";
import type { Handler } from "./message.ts";
import { SqliteStore } from "./sqlite-store.ts";
import {
  type DeadLetter,
  fullError,
  type GroupDepth,
  type NewMessage,
  QueueError,
  type QueueStore,
  type Receipt,
  type StoreOptions,
  type TaskState,
  unknownGroup,
} from "./store.ts";

export interface MessageQueueOptions {
  /** Where messages are kept: this file (made when it is not there), else the memory of this process. */
  readonly file?: string;
  /**
   * What a file's acknowledgements outlive. `process`: this process being killed. `power`: the machine losing power, at the price of a
   * sync of the disk for each batch. Default `process`.
   */
  readonly durability?: "process" | "power";
  /** Every group gets every message; the consumers of one share them. Default one group, `default`. */
  readonly groups?: readonly string[];
  /** `key`: messages of one key are worked one after another, as they were sent, also when they are tried again. Default `none`. */
  readonly order?: "none" | "key";
  /** Messages that may wait or be worked on, in the fullest group. Default: any number. */
  readonly capacity?: number;
  /** What sending to a full queue does: wait for room, or reject with `QueueError`. Default `wait`. */
  readonly whenFull?: "wait" | "reject";
  /** Size the file may grow to, in bytes. Default: any size. */
  readonly maxBytes?: number;
  /** How long a message is lent to a consumer that gives no sign of life, in milliseconds. Default 30 000. */
  readonly visibilityMs?: number;
  /** Attempts at a message before it becomes a dead letter. Default 5. */
  readonly maxAttempts?: number;
  /** Waits between attempts, in milliseconds. */
  readonly backoff?: Partial<BackoffRule>;
  /** How long an idempotency key is remembered, in milliseconds. Default a day. */
  readonly rememberMs?: number;
  /** How often a file is looked at for what other processes did, in milliseconds. Default 50. */
  readonly pollMs?: number;
  /** Longest to wait for another process that holds the file, in milliseconds. Default 5000. */
  readonly busyMs?: number;
  readonly onFailure?: OnFailure;
  readonly timers?: Timers;
}

export interface SendOptions {
  /** Messages of one key can be kept in order. */
  readonly key?: string;
  /** Higher goes first. Default 0. Not with a key in a queue that keeps keys in order. */
  readonly priority?: number;
  /** Not to be worked on before so many milliseconds have passed. */
  readonly delayMs?: number;
  /** Sent again with the same one, a message is taken in once. */
  readonly idempotencyKey?: string;
  /** For this one message: `reject` does not wait for room, whatever the queue's rule. */
  readonly whenFull?: "reject";
}

export interface ConsumeOptions {
  readonly group?: string;
  readonly name?: string;
  /** Messages handled at a time. Default 1. */
  readonly concurrency?: number;
  /** Messages leased at a time. Default 100. */
  readonly batch?: number;
  /** Longest a handler may take, in milliseconds; then it counts as failed. */
  readonly timeoutMs?: number;
  /** Told which messages have left the group for good, once that is safe. */
  readonly onSettled?: (messages: readonly Settled[]) => void;
}

export interface QueueStats extends PartStats {
  readonly sent: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly sendersWaiting: number;
  readonly consumers: readonly ConsumerStats[];
}

/** A message that waits to be sent with others. */
interface Pending {
  readonly message: NewMessage;
  /** Is rejected rather than waits for room. */
  readonly hasty: boolean;
  resolve(receipt: Receipt): void;
  reject(error: unknown): void;
}

const DAY = 86_400_000;

/** No options: nothing to check. */
const PLAIN: SendOptions = {};

/** Highest priority, and lowest the same below 0. */
const HIGHEST = 1000;

/** Messages that go to the store together, at most. */
const LARGEST_BATCH = 1000;

/**
 * Messages that are worked on once somebody is free, at least once each: acknowledged, or tried again, or given up as dead letters,
 * and none forgotten, with a file not even by a killed process. `send` resolves when the message is safe.
 */
export class MessageQueue<T> implements Part {
  private readonly consumers = new Set<Consumer<T>>();
  /** What `consume` was asked for and nobody has stopped, so that a start after a stop goes on with it. */
  private readonly wanted = new Map<Consumer<T>, { readonly handler: Handler<T>; readonly options: ConsumeOptions }>();
  private stopping: Promise<void> | null = null;
  private readonly pending = new Ring<Pending>(16);
  private flushing = false;
  /** Who sends waits for a consumer to settle something. */
  private roomWanted = false;
  private readonly counts = { sent: 0, duplicates: 0, rejected: 0 };
  private trouble: unknown = null;
  private closed = false;
  private consumed = 0;
  private readonly failures: Failures;
  private readonly timers: Timers;
  readonly groups: readonly string[];

  /** With a store of another kind; see `MessageQueue.open` for those there are. */
  constructor(
    readonly name: string,
    private store: QueueStore,
    private readonly options: MessageQueueOptions = {},
    /** Opens the store again after a stop; without it the store is used as it is. */
    private readonly reopen: () => QueueStore = () => store,
  ) {
    checkCount("capacity", options.capacity, 1);
    checkCount("maxAttempts", options.maxAttempts, 1);
    checkSpan("visibilityMs", options.visibilityMs);
    checkSpan("pollMs", options.pollMs);
    if (options.groups?.length === 0) throw new RangeError("groups: must name at least one group, got none");
    this.timers = options.timers ?? realTimers;
    this.failures = new Failures(name, this.timers, options.onFailure);
    this.groups = options.groups ?? ["default"];
  }

  /** Opens a queue in memory, or in a file. Throws `QueueError` when the file cannot be one. */
  static open<T>(name: string, options: MessageQueueOptions = {}): MessageQueue<T> {
    const { file, durability = "process", maxBytes = Number.POSITIVE_INFINITY, busyMs = 5000 } = options;
    const common = storeOptions(options);
    if (file === undefined) return new MessageQueue<T>(name, new MemoryStore(common), options);
    const openFile = () => new SqliteStore({ ...common, file, durability, maxBytes, busyMs });
    return new MessageQueue<T>(name, openFile(), options, openFile);
  }

  /** Takes a message in for every group; resolves once it is safe. */
  send(value: T, options: SendOptions = PLAIN): Promise<Receipt> {
    try {
      const message = this.messageOf(value, options);
      return this.sendNow(message) ?? this.sendSoon(message, options.whenFull === "reject");
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Where that costs next to nothing and nobody waits to send; null: not so. */
  private sendNow(message: NewMessage): Promise<Receipt> | null {
    const { store } = this;
    if (store.sendOne === null || this.flushing || this.closed) return null;
    const receipt = store.sendOne(message, this.timers.wall());
    if (receipt === null) return null;
    if (receipt.duplicate) this.counts.duplicates++;
    else this.counts.sent++;
    this.wakeAll();
    return Promise.resolve(receipt);
  }

  /** What other tasks send in this turn of the loop goes with it. */
  private sendSoon(message: NewMessage, hasty = false): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      this.pending.push({ message, hasty, resolve, reject });
      if (!this.flushing) this.flushSoon();
    });
  }

  private flushSoon(): void {
    this.flushing = true;
    setImmediate(() => void this.flush());
  }

  /**
   * Takes several in, in their order, in as few batches as there is room for; resolves once all are safe. Where a full queue rejects, what
   * did not fit is rejected, and what went before it stays.
   */
  async sendAll(values: readonly T[], options: SendOptions | ((value: T) => SendOptions) = PLAIN): Promise<Receipt[]> {
    const optionsOf = typeof options === "function" ? options : () => options;
    const messages = values.map((value) => this.messageOf(value, optionsOf(value)));
    if (this.flushing || this.closed || messages.length > LARGEST_BATCH) return this.allSoon(messages);
    // What is sent meanwhile waits behind.
    this.flushing = true;
    try {
      if (messages.length > (await this.store.room())) return this.allSoon(messages, true);
      return this.count(await this.attempt(() => this.store.send(messages, this.timers.wall())));
    } catch (error) {
      // Another process was quicker: there is no room after all.
      if (!(error instanceof QueueError) || error.problem !== "full" || this.rejects) throw error;
      return this.allSoon(messages, true);
    } finally {
      this.flushing = false;
      if (this.pending.length > 0) this.flushSoon();
    }
  }

  private allSoon(messages: readonly NewMessage[], first = false): Promise<Receipt[]> {
    const behind = this.pending.length;
    const receipts = Promise.all(messages.map((message) => this.sendSoon(message)));
    if (first) for (let i = 0; i < behind; i++) this.pending.push(this.pending.shift() as Pending);
    return receipts;
  }

  private get rejects(): boolean {
    return this.options.whenFull === "reject";
  }

  /** Sends what waits, as far as there is room. */
  private async flush(): Promise<void> {
    try {
      while (this.pending.length > 0) {
        if (this.closed) throw new QueueError("closed", `${this.name} is closed`);
        const room = await this.store.room();
        if (room > 0) await this.sendSome(Math.min(room, LARGEST_BATCH));
        else if (!(await this.sendKnown())) {
          if (!this.rejects) {
            this.rejectHasty();
            if (this.pending.length > 0) this.waitForRoom();
            else this.flushing = false;
            return;
          }
          this.counts.rejected += this.pending.length;
          throw fullError(this.options.capacity ?? 0);
        }
      }
      this.flushing = false;
    } catch (error) {
      this.flushing = false;
      for (let next = this.pending.shift(); next !== undefined; next = this.pending.shift()) next.reject(error);
    }
  }

  /** A message that is there already needs no room. True when the first that waits was one. */
  private async sendKnown(): Promise<boolean> {
    const first = this.pending.peek();
    if (first === undefined || first.message.idempotencyKey === null) return false;
    try {
      const [receipt] = this.count(await this.attempt(() => this.store.send([first.message], this.timers.wall())));
      this.pending.shift();
      first.resolve(receipt as Receipt);
      return true;
    } catch (error) {
      if (error instanceof QueueError && error.problem === "full") return false;
      throw error;
    }
  }

  /** Those who said that they would rather not wait. */
  private rejectHasty(): void {
    for (let left = this.pending.length; left > 0; left--) {
      const pending = this.pending.shift() as Pending;
      if (!pending.hasty) this.pending.push(pending);
      else {
        this.counts.rejected++;
        pending.reject(fullError(this.options.capacity ?? 0));
      }
    }
  }

  private async sendSome(most: number): Promise<void> {
    const batch: Pending[] = [];
    while (batch.length < most && this.pending.length > 0) batch.push(this.pending.shift() as Pending);
    try {
      const messages = batch.map(({ message }) => message);
      const receipts = this.count(await this.attempt(() => this.store.send(messages, this.timers.wall())));
      for (const [i, { resolve }] of batch.entries()) resolve(receipts[i] as Receipt);
    } catch (error) {
      const problem = error instanceof QueueError ? error.problem : null;
      // Another process was quicker: there is no room after all.
      if (problem === "full" && this.options.whenFull !== "reject") this.putBack(batch);
      // One of them is at fault; the others need not suffer for it.
      else if (problem === "invalid" && batch.length > 1) for (const pending of batch) await this.sendOne(pending);
      else for (const pending of batch) pending.reject(error);
    }
  }

  private async sendOne({ message, resolve, reject }: Pending): Promise<void> {
    try {
      const [receipt] = this.count(await this.attempt(() => this.store.send([message], this.timers.wall())));
      resolve(receipt as Receipt);
    } catch (error) {
      reject(error);
    }
  }

  private putBack(batch: readonly Pending[]): void {
    const later = this.pending.length;
    for (const pending of batch) this.pending.push(pending);
    for (let i = 0; i < later; i++) this.pending.push(this.pending.shift() as Pending);
  }

  /** Room comes when a consumer settles; of other processes, and of leases that run out, nothing is heard. */
  private waitForRoom(): void {
    this.roomWanted = true;
    this.timers.after(this.pollMs, () => {
      if (!this.roomWanted) return;
      this.roomWanted = false;
      void this.flush();
    });
  }

  private wakeAll(): void {
    for (const consumer of this.consumers) consumer.wake();
  }

  private count(receipts: Receipt[]): Receipt[] {
    const duplicates = receipts.reduce((sum, { duplicate }) => sum + (duplicate ? 1 : 0), 0);
    this.counts.sent += receipts.length - duplicates;
    this.counts.duplicates += duplicates;
    this.wakeAll();
    return receipts;
  }

  /** Has the messages of a group handled, from now on, until the consumer or the queue is stopped. */
  consume(handler: Handler<T>, options: ConsumeOptions = {}): Consumer<T> {
    if (this.closed) throw new QueueError("closed", `${this.name} is closed`);
    checkCount("concurrency", options.concurrency, 1);
    checkCount("batch", options.batch, 1);
    checkSpan("timeoutMs", options.timeoutMs);
    if (options.group !== undefined && !this.groups.includes(options.group)) throw unknownGroup(options.group, this.groups);
    const consumer = new Consumer<T>(
      {
        name: options.name ?? `consumer ${++this.consumed}`,
        group: options.group ?? (this.groups[0] as string),
        concurrency: options.concurrency ?? 1,
        batch: options.batch ?? 100,
        timeoutMs: options.timeoutMs ?? Number.POSITIVE_INFINITY,
        visibilityMs: this.options.visibilityMs ?? 30_000,
        maxAttempts: this.options.maxAttempts ?? 5,
        backoff: { ...DEFAULT_BACKOFF, ...this.options.backoff },
        ordered: this.options.order === "key",
        onSettled: options.onSettled,
        pollMs: this.pollMs,
      },
      handler,
      this.store,
      this.failures,
      this.timers,
    );
    consumer.onTrouble = this.onTrouble;
    consumer.onSettled = () => {
      if (!this.roomWanted) return;
      this.roomWanted = false;
      void this.flush();
    };
    consumer.onStopped = () => {
      this.consumers.delete(consumer);
      if (!this.closed) this.wanted.delete(consumer);
    };
    this.consumers.add(consumer);
    this.wanted.set(consumer, { handler, options });
    return consumer;
  }

  /** Where a message stands in a group. */
  async stateOf(id: number, group = this.groups[0] as string): Promise<TaskState> {
    return this.ask(() => this.store.stateOf(group, id));
  }

  async depth(group = this.groups[0] as string): Promise<GroupDepth> {
    return this.ask(() => this.store.depth(group));
  }

  /** Messages of a group that were given up, in the order they were. */
  async deadLetters(group = this.groups[0] as string, limit = 100): Promise<DeadLetter[]> {
    return this.ask(() => this.store.deadLetters(group, limit));
  }

  /** Makes dead letters available again, from their first attempt; resolves with how many. */
  async redrive(group = this.groups[0] as string, ids: readonly number[] | "all" = "all"): Promise<number> {
    const count = await this.attempt(() => this.store.redrive(group, ids, this.timers.wall()));
    this.wakeAll();
    return count;
  }

  /** After a stop: opens the store again, with the consumers there were. */
  start(): void {
    if (!this.closed) return;
    this.store = this.reopen();
    this.closed = false;
    this.stopping = null;
    const wanted = [...this.wanted.values()];
    this.wanted.clear();
    for (const { handler, options } of wanted) this.consume(handler, options);
  }

  /** Stops the consumers, each with the deadline, and closes the store. What was not handled is there when it is opened again. */
  stop({ deadlineMs = STOP_MS }: StopOptions = {}): Promise<void> {
    this.stopping ??= this.close(deadlineMs);
    return this.stopping;
  }

  private async close(deadlineMs: number): Promise<void> {
    this.closed = true;
    await Promise.all([...this.consumers].map((consumer) => consumer.stop(deadlineMs)));
    for (let next = this.pending.shift(); next !== undefined; next = this.pending.shift())
      next.reject(new QueueError("closed", `${this.name} was closed before this was sent`));
    this.flushing = false;
    await this.store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  onFailure(listener: OnFailure): () => void {
    return this.failures.listen(listener);
  }

  stats(): QueueStats {
    return { ...this.counts, sendersWaiting: this.pending.length, consumers: [...this.consumers].map((consumer) => consumer.stats()) };
  }

  health(): Health {
    if (this.closed) return { status: "down", detail: "closed" };
    if (this.trouble !== null)
      return { status: "degraded", detail: this.trouble instanceof Error ? this.trouble.message : "its store fails" };
    return stuckHealth(this.stats().consumers, "message");
  }

  private get pollMs(): number {
    return this.options.pollMs ?? 50;
  }

  /** Not the end of it: consumers try again until the store works. */
  private readonly onTrouble = (error: unknown): void => {
    this.trouble = error;
  };

  /** Something that changes the store; that it works says that the store does. */
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

  private messageOf(value: T, options: Nullable<SendOptions>): NewMessage {
    if (options === PLAIN) return { value, key: null, priority: 0, delayMs: 0, idempotencyKey: null };
    return this.checked(value, options);
  }

  private checked(value: T, { key = null, priority = 0, delayMs = 0, idempotencyKey = null }: Nullable<SendOptions>): NewMessage {
    if (!Number.isInteger(priority) || Math.abs(priority ?? 0) > HIGHEST)
      throw invalid("priority", `a whole number from -${HIGHEST} to ${HIGHEST}`, priority);
    if (typeof delayMs !== "number" || !(delayMs >= 0 && delayMs <= 1e12)) throw invalid("delayMs", "0 or more", delayMs);
    for (const [field, text] of [
      ["key", key],
      ["idempotencyKey", idempotencyKey],
    ] as const)
      if (text !== null && (text === "" || text.length > 512)) throw invalid(field, "a text of 1 to 512 characters", text.length);
    if (key !== null && priority !== 0 && this.options.order === "key")
      throw new QueueError("invalid", "priority: a message with a key keeps its place in a queue of order key");
    return { value, key, priority: priority ?? 0, delayMs, idempotencyKey };
  }
}

type Nullable<O> = { readonly [K in keyof O]: O[K] | null };

function invalid(field: string, rule: string, got: unknown): QueueError {
  return new QueueError("invalid", `${field}: must be ${rule}, got ${String(got)}`);
}

function storeOptions(options: MessageQueueOptions): StoreOptions {
  return {
    groups: options.groups ?? ["default"],
    order: options.order ?? "none",
    capacity: options.capacity ?? Number.POSITIVE_INFINITY,
    maxAttempts: options.maxAttempts ?? 5,
    rememberMs: options.rememberMs ?? DAY,
  };
}
