/** A message on its way into a queue. */
export interface NewMessage {
  readonly value: unknown;
  readonly terms: Terms;
}

/** How a message is to be kept; the same object may stand for many of them. */
export interface Terms {
  /** Messages of one key can be kept in order; null: of no key. */
  readonly key: string | null;
  /** Higher goes first. */
  readonly priority: number;
  readonly delayMs: number;
  /** A second message with the same one is not taken in. */
  readonly idempotencyKey: string | null;
}

export interface Receipt {
  readonly id: number;
  /** A message with this idempotency key was there before; the id is that one's. */
  readonly duplicate: boolean;
}

/** A message lent to a consumer until its lease runs out. */
export interface Leased {
  readonly id: number;
  readonly value: unknown;
  readonly key: string | null;
  readonly priority: number;
  /** Which attempt at it this is, from 1. */
  readonly attempt: number;
  /** When it was sent, in milliseconds since 1970. */
  readonly sentAt: number;
  readonly idempotencyKey: string | null;
}

/** What one call lends. */
export interface Lent {
  readonly messages: Leased[];
  /** Messages that died of this call: their leases had run out as often as attempts are allowed. */
  readonly dead: readonly DeadLetter[];
}

export interface LeaseRequest {
  readonly max: number;
  /** When the lease runs out, in milliseconds since 1970. */
  readonly until: number;
  /** Whose lease it is; only with the same token it can be settled. */
  readonly token: number;
}

/** Which lease of a message is meant: one that ran out was another attempt. */
export interface LeaseRef {
  readonly id: number;
  readonly attempt: number;
}

/** What became of leased messages, told together. Who tries a message of a key again releases the later ones it holds of that key. */
export interface Settlement {
  readonly acknowledged: readonly LeaseRef[];
  readonly again: readonly (LeaseRef & { readonly delayMs: number })[];
  readonly dead: readonly (LeaseRef & { readonly reason: string })[];
  /** Never begun: back as they were, and the attempt does not count. */
  readonly released: readonly LeaseRef[];
}

/** A message of one group that was given up. */
export interface DeadLetter {
  readonly id: number;
  readonly value: unknown;
  readonly key: string | null;
  readonly attempts: number;
  readonly reason: string;
  /** When it was given up, in milliseconds since 1970. */
  readonly at: number;
}

/** Messages of one group by their state. */
export interface GroupDepth {
  readonly ready: number;
  /** Waiting for their time: delayed, or to be tried again. */
  readonly delayed: number;
  readonly leased: number;
  /** Waiting for an earlier one of their key. */
  readonly behind: number;
  readonly dead: number;
}

export type TaskState = "waiting" | "delayed" | "working" | "done" | "dead" | "unknown";

type Answer<T> = T | Promise<T>;

/**
 * Where messages are kept: the one interface every engine of a queue has, held by one contract suite. Everything goes in batches,
 * and each call is all or nothing. Times are milliseconds since 1970.
 *
 * What leases say: a message is with one consumer of its group at a time; a lease that runs out makes it available again; a message whose
 * lease has run out as often as attempts are allowed is dead.
 */
export interface QueueStore {
  /**
   * Where sending costs next to nothing: takes one message in at once, or gives null when there is no room. null: it does not, so what
   * is sent is gathered into batches.
   */
  readonly sendOne: ((value: unknown, terms: Terms, now: number) => Receipt | null) | null;
  /** True when other processes may use the same messages. */
  readonly shared: boolean;
  /** Messages that would fit now. */
  room(): Answer<number>;
  /** The group that has the most messages waiting and at work. */
  fullest(): Answer<string>;
  /** Takes all in, for every group, or throws `QueueError`. */
  send(messages: readonly NewMessage[], now: number): Answer<Receipt[]>;
  /** At most so many of those that are available: higher priority first, then as they were sent. */
  lease(group: string, request: LeaseRequest, now: number): Answer<Lent>;
  /** Gives the ids whose lease was no longer this one's: nothing was done about those. */
  settle(group: string, token: number, settlement: Settlement, now: number): Answer<number[]>;
  /** Lengthens leases; gives the ids whose lease was no longer this one's. */
  extend(group: string, token: number, leases: readonly LeaseRef[], until: number): Answer<number[]>;
  /** When something that is not available now may become so; null: nothing is waiting for a time. */
  nextAt(group: string): Answer<number | null>;
  depth(group: string): Answer<GroupDepth>;
  stateOf(group: string, id: number): Answer<TaskState>;
  deadLetters(group: string, limit: number): Answer<DeadLetter[]>;
  /** Makes dead messages available again, from their first attempt; gives how many. */
  redrive(group: string, ids: readonly number[] | "all", now: number): Answer<number>;
  /** Throws away a group and all its messages, dead ones too; what is sent from now on is not for it. */
  dropGroup(group: string): Answer<void>;
  close(): Answer<void>;
}

export interface StoreOptions {
  readonly groups: readonly string[];
  /** `key`: messages of one key are worked one after another, as they were sent. */
  readonly order: "none" | "key";
  /** Messages that one group may have waiting and at work. */
  readonly capacity: number;
  /** Leases of one message that may run out. */
  readonly maxAttempts: number;
  /** How long an idempotency key is remembered, in milliseconds. */
  readonly rememberMs: number;
}

export type QueueProblem = "full" | "closed" | "locked" | "disk full" | "damaged" | "foreign" | "version" | "unusable" | "invalid";

/** Why a queue did not do what it was asked. Nothing that was acknowledged is lost by it. */
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
