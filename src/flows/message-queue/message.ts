import type { CallerContext } from "../async-context.ts";
import { type FlowHeaders, NO_HEADERS } from "../headers.ts";
import { marked } from "./payload/text.ts";
import type { Leased, LeaseRef } from "./store.ts";

/** A message as its handler receives it. */
export interface Message<T> {
  readonly id: number;
  readonly value: T;
  readonly group: string;
  readonly key: string | null;
  readonly priority: number;
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  /** When it was sent, in milliseconds since 1970. */
  readonly sentAt: number;
  /** The same for all attempts: given by the sender, else the id. For effects that must happen only once. */
  readonly idempotencyKey: string;
  /** What its sender gave along, and the trace that it belongs to. */
  readonly headers: FlowHeaders;
  /**
   * Reports the handler's progress to callers that wait for the message's result, where the queue has `resultMs`; of several reports in one
   * turn of the event loop the latest. Resolves once it is written, and does not reject: what cannot be written is a failure of the queue.
   */
  progress(value: unknown): Promise<void>;
  /** Aborted when the handler's time is up, its lease is lost, or the consumer stops. */
  readonly signal: AbortSignal;
}

/**
 * Handles a message. Resolves: acknowledged. Throws: retried later, or given up after the last attempt. Throws `NonRetryableError`: given up at once.
 */
export type Handler<T> = (message: Message<T>) => unknown;

/** Thrown by a handler when no further attempt would help: the message becomes a dead letter at once. */
export class NonRetryableError extends Error {
  override readonly name: string = "NonRetryableError";
}

/** As `NonRetryableError`, by its earlier name. */
export class GiveUp extends NonRetryableError {
  override readonly name = "GiveUp";
}

/** Who has leased a message. */
interface MessageHolder {
  readonly group: string;
  progress(ref: LeaseRef, value: unknown): Promise<void>;
}

/** What messages leased together have in common. */
export interface Hold {
  readonly holder: MessageHolder;
  /** When their lease runs out, by the clock of their store. */
  readonly until: number;
}

const UNREAD = Symbol("unread");

/** A message leased by this consumer. With one field more it would take 80 bytes instead of 64. */
export class LeasedMessage<T> implements Message<T> {
  private abortion: AbortController | null = null;
  private payload: unknown = UNREAD;
  ended = false;

  /** Copied: the store's own object may move on to another attempt. */
  readonly attempt: number;

  constructor(
    private readonly leased: Leased,
    private hold: Hold,
  ) {
    this.attempt = leased.attempt;
  }

  get id(): number {
    return this.leased.id;
  }
  get group(): string {
    return this.hold.holder.group;
  }
  get value(): T {
    if (this.payload === UNREAD) this.payload = this.leased.value;
    return this.payload as T;
  }
  get key(): string | null {
    return this.leased.key;
  }
  get priority(): number {
    return this.leased.priority;
  }
  get sentAt(): number {
    return this.leased.sentAt;
  }
  get idempotencyKey(): string {
    return this.leased.idempotencyKey ?? String(this.leased.id);
  }
  get headers(): FlowHeaders {
    return this.leased.headers;
  }
  /** The async context of its sender; null: not known. */
  get caller(): CallerContext | null {
    return this.leased.caller ?? null;
  }
  /** When its lease runs out, by the clock of its store. */
  get until(): number {
    return this.hold.until;
  }
  set until(until: number) {
    this.hold = { ...this.hold, until };
  }
  get signal(): AbortSignal {
    this.abortion ??= new AbortController();
    return this.abortion.signal;
  }

  progress(value: unknown): Promise<void> {
    return this.hold.holder.progress(this, value);
  }

  /** For logs: all but the signal; a value that JSON cannot write as files keep it. */
  toJSON(): object {
    const { id, group, key, priority, attempt, sentAt, idempotencyKey, headers } = this;
    const more = headers === NO_HEADERS ? {} : { headers };
    return { id, value: marked(this.value), group, key, priority, attempt, sentAt, idempotencyKey, ...more };
  }

  /** Calls something in the async context of its sender. */
  inside(call: () => void): void {
    if (this.caller === null) call();
    else this.caller.runInAsyncScope(call);
  }

  abort(reason: unknown): void {
    if (this.abortion === null) this.abortion = new AbortController();
    this.abortion.abort(reason);
  }
}
