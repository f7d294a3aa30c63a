import type { Timers } from "../../../kernel/timers.ts";

/** What a heartbeat is for. */
export interface Beating {
  /** Lengthens the leases of all that is held. Never rejects. */
  prolong(): Promise<void>;
  /** Whether there is still something to be held. */
  goesOn(): boolean;
  /** A beat is over: something may have had to wait for it. */
  done(): void;
}

/** Lengthens leases well before they run out: three times in the span that they are made for. */
export class Heartbeat {
  /** When the next is due by the wall clock, in milliseconds since 1970; Infinity while one is under way. */
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

  /** At once. By the timer's clock, which never jumps, it may be due later than by the wall clock that leases go by. */
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
