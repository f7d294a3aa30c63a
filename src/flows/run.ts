import { promiseOf } from "../kernel/promises.ts";
import type { Slotted } from "./slots.ts";

/**
 * One run of a handler that did not end at once. Used again for another subject once the handler's promise has settled: the two
 * functions that hear of it cost more than all else about it.
 */
export class Run<Subject extends object> implements Slotted {
  slot = -1;
  /** When it began, in milliseconds since 1970. */
  since = 0;
  cancelTimer: (() => void) | null = null;
  /** What is handled; null: nothing is. */
  subject: Subject | null = null;
  private readonly resolved: () => void;
  private readonly rejected: (error: unknown) => void;

  /** `settled`: told once of each promise; `error`: null when it went well. */
  constructor(settled: (run: Run<Subject>, error: unknown) => void) {
    this.resolved = () => settled(this, null);
    this.rejected = (error) => settled(this, error ?? new Error("rejected with nothing"));
  }

  /** Waits for what a handler gave. */
  follow(answer: PromiseLike<unknown>): void {
    promiseOf(answer).then(this.resolved, this.rejected);
  }
}
