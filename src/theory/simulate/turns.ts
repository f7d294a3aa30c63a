import { Deque } from "../../kernel/deque.ts";

/**
 * Tasks of one event loop: those that are ready go on in the order in which they became ready, as microtasks do; those that asked for
 * a turn come round after what is due, at the next step at the latest, as macrotasks do.
 */
export class Turns {
  private readonly ready = new Deque<number>();
  private waiting: number[] = [];
  /** What was due has gone before those that wait for a turn. */
  private dueWent = false;

  /** `task` goes on after all that are ready now. */
  push(task: number): void {
    this.ready.push(task);
  }

  /** `task` goes on at the next turn of the loop. */
  later(task: number): void {
    this.waiting.push(task);
  }

  /** The next that is ready; undefined: none. */
  next(): number | undefined {
    return this.ready.length > 0 ? this.ready.shift() : undefined;
  }

  get anyLater(): boolean {
    return this.waiting.length > 0;
  }

  /** The loop turns. `due`: something is due now, and goes first. False: it has not gone yet, and is to be woken. */
  turn(due: boolean): boolean {
    if (due && !this.dueWent) {
      this.dueWent = true;
      return false;
    }
    const tasks = this.waiting;
    this.waiting = [];
    this.dueWent = false;
    for (const task of tasks) this.ready.push(task);
    return true;
  }
}
