import { Cron } from "croner";
import type { Timers } from "../../kernel/timers.ts";
import type { Failures } from "../failures.ts";
import { checkName, checkNames, checkSpan, checkText, LONGEST_MS, type OptionNames } from "../options.ts";
import type { Receipt } from "./store.ts";
import type { SendOptions } from "./terms.ts";

/** When a schedule sends. */
export interface ScheduleRule {
  /** Period in milliseconds, counted from 1970, so that all processes agree. */
  readonly everyMs?: number;
  /** A pattern of cron, with seconds as an optional sixth field in front: `0 3 * * *`. */
  readonly cron?: string;
  /** The time zone of a cron pattern, by its IANA name. Default: that of the system. */
  readonly timeZone?: string;
}

const RULE_NAMES: OptionNames<ScheduleRule> = { everyMs: true, cron: true, timeZone: true };

/** A message that is sent again and again. */
export interface Schedule {
  readonly name: string;
  /** When it is sent next, in milliseconds since 1970; null: never. */
  readonly nextAt: number | null;
  stop(): void;
}

/** Options of what a schedule sends; it sets the idempotency key itself. */
export type ScheduleSendOptions = Omit<SendOptions, "idempotencyKey" | "replace" | "signal">;

/** The wall clock is looked at this often, in milliseconds: it may be set, and a laptop may sleep. */
const LOOK_MS = 30_000;
/** Wait before what could not be sent is tried again, in milliseconds. */
const RETRY_MS = 1000;

const SEND_NAMES: OptionNames<ScheduleSendOptions> = { key: true, priority: true, delayMs: true, headers: true, whenFull: true };

/** Where schedules send to. */
interface Target {
  /** Throws for options with which nothing can be sent. */
  check(options: SendOptions): void;
  send(value: unknown, options: SendOptions): Promise<Receipt>;
}

/** When a rule is due next, after an instant; both in milliseconds since 1970. */
type Next = (after: number) => number | null;

function nextOf(rule: ScheduleRule): Next {
  checkNames(rule, RULE_NAMES, "schedule.");
  const { everyMs, cron, timeZone } = rule;
  if ((everyMs === undefined) === (cron === undefined)) throw new RangeError("schedule: needs `everyMs` or `cron`, and not both");
  if (everyMs !== undefined) {
    checkSpan("everyMs", everyMs, LONGEST_MS);
    if (timeZone !== undefined) throw new RangeError("timeZone: goes with `cron`");
    return (after) => (Math.floor(after / everyMs) + 1) * everyMs;
  }
  checkText("cron", cron);
  checkText("timeZone", timeZone);
  try {
    const pattern = new Cron(cron as string, { paused: true, ...(timeZone === undefined ? {} : { timezone: timeZone }) });
    // Throws here for a time zone that there is not.
    pattern.nextRun();
    return (after) => pattern.nextRun(new Date(after))?.getTime() ?? null;
  } catch (error) {
    throw new RangeError(`cron: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * The schedules of a queue. Several processes may have the same ones: the idempotency key of a message is the schedule's name with the time
 * at which it was due, so that it is sent once. What was missed is not made up for, but for the last time.
 */
export class Schedules {
  private readonly all = new Map<string, ScheduledSend>();
  private running = true;

  constructor(
    private readonly timers: Timers,
    private readonly failures: Failures,
    private readonly target: Target,
  ) {}

  add(name: string, rule: ScheduleRule, value: unknown, options: ScheduleSendOptions): Schedule {
    checkName(name);
    if (this.all.has(name)) throw new RangeError(`schedule: there is one with the name "${name}" already`);
    checkNames(options, SEND_NAMES);
    this.target.check({ ...options, idempotencyKey: keyOf(name, 0) });
    const each = new ScheduledSend(name, nextOf(rule), this.timers, {
      due: (at) => this.sendOnce(name, at, value, options),
      stopped: () => this.all.delete(name),
    });
    this.all.set(name, each);
    if (this.running) each.start();
    return each;
  }

  start(): void {
    this.running = true;
    for (const each of this.all.values()) each.start();
  }

  /** Sends nothing until `start`. */
  pause(): void {
    this.running = false;
    for (const each of this.all.values()) each.pause();
  }

  /** True when it was sent, now or by another process. */
  private async sendOnce(name: string, at: number, value: unknown, options: ScheduleSendOptions): Promise<boolean> {
    try {
      const made = typeof value === "function" ? await value(new Date(at)) : value;
      await this.target.send(made, { ...options, idempotencyKey: keyOf(name, at) });
      return true;
    } catch (error) {
      this.failures.report(`schedule ${name}`, undefined, error);
      return false;
    }
  }
}

/** The idempotency key of what is due at a time. */
function keyOf(name: string, at: number): string {
  return `schedule ${name} ${new Date(at).toISOString()}`;
}

class ScheduledSend implements Schedule {
  nextAt: number | null;
  private cancel: (() => void) | null = null;

  constructor(
    readonly name: string,
    private readonly next: Next,
    private readonly timers: Timers,
    private readonly on: { due(at: number): Promise<boolean>; stopped(): void },
  ) {
    this.nextAt = next(timers.wall());
  }

  start(): void {
    this.pause();
    this.nextAt = this.next(this.timers.wall());
    this.wait(LOOK_MS);
  }

  pause(): void {
    this.cancel?.();
    this.cancel = null;
  }

  stop(): void {
    this.pause();
    this.nextAt = null;
    this.on.stopped();
  }

  /** Looks at the wall clock when the next time has come, after the given milliseconds at the latest. */
  private wait(mostMs: number): void {
    if (this.nextAt === null) return;
    const ms = Math.max(1, Math.min(mostMs, this.nextAt - this.timers.wall()));
    this.cancel = this.timers.after(ms, () => void this.look());
  }

  private async look(): Promise<void> {
    const now = this.timers.wall();
    // A clock that was set back brings times that have been: what was sent at them is known.
    const next = this.next(now);
    if (this.nextAt === null || now < this.nextAt) {
      this.nextAt = next;
      return this.wait(LOOK_MS);
    }
    const due = this.latest(this.nextAt, now);
    const { cancel } = this;
    const sent = await this.on.due(due);
    // Stopped, or started again, meanwhile.
    if (this.cancel !== cancel || this.nextAt === null) return undefined;
    const after = sent ? this.next(Math.max(due, this.timers.wall())) : due;
    this.nextAt = after;
    if (sent) this.wait(LOOK_MS);
    else this.cancel = this.timers.after(RETRY_MS, () => void this.look());
    return undefined;
  }

  /** The last time at or before `now`, from one on that has passed; of very many only some are looked through. */
  private latest(from: number, now: number): number {
    let latest = from;
    for (let tries = 0; tries < 1000; tries++) {
      const next = this.next(latest);
      if (next === null || next > now) return latest;
      latest = next;
    }
    return latest;
  }
}
