import type { SteadyClock } from "../../kernel/timers.ts";
import type { BucketRule } from "../../resilience/token-bucket.ts";
import type { CallerContext } from "../async-context.ts";
import type { FlowHeaders } from "../headers.ts";
import { checkFunctions } from "../options.ts";

/** A message to be sent. */
export interface NewMessage {
  readonly value: unknown;
  readonly terms: Terms;
  /** The async context of its sender. Stores that keep messages outside this process leave it. */
  readonly caller?: CallerContext | null;
}

/** Attributes of a message; the same object may serve many messages. */
export interface Terms {
  /** Messages of one key can be kept in order; null: no key. */
  readonly key: string | null;
  /** Higher goes first. */
  readonly priority: number;
  readonly delayMs: number;
  /** A second message with the same key is not added. */
  readonly idempotencyKey: string | null;
  /** `NO_HEADERS` where there are none; nobody changes them. */
  readonly headers: FlowHeaders;
  /** It is added, and the one with the same idempotency key deleted from the groups in which no handler has begun it. */
  readonly replace?: boolean;
}

/** Receipt of a message sent. */
export interface Receipt {
  readonly id: number;
  /** A message with this idempotency key existed already; the id is that message's. */
  readonly duplicate: boolean;
}

/** A message leased to a consumer until `until`. */
export interface Leased {
  readonly id: number;
  readonly value: unknown;
  readonly key: string | null;
  readonly priority: number;
  /** Number of this attempt, from 1. */
  readonly attempt: number;
  /** When it was sent, in milliseconds since 1970. */
  readonly sentAt: number;
  readonly idempotencyKey: string | null;
  /** `NO_HEADERS` where there are none; nobody changes them. */
  readonly headers: FlowHeaders;
  /** The async context of its sender, where the store has it. */
  readonly caller?: CallerContext | null;
}

/** Result of one lease call. */
export interface Lent {
  readonly messages: Leased[];
  /** Messages that died in this call: their leases had run out `maxAttempts` times. */
  readonly dead: readonly DeadLetter[];
}

/** Terms of a lease call. */
export interface LeaseRequest {
  readonly max: number;
  /** When the lease runs out, in milliseconds since 1970. */
  readonly until: number;
  /** Token of the lease's owner, which alone can settle it. */
  readonly token: number;
}

/** Identifies one lease of a message: an earlier lease that ran out was another attempt. */
export interface LeaseRef {
  readonly id: number;
  readonly attempt: number;
}

/** What is kept of a message beside its state: how far its handler is, what it returned, or why that could not be kept. */
export interface Note extends LeaseRef {
  readonly about: "progress" | "result" | "refusal";
  readonly value: unknown;
}

/** The latest note on a message. */
export interface Noted {
  readonly value: unknown;
  /** Number of notes about the same so far. */
  readonly revision: number;
}

/** Tokens taken from a bucket. */
export interface Tokens {
  readonly taken: number;
  /** Where none were: time until there is one, in milliseconds. */
  readonly waitMs: number;
}

/**
 * Outcomes of leased messages, settled together. A consumer that retries a message of a key releases the later ones it holds of that key.
 */
export interface Settlement {
  readonly acknowledged: readonly LeaseRef[];
  readonly again: readonly (LeaseRef & { readonly delayMs: number })[];
  readonly dead: readonly (LeaseRef & { readonly reason: string })[];
  /** Never begun: put back as they were, available after a delay (default 0), and the attempt does not count. */
  readonly released: readonly (LeaseRef & { readonly delayMs?: number })[];
}

/** A message that one group has given up. */
export interface DeadLetter<T = unknown> {
  readonly id: number;
  readonly value: T;
  readonly key: string | null;
  readonly attempts: number;
  readonly reason: string;
  /** When it was given up, in milliseconds since 1970. */
  readonly at: number;
}

/** Messages of one group by their state. */
export interface GroupDepth {
  readonly ready: number;
  /** Delayed, or waiting for their next attempt. */
  readonly delayed: number;
  readonly leased: number;
  /** Waiting behind an earlier one of their key. */
  readonly behind: number;
  readonly dead: number;
}

/** What a group looks like now, beside its depth. */
export interface GroupState extends GroupDepth {
  /** When the message was sent that has been ready for longest, in milliseconds since 1970; null: none is ready. */
  readonly oldestSentAt: number | null;
  /** Nothing of it is leased. */
  readonly paused: boolean;
}

/** A message as its group holds it. */
export interface StoredMessage<T = unknown> {
  readonly id: number;
  readonly value: T;
  readonly key: string | null;
  readonly priority: number;
  readonly state: "waiting" | "delayed" | "working" | "dead";
  /** Attempts begun. */
  readonly attempts: number;
  readonly sentAt: number;
  readonly idempotencyKey: string | null;
  readonly headers: FlowHeaders;
  /** Why it was given up; null: it was not. */
  readonly reason: string | null;
}

/** Which messages of a group to list, in the order of their ids. */
export interface ListRequest {
  readonly states: readonly StoredMessage["state"][];
  /** Only those with a higher id. */
  readonly after: number;
  readonly limit: number;
}

/** State of a message in a group; `unknown`: no message has that id. */
export type TaskState = "waiting" | "delayed" | "working" | "done" | "dead" | "unknown";

export type StoreAnswer<T> = T | Promise<T>;

/**
 * Storage of messages: the interface of every backend, verified by one contract suite. All operations take batches, and each call is all or
 * nothing. Times are milliseconds since 1970 by the clock of the store, which the callers read.
 *
 * Leases: a message is with one consumer of its group at a time; when its lease runs out it is available again; when `maxAttempts` leases
 * have run out it is dead.
 */
export interface QueueStore {
  /**
   * Adds one message of the caller of this, or returns null when there is no room, for stores where that costs next to nothing. null: not
   * supported, messages are gathered into batches.
   */
  readonly sendOne: ((value: unknown, terms: Terms, now: number) => Receipt | null) | null;
  /** The clock, where several processes must agree on one. Default: one of this process that no change of the wall clock moves. */
  readonly clock?: SteadyClock;
  /** Messages are sent to it as text, which `messageText` returns. Default false: as values of its own. */
  readonly keepsText?: boolean;
  /** True when other processes may use the same messages. */
  readonly shared: boolean;
  /** Calls back when other processes have made messages available. Default: nothing is heard of them, and consumers look again and again. */
  readonly listen?: (changed: () => void) => void;
  /** Messages that would fit now. */
  room(): StoreAnswer<number>;
  /** The group with the most messages waiting and at work. */
  fullest(): StoreAnswer<string>;
  /** Adds all messages to every group, or throws `QueueError`. */
  send(messages: readonly NewMessage[], now: number): StoreAnswer<Receipt[]>;
  /** Leases at most `max` available messages: highest priority first, then in order of sending. */
  lease(group: string, request: LeaseRequest, now: number): StoreAnswer<Lent>;
  /** Settles outcomes; returns the ids whose lease was no longer this token's, which are left alone. */
  settle(group: string, token: number, settlement: Settlement, now: number): StoreAnswer<number[]>;
  /** Extends leases; returns the ids whose lease was no longer this token's. */
  extend(group: string, token: number, leases: readonly LeaseRef[], until: number): StoreAnswer<number[]>;
  /**
   * Keeps notes on messages that are leased to the token, until a time, in place of earlier ones about the same; others are left out, and all
   * of them where there is no room. Default: notes are not kept.
   */
  note?(group: string, token: number, notes: readonly Note[], until: number, now: number): StoreAnswer<void>;
  /** null: nothing was noted, or its time is over. */
  noted?(group: string, id: number, about: Note["about"], now: number): StoreAnswer<Noted | null>;
  /**
   * Takes at most `want` tokens from a bucket that all share who use these messages: a rate limit of theirs together. Default: every process
   * has buckets of its own.
   */
  takeTokens?(group: string, bucket: string, rule: BucketRule, want: number, now: number): StoreAnswer<Tokens>;
  /** When something may next become available by time; null: nothing waits for a time. */
  nextAt(group: string): StoreAnswer<number | null>;
  depth(group: string): StoreAnswer<GroupDepth>;
  stateOf(group: string, id: number): StoreAnswer<TaskState>;
  /** As `depth`, with all that statistics tell. */
  survey(group: string): StoreAnswer<GroupState>;
  /** Messages of a group that have not left it. */
  unsettled(group: string): StoreAnswer<number>;
  list(group: string, request: ListRequest): StoreAnswer<StoredMessage[]>;
  /** Deletes messages of a group, but for those at work; returns the ids of those deleted. */
  remove(group: string, ids: readonly number[]): StoreAnswer<number[]>;
  /** Has nothing of a group leased, by any process, or lets it be leased again. */
  pause(group: string, paused: boolean): StoreAnswer<void>;
  deadLetters(group: string, limit: number): StoreAnswer<DeadLetter[]>;
  /** Makes dead messages available again, with attempts counted from 1; returns their number. */
  redrive(group: string, ids: readonly number[] | "all", now: number): StoreAnswer<number>;
  /** Deletes a group and all its messages, dead ones included; later messages are not added to it. */
  dropGroup(group: string): StoreAnswer<void>;
  /** What is known to keep it from working, as far as can be told at once. Default: nothing. */
  trouble?(): QueueError | null;
  close(): StoreAnswer<void>;
}

/** Throws a sentence when something is no store. */
export function checkStore(store: QueueStore): void {
  checkFunctions("store", store, REQUIRED, ["listen", "note", "noted", "takeTokens", "trouble"]);
}

const REQUIRED = [
  "room",
  "fullest",
  "send",
  "lease",
  "settle",
  "extend",
  "nextAt",
  "depth",
  "stateOf",
  "survey",
  "unsettled",
  "list",
  "remove",
  "pause",
  "deadLetters",
  "redrive",
  "dropGroup",
  "close",
] as const satisfies readonly (keyof QueueStore)[];

/** Options of a store. */
export interface StoreOptions {
  readonly groups: readonly string[];
  /** `key`: messages of one key are handled one after another, in order of sending. */
  readonly order: "none" | "key";
  /** Most messages of one group waiting and at work. */
  readonly capacity: number;
  /** Leases of one message that may run out before it is dead. */
  readonly maxAttempts: number;
  /** How long an idempotency key is remembered, in milliseconds. */
  readonly rememberMs: number;
  /** `shared`: a store in memory gives values out as they came in. Default `copied`. */
  readonly values?: "copied" | "shared";
  /** Wait that counts as much as one step of priority, in whole milliseconds. Default: none does. */
  readonly agingMs?: number;
}

/** Kinds of refusal. `interrupted`: whether the operation was done is not known. */
export type QueueProblem =
  | "full"
  | "closed"
  | "locked"
  | "replaced"
  | "disk full"
  | "memory full"
  | "unreachable"
  | "interrupted"
  | "damaged"
  | "foreign"
  | "version"
  | "unusable"
  | "invalid";

/** The reason why a queue refused an operation. Acknowledged messages are not lost by it. */
export class QueueError extends Error {
  override readonly name = "QueueError";

  constructor(
    readonly problem: QueueProblem,
    message: string,
  ) {
    super(message);
  }
}

export function fullError(capacity: number, group: string): QueueError {
  return new QueueError("full", `the queue is full: ${capacity} messages are waiting or at work in group ${group}`);
}

export function unknownGroup(group: string, groups: Iterable<string>): QueueError {
  return new QueueError("invalid", `there is no group "${group}"; the groups are ${[...groups].join(", ")}`);
}
