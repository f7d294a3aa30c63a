import type { Nanoseconds } from "../../kernel/clock.ts";
import type { RequestSlot } from "./request-slot.ts";

interface Waiter<T> {
  readonly before: Nanoseconds;
  resolve(line: RequestSlot<T> | null): void;
}

/** The lines of one thread: as many requests are out at once, and no more. */
export class RequestSlots<T> {
  private readonly slots: RequestSlot<T>[] = [];
  private readonly free: RequestSlot<T>[] = [];
  private waiting: Waiter<T>[] = [];

  constructor(
    private readonly most: number,
    private readonly make: () => RequestSlot<T>,
  ) {}

  /** A line that nobody uses; null when all are taken. */
  take(): RequestSlot<T> | null {
    const free = this.free.pop();
    if (free !== undefined) return free;
    if (this.slots.length >= this.most) return null;
    const line = this.make();
    this.slots.push(line);
    return line;
  }

  /** The next line that somebody gives back; null when that is not before an instant, or the run is over first. */
  next(before: Nanoseconds): Promise<RequestSlot<T> | null> {
    return new Promise((resolve) => this.waiting.push({ before, resolve }));
  }

  release(line: RequestSlot<T>): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free.push(line);
    else next.resolve(line);
  }

  /** Breaks off every request that has taken too long, and every wait for one. */
  abortLate(now: Nanoseconds): void {
    if (this.waiting.some(({ before }) => now >= before)) {
      const late = this.waiting.filter(({ before }) => now >= before);
      this.waiting = this.waiting.filter(({ before }) => now < before);
      for (const { resolve } of late) resolve(null);
    }
    for (const line of this.slots) if (line.owner !== null && now >= line.endsAt) line.abort(line.reason);
  }

  /** Breaks off every request: the run is over. Each line that had one is told of. */
  abortAll(each: (line: RequestSlot<T>) => void): void {
    for (const { resolve } of this.waiting.splice(0)) resolve(null);
    for (const line of this.slots) {
      if (line.owner === null) continue;
      line.abort("stopped");
      each(line);
    }
  }
}
