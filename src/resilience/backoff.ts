/** True for a status of a temporary failure, so that the request may be retried. */
export function isTransientStatus(status: number): boolean {
  return status >= 500 || status === 408;
}

/** How the wait grows from one retry to the next. */
export const BACKOFFS = ["exponential", "linear", "constant"] as const;

/** Waits between the attempts at one item. */
export interface BackoffRule {
  readonly backoff: (typeof BACKOFFS)[number];
  readonly baseDelay: number;
  readonly maxDelay: number;
  /** none: exactly the delay. full: uniform from 0 to the delay. A share j: uniform from (1 − j) of the delay to all of it. */
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
 * The wait that a `Retry-After` header asks for, in milliseconds from `wallMs` (RFC 9110, 10.2.3: seconds or a date); null when it has none
 * that can be read.
 */
export function retryAfterMs(header: string | null, wallMs: number): number | null {
  const text = header?.trim() ?? "";
  if (text.length > 40) return null;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!/^[A-Za-z]{3,9},? /.test(text)) return null;
  // The oldest of the three date forms names no zone and means GMT.
  const at = Date.parse(/(GMT|UTC|[+-]\d{4})$/.test(text) ? text : `${text} GMT`);
  return Number.isNaN(at) ? null : Math.max(0, at - wallMs);
}
