import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Line } from "./attempt.ts";

/** The lines of one thread: as many requests are out at once, and no more. */
export class LinePool {
  private readonly lines: Line[] = [];
  private readonly free: Line[] = [];
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly most: number,
    private readonly make: () => Line,
  ) {}

  /** A line that nobody uses; null when all are taken. */
  take(): Line | null {
    const free = this.free.pop();
    if (free !== undefined) return free;
    if (this.lines.length >= this.most) return null;
    const line = this.make();
    this.lines.push(line);
    return line;
  }

  /** The next line that somebody gives back. */
  async next(): Promise<Line> {
    for (;;) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
      const line = this.take();
      if (line !== null) return line;
    }
  }

  give(line: Line): void {
    this.free.push(line);
    this.waiting.shift()?.();
  }

  /** Breaks off every request that has taken too long. */
  breakOffLate(now: Nanoseconds): void {
    for (const line of this.lines) if (line.active && now >= line.endsAt) line.breakOff(line.reason);
  }

  /** Breaks off every request: the run is over. */
  breakOffAll(): void {
    for (const line of this.lines) line.breakOff("stopped");
  }
}
