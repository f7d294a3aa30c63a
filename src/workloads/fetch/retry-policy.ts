import type { Method } from "../../http/method.ts";
import { isIdempotent } from "../../http/method.ts";
import type { Nanoseconds } from "../../kernel/clock.ts";
import { hashOf } from "../../kernel/hash.ts";
import { backoffDelay, LONGEST_RETRY_AFTER, retryAfterMs } from "../../resilience/backoff.ts";
import { isTransient, NOT_SAVED, OUT_OF_FILES } from "./failure-name.ts";
import { COUNT } from "./report.ts";
import type { Answer } from "./request-slot.ts";
import type { RequestState } from "./request-state.ts";
import type { FetchSpec } from "./spec.ts";
import { isLasting } from "./tls-reasons.ts";

/** Decides whether and when a request is retried. */
export class RetryPolicy {
  /** The scenario declares repeats harmless, whatever the method. */
  private readonly repeatsAll: boolean;

  constructor(private readonly spec: FetchSpec) {
    const { idempotent, idempotencyKey } = spec.settings;
    this.repeatsAll = idempotent || idempotencyKey !== undefined;
  }

  /** Whether a request that a server may have read may be repeated (RFC 9110, 9.2.2). */
  mayRepeat(method: Method): boolean {
    return this.repeatsAll || isIdempotent(method);
  }

  /** Counts an item, once, that is not retried only because of its method. */
  refrain(request: RequestState): void {
    if (!request.refrained) request.figures.add(COUNT.notRepeated);
    request.refrained = true;
  }

  /** Nanoseconds to wait before the next attempt at an item, or the reason why there is none. `method`: of its first request. */
  waitBefore(request: RequestState, { status, error, unmet, retryAfter }: Answer, method: Method): Nanoseconds | string {
    const { retry } = this.spec.settings;
    const what = error ?? unmet ?? String(status);
    if (error === "deadline") return "deadline";
    const retriable = status === 429 || error === OUT_OF_FILES || isTransient(status, error);
    if (!retriable || error === NOT_SAVED || error === "host not found" || (error !== null && isLasting(error))) return what;
    const tries = request.retries + 1;
    if (tries > retry.max) return tries > 1 ? `${what} after ${tries} attempts` : what;
    if (!this.mayRepeat(method)) {
      this.refrain(request);
      return what;
    }
    const unit = hashOf(`backoff/${this.spec.seed}/${request.index}/${tries}`) / 2 ** 32;
    const backoff = backoffDelay(retry, tries, unit) * 1000;
    if ((status !== 429 && status !== 503) || error !== null) return backoff;
    const asked = retryAfterMs(retryAfter, Date.now());
    if (asked === null) return status === 429 ? Math.max(backoff, retry.maxDelay * 1000) : backoff;
    // A Retry-After of 0, or in the past by the server's clock, does not shorten the scenario's own wait.
    return asked > LONGEST_RETRY_AFTER ? `${status} asks to wait ${Math.round(asked / 1000)} s` : Math.max(backoff, asked * 1e6);
  }
}
