/** A status that says the server is not well just now, so that the same may be asked again. */
export function isTransientStatus(status: number): boolean {
  return status >= 500 || status === 408;
}

/** How a wait grows from one attempt to the next. */
export const BACKOFFS = ["exponential", "linear", "constant"] as const;

/** How long to wait between the attempts of one item. */
export interface BackoffRule {
  readonly backoff: (typeof BACKOFFS)[number];
  readonly baseDelay: number;
  readonly maxDelay: number;
  /** none: exactly the delay. full: anything from 0 to it. A share j: anything from (1 − j) of it to all of it. */
  readonly jitter: "none" | "full" | number;
}

/**
 * The wait before retry `retry` (from 1), in the unit of the rule. Exponential: base · 2^(retry − 1); linear: base · retry;
 * each at most `maxDelay` before jitter. `unit`: a random number in [0, 1). Full jitter: M. Brooker, "Exponential Backoff
 * and Jitter", AWS 2015.
 */
export function backoffDelay({ backoff, baseDelay, maxDelay, jitter }: BackoffRule, retry: number, unit: number): number {
  const factor = backoff === "exponential" ? 2 ** (retry - 1) : backoff === "linear" ? retry : 1;
  const delay = Math.min(maxDelay, baseDelay * factor);
  if (jitter === "none") return delay;
  return jitter === "full" ? delay * unit : delay * (1 - jitter * unit);
}

/** Longest Retry-After that is honoured, in milliseconds; a longer one ends the retries. */
export const LONGEST_RETRY_AFTER = 60_000;

/**
 * What a `Retry-After` header asks for, in milliseconds from `wallMs` (RFC 9110, 10.2.3: seconds or a date); null when
 * there is none to be read.
 */
export function retryAfterMs(header: string | null, wallMs: number): number | null {
  const text = header?.trim() ?? "";
  if (text.length > 40) return null;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!/^[A-Za-z]{3,9},? /.test(text)) return null;
  // Of the three forms a date has the oldest names no zone, and means this one.
  const at = Date.parse(/(GMT|UTC|[+-]\d{4})$/.test(text) ? text : `${text} GMT`);
  return Number.isNaN(at) ? null : Math.max(0, at - wallMs);
}
