import type { FailureCount } from "./result.ts";

/** Most reasons counted separately. */
const REASONS = 50;

/** Counts of each reason. */
export class Tally {
  private readonly byReason = new Map<string, number>();

  add(reason: string, count = 1): void {
    if (this.byReason.has(reason) || this.byReason.size < REASONS) this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + count);
  }

  get counts(): FailureCount[] {
    return [...this.byReason].map(([reason, count]) => ({ reason, count }));
  }
}
