import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Phase } from "../../telemetry/request-phases.ts";
import { COUNT, type RequestCause } from "./report.ts";
import type { Answer, RequestSlot } from "./request-slot.ts";
import type { RequestState } from "./request-state.ts";

/** How an item ended. */
export type ItemOutcome = "ok" | "degraded" | "failed";

/** Figures of requests as they change: those of a thread, or of one item. */
export abstract class RequestFigures {
  /** Adds to a count; `what` is one of `COUNT`. */
  abstract add(what: number, by?: number): void;
  /** Counts a request in flight, and one that no longer is. */
  protected abstract fly(change: 1 | -1): void;
  /** Counts an attempt by its response. `error`: the failure, including an expectation; null: none. */
  protected abstract noteAttempt(host: string, status: number, error: string | null, cause: RequestCause): void;
  /** Records the time between two instants; NaN: one of them was not reached. */
  protected abstract notePhase(phase: Phase, from: Nanoseconds, to: Nanoseconds): void;
  protected abstract noteReused(): void;
  /** Takes in how the item ended, whose requests these are. `error`: why it did not end well; null: it did. */
  ended(_request: RequestState, _outcome: ItemOutcome, _error: string | null): void {}

  /** Takes in what a log tells of an attempt beside its outcome. */
  logged(_request: RequestState, _answer: Answer, _took: Nanoseconds, _ended: Nanoseconds): void {}

  /** Counts a request sent. */
  sent({ attempts, cause }: RequestState): void {
    if (attempts === 1 && cause === "first") this.add(COUNT.sent);
    if (cause === "retries") this.add(COUNT.retries);
    this.add(COUNT.attempts);
    this.add(COUNT.inFlight);
    this.fly(1);
  }

  /** Counts a request that has ended, whatever the outcome. */
  landed(): void {
    this.fly(-1);
    this.add(COUNT.inFlight, -1);
  }

  /** Takes back an attempt that no server has read. */
  unread(): void {
    this.add(COUNT.attempts, -1);
    this.add(COUNT.unread);
  }

  /** Counts an attempt by its response. `error`: the failure, including an expectation; null: none. */
  attempted({ host, cause }: RequestState, { status, bytes }: Answer, error: string | null): void {
    this.add(COUNT.bytes, bytes);
    this.add(error !== null ? COUNT.none : kindOf(status));
    this.noteAttempt(host, status, error, cause);
  }

  /** Records the phases of an attempt. */
  timed({ instants, startedAt }: RequestSlot<RequestState>, ended: Nanoseconds): void {
    this.notePhase("attempt", startedAt, ended);
    if (instants === null) return;
    if (instants.reused) this.noteReused();
    else {
      this.notePhase("connect", instants.begun, instants.connected);
      this.notePhase("tls", instants.connected, instants.agreed);
    }
    this.notePhase("firstByte", instants.sent, instants.first);
    this.notePhase("body", instants.first, instants.whole);
  }
}

function kindOf(status: number): number {
  if (status === 429) return COUNT.tooMany;
  if (status >= 500) return COUNT.serverError;
  if (status >= 400) return COUNT.clientError;
  return status >= 200 && status < 300 ? COUNT.success : COUNT.other;
}
