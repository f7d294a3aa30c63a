import { isThenable, promiseOf } from "../kernel/promises.ts";
import { chance, pause, type Timers, within } from "../kernel/timers.ts";
import { type BackoffRule, backoffDelay } from "../resilience/backoff.ts";
import { BREAKER_STATES, CircuitBreakers } from "../resilience/circuit-breaker.ts";
import { TimedOut } from "./failures.ts";
import { BACKOFF_NAMES, checkBackoff, checkCount, checkFunction, checkGiven, checkNames, checkSpan, type OptionNames } from "./options.ts";

/** How failed calls are retried. Times in milliseconds. */
export interface RetryRule extends Partial<BackoffRule> {
  /** Attempts after the first. */
  readonly max: number;
  /** Whether this error is worth another attempt. Default: always. */
  readonly when?: (error: unknown) => boolean;
}

/** Default waits between attempts, in milliseconds. */
export const DEFAULT_BACKOFF: BackoffRule = { backoff: "exponential", baseDelay: 100, maxDelay: 10_000, jitter: "full" };

/** Options of a circuit breaker. */
export interface BreakerOptions {
  /** Consecutive failed attempts that open it. */
  readonly failureThreshold: number;
  /** Milliseconds it stays open before one trial attempt. */
  readonly openForMs: number;
}

/** Protection of a call; without an option that protection is off. */
export interface GuardOptions {
  /** Longest one attempt may take, in milliseconds; its signal is aborted then. */
  readonly timeoutMs?: number;
  readonly retry?: RetryRule;
  /** Refuses calls for a while after a number of failures in a row. */
  readonly circuitBreaker?: BreakerOptions;
}

export const GUARD_NAMES: OptionNames<GuardOptions> = { timeoutMs: true, retry: true, circuitBreaker: true };
const RETRY_NAMES: OptionNames<RetryRule> = { ...BACKOFF_NAMES, max: true, when: true };

/** Thrown instead of making the call while the breaker is open. */
export class Refused extends Error {
  override readonly name = "Refused";

  constructor() {
    super("refused: the circuit breaker is open");
  }
}

/** One attempt at a call; `tried`: its number, from 1. */
export type Attempt<T> = (signal: AbortSignal, tried: number) => T | PromiseLike<T>;

const NANOS = 1e6;
const TIMED_OUT = Symbol("timed out");

/** Makes calls of one kind with a time limit, retries and a circuit breaker. */
export class Guard {
  retries = 0;
  timeouts = 0;
  refused = 0;
  private readonly breaker: CircuitBreakers | null;

  constructor(
    private readonly options: GuardOptions,
    private readonly timers: Timers,
  ) {
    checkNames(options, GUARD_NAMES);
    const { circuitBreaker, retry } = options;
    checkNames(retry, RETRY_NAMES, "retry.");
    checkNames(circuitBreaker, { failureThreshold: true, openForMs: true }, "circuitBreaker.");
    if (retry !== undefined) checkGiven("retry.max", retry.max);
    checkCount("retry.max", retry?.max, 0);
    if (retry?.when !== undefined) checkFunction("retry.when", retry.when);
    checkBackoff("retry", retry);
    checkSpan("timeoutMs", options.timeoutMs);
    if (circuitBreaker !== undefined) {
      checkGiven("circuitBreaker.failureThreshold", circuitBreaker.failureThreshold);
      checkGiven("circuitBreaker.openForMs", circuitBreaker.openForMs);
    }
    checkCount("circuitBreaker.failureThreshold", circuitBreaker?.failureThreshold, 1);
    checkSpan("circuitBreaker.openForMs", circuitBreaker?.openForMs);
    this.breaker =
      circuitBreaker === undefined
        ? null
        : new CircuitBreakers(
            { failureThreshold: circuitBreaker.failureThreshold, openFor: circuitBreaker.openForMs * NANOS },
            CircuitBreakers.memory(1),
          );
  }

  /** True when no option asks for anything. */
  static isIdle({ timeoutMs, retry, circuitBreaker }: GuardOptions): boolean {
    return timeoutMs === undefined && retry === undefined && circuitBreaker === undefined;
  }

  get breakerState(): (typeof BREAKER_STATES)[number] {
    return BREAKER_STATES[this.breaker?.worst ?? 0];
  }

  /** Calls, and resolves with the answer; rejects with the last attempt's error. `signal`: no attempt begins once it is aborted. */
  async call<T>(attempt: Attempt<T>, signal?: AbortSignal): Promise<T> {
    const { retry } = this.options;
    signal?.throwIfAborted();
    for (let tried = 1; ; tried++) {
      try {
        return await this.once(attempt, tried, signal);
      } catch (error) {
        const more =
          retry !== undefined && !(error instanceof Refused) && tried <= retry.max && !isAborted(signal) && (retry.when?.(error) ?? true);
        if (!more) throw error;
        await pause(this.timers, backoffDelay({ ...DEFAULT_BACKOFF, ...retry }, tried, chance(this.timers)), signal);
        if (isAborted(signal)) throw error;
        this.retries++;
      }
    }
  }

  private async once<T>(attempt: Attempt<T>, tried: number, outer: AbortSignal | undefined): Promise<T> {
    const began = this.timers.now() * NANOS;
    const admission = this.breaker?.admit("", began) ?? "call";
    if (admission === "refused") {
      this.refused++;
      throw new Refused();
    }
    try {
      const value = await this.inTime(attempt, tried, outer);
      this.breaker?.succeeded("", admission, began);
      return value;
    } catch (error) {
      this.breaker?.failed("", admission, this.timers.now() * NANOS, began);
      throw error;
    }
  }

  private async inTime<T>(attempt: Attempt<T>, tried: number, outer: AbortSignal | undefined): Promise<T> {
    const { timeoutMs } = this.options;
    const abort = new AbortController();
    const signal = outer === undefined ? abort.signal : AbortSignal.any([abort.signal, outer]);
    const answer = attempt(signal, tried);
    if (timeoutMs === undefined || !isThenable(answer)) return answer;
    const value = await within(this.timers, timeoutMs, promiseOf(answer), TIMED_OUT, outer);
    if (value !== TIMED_OUT) return value as T;
    this.timeouts++;
    const error = new TimedOut(timeoutMs);
    abort.abort(error);
    throw error;
  }
}

/** The guard that is asked for among other options; null: none is. */
export function guardAmong({ timeoutMs, retry, circuitBreaker }: GuardOptions, timers: Timers): Guard | null {
  const options = {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(retry === undefined ? {} : { retry }),
    ...(circuitBreaker === undefined ? {} : { circuitBreaker }),
  };
  return Guard.isIdle(options) ? null : new Guard(options, timers);
}

/** Read anew each time: it changes while other code runs. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
