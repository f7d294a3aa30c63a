import { Deque } from "../../kernel/deque.ts";
import { type SteadyClock, soon, type Timers } from "../../kernel/timers.ts";
import { type CallerContext, callerContext } from "../async-context.ts";
import { onAbort } from "../notifier.ts";
import { type PayloadRule, payloadFor } from "./payload/payload.ts";
import { fullError, type NewMessage, QueueError, type QueueStore, type Receipt, type Terms } from "./store.ts";
import { PLAIN, type SendOptions, type TermsRule, termsOf } from "./terms.ts";

/** A message waiting to be sent with others. */
interface Pending {
  readonly message: NewMessage;
  /** Rejected at once when the queue is full. */
  readonly hasty: boolean;
  readonly signal: AbortSignal | undefined;
  resolve(receipt: Receipt): void;
  reject(error: unknown): void;
}

/** Most messages that go to the store together. */
const LARGEST_BATCH = 1000;

export interface SenderRule extends TermsRule, PayloadRule {
  readonly queue: string;
  readonly capacity: number;
  /** Reject what does not fit, instead of waiting. */
  readonly rejects: boolean;
  readonly pollMs: number;
}

/** The entry to the store: gathers messages into batches, keeps their order, and waits for room or rejects. */
export class Sender<T> {
  readonly counts = { sent: 0, duplicates: 0, rejected: 0 };
  private readonly pending = new Deque<Pending>(16);
  private flushing = false;
  /** A sender waits for room. */
  private roomWanted = false;
  private cancelLook: () => void = () => {};
  private closed = false;

  constructor(
    private readonly rule: SenderRule,
    private readonly store: QueueStore,
    private readonly timers: Timers,
    private readonly clock: SteadyClock,
    /** Runs a store operation; the queue handles its failures. */
    private readonly attempt: <R>(work: () => R | Promise<R>) => Promise<R>,
    /** Called after messages were added. */
    private readonly onSent: () => void,
  ) {}

  /** Messages that are not yet safe. */
  get waiting(): number {
    return this.pending.length;
  }

  send(value: T, options: SendOptions = PLAIN): Promise<Receipt> {
    try {
      const terms = termsOf(options, this.rule);
      const payload = this.payload(value, options);
      return (
        this.sendNow(payload, terms) ??
        this.sendSoon({ value: payload, terms, caller: this.caller() }, options.whenFull === "reject", options.signal)
      );
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Throws for options with which nothing can be sent. */
  check(options: SendOptions): void {
    termsOf(options, this.rule);
  }

  /** Sends at once where the store can and nothing waits before it; null: not possible. */
  private sendNow(value: unknown, terms: Terms): Promise<Receipt> | null {
    const { store } = this;
    if (store.sendOne === null || terms.replace === true || this.flushing || this.closed) return null;
    // A delay begins now, not at the coarse time of `stamp`.
    const receipt = store.sendOne(value, terms, terms.delayMs > 0 ? this.clock.now() : this.clock.stamp());
    if (receipt === null) return null;
    if (receipt.duplicate) this.counts.duplicates++;
    else this.counts.sent++;
    this.onSent();
    return Promise.resolve(receipt);
  }

  /** The async context of who sends; null where the store cannot keep it. */
  private caller(): CallerContext | null {
    return this.store.shared ? null : callerContext();
  }

  /** Sends at the end of this turn of the loop, together with what other tasks send in it. */
  private sendSoon(message: NewMessage, hasty: boolean, signal: AbortSignal | undefined): Promise<Receipt> {
    const sent = new Promise<Receipt>((resolve, reject) => {
      this.pending.push({ message, hasty, signal, resolve, reject });
      if (!this.flushing) this.flushSoon();
    });
    if (signal === undefined) return sent;
    return sent.finally(onAbort(signal, () => this.rejectAborted(signal)));
  }

  /** Rejects the waiting messages whose signal was aborted. */
  private rejectAborted(signal: AbortSignal): void {
    for (const { reject } of this.pending.take((pending) => pending.signal === signal)) reject(signal.reason);
  }

  /** A value as it is now: later changes of it by its sender are not part of the message. */
  private payload(value: unknown, options: SendOptions): unknown {
    if (options !== PLAIN) options.signal?.throwIfAborted();
    return payloadFor(this.store, value, this.rule);
  }

  private flushSoon(): void {
    this.flushing = true;
    soon(this.timers, () => void this.flush());
  }

  async sendAll(values: readonly T[], options: SendOptions | ((value: T) => SendOptions) = PLAIN): Promise<Receipt[]> {
    if (!Array.isArray(values)) throw new TypeError(`values: must be a list, got ${String(values)}`);
    const optionsOf = typeof options === "function" ? options : () => options;
    const chosen = values.map(optionsOf);
    // All of them before any is added: one that cannot be carried is found at once.
    const messages = this.messagesOf(values, chosen);
    // One that must not wait decides for all: they are sent together.
    const hasty = chosen.some(({ whenFull }) => whenFull === "reject");
    const soon = (first: boolean) => this.allSoon(messages, chosen, hasty, first);
    if (this.flushing || this.closed || messages.length > LARGEST_BATCH) return soon(false);
    // Messages sent meanwhile wait behind.
    this.flushing = true;
    try {
      if (messages.length > (await this.store.room())) return soon(true);
      return await this.takeIn(messages);
    } catch (error) {
      // Another process was quicker: there is no room after all.
      if (!(error instanceof QueueError) || error.problem !== "full" || this.rule.rejects) throw error;
      return soon(true);
    } finally {
      this.flushing = false;
      if (this.pending.length > 0) this.flushSoon();
    }
  }

  private messagesOf(values: readonly T[], options: readonly SendOptions[]): NewMessage[] {
    const caller = this.caller();
    let terms: Terms | null = null;
    return values.map((value, i) => {
      const own = options[i] as SendOptions;
      if (terms === null || own !== options[i - 1]) terms = termsOf(own, this.rule);
      return { value: this.payload(value, own), terms, caller };
    });
  }

  /** `first`: ahead of the messages already waiting. */
  private allSoon(messages: readonly NewMessage[], options: readonly SendOptions[], hasty: boolean, first: boolean): Promise<Receipt[]> {
    const before = first ? this.pending.take(() => true) : [];
    const receipts = Promise.all(messages.map((message, i) => this.sendSoon(message, hasty, options[i]?.signal)));
    for (const pending of before) this.pending.push(pending);
    return receipts;
  }

  /** Sends waiting messages as far as there is room. */
  private async flush(): Promise<void> {
    try {
      while (this.pending.length > 0) {
        if (this.closed) throw new QueueError("closed", `${this.rule.queue} is closed`);
        const room = await this.store.room();
        if (room > 0) await this.sendSome(Math.min(room, LARGEST_BATCH));
        else if (!(await this.sendKnown())) {
          if (!this.rule.rejects) {
            await this.rejectHasty();
            if (this.pending.length > 0) this.waitForRoom();
            else this.flushing = false;
            return;
          }
          this.counts.rejected += this.pending.length;
          throw fullError(this.rule.capacity, await this.store.fullest());
        }
      }
      this.flushing = false;
    } catch (error) {
      this.flushing = false;
      for (const { reject } of this.pending.take(() => true)) reject(error);
    }
  }

  /** Sends the first waiting message if it is a duplicate, which needs no room. True when it was one. */
  private async sendKnown(): Promise<boolean> {
    const first = this.pending.peek();
    if (first === undefined || first.message.terms.idempotencyKey === null) return false;
    try {
      const [receipt] = await this.takeIn([first.message]);
      this.pending.shift();
      first.resolve(receipt as Receipt);
      return true;
    } catch (error) {
      if (error instanceof QueueError && error.problem === "full") return false;
      throw error;
    }
  }

  /** Rejects the messages that must not wait. */
  private async rejectHasty(): Promise<void> {
    const hasty = this.pending.take((pending) => pending.hasty);
    if (hasty.length === 0) return;
    this.counts.rejected += hasty.length;
    const error = fullError(this.rule.capacity, await this.store.fullest());
    for (const { reject } of hasty) reject(error);
  }

  private async sendSome(most: number): Promise<void> {
    const batch: Pending[] = [];
    while (batch.length < most && this.pending.length > 0) batch.push(this.pending.shift() as Pending);
    try {
      const receipts = await this.takeIn(batch.map(({ message }) => message));
      for (const [i, { resolve }] of batch.entries()) resolve(receipts[i] as Receipt);
    } catch (error) {
      const problem = error instanceof QueueError ? error.problem : null;
      // Another process was quicker: there is no room after all.
      if (problem === "full" && !this.rule.rejects) this.putBack(batch);
      else for (const pending of batch) pending.reject(error);
    }
  }

  /** Back to the front of those waiting, but for those given up meanwhile. */
  private putBack(batch: readonly Pending[]): void {
    this.pending.putFirst(batch.filter(({ signal }) => signal?.aborted !== true));
    for (const { signal, reject } of batch) if (signal?.aborted === true) reject(signal.reason);
  }

  /** Waits for a consumer to settle; polls too, since other processes and expiring leases send no notice. */
  private waitForRoom(): void {
    this.roomWanted = true;
    this.cancelLook();
    this.cancelLook = this.timers.after(this.rule.pollMs, () => this.roomMade());
  }

  /** Adds messages to the store together. */
  private async takeIn(messages: readonly NewMessage[]): Promise<Receipt[]> {
    const receipts = await this.attempt(() => this.store.send(messages, this.clock.now()));
    const duplicates = receipts.reduce((sum, { duplicate }) => sum + (duplicate ? 1 : 0), 0);
    this.counts.sent += receipts.length - duplicates;
    this.counts.duplicates += duplicates;
    this.onSent();
    return receipts;
  }

  /** To be called when there may be room again. */
  roomMade(): void {
    if (!this.roomWanted) return;
    this.roomWanted = false;
    this.cancelLook();
    void this.flush();
  }

  /** Accepts nothing more; waiting messages are rejected after those now being added. */
  close(): void {
    this.closed = true;
    this.cancelLook();
  }

  rejectRest(): void {
    const error = new QueueError("closed", `${this.rule.queue} was closed before this was sent`);
    for (const { reject } of this.pending) reject(error);
    this.pending.clear();
  }
}
