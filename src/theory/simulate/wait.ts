import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Agenda } from "./agenda.ts";

/** One task's wait for something to change, until an instant at the latest: as the engine's `Signal`. */
export class Wait {
  private waiting = false;
  private alarmAt: Nanoseconds = Number.POSITIVE_INFINITY;

  constructor(
    private readonly agenda: Agenda,
    /** The event that is its alarm. */
    private readonly event: number,
  ) {}

  begin(latest: Nanoseconds): void {
    this.waiting = true;
    if (latest >= this.alarmAt) return;
    this.alarmAt = latest;
    this.agenda.push(latest, this.event);
  }

  /** True when the task was waiting, and goes on. */
  notify(): boolean {
    const { waiting } = this;
    this.waiting = false;
    return waiting;
  }

  /** Its alarm went off. */
  alarm(): boolean {
    this.alarmAt = Number.POSITIVE_INFINITY;
    return this.notify();
  }
}
