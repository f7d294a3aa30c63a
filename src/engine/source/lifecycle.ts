import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Offered } from "../../load/offered.ts";

/**
 * When to stop taking and when to stop altogether. After the last arrival, or a request to stop, what was taken is
 * drained for at most `grace`; a second request ends it at once.
 */
export class Lifecycle {
  private stoppedAt: Nanoseconds | null = null;
  private ended = false;
  /** Why the run was ended before its time, if it was. */
  reason: string | null = null;
  /** What a reader of the result should know. */
  readonly notes: string[] = [];

  constructor(
    private readonly offered: Offered,
    /** When the last arrival falls due; null: known only once it has. */
    private readonly lastDue: Nanoseconds | null,
    private readonly grace: Nanoseconds,
    /** In a closed loop: so long after the last arrival it is certain that nobody will be answered any more. */
    private readonly stillness: Nanoseconds = Number.POSITIVE_INFINITY,
  ) {}

  /** The source goes on taking what falls due. */
  get taking(): boolean {
    return this.stoppedAt === null && !this.ended;
  }

  /** Asks to stop: first to drain, then, asked again, at once. */
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

  /** Ends the run now, though nothing is wrong with it; what is not done stays undone. */
  endEarly(now: Nanoseconds, why: string): void {
    if (this.ended) return;
    this.notes.push(why);
    this.stoppedAt ??= now;
    this.ended = true;
    this.offered.stop(now);
  }

  /** When it was stopped before its time; null: it was not. */
  get stopped(): Nanoseconds | null {
    return this.stoppedAt;
  }

  get aborted(): boolean {
    return this.stoppedAt !== null;
  }

  /** True when what is not done by now stays undone. */
  expired(now: Nanoseconds): boolean {
    // Who is answered sends again: when the last of them did is known only from what has fallen due by now.
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

  /** Every client waits for an answer that does not come. */
  private stuck(now: Nanoseconds): boolean {
    const { ended, last } = this.offered;
    return this.lastDue === null && this.stoppedAt === null && !ended && now >= last + this.stillness;
  }

  private get lastArrival(): Nanoseconds {
    return this.lastDue ?? (this.offered.ended ? this.offered.last : Number.POSITIVE_INFINITY);
  }
}
