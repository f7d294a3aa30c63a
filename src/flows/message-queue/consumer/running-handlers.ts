import { type Timers, turn, within } from "../../../kernel/timers.ts";
import { Stopped } from "../../failures.ts";
import { Invocation } from "../../invocation.ts";
import { Slots } from "../../slots.ts";
import type { LeasedMessage } from "../message.ts";

export type HandlerRun<T> = Invocation<LeasedMessage<T>>;

/** Of a stop's deadline, what handlers have to end once their signals are aborted: at most this, in milliseconds, at most a quarter. */
const LAST_MS = 500;
/** Turns of the event loop that they have at least. */
const LAST_TURNS = 10;

/** The handlers of a consumer that did not end at once. */
export class RunningHandlers<T> {
  private readonly slots = new Slots<HandlerRun<T>>();
  private readonly spare: HandlerRun<T>[] = [];
  /** An orderly stop has aborted them: what they throw from now on is no failure. */
  interrupted = false;
  private onIdle: (() => void) | null = null;

  constructor(
    private readonly timers: Timers,
    /** Called when a handler's promise has settled, in time or not; `error` is null when it was fulfilled, with `value`. */
    private readonly settled: (run: HandlerRun<T>, held: LeasedMessage<T>, error: unknown, value: unknown) => void,
  ) {}

  get size(): number {
    return this.slots.size;
  }

  /** Their messages. */
  get messages(): LeasedMessage<T>[] {
    return this.slots.all.flatMap(({ subject }) => subject ?? []);
  }

  oldestMs(now: number): number | null {
    return this.slots.oldestMs(now);
  }

  /** Adds the handler of a message, begun at `since`. */
  add(held: LeasedMessage<T>, since: number): HandlerRun<T> {
    const run = this.spare.pop() ?? new Invocation<LeasedMessage<T>>(this.followed);
    run.subject = held;
    run.since = since;
    this.slots.add(run);
    return run;
  }

  private readonly followed = (run: HandlerRun<T>, error: unknown, value: unknown): void => {
    const held = run.subject;
    if (held === null) return;
    run.subject = null;
    this.spare.push(run);
    this.settled(run, held, error, value);
  };

  delete(run: HandlerRun<T>): void {
    run.cancelTimer?.();
    run.cancelTimer = null;
    this.slots.delete(run);
  }

  /** To be called when one has ended, with all that follows from it. */
  ended(): void {
    if (this.slots.size === 0) this.onIdle?.();
  }

  /**
   * Waits for all to end. Shortly before the deadline their signals are aborted; those that do not end by it are left to themselves, and
   * nothing comes of them.
   */
  async stop(deadlineMs: number): Promise<void> {
    const until = this.timers.now() + deadlineMs;
    await this.idle(deadlineMs - Math.min(LAST_MS, deadlineMs / 4));
    if (this.size > 0) {
      this.interrupted = true;
      for (const held of this.messages) held.abort(new Stopped("the consumer was stopped"));
      for (let turns = 0; turns < LAST_TURNS && this.size > 0; turns++) await turn(this.timers);
      await this.idle(until - this.timers.now());
    }
    for (const held of this.messages) held.ended = true;
    for (const run of this.slots.all) run.cancelTimer?.();
    this.slots.clear();
  }

  /** Waits until none is left, at most for the given milliseconds. */
  private async idle(ms: number): Promise<void> {
    if (this.size === 0 || ms <= 0) return;
    const idle = new Promise<void>((resolve) => {
      this.onIdle = resolve;
    });
    await within(this.timers, ms, idle, undefined);
  }
}
