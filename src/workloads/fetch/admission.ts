import type { Nanoseconds } from "../../kernel/clock.ts";
import { CircuitBreakers, type CircuitVerdict } from "../../resilience/circuit-breaker.ts";
import { RateLimiter } from "../../resilience/rate-limiter.ts";
import type { Effort } from "../workload.ts";
import { isTransient } from "./failure-name.ts";
import type { LiveFigures } from "./live-figures.ts";
import { Pace } from "./pace.ts";
import { COUNT } from "./report.ts";
import type { Answer } from "./request-slot.ts";
import type { RequestState } from "./request-state.ts";
import type { FetchSpec } from "./spec.ts";
import type { RequestWindow } from "./window.ts";

/** Admission of requests by circuit breaker and rate; outcomes of earlier requests count. */
export class Admission {
  private readonly breakers: CircuitBreakers | null;
  private readonly limiter: RateLimiter | null;
  private readonly pace: Pace | null;

  constructor(
    { settings: { circuitBreaker: breaker, rateLimit }, shared }: FetchSpec,
    private readonly effort: Effort,
    private readonly figures: LiveFigures,
    private readonly window: RequestWindow,
  ) {
    this.breakers = breaker === false ? null : new CircuitBreakers({ ...breaker, openFor: breaker.openFor * 1000 }, shared.breakers);
    this.limiter = rateLimit === false ? null : new RateLimiter(rateLimit, shared.limiter);
    this.pace = this.limiter === null ? null : new Pace(this.limiter, effort);
    figures.set(COUNT.limit, window.shown);
  }

  /** True while the circuit of a host is open. Changes nothing: probes are let out by `admit`. */
  refuses(host: string): boolean {
    return this.breakers?.refuses(host, this.effort.now()) === true;
  }

  /** Admits one request to a host, as a probe where its circuit allows one. */
  admit(host: string): CircuitVerdict {
    return this.breakers?.admit(host, this.effort.now()) ?? "call";
  }

  /** True where requests wait for a rate limiter. */
  get paces(): boolean {
    return this.pace !== null;
  }

  /** Waits for a turn by the rate; false when the deadline or the end of the run came first. */
  async turn({ deadline, figures }: Pick<RequestState, "deadline" | "figures">): Promise<boolean> {
    if (this.pace === null) return true;
    const from = this.effort.now();
    const mayGo = await this.pace.turn(deadline);
    figures.add(COUNT.paced, this.effort.now() - from);
    return mayGo;
  }

  /** Reports a request's outcome to breaker, rate limiter and window. */
  recordOutcome({ host, figures }: RequestState, answer: Answer, verdict: CircuitVerdict, started: Nanoseconds): void {
    const { status, error, ok } = answer;
    const ended = this.effort.now();
    const limited = status === 429 && error === null && !ok;
    const ill = !ok && isTransient(status, error);
    this.guard(host, answer, ill, verdict, started, ended);
    if (limited) {
      figures.add(COUNT.limited);
      this.limiter?.refused(started, ended);
    } else if (!ill) this.limiter?.succeeded();
    if (!this.window.adapts) return;
    if (limited || ill) this.window.overloaded(started, ended);
    else this.window.succeeded(started, ended);
    this.figures.set(COUNT.limit, this.window.shown);
  }

  private guard(
    host: string,
    { status, error, stale, ok }: Answer,
    ill: boolean,
    verdict: CircuitVerdict,
    started: Nanoseconds,
    ended: Nanoseconds,
  ): void {
    if (this.breakers === null) return;
    // A 4xx shows that the host answers, 408 included: enough for a probe, but no evidence about other requests.
    const there = ok || (error === null && status < 500);
    if (there && (ok || status < 400 || verdict === "probe")) this.breakers.succeeded(host, verdict, started);
    else if (there || !ill || stale !== null) this.breakers.ignored(host, verdict, ended, started);
    else this.breakers.failed(host, verdict, ended, started);
  }

  halt(): void {
    this.pace?.halt();
  }
}
