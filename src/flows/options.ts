import { suggestion } from "../kernel/spelling.ts";
import { printable } from "../kernel/text.ts";
import { realTimers, type Timers } from "../kernel/timers.ts";
import { BACKOFFS, type BackoffRule } from "../resilience/backoff.ts";

/** Longest span of options that must end, in milliseconds: 30 years. */
export const LONGEST_MS = 1e12;

/** The names of all options of a kind; the compiler demands each. */
export type OptionNames<Options> = { readonly [Name in keyof Required<Options>]: true };

export const BACKOFF_NAMES: OptionNames<BackoffRule> = { backoff: true, baseDelay: true, maxDelay: true, jitter: true };

/** Throws a sentence for an option that does not exist, and for what is no object of options. `place`: what they belong to, such as `retry.`. */
export function checkNames<Options extends object>(options: Options | undefined, names: OptionNames<Options>, place = ""): void {
  if (options !== undefined && typeof options !== "object")
    throw new RangeError(`${place === "" ? "options" : place.replace(/\W+$/, "")}: must be an object, got ${String(options)}`);
  for (const name in options) {
    if (Object.hasOwn(names, name) || isEverybodys(options, name)) continue;
    throw new RangeError(`${place}${printable(name, 100)}: there is no such option${suggestion(name, Object.keys(names))}`);
  }
}

/** True for what some library has given to all objects. */
function isEverybodys(options: object, name: string): boolean {
  return name in Object.prototype && !Object.hasOwn(options, name);
}

/** Throws a sentence when an option is given and is not a whole number from `least` to `most`; without `most` Infinity is allowed. */
export function checkCount(what: string, value: number | undefined, least: number, most = Number.POSITIVE_INFINITY): void {
  checkMost(what, value, most);
  if (value === undefined || value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= least)) return;
  throw new RangeError(`${what}: must be a whole number of at least ${least}, got ${String(value)}`);
}

/** Throws a sentence when a span in milliseconds is given and is not more than 0, or more than `most`. */
export function checkSpan(what: string, value: number | undefined, most = Number.POSITIVE_INFINITY): void {
  checkMost(what, value, most);
  if (value === undefined || (typeof value === "number" && value > 0)) return;
  throw new RangeError(`${what}: must be more than 0 milliseconds, got ${String(value)}`);
}

function checkMost(what: string, value: number | undefined, most: number): void {
  if (value !== undefined && value > most) throw new RangeError(`${what}: must be at most ${most}, got ${String(value)}`);
}

/** Throws a sentence when a span in milliseconds is given and is negative or infinite. */
export function checkDelay(what: string, value: number | undefined): void {
  if (value === undefined || (Number.isFinite(value) && value >= 0)) return;
  throw new RangeError(`${what}: must be a number of milliseconds, 0 or more, got ${String(value)}`);
}

/** Throws a sentence when a rule of waits between attempts is invalid. */
export function checkBackoff(what: string, rule: Partial<BackoffRule> | undefined): void {
  checkOneOf(`${what}.backoff`, rule?.backoff, BACKOFFS);
  checkDelay(`${what}.baseDelay`, rule?.baseDelay);
  checkDelay(`${what}.maxDelay`, rule?.maxDelay);
  const jitter = rule?.jitter;
  if (jitter === undefined || jitter === "none" || jitter === "full" || (typeof jitter === "number" && jitter >= 0 && jitter <= 1)) return;
  throw new RangeError(`${what}.jitter: must be none, full or a number from 0 to 1, got ${String(jitter)}`);
}

/** Throws a sentence when an option that must be given is not. */
export function checkGiven(what: string, value: unknown): void {
  if (value === undefined) throw new RangeError(`${what}: must be given`);
}

/** Throws a sentence when a name is given and is no text. */
export function checkName(name: string | undefined): void {
  checkText("name", name);
}

/** Throws a sentence when something is given and is no text. */
export function checkText(what: string, value: string | undefined): void {
  if (value === undefined || typeof value === "string") return;
  throw new RangeError(`${what}: must be a text, got ${printable(String(value), 100)}`);
}

/** Throws a sentence when something is given and is no list of texts. */
export function checkTexts(what: string, value: readonly string[] | undefined): void {
  if (value === undefined || areTexts(value)) return;
  throw new RangeError(`${what}: must be a list of texts, got ${printable(String(value), 100)}`);
}

/** Throws a sentence when something is given and is neither a text nor a list of texts. */
export function checkTextOrTexts(what: string, value: string | readonly string[] | undefined): void {
  if (value === undefined || typeof value === "string" || areTexts(value)) return;
  throw new RangeError(`${what}: must be a text or a list of texts, got ${printable(String(value), 100)}`);
}

function areTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** Throws a sentence when something is given and is neither true nor false. */
export function checkFlag(what: string, value: boolean | undefined): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new RangeError(`${what}: must be true or false, got ${String(value)}`);
}

/** Throws a sentence when a signal is given and is none. */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || typeof signal?.addEventListener === "function") return;
  throw new RangeError(`signal: must be an AbortSignal, got ${String(signal)}`);
}

/** Throws a sentence when something is no id of a message; one that no message has passes. */
export function checkId(what: string, id: unknown): void {
  if (Number.isInteger(id)) return;
  if (typeof id !== "string") throw new RangeError(`${what}: must be a whole number, got ${String(id)}`);
  const meant = /^\d+$/.test(id) ? `; did you mean ${id}, without quotes?` : "";
  throw new RangeError(`${what}: must be a whole number, got "${printable(id, 100)}"${meant}`);
}

/** Throws a sentence when something to be called is no function. */
export function checkFunction(what: string, value: unknown): void {
  if (typeof value !== "function") throw new TypeError(`${what}: must be a function, got ${String(value)}`);
}

/** Throws a sentence when something is no object with functions of all names, or has others than functions of those that may be missing. */
export function checkFunctions<T extends object>(
  what: string,
  value: T,
  names: readonly (keyof T & string)[],
  optional: readonly (keyof T & string)[] = [],
): void {
  if (typeof value !== "object" || value === null) throw new TypeError(`${what}: must be an object, got ${printable(String(value), 100)}`);
  for (const name of names) checkFunction(`${what}.${name}`, value[name]);
  for (const name of optional) if (value[name] !== undefined) checkFunction(`${what}.${name}`, value[name]);
}

/** The clock and timers of an option, by default those of this machine. Throws a sentence when they lack something. */
export function timersOf(timers: Timers = realTimers): Timers {
  checkFunctions("timers", timers, ["now", "wall", "after"], ["stamp", "pulse", "soon", "random"]);
  return timers;
}

/** Throws a sentence when a word is given and is not one of `known`. */
export function checkOneOf(what: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return;
  throw new RangeError(`${what}: must be ${known.join(" or ")}, got ${String(value)}`);
}
