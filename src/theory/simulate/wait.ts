import type { Nanoseconds } from "../../kernel/clock.ts";
import { nextLook } from "../../kernel/wakeup.ts";
import type { Agenda } from "./agenda.ts";

/** One task's wait for something to change, until an instant at the latest: as the engine's `Wakeup`. */
export class Wait {
  private waiting = false;
  private alarmAt: Nanoseconds = Number.POSITIVE_INFINITY;
  private lookAt: Nanoseconds = Number.POSITIVE_INFINITY;

  constructor(
    private readonly agenda: Agenda,
    /** The event that is its alarm. */
    private readonly event: number,
  ) {}

  begin(alarm: Nanoseconds): void {
    this.waiting = true;
    if (alarm >= this.alarmAt) return;
    this.alarmAt = alarm;
    this.agenda.push(alarm, this.event);
  }

  /** As `begin`, and looks meanwhile. */
  beginLooking(now: Nanoseconds, alarm: Nanoseconds): void {
    this.begin(alarm);
    const look = nextLook(now);
    if (look >= this.lookAt) return;
    this.lookAt = look;
    this.agenda.push(look, this.event);
  }

  /** True when the task was waiting, and goes on. */
  notify(): boolean {
    const { waiting } = this;
    this.waiting = false;
    return waiting;
  }

  /** Its alarm went off, or a look is due. */
  alarm(now: Nanoseconds): boolean {
    if (now >= this.alarmAt) this.alarmAt = Number.POSITIVE_INFINITY;
    if (now >= this.lookAt) this.lookAt = Number.POSITIVE_INFINITY;
    return this.notify();
  }
}
