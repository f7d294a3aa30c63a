import { printable } from "../../kernel/text.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { BackoffRule } from "../../resilience/backoff.ts";
import type { OnFailure } from "../failures.ts";
import { DEFAULT_BACKOFF } from "../guard.ts";
import {
  BACKOFF_NAMES,
  checkBackoff,
  checkCount,
  checkDelay,
  checkFunction,
  checkName,
  checkNames,
  checkOneOf,
  checkSpan,
  checkText,
  checkTexts,
  LONGEST_MS,
  type OptionNames,
  timersOf,
} from "../options.ts";
import type { PartStats } from "../part.ts";
import type { ConsumerRule, ConsumerStats, Settled } from "./consumer/rule.ts";
import type { GroupStats } from "./group-figures.ts";
import { MOST_BYTES } from "./payload/payload.ts";
import { GroupLimit, type RateLimit } from "./rate-limits.ts";
import type { StoreOptions } from "./store.ts";

/** Waits between attempts. `baseDelay` and `maxDelay` are the same by their earlier names. */
export interface QueueBackoff extends Partial<BackoffRule> {
  /** The first wait, in milliseconds. Default 100. */
  readonly baseDelayMs?: number;
  /** The longest wait, in milliseconds. Default 10 000. */
  readonly maxDelayMs?: number;
}

function backoffRule({ baseDelayMs, maxDelayMs, ...rule }: QueueBackoff): Partial<BackoffRule> {
  return {
    ...rule,
    ...(baseDelayMs === undefined ? {} : { baseDelay: baseDelayMs }),
    ...(maxDelayMs === undefined ? {} : { maxDelay: maxDelayMs }),
  };
}

export interface MessageQueueOptions {
  /** The file that keeps the messages (created if absent). Default: the memory of this process. */
  readonly file?: string;
  /**
   * The Redis that keeps the messages, 6.2 or later, or Valkey: `redis://[user:password@]host[:port][/database]`, `rediss://` with TLS. The
   * queue is found by its name.
   */
  readonly redis?: string;
  /**
   * What a file's acknowledgements survive. `process`: a kill of this process. `power`: a loss of power, at the price of a disk sync for
   * each batch. Default `process`.
   */
  readonly durability?: "process" | "power";
  /** Every group gets every message; the consumers of a group share them. Default one group, `default`. */
  readonly groups?: readonly string[];
  /** `key`: messages of one key are handled one after another in the order of sending, retries included. Default `none`. */
  readonly order?: "none" | "key";
  /** Most messages waiting and at work, in the fullest group. Default: no limit. */
  readonly capacity?: number;
  /** What sending to a full queue does: waits for room, or rejects with `QueueError`. Default `wait`. */
  readonly whenFull?: "wait" | "reject";
  /** Largest size of the file, in bytes. Default: no limit. */
  readonly maxBytes?: number;
  /** Largest message, in bytes as text. Default 1 000 000. */
  readonly maxMessageBytes?: number;
  /**
   * `shared`, in memory only: values are passed on as they are, neither copied nor checked, at twice the speed; sender, groups and attempts
   * then have one object. Default `copied`.
   */
  readonly values?: "copied" | "shared";
  /** Duration of a lease that its consumer does not extend, in milliseconds. Default 30 000. */
  readonly visibilityMs?: number;
  /** Attempts at a message before it becomes a dead letter. Default 5. */
  readonly maxAttempts?: number;
  /** Rate limits by group: how many messages handlers begin in a time, those of all processes that share a file or Redis with the same limit. */
  readonly rateLimits?: Readonly<Record<string, RateLimit>>;
  /**
   * Wait that counts as much as one step of priority, in whole milliseconds: so no message waits for ever behind others of a higher
   * priority. A file or Redis keeps it. Default: priorities do not age.
   */
  readonly agingMs?: number;
  /** Waits between attempts, in milliseconds. */
  readonly backoff?: QueueBackoff;
  /** How long an idempotency key is remembered, in milliseconds. Default a day. */
  readonly rememberMs?: number;
  /**
   * How long the result and the progress of a message are kept, from when a handler gave them, in milliseconds. Default: they are not, and
   * `result` and `progress` are refused.
   */
  readonly resultMs?: number;
  /** Interval of polling a file for changes by other processes, and for room in a full queue, in milliseconds. Default 50. */
  readonly pollMs?: number;
  /** Longest wait for another process that locks the file, in milliseconds. Default 5000. */
  readonly busyMs?: number;
  readonly onFailure?: OnFailure;
  readonly timers?: Timers;
}

export interface ConsumeOptions {
  readonly group?: string;
  readonly name?: string;
  /** Messages handled at a time. Default 1. */
  readonly concurrency?: number;
  /**
   * Messages leased at a time; in Redis no more than 4 MB of them. Default: as many as `concurrency` at first, then up to 1000 as long as they
   * are done within milliseconds.
   */
  readonly batch?: number;
  /** Longest a handler may take, in milliseconds; then it counts as failed. */
  readonly timeoutMs?: number;
  /** Called with messages that have left the group, once the store has confirmed it. */
  readonly onSettled?: (messages: readonly Settled[]) => void;
}

export interface QueueStats extends PartStats {
  readonly sent: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly sendersWaiting: number;
  /** By consumers of this process, as are the next three. */
  readonly acknowledged: number;
  readonly retried: number;
  readonly dead: number;
  readonly lost: number;
  readonly groups: readonly GroupStats[];
  readonly consumers: readonly ConsumerStats[];
}

const DAY = 86_400_000;

const QUEUE_NAMES: OptionNames<MessageQueueOptions> = {
  file: true,
  redis: true,
  durability: true,
  groups: true,
  order: true,
  capacity: true,
  whenFull: true,
  maxBytes: true,
  maxMessageBytes: true,
  values: true,
  visibilityMs: true,
  maxAttempts: true,
  rateLimits: true,
  agingMs: true,
  backoff: true,
  rememberMs: true,
  resultMs: true,
  pollMs: true,
  busyMs: true,
  onFailure: true,
  timers: true,
};
const QUEUE_BACKOFF_NAMES: OptionNames<QueueBackoff> = { ...BACKOFF_NAMES, baseDelayMs: true, maxDelayMs: true };
const CONSUME_NAMES: OptionNames<ConsumeOptions> = {
  group: true,
  name: true,
  concurrency: true,
  batch: true,
  timeoutMs: true,
  onSettled: true,
};

export function checkQueueOptions(options: MessageQueueOptions): void {
  checkNames(options, QUEUE_NAMES);
  checkNames(options.backoff, QUEUE_BACKOFF_NAMES, "backoff.");
  timersOf(options.timers);
  checkGroups(options.groups);
  checkText("file", options.file);
  checkText("redis", options.redis);
  checkCount("capacity", options.capacity, 1);
  checkCount("maxAttempts", options.maxAttempts, 1);
  checkSpan("visibilityMs", options.visibilityMs);
  checkSpan("pollMs", options.pollMs);
  checkSpan("rememberMs", options.rememberMs);
  checkSpan("resultMs", options.resultMs);
  checkDelay("busyMs", options.busyMs);
  checkDelay("backoff.baseDelayMs", options.backoff?.baseDelayMs);
  checkDelay("backoff.maxDelayMs", options.backoff?.maxDelayMs);
  checkBackoff("backoff", options.backoff);
  checkCount("maxBytes", options.maxBytes, 1);
  checkCount("maxMessageBytes", options.maxMessageBytes, 1);
  checkOneOf("whenFull", options.whenFull, ["wait", "reject"]);
  checkCount("agingMs", options.agingMs, 1, LONGEST_MS);
  if (typeof (options.rateLimits ?? {}) !== "object")
    throw new RangeError(`rateLimits: must be an object, got ${String(options.rateLimits)}`);
  for (const [group, limit] of Object.entries(options.rateLimits ?? {})) {
    if (!(options.groups ?? ["default"]).includes(group)) throw new RangeError(`rateLimits: there is no group "${group}"`);
    GroupLimit.check(`rateLimits.${group}`, limit);
  }
  const inMemory = options.file === undefined && options.redis === undefined;
  checkOneOf("values", options.values, inMemory ? ["copied", "shared"] : ["copied"]);
  if (options.redis !== undefined)
    for (const other of ["file", "durability", "maxBytes", "busyMs"] as const)
      if (options[other] !== undefined) throw new RangeError(`${other}: is for a queue in a file, not in Redis`);
  checkOneOf("durability", options.durability, ["process", "power"]);
  checkOneOf("order", options.order, ["none", "key"]);
}

function checkGroups(groups: readonly string[] | undefined): void {
  checkTexts("groups", groups);
  if (groups === undefined) return;
  if (new Set(groups).size !== groups.length) throw new RangeError("groups: must name each group once");
  if (groups.length === 0) throw new RangeError("groups: must name at least one group, got none");
}

/** Throws a sentence when a queue cannot be found by this name. */
export function checkQueueName(name: string): void {
  if (typeof name !== "string") throw new RangeError(`a queue's name must be a text, got ${String(name)}`);
  if (!name.isWellFormed()) throw new RangeError(`a queue's name must be a text of whole characters, got "${printable(name, 100)}"`);
}

export function checkConsuming(handler: unknown, options: ConsumeOptions): void {
  checkFunction("handler", handler);
  checkNames(options, CONSUME_NAMES);
  checkName(options.name);
  if (options.onSettled !== undefined) checkFunction("onSettled", options.onSettled);
  checkCount("concurrency", options.concurrency, 1);
  checkCount("batch", options.batch, 1);
  checkSpan("timeoutMs", options.timeoutMs);
}

/** The settings of a consumer, with defaults filled in. */
export function consumerRule(
  options: ConsumeOptions,
  settings: MessageQueueOptions,
  queue: string,
  name: string,
  groups: readonly string[],
  paused: () => boolean,
): ConsumerRule {
  const {
    visibilityMs = 30_000,
    maxAttempts = 5,
    backoff = {},
    order,
    pollMs = 50,
    resultMs = null,
    maxMessageBytes = MOST_BYTES,
  } = settings;
  const { group = groups[0] as string, concurrency = 1, batch = null, timeoutMs = Number.POSITIVE_INFINITY, onSettled } = options;
  const fromQueue = {
    visibilityMs,
    maxAttempts,
    backoff: { ...DEFAULT_BACKOFF, ...backoffRule(backoff) },
    ordered: order === "key",
    pollMs,
    resultMs,
    maxMessageBytes,
    shares: settings.values === "shared",
  };
  return { ...fromQueue, queue, name, group, concurrency, batch, timeoutMs, onSettled, paused };
}

export function storeOptionsOf(options: MessageQueueOptions): StoreOptions {
  return {
    groups: options.groups ?? ["default"],
    order: options.order ?? "none",
    capacity: options.capacity ?? Number.POSITIVE_INFINITY,
    maxAttempts: options.maxAttempts ?? 5,
    rememberMs: options.rememberMs ?? DAY,
    values: options.values ?? "copied",
    ...(options.agingMs === undefined ? {} : { agingMs: options.agingMs }),
  };
}
