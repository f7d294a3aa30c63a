import { checkDelay, checkFlag, checkNames, checkSpan, type OptionNames } from "../options.ts";
import type { PartStats } from "../part.ts";

/** A bound on one figure of one part. */
export interface AlertRule {
  readonly part: string;
  /** A figure of the part's statistics; nested ones by dots, members of a list by name: `stages.price.failed`. */
  readonly figure: string;
  readonly above?: number;
  readonly below?: number;
  /** Watches how fast the figure grows instead, per second, over `windowMs`. */
  readonly perSecond?: boolean;
  /** Over how long a growth is measured, in milliseconds. Default 60 000. */
  readonly windowMs?: number;
  /** How long the bound must be crossed without a break, in milliseconds, before the alert is raised. Default 0. */
  readonly forMs?: number;
}

const ALERT_NAMES: OptionNames<AlertRule> = {
  part: true,
  figure: true,
  above: true,
  below: true,
  perSecond: true,
  windowMs: true,
  forMs: true,
};

/** An alert that was raised, or ended. */
export interface Alert extends AlertRule {
  readonly value: number;
  /** True when the figure has left its bound, false when it is back. */
  readonly raised: boolean;
  /** A sentence for people. */
  readonly text: string;
}

/** A figure by its path; null when there is no such number. */
export function figureAt(stats: PartStats, path: string): number | null {
  let at: unknown = stats;
  for (const step of path.split(".")) {
    if (Array.isArray(at)) at = at.find((member: PartStats) => member["name"] === step);
    else if (typeof at === "object" && at !== null && Object.hasOwn(at, step)) at = (at as PartStats)[step];
    else return null;
  }
  return typeof at === "number" ? at : null;
}

const WINDOW_MS = 60_000;

type Bound = "above" | "below";

/** What is known of one rule. */
interface Watched {
  readonly rule: AlertRule;
  readonly growth: Growth | null;
  readonly notify: (alert: Alert) => void;
  /** The bound that it was raised by; null: it is not raised. */
  raised: Bound | null;
  /** It was reported that there is no such figure. */
  missed: boolean;
  /** Since when the bound has been crossed; null: it is not. */
  since: number | null;
}

/** Remembers which alerts are raised, so that each crossing is reported once. */
export class AlertBoard {
  private readonly rules: Watched[] = [];

  add(rule: AlertRule, notify: (alert: Alert) => void): () => void {
    checkRule(rule);
    const growth = rule.perSecond === true ? new Growth(rule.windowMs ?? WINDOW_MS) : null;
    const entry: Watched = { rule, growth, notify, raised: null, missed: false, since: null };
    this.rules.push(entry);
    return () => {
      const at = this.rules.indexOf(entry);
      if (at >= 0) this.rules.splice(at, 1);
    };
  }

  get raised(): number {
    return this.rules.filter(({ raised }) => raised !== null).length;
  }

  /** Checks all rules. `now`: in milliseconds. `missing`: called once for each rule whose figure does not exist. */
  check(statsOf: (part: string) => PartStats | null, now: number, missing: (rule: AlertRule) => void = () => {}): void {
    const crossings: (() => void)[] = [];
    for (const entry of this.rules) {
      const { rule, growth } = entry;
      const stats = statsOf(rule.part);
      const figure = stats === null ? null : figureAt(stats, rule.figure);
      if (figure === null) {
        if (!entry.missed) missing(rule);
        entry.missed = true;
        continue;
      }
      const value = growth === null ? figure : growth.perSecond(figure, now);
      if (value === null) continue;
      const crossed = crossedBound(rule, value);
      if (!hasChanged(entry, crossed, now)) continue;
      const raised = entry.raised === null;
      const bound = (entry.raised ?? crossed) as Bound;
      entry.raised = raised ? bound : null;
      const alert: Alert = { ...rule, value, raised, text: textOf(rule, bound, value, raised) };
      crossings.push(() => entry.notify(alert));
    }
    callAll(crossings);
  }
}

/** The bound that a value is beyond; null: neither. */
function crossedBound({ above, below }: AlertRule, value: number): Bound | null {
  if (above !== undefined && value > above) return "above";
  return below !== undefined && value < below ? "below" : null;
}

/** True when an alert is to be raised, or to end. */
function hasChanged(entry: Watched, crossed: Bound | null, now: number): boolean {
  if (crossed === null) {
    entry.since = null;
    return entry.raised !== null;
  }
  entry.since ??= now;
  return entry.raised === null && now - entry.since >= (entry.rule.forMs ?? 0);
}

function textOf(rule: AlertRule, bound: Bound, value: number, raised: boolean): string {
  const { part, figure, perSecond, windowMs, forMs } = rule;
  const unit = perSecond === true ? "/s" : "";
  const now = perSecond === true ? `grows by ${Number(value.toPrecision(3))}/s over ${(windowMs ?? WINDOW_MS) / 1000} s` : `is ${value}`;
  const lasting = raised && forMs !== undefined && forMs > 0 ? ` for ${forMs / 1000} s` : "";
  return `${part} ${figure} ${now}, ${raised ? "" : "no longer "}${bound} ${rule[bound]}${unit}${lasting}`;
}

/** How fast a figure grows. */
class Growth {
  private readonly seen: { readonly at: number; readonly figure: number }[] = [];

  constructor(private readonly windowMs: number) {}

  /** Notes the figure. Returns its growth per second over the window, or what there is of it; null: it was seen once. */
  perSecond(figure: number, now: number): number | null {
    // A part that was started again counts from nothing.
    if (figure < (this.seen.at(-1)?.figure ?? 0)) this.seen.length = 0;
    this.seen.push({ at: now, figure });
    while (now - (this.seen[1]?.at ?? now) >= this.windowMs) this.seen.shift();
    const first = this.seen[0];
    if (first === undefined || first.at === now) return null;
    return ((figure - first.figure) * 1000) / (now - first.at);
  }
}

function checkRule(rule: AlertRule): void {
  checkNames(rule, ALERT_NAMES, "alert.");
  for (const name of ["part", "figure"] as const)
    if (typeof rule[name] !== "string") throw new RangeError(`alert.${name}: must be a text, got ${String(rule[name])}`);
  const { above, below, perSecond, windowMs, forMs } = rule;
  if (above === undefined && below === undefined) throw new RangeError("alert: needs `above` or `below`, the bound it watches");
  for (const [name, bound] of Object.entries({ above, below }))
    if (bound !== undefined && !Number.isFinite(bound)) throw new RangeError(`alert.${name}: must be a number, got ${String(bound)}`);
  checkFlag("alert.perSecond", perSecond);
  checkSpan("alert.windowMs", windowMs);
  checkDelay("alert.forMs", forMs);
  if (windowMs !== undefined && perSecond !== true) throw new RangeError("alert.windowMs: goes with `perSecond`");
}

/** Calls all; an exception in one does not affect the others, and the first is thrown at the end. */
function callAll(calls: readonly (() => void)[]): void {
  const failed = calls.flatMap((call) => {
    try {
      call();
      return [];
    } catch (error) {
      return [error];
    }
  });
  if (failed.length > 0) throw failed[0];
}
