import { type FlowHeaders, NO_HEADERS } from "../headers.ts";
import { checkNames, checkSignal, LONGEST_MS, type OptionNames } from "../options.ts";
import { headersOf } from "../tracing.ts";
import { QueueError, type Terms } from "./store.ts";

export interface SendOptions {
  /** Messages of one key can be kept in order. */
  readonly key?: string;
  /** Higher goes first. Default 0. Not allowed with a key in a queue that keeps keys in order. */
  readonly priority?: number;
  /** Delay before it is available, in milliseconds. */
  readonly delayMs?: number;
  /** A second message with the same key is not added. */
  readonly idempotencyKey?: string;
  /**
   * With an idempotency key: this message takes the place of the one with the same key, with a value and a delay of its own, in every group
   * in which no handler has begun that one. Default: it is a duplicate.
   */
  readonly replace?: boolean;
  /** What accompanies the message: pairs of text. The trace of what is being handled goes along by itself. */
  readonly headers?: FlowHeaders;
  /** For this message: `reject` does not wait for room, whatever the queue's rule. */
  readonly whenFull?: "reject";
  /** Aborted before the message is added: it is not, and the send rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const SEND_NAMES: OptionNames<SendOptions> = {
  key: true,
  priority: true,
  delayMs: true,
  idempotencyKey: true,
  replace: true,
  headers: true,
  whenFull: true,
  signal: true,
};

/** The default, which needs no check. */
export const PLAIN: SendOptions = {};
const PLAIN_TERMS: Terms = { key: null, priority: 0, delayMs: 0, idempotencyKey: null, headers: NO_HEADERS };

/** Highest priority; the lowest is its negative. */
const HIGHEST = 1000;

/** What a queue demands of the terms of its messages. */
export interface TermsRule {
  readonly ordered: boolean;
  /** Largest message, and largest headers, in bytes as text. */
  readonly maxMessageBytes: number;
}

type Nullable<O> = { readonly [K in keyof O]: O[K] | null };

/**
 * The terms that options ask for, with the trace of the caller among the headers. Throws `QueueError` that names what is invalid, `RangeError`
 * for an option that does not exist.
 */
export function termsOf(options: SendOptions, rule: TermsRule): Terms {
  if (options !== PLAIN) {
    checkNames(options, SEND_NAMES);
    checkSignal(options.signal ?? undefined);
  }
  const headers = headersOf(options.headers ?? undefined);
  if (options === PLAIN && headers === NO_HEADERS) return PLAIN_TERMS;
  return checked(options, headers === NO_HEADERS ? headers : keptHeaders(headers, rule), rule);
}

/** A frozen copy; `NO_HEADERS` where none are left. */
function keptHeaders(headers: FlowHeaders, { maxMessageBytes }: TermsRule): FlowHeaders {
  if (Object.keys(headers).length === 0) return NO_HEADERS;
  const bytes = Buffer.byteLength(JSON.stringify(headers));
  if (bytes > maxMessageBytes) throw new QueueError("invalid", `headers: may be ${maxMessageBytes} bytes as text, these have ${bytes}`);
  return Object.freeze({ ...headers });
}

function checked(
  { key = null, priority = 0, delayMs = 0, idempotencyKey = null, replace, whenFull }: Nullable<SendOptions>,
  headers: FlowHeaders,
  { ordered }: TermsRule,
): Terms {
  if (!Number.isInteger(priority) || Math.abs(priority ?? 0) > HIGHEST)
    throw invalid("priority", `a whole number from -${HIGHEST} to ${HIGHEST}`, priority);
  if (typeof delayMs !== "number" || !(delayMs >= 0)) throw invalid("delayMs", "0 or more", delayMs);
  if (delayMs > LONGEST_MS) throw invalid("delayMs", `at most ${LONGEST_MS}`, delayMs);
  if (replace !== undefined && replace !== null && typeof replace !== "boolean") throw invalid("replace", "true or false", replace);
  if (whenFull !== undefined && whenFull !== null && whenFull !== "reject") throw invalid("whenFull", "reject", whenFull);
  checkText("key", key);
  checkText("idempotencyKey", idempotencyKey);
  if (key !== null && priority !== 0 && ordered)
    throw new QueueError("invalid", "priority: a message with a key keeps its place in a queue of order key");
  if (replace !== true) return { key, priority: priority ?? 0, delayMs, idempotencyKey, headers };
  if (idempotencyKey === null) throw new QueueError("invalid", "replace: needs an idempotencyKey, which says what is replaced");
  return { key, priority: priority ?? 0, delayMs, idempotencyKey, headers, replace };
}

function checkText(field: string, text: string | null): void {
  if (text === null) return;
  if (typeof text !== "string" || text === "" || text.length > 512)
    throw invalid(field, "a text of 1 to 512 characters", typeof text === "string" ? `${text.length} characters` : text);
  // Files keep well-formed text only: two texts that differ in a lone surrogate would become the same.
  if (!text.isWellFormed()) throw invalid(field, "a text of whole characters", text.replace(/[^\x20-\x7e]/g, "?"));
}

function invalid(field: string, rule: string, got: unknown): QueueError {
  return new QueueError("invalid", `${field}: must be ${rule}, got ${String(got)}`);
}
