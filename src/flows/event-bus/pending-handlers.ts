import type { Timers } from "../../kernel/timers.ts";
import { type Stopped, TimedOut } from "../failures.ts";
import { Invocation } from "../invocation.ts";
import { Slots } from "../slots.ts";
import type { DeliveryCount } from "./delivery.ts";
import type { FlowEvent } from "./event.ts";

/** A handler call that did not end at once. */
class HandlerInvocation extends Invocation<FlowEvent> {
  ended = false;
  tally: DeliveryCount | null = null;
  abort: AbortController | null = null;
}

/** Called when a handler has ended; `error`: null when it ended well. */
export type OnHandlerEnd = (event: FlowEvent, tally: DeliveryCount | null, error: unknown) => void;

/** The handler calls of a subscription that did not end at once. Each ends once: by its promise, by its time limit, or given up. */
export class PendingHandlers {
  private readonly running = new Slots<HandlerInvocation>();
  private readonly spare: HandlerInvocation[] = [];
  /** The time that the last event was stamped with, and the monotonic one then: what the wall clock is set to lengthens nothing. */
  private stamped = Number.NaN;
  private begun = 0;

  constructor(
    /** Longest a handler may take, in milliseconds; Infinity: no limit. */
    private readonly timeoutMs: number,
    private readonly timers: Timers,
    private readonly onEnd: OnHandlerEnd,
  ) {}

  /** Follows a handler's promise. `abort`: aborted when its time is up. `stamp`: of an event that began when it came; null: it begins now. */
  follow(
    answer: PromiseLike<unknown>,
    event: FlowEvent,
    tally: DeliveryCount | null,
    abort: AbortController | null,
    stamp: number | null,
  ): void {
    const run = this.spare.pop() ?? this.newInvocation();
    run.ended = false;
    run.subject = event;
    run.tally = tally;
    run.abort = abort;
    run.since = stamp === null ? this.timers.now() : this.beginning(stamp);
    this.running.add(run);
    if (abort !== null) run.cancelTimer = this.timers.after(this.timeoutMs, () => this.end(run, event, new TimedOut(this.timeoutMs)));
    run.follow(answer);
  }

  /** When an event began, in monotonic milliseconds: those of one stamp began within a moment. */
  private beginning(stamp: number): number {
    if (stamp !== this.stamped) {
      this.stamped = stamp;
      this.begun = this.timers.now();
    }
    return this.begun;
  }

  private newInvocation(): HandlerInvocation {
    const run: HandlerInvocation = new HandlerInvocation((_, error) => this.settled(run, error));
    return run;
  }

  /** A handler's promise has settled, in time or not. */
  private settled(run: HandlerInvocation, error: unknown): void {
    const event = run.subject;
    if (event === null) return;
    this.end(run, event, error);
    run.subject = null;
    run.tally = null;
    run.abort = null;
    run.cancelTimer = null;
    this.spare.push(run);
  }

  private end(run: HandlerInvocation, event: FlowEvent, error: unknown): void {
    if (run.ended || run.subject !== event) return;
    this.release(run);
    if (error instanceof TimedOut) run.abort?.abort(error);
    this.onEnd(event, run.tally, error);
  }

  private release(run: HandlerInvocation): void {
    run.ended = true;
    run.cancelTimer?.();
    this.running.delete(run);
  }

  /** Gives up all calls: yields the count of each one's event, then aborts its signal. */
  *giveUp(reason: Stopped): Generator<DeliveryCount | null> {
    for (const run of this.running.all) {
      this.release(run);
      yield run.tally;
      run.abort?.abort(reason);
    }
  }

  /** How long the longest-running call has run, in milliseconds; null: there is none. */
  get oldestMs(): number | null {
    return this.running.oldestMs(this.timers.now());
  }
}
