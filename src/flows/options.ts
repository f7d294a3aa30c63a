import { BACKOFFS, type BackoffRule } from "../resilience/backoff.ts";

/** Throws a sentence when an option is given and is no whole number of at least `least`; Infinity is allowed. */
export function checkCount(what: string, value: number | undefined, least: number): void {
  if (value === undefined || value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= least)) return;
  throw new RangeError(`${what}: must be a whole number of at least ${least}, got ${String(value)}`);
}

/** The same for a span in milliseconds: more than 0. */
export function checkSpan(what: string, value: number | undefined): void {
  if (value === undefined || value > 0) return;
  throw new RangeError(`${what}: must be more than 0 milliseconds, got ${String(value)}`);
}

/** The same for a span that may be 0, and is not endless. */
export function checkDelay(what: string, value: number | undefined): void {
  if (value === undefined || (value >= 0 && Number.isFinite(value))) return;
  throw new RangeError(`${what}: must be a number of milliseconds, 0 or more, got ${String(value)}`);
}

/** The same for how long to wait between attempts. */
export function checkBackoff(what: string, rule: Partial<BackoffRule> | undefined): void {
  checkOneOf(`${what}.backoff`, rule?.backoff, BACKOFFS);
  checkDelay(`${what}.baseDelay`, rule?.baseDelay);
  checkDelay(`${what}.maxDelay`, rule?.maxDelay);
  const jitter = rule?.jitter;
  if (jitter === undefined || jitter === "none" || jitter === "full" || (typeof jitter === "number" && jitter >= 0 && jitter <= 1)) return;
  throw new RangeError(`${what}.jitter: must be none, full or a number from 0 to 1, got ${String(jitter)}`);
}

/** The same for a word that must be one of a few. */
export function checkOneOf(what: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return;
  throw new RangeError(`${what}: must be ${known.join(" or ")}, got ${String(value)}`);
}
