import type { Nanoseconds } from "../../kernel/clock.ts";
import { nextLook } from "../../kernel/wakeup.ts";
import type { Agenda } from "./agenda.ts";

/** One task's wait for a change, until an instant at the latest: like the engine's `Wakeup`. */
export class Wait {
  private waiting = false;
  private alarmAt: Nanoseconds = Number.POSITIVE_INFINITY;
  private lookAt: Nanoseconds = Number.POSITIVE_INFINITY;

  constructor(
    private readonly agenda: Agenda,
    /** The event of its alarm. */
    private readonly event: number,
  ) {}

  begin(alarm: Nanoseconds): void {
    this.waiting = true;
    if (alarm >= this.alarmAt) return;
    this.alarmAt = alarm;
    this.agenda.push(alarm, this.event);
  }

  /** As `begin`, with periodic polling. */
  beginLooking(now: Nanoseconds, alarm: Nanoseconds): void {
    this.begin(alarm);
    const look = nextLook(now);
    if (look >= this.lookAt) return;
    this.lookAt = look;
    this.agenda.push(look, this.event);
  }

  /** Ends the wait; true when the task was waiting. */
  notify(): boolean {
    const { waiting } = this;
    this.waiting = false;
    return waiting;
  }

  /** Ends the wait at its alarm or a due poll; true when the task was waiting. */
  alarm(now: Nanoseconds): boolean {
    if (now >= this.alarmAt) this.alarmAt = Number.POSITIVE_INFINITY;
    if (now >= this.lookAt) this.lookAt = Number.POSITIVE_INFINITY;
    return this.notify();
  }
}
