import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Effort } from "../workload.ts";
import type { Admission } from "./admission.ts";
import type { Cookies } from "./cookies.ts";
import type { Records } from "./records.ts";
import { hopProblem } from "./redirect.ts";
import { COUNT } from "./report.ts";
import type { Answer, RequestSlot } from "./request-slot.ts";
import type { RequestSlots } from "./request-slots.ts";
import type { RequestState } from "./request-state.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { Router } from "./router.ts";
import type { FetchSpec } from "./spec.ts";

/** Why no request was sent: its host's circuit is open, or its deadline came first. */
export type Withheld = "circuit open" | "deadline";

/**
 * Sends every request of one thread: admission, slot, counting, log.
 *
 * One try at an item:
 *
 * | state         | event                                             | next                            |
 * |---------------|---------------------------------------------------|---------------------------------|
 * | to be sent    | the host's circuit is open                        | ended: circuit open             |
 * | to be sent    | the rate gives it a turn, and a slot is free      | out                             |
 * | to be sent    | the deadline                                      | ended: deadline                 |
 * | to be sent    | halt                                              | ended: stopped, not counted     |
 * | out           | the kept connection was over before any answer, and it may be sent again | out, over a new connection |
 * | out           | a redirect that is followed                       | to be sent, to where it leads   |
 * | out           | any other answer, an error, or time is up         | ended: that answer              |
 * | out           | halt                                              | ended: stopped, counted at once |
 */
export class AttemptSender {
  private halted = false;

  constructor(
    private readonly spec: FetchSpec,
    private readonly effort: Effort,
    private readonly slots: RequestSlots<RequestState>,
    private readonly admission: Admission,
    private readonly router: Router,
    private readonly retry: RetryPolicy,
    private readonly records: Records,
    /** Cookie jar; null: cookies are ignored. */
    private readonly cookies: Cookies | null,
  ) {}

  /** One try: sends a request, and follows redirects to their end. */
  async try(request: RequestState): Promise<Answer | Withheld> {
    for (;;) {
      if (this.admission.refuses(request.host)) return "circuit open";
      if (this.admission.paces && !(await this.admission.turn(request))) return "deadline";
      const slot = this.slots.take() ?? (await this.nextSlot(request));
      if (slot === null) return "deadline";
      // Admitted last: while this request waited, others may have opened the circuit.
      const verdict = this.admission.admit(request.host);
      if (verdict === "refused") {
        this.slots.release(slot);
        return "circuit open";
      }
      const started = this.effort.now();
      let answer = this.judge(await this.send(slot, request, false), request);
      while (this.onAnswer(slot, request, answer) && answer.stale !== null && (await this.maySendAnew(answer, request))) {
        request.cause = "resent";
        answer = this.judge(await this.send(slot, request, true), request);
      }
      this.slots.release(slot);
      if (this.halted) return answer;
      this.admission.recordOutcome(request, answer, verdict, started);
      if (answer.error !== null || answer.location === null) return answer;
      this.router.follow(request, answer.status, answer.location);
    }
  }

  /** Turns a redirect that must not be followed into an error. */
  private judge(answer: Answer, { at, hops }: RequestState): Answer {
    if (answer.location === null) return answer;
    const problem = hopProblem(answer.location, at, hops, this.spec.allowedHosts);
    return problem === null ? answer : { ...answer, error: problem };
  }

  /** Whether a request may be resent over a new connection. One that a server has read takes another turn by the rate. */
  private async maySendAnew({ stale }: Answer, request: RequestState): Promise<boolean> {
    if (stale !== "unread" && stale !== "refused" && !this.retry.mayRepeat(request.method)) {
      this.retry.refrain(request);
      return false;
    }
    const anotherTurn = this.admission.paces && (stale === "unanswered" || stale === "refused");
    if (anotherTurn && !(await this.admission.turn(request))) return false;
    return this.effort.now() < request.deadline;
  }

  /** The next slot that becomes free; null when the deadline or the end of the run came first. */
  private async nextSlot({ deadline, figures }: RequestState): Promise<RequestSlot<RequestState> | null> {
    const from = this.effort.now();
    const slot = await this.slots.next(deadline);
    figures.add(COUNT.lined, this.effort.now() - from);
    if (slot === null || this.effort.now() < deadline) return slot;
    this.slots.release(slot);
    return null;
  }

  private send(slot: RequestSlot<RequestState>, request: RequestState, fresh: boolean): Promise<Answer> {
    // Looked at where nothing can come between: what goes out after the run has ended would be in some of its figures and not in others.
    if (this.halted) return Promise.resolve({ ...STOPPED, bytes: 0 });
    this.onSent(slot, request);
    if (this.cookies !== null) {
      const cookie = this.cookies.lineFor(request.at);
      request.fields = cookie === null ? request.own : [...request.own, cookie];
    }
    return slot.send(request, `${this.spec.runId}-${request.index}.${request.attempts}`, fresh, request.url, request.standIn);
  }

  private onSent(slot: RequestSlot<RequestState>, request: RequestState): void {
    const started = this.effort.now();
    const byTimeout = started + request.left;
    slot.owner = request;
    slot.startedAt = started;
    slot.endsAt = Math.min(byTimeout, request.deadline);
    slot.reason = byTimeout <= request.deadline ? "timeout" : "deadline";
    request.attempts++;
    request.figures.sent(request);
  }

  /** Called when a request has ended. False when it was counted before, as the run ended. */
  private onAnswer(slot: RequestSlot<RequestState>, request: RequestState, answer: Answer): boolean {
    if (slot.owner === null) return false;
    const ended = this.effort.now();
    const took = ended - slot.startedAt;
    slot.owner = null;
    request.figures.landed();
    request.left -= took;
    // A request on a connection that broke may have been read, and is not resent where that could repeat it.
    if (answer.stale === "unread" || (answer.stale === "reset" && this.retry.mayRepeat(request.method))) {
      request.attempts--;
      request.figures.unread();
      return true;
    }
    const error = answer.error ?? answer.unmet;
    request.status = answer.status;
    request.figures.attempted(request, answer, error);
    request.figures.logged(request, answer, took, ended);
    this.records.attempted(request, answer, took);
    if (!request.early && error !== "stopped") request.figures.timed(slot, ended);
    return true;
  }

  /** Aborts every request that has timed out. */
  abortLate(now: Nanoseconds): void {
    this.slots.abortLate(now);
  }

  /** Aborts all requests in flight and counts them as stopped. */
  halt(): void {
    this.halted = true;
    this.admission.halt();
    this.slots.abortAll((slot) => {
      if (slot.owner !== null) this.onAnswer(slot, slot.owner, { ...STOPPED, bytes: slot.bytes });
    });
  }
}

const STOPPED: Omit<Answer, "bytes"> = {
  status: 0,
  error: "stopped",
  unmet: null,
  ok: false,
  retryAfter: null,
  location: null,
  stale: null,
};
