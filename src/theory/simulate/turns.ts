import { Deque } from "../../kernel/deque.ts";

/**
 * Tasks of one event loop: ready ones continue in the order in which they became ready, as microtasks do; those that asked for a turn
 * follow what is due, at the next step at the latest, as macrotasks do.
 */
export class Turns {
  private readonly ready = new Deque<number>();
  private waiting: number[] = [];
  /** True once due tasks have gone before those that wait for a turn. */
  private dueWent = false;

  /** Continues `task` after all that are ready now. */
  push(task: number): void {
    this.ready.push(task);
  }

  /** Continues `task` at the next turn of the loop. */
  later(task: number): void {
    this.waiting.push(task);
  }

  /** The next ready task; undefined: none. */
  next(): number | undefined {
    return this.ready.length > 0 ? this.ready.shift() : undefined;
  }

  get anyLater(): boolean {
    return this.waiting.length > 0;
  }

  /** Turns the loop. `due`: something is due now, and goes first. False: it has not gone yet, and must be woken. */
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
