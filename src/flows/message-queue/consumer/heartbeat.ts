import type { SteadyClock, Timers } from "../../../kernel/timers.ts";

/** What a heartbeat keeps alive. */
export interface Beating {
  /** Extends the leases of all messages held; false when the store failed. Never rejects. */
  prolong(): Promise<boolean>;
  /** Whether anything is still held. */
  goesOn(): boolean;
  /** Called after each beat: work may have had to wait for it. */
  done(): void;
}

/** All heartbeats of this thread, by the timers they use. */
const beating = new WeakMap<Timers, Set<Heartbeat>>();

/** Extends the leases of a consumer three times within their span, well before they run out. */
export class Heartbeat {
  /** When the next beat is due; Infinity while one is in progress. */
  due = Number.POSITIVE_INFINITY;
  private cancelTimer: () => void = () => {};
  private progress: Promise<void> | null = null;
  private readonly all: Set<Heartbeat>;

  constructor(
    private readonly visibilityMs: number,
    private readonly timers: Timers,
    private readonly clock: SteadyClock,
    private readonly kept: Beating,
  ) {
    this.all = beating.get(timers) ?? new Set();
    beating.set(timers, this.all);
    this.all.add(this);
    this.schedule(visibilityMs / 3);
  }

  private schedule(ms: number): void {
    this.due = this.clock.now() + ms;
    this.cancelTimer = this.timers.after(ms, () => void this.beat());
  }

  /** Beats at once, unless that is in progress. */
  beat(): Promise<void> {
    this.progress ??= this.beatOnce();
    return this.progress;
  }

  private async beatOnce(): Promise<void> {
    this.cancelTimer();
    this.due = Number.POSITIVE_INFINITY;
    const prolonged = await this.kept.prolong();
    this.progress = null;
    if (this.all.has(this) && this.kept.goesOn()) this.schedule(this.visibilityMs / (prolonged ? 3 : 10));
    this.kept.done();
  }

  /**
   * Has all heartbeats of this thread beat that are due: where a handler held the thread, or the process was suspended, their timers had no
   * turn yet. Null: none is due. To be awaited before a lease, which would take what has run out.
   */
  beatAllDue(): Promise<unknown> | null {
    let late: Promise<void>[] | null = null;
    for (const other of this.all) {
      if (other.progress === null && other.due > other.clock.now()) continue;
      late ??= [];
      late.push(other.beat());
    }
    return late === null ? null : Promise.all(late);
  }

  stop(): void {
    this.cancelTimer();
    this.all.delete(this);
  }
}
