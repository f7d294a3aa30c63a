import type { Nanoseconds } from "../../kernel/clock.ts";
import { Heap } from "../../kernel/heap.ts";

/**
 * Cores that more threads compute on than there are: each thread gets as much as every other (processor sharing, L. Kleinrock,
 * 1967). Work is told on a clock of its own, which goes on by the share that each thread gets.
 */
export class Cores {
  private readonly jobs = new Heap<number>();
  private clock = 0;
  private at: Nanoseconds = 0;

  constructor(private readonly cores: number) {}

  /** A thread begins to compute so much. */
  begin(thread: number, work: Nanoseconds, now: Nanoseconds): void {
    this.advance(now);
    this.jobs.push(this.clock + work, thread);
  }

  /** When the next thread is done, if none begins before. */
  get next(): Nanoseconds {
    if (this.jobs.size === 0) return Number.POSITIVE_INFINITY;
    return this.at + Math.max(0, this.jobs.next - this.clock) / this.share;
  }

  /** The thread that is done at `next`. */
  end(now: Nanoseconds): number {
    this.advance(now);
    return this.jobs.pop() ?? 0;
  }

  private get share(): number {
    return Math.min(1, this.cores / this.jobs.size);
  }

  private advance(now: Nanoseconds): void {
    if (this.jobs.size > 0) this.clock += (now - this.at) * this.share;
    this.at = now;
  }
}
