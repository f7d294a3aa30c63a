import type { GroupLimit } from "../rate-limits.ts";

/** The rate limit of a group, as one of its consumers keeps it. */
export class GroupPace {
  /** When the limit of the whole group lets the next message begin. */
  private heldUpUntil = Number.POSITIVE_INFINITY;

  constructor(private readonly limit: GroupLimit) {}

  /** True when nothing may begin yet; otherwise one message may, which counts. */
  holdsAll(now: number): boolean {
    const { limit } = this;
    if (limit.byKey) return false;
    const wait = limit.take(null, now);
    if (wait > 0) this.heldUpUntil = now + wait;
    return wait > 0;
  }

  /** After which delay a message may come again whose key must wait, in milliseconds; 0: it may begin, and counts. */
  delay(key: string | null, now: number): number {
    const { limit } = this;
    if (!limit.byKey) return 0;
    const wait = limit.take(key, now);
    return wait > 0 ? limit.delay(key, wait, now) : 0;
  }

  /** For how long all are held up, in milliseconds. */
  wait(now: number): number {
    return Math.max(1, this.heldUpUntil - now);
  }
}
