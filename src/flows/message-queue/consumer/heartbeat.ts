import type { Timers } from "../../../kernel/timers.ts";

/** What a heartbeat keeps alive. */
export interface Beating {
  /** Extends the leases of all messages held. Never rejects. */
  prolong(): Promise<void>;
  /** Whether anything is still held. */
  goesOn(): boolean;
  /** Called after each beat: work may have had to wait for it. */
  done(): void;
}

/** Extends leases three times within their span, well before they run out. */
export class Heartbeat {
  /** When the next beat is due by the wall clock, in milliseconds since 1970; Infinity while one is in progress. */
  due = Number.POSITIVE_INFINITY;
  private cancelTimer: () => void = () => {};

  constructor(
    private readonly visibilityMs: number,
    private readonly timers: Timers,
    private readonly beating: Beating,
  ) {
    this.schedule();
  }

  private schedule(): void {
    this.due = this.timers.wall() + this.visibilityMs / 3;
    this.cancelTimer = this.timers.after(this.visibilityMs / 3, () => this.beat());
  }

  /** Beats at once. By the timer's clock, which never jumps, the next beat may be due later than by the wall clock that leases use. */
  beat(): void {
    this.cancelTimer();
    this.due = Number.POSITIVE_INFINITY;
    void this.beating.prolong().finally(() => {
      if (this.beating.goesOn()) this.schedule();
      this.beating.done();
    });
  }

  stop(): void {
    this.cancelTimer();
  }
}
