import type { Nanoseconds } from "../../kernel/clock.ts";

/** Weight of the last batch in the usual time of one. */
const LATEST = 0.2;

/** Admits batches to work, as many at once as are allowed, and knows how long they usually take. */
export class WorkGate {
  /** No further batch is to be begun; and those at work are to be left. */
  ending = false;
  halted = false;
  /** Usual time of a batch; 0 before the first. */
  batchTime: Nanoseconds = 0;
  private working = 0;
  private readonly waiting: (() => void)[] = [];
  /** Those that wait for the end of a batch. */
  private readonly afterBatch: (() => void)[] = [];

  /** `most`: batches that may be worked on now. */
  constructor(private readonly most: () => number) {}

  /** Waits for a place; false: no batch is to be begun any more. */
  async enter(): Promise<boolean> {
    while (!this.ending && this.working >= this.most()) await new Promise<void>((resume) => this.waiting.push(resume));
    if (!this.ending) this.working++;
    return !this.ending;
  }

  /** A batch is done that took so long. */
  leave(took: Nanoseconds): void {
    this.working--;
    this.batchTime = this.batchTime === 0 ? took : this.batchTime + LATEST * (took - this.batchTime);
    // The limit may have grown by more than one.
    const room = Math.max(0, this.most() - this.working);
    for (const resume of this.waiting.splice(0, room)) resume();
    for (const wake of this.afterBatch.splice(0)) wake();
  }

  /** Resolves at the next end of a batch. */
  nextLeave(): Promise<void> {
    return new Promise((resolve) => this.afterBatch.push(resolve));
  }

  end(halting: boolean): void {
    this.ending = true;
    for (const wake of [...this.waiting.splice(0), ...this.afterBatch.splice(0)]) wake();
    if (halting) this.halted = true;
  }
}
