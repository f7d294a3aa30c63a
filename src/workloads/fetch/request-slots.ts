import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Line } from "./request-slot.ts";

interface Waiter<T> {
  readonly before: Nanoseconds;
  resolve(line: Line<T> | null): void;
}

/** The lines of one thread: as many requests are out at once, and no more. */
export class LinePool<T> {
  private readonly lines: Line<T>[] = [];
  private readonly free: Line<T>[] = [];
  private waiting: Waiter<T>[] = [];

  constructor(
    private readonly most: number,
    private readonly make: () => Line<T>,
  ) {}

  /** A line that nobody uses; null when all are taken. */
  take(): Line<T> | null {
    const free = this.free.pop();
    if (free !== undefined) return free;
    if (this.lines.length >= this.most) return null;
    const line = this.make();
    this.lines.push(line);
    return line;
  }

  /** The next line that somebody gives back; null when that is not before an instant, or the run is over first. */
  next(before: Nanoseconds): Promise<Line<T> | null> {
    return new Promise((resolve) => this.waiting.push({ before, resolve }));
  }

  give(line: Line<T>): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free.push(line);
    else next.resolve(line);
  }

  /** Breaks off every request that has taken too long, and every wait for one. */
  breakOffLate(now: Nanoseconds): void {
    if (this.waiting.some(({ before }) => now >= before)) {
      const late = this.waiting.filter(({ before }) => now >= before);
      this.waiting = this.waiting.filter(({ before }) => now < before);
      for (const { resolve } of late) resolve(null);
    }
    for (const line of this.lines) if (line.owner !== null && now >= line.endsAt) line.breakOff(line.reason);
  }

  /** Breaks off every request: the run is over. Each line that had one is told of. */
  breakOffAll(each: (line: Line<T>) => void): void {
    for (const { resolve } of this.waiting.splice(0)) resolve(null);
    for (const line of this.lines) {
      if (line.owner === null) continue;
      line.breakOff("stopped");
      each(line);
    }
  }
}
