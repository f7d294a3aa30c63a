import type { PartStats } from "../part.ts";

/** A bound on one figure of one part. */
export interface AlertRule {
  readonly part: string;
  /** A figure of the part's statistics; nested ones by dots, members of a list by name: `stages.price.failed`. */
  readonly figure: string;
  readonly above?: number;
  readonly below?: number;
}

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

/** Remembers which alerts are raised, so that each crossing is reported once. */
export class AlertBoard {
  private readonly rules: { readonly rule: AlertRule; readonly notify: (alert: Alert) => void; raised: boolean; missed: boolean }[] = [];

  add(rule: AlertRule, notify: (alert: Alert) => void): () => void {
    if (rule.above === undefined && rule.below === undefined) throw new RangeError("alert: needs `above` or `below`, the bound it watches");
    const entry = { rule, notify, raised: false, missed: false };
    this.rules.push(entry);
    return () => {
      const at = this.rules.indexOf(entry);
      if (at >= 0) this.rules.splice(at, 1);
    };
  }

  get raised(): number {
    return this.rules.filter(({ raised }) => raised).length;
  }

  /** Checks all rules. `missing`: called once for each rule whose figure does not exist. */
  check(statsOf: (part: string) => PartStats | null, missing: (rule: AlertRule) => void = () => {}): void {
    const crossings: (() => void)[] = [];
    for (const entry of this.rules) {
      const { rule } = entry;
      const stats = statsOf(rule.part);
      const value = stats === null ? null : figureAt(stats, rule.figure);
      if (value === null) {
        if (!entry.missed) missing(rule);
        entry.missed = true;
        continue;
      }
      const crossed = (rule.above !== undefined && value > rule.above) || (rule.below !== undefined && value < rule.below);
      if (crossed === entry.raised) continue;
      entry.raised = crossed;
      const bound =
        rule.above !== undefined && (crossed ? value > rule.above : rule.below === undefined)
          ? `above ${rule.above}`
          : `below ${rule.below}`;
      const text = `${rule.part} ${rule.figure} is ${value}, ${crossed ? "" : "no longer "}${bound}`;
      crossings.push(() => entry.notify({ ...rule, value, raised: crossed, text }));
    }
    // An exception in one callback does not affect the others.
    const failed = crossings.flatMap((notify) => {
      try {
        notify();
        return [];
      } catch (error) {
        return [error];
      }
    });
    if (failed.length > 0) throw failed[0];
  }
}
