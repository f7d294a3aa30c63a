import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Offered } from "../../load/offered.ts";

/**
 * Decides when to stop taking arrivals and when to end. After the last arrival, or a stop request, items already taken are drained for at
 * most `grace`; a second request ends the run at once.
 */
export class Lifecycle {
  private stoppedAt: Nanoseconds | null = null;
  private ended = false;
  /** Why the run ended early, if it did. */
  reason: string | null = null;
  /** Notes for readers of the result. */
  readonly notes: string[] = [];

  constructor(
    private readonly offered: Offered,
    /** When the last arrival falls due; null: known only afterwards. */
    private lastDue: Nanoseconds | null,
    private readonly grace: Nanoseconds,
    /** In a closed loop: time after the last arrival from which no more answers can come. */
    private readonly stillness: Nanoseconds = Number.POSITIVE_INFINITY,
  ) {}

  /** True while the source takes what falls due. */
  get taking(): boolean {
    return this.stoppedAt === null && !this.ended;
  }

  /** The arrivals to come have changed: when the last one falls due is known only afterwards. */
  changeArrivals(): void {
    this.lastDue = null;
  }

  /** Requests a stop: the first drains, the second ends at once. */
  stop(now: Nanoseconds): void {
    if (this.stoppedAt !== null) this.ended = true;
    else {
      this.stoppedAt = now;
      this.offered.stop(now);
    }
  }

  /** Ends the run now, for a reason that makes it `failed`. */
  fail(now: Nanoseconds, reason: string): void {
    this.reason ??= reason;
    this.stoppedAt ??= now;
    this.ended = true;
    this.offered.stop(now);
  }

  /** Ends the run now, without a failure; unfinished items stay so. */
  endEarly(now: Nanoseconds, why: string): void {
    if (this.ended) return;
    this.notes.push(why);
    this.stoppedAt ??= now;
    this.ended = true;
    this.offered.stop(now);
  }

  /** When it was stopped early; null: it was not. */
  get stopped(): Nanoseconds | null {
    return this.stoppedAt;
  }

  get aborted(): boolean {
    return this.stoppedAt !== null;
  }

  /** True when the run is over: unfinished items stay so. */
  expired(now: Nanoseconds): boolean {
    // Clients that are answered send again: the last arrival is known only from what has fallen due by now.
    if (this.lastDue === null) this.offered.advance(now);
    if (!this.ended && this.stuck(now)) {
      const span = Math.round(this.stillness / 1e9);
      this.fail(
        now,
        `Nobody was answered for ${span} s, so nobody sent any more; what was under way is unfinished (a longer gracefulStop waits longer).`,
      );
    }
    if (this.ended) return true;
    return now >= (this.stoppedAt ?? this.lastArrival) + this.grace;
  }

  /** True when every client waits for an answer that cannot come. */
  private stuck(now: Nanoseconds): boolean {
    const { ended, last } = this.offered;
    return this.lastDue === null && this.stoppedAt === null && !ended && now >= last + this.stillness;
  }

  private get lastArrival(): Nanoseconds {
    return this.lastDue ?? (this.offered.ended ? this.offered.last : Number.POSITIVE_INFINITY);
  }
}
