import type { Nanoseconds } from "../../kernel/clock.ts";
import { Deque } from "../../kernel/deque.ts";
import type { RateLimiter } from "../../resilience/rate-limiter.ts";
import type { Effort } from "../workload.ts";

interface Waiting {
  readonly deadline: Nanoseconds;
  readonly resolve: (mayGo: boolean) => void;
}

/** Requests of one thread that wait for the rate limiter, in order. */
export class Pace {
  private readonly queue = new Deque<Waiting>();
  private halted = false;

  constructor(
    private readonly limiter: RateLimiter,
    private readonly effort: Effort,
  ) {}

  /** Waits for a turn; false when the deadline or the end of the run comes first. */
  turn(deadline: Nanoseconds): Promise<boolean> {
    return new Promise((resolve) => {
      this.queue.push({ deadline, resolve });
      if (this.queue.length === 1) void this.serve();
    });
  }

  halt(): void {
    this.halted = true;
  }

  private async serve(): Promise<void> {
    for (let first = this.queue.peek(); first !== undefined; first = this.queue.peek()) {
      const now = this.effort.now();
      const over = this.halted || now >= first.deadline;
      const at = over ? now : this.limiter.take(now);
      if (at > now) {
        await this.effort.pause(Math.min(at, first.deadline) - now);
        continue;
      }
      this.queue.shift();
      first.resolve(!over);
    }
  }
}
