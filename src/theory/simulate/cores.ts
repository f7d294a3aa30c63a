import type { Nanoseconds } from "../../kernel/clock.ts";
import { Heap } from "../../kernel/heap.ts";
import type { Ration } from "./machine.ts";

/** Rounding residue of a ration, in nanoseconds: too little to wait a period for. */
const ROUNDING: Nanoseconds = 1e-3;

/**
 * Cores shared by more threads: each thread gets as much as every other (processor sharing, L. Kleinrock, 1967). Work is measured on a
 * clock that advances by each thread's share. With a quota, all threads stand still from when a period's ration is used up until the next
 * period (P. Turner and others, CPU bandwidth control for CFS, Linux Symposium 2010).
 */
export class Cores {
  private readonly jobs = new Heap<number>();
  private clock = 0;
  private at: Nanoseconds = 0;
  /** When this period ends, and the rest of its ration. */
  private periodEnd: Nanoseconds = 0;
  private left: Nanoseconds = 0;

  constructor(
    private readonly cores: number,
    private readonly ration: Ration | null = null,
  ) {}

  /** A thread begins a computation of `work`. */
  begin(thread: number, work: Nanoseconds, now: Nanoseconds): void {
    this.advance(now);
    this.jobs.push(this.clock + work, thread);
  }

  /** When the next thread finishes, if none begins before. */
  get next(): Nanoseconds {
    if (this.jobs.size === 0) return Number.POSITIVE_INFINITY;
    const span = Math.max(0, this.jobs.next - this.clock) / this.share;
    return this.ration === null ? this.at + span : this.rationedEnd(this.ration, span);
  }

  /** Removes and returns the thread that finishes at `next`. */
  end(now: Nanoseconds): number {
    this.advance(now);
    return this.jobs.pop() ?? 0;
  }

  /** When a thread that computes alone finishes `work`. */
  alone(work: Nanoseconds, now: Nanoseconds): Nanoseconds {
    if (work === 0) return now;
    this.begin(0, work, now);
    const end = this.next;
    this.end(end);
    return end;
  }

  private get share(): number {
    return Math.min(1, this.cores / this.jobs.size);
  }

  /** Cores in use. */
  private get used(): number {
    return Math.min(this.jobs.size, this.cores);
  }

  private advance(now: Nanoseconds): void {
    if (this.jobs.size > 0) this.clock += (this.ration === null ? now - this.at : this.runUntil(this.ration, now)) * this.share;
    this.at = now;
  }

  /** When the time `span` has been granted, given what the ration withholds. */
  private rationedEnd(ration: Ration, span: Nanoseconds): Nanoseconds {
    const { used } = this;
    this.open(ration, this.at);
    const first = Math.min(this.left / used, this.periodEnd - this.at);
    if (span <= first + ROUNDING) return this.at + span;
    const each = Math.min(ration.quota / used, ration.period);
    const whole = Math.max(0, Math.ceil((span - first - ROUNDING) / each) - 1);
    return this.periodEnd + whole * ration.period + (span - first - whole * each);
  }

  /** Time up to an instant in which the threads ran. */
  private runUntil(ration: Ration, now: Nanoseconds): Nanoseconds {
    const { used } = this;
    let from = this.at;
    let ran = 0;
    while (from < now) {
      this.open(ration, from);
      const until = Math.min(now, this.periodEnd);
      const running = Math.min(until - from, this.left / used);
      this.left -= running * used;
      ran += running;
      from = until;
    }
    return ran;
  }

  /** Begins a period with its full ration, whatever was left of the previous one. */
  private open({ quota, period }: Ration, at: Nanoseconds): void {
    if (at < this.periodEnd) return;
    this.periodEnd = (Math.floor(at / period) + 1) * period;
    this.left = quota;
  }
}
