import { Heap } from "../../src/kernel/heap.ts";
import { Random } from "../../src/kernel/random.ts";
import type { Timers } from "../../src/kernel/timers.ts";

/** Time that goes on only when a test says so. */
export class VirtualTimers implements Timers {
  private at = 0;
  private wallSetBy = 0;
  private readonly due = new Heap<{ run: () => void }>();
  private readonly set = new Set<{ run: () => void }>();

  now(): number {
    return this.at;
  }

  wall(): number {
    return 1_700_000_000_000 + this.at + this.wallSetBy;
  }

  /** Sets the wall clock forward, or back. */
  setWall(ms: number): void {
    this.wallSetBy += ms;
  }

  /** Lets time pass in which no timer has its turn, as where a handler holds the thread or the process is suspended. */
  hold(ms: number): void {
    this.at += ms;
  }

  /** Timers that are set. */
  get pending(): number {
    return this.set.size;
  }

  after(ms: number, run: () => void): () => void {
    const entry = { run };
    this.set.add(entry);
    this.due.push(this.at + Math.max(0, ms), entry);
    return () => void this.set.delete(entry);
  }

  /** Lets everything that is ready run, then what falls due within the time, in order. */
  async advance(ms: number): Promise<void> {
    const until = this.at + ms;
    await settled();
    while (this.due.next <= until) {
      this.at = Math.max(this.at, this.due.next);
      const entry = this.due.pop();
      if (entry !== undefined && this.set.delete(entry)) entry.run();
      await settled();
    }
    this.at = until;
  }

  /** Advances until the promise settles. */
  async run<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const finish = () => {
      done = true;
    };
    work.then(finish, finish);
    for (let steps = 0; !done; steps++) {
      await settled();
      if (done) break;
      if (steps > 1e6 || this.due.size === 0) throw new Error("everything waits and nothing is due");
      await this.advance(Math.max(0, this.due.next - this.at));
    }
    return work;
  }
}

/**
 * The same with chance and order drawn from a seed: of what is due at one instant, and of what waits for a turn of the loop, any may come
 * first. A run with the same seed is the same run.
 */
export class SeededTimers extends VirtualTimers {
  private readonly drawn: Random;

  constructor(seed: number) {
    super();
    this.drawn = new Random(seed, "timers");
  }

  readonly random = (): number => this.drawn.unit();

  readonly soon = (run: () => void): void => {
    super.after(this.random() * INSTANT_MS, run);
  };

  override after(ms: number, run: () => void): () => void {
    return super.after(ms + this.random() * INSTANT_MS, run);
  }
}

/** What comes within it comes at one instant. */
const INSTANT_MS = 1e-6;

/** What other processes are asked now, and how often they have answered. */
let outside = 0;
let answers = 0;

/** Work of another process: virtual time stands still until it is done. */
export async function outsideWork<T>(work: Promise<T>): Promise<T> {
  outside++;
  try {
    return await work;
  } finally {
    outside--;
    answers++;
  }
}

/** All microtasks, what they set going with `setImmediate`, and what others are asked. */
export async function settled(): Promise<void> {
  for (let before = -1; outside > 0 || before !== answers; ) {
    before = answers;
    for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
