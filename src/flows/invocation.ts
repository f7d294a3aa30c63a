import { promiseOf } from "../kernel/promises.ts";
import type { Slotted } from "./slots.ts";

/**
 * One call of a handler that did not end at once. Pooled, reused once its promise has settled: allocating the two promise callbacks costs
 * more than the rest of an invocation.
 */
export class Invocation<Subject extends object> implements Slotted {
  slot = -1;
  /** When it began, in milliseconds by the clock of its owner. */
  since = 0;
  cancelTimer: (() => void) | null = null;
  /** What is being handled; null: nothing. */
  subject: Subject | null = null;
  private readonly resolved: (value: unknown) => void;
  private readonly rejected: (error: unknown) => void;

  /** `settled` is called once for each promise; `error` is null when it was fulfilled, with `value`. */
  constructor(settled: (run: Invocation<Subject>, error: unknown, value: unknown) => void) {
    this.resolved = (value) => settled(this, null, value);
    this.rejected = (error) => settled(this, error ?? new Error("rejected with nothing"), undefined);
  }

  /** Waits for the promise that a handler returned. */
  follow(answer: PromiseLike<unknown>): void {
    promiseOf(answer).then(this.resolved, this.rejected);
  }
}
