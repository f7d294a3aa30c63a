import type { PartStats } from "../part.ts";

/** A bound on one figure of one part. */
export interface AlertRule {
  readonly part: string;
  /** A figure of the part's statistics; parts of it by dots, members of a list by their name: `stages.price.failed`. */
  readonly figure: string;
  readonly above?: number;
  readonly below?: number;
}

export interface Alert extends AlertRule {
  readonly value: number;
  /** False when the figure is within its bound again. */
  readonly raised: boolean;
  /** What to tell people. */
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

/** Knows which alerts are raised, so that each crossing is told once. */
export class AlertBoard {
  private readonly rules: { readonly rule: AlertRule; readonly tell: (alert: Alert) => void; raised: boolean; missed: boolean }[] = [];

  add(rule: AlertRule, tell: (alert: Alert) => void): () => void {
    if (rule.above === undefined && rule.below === undefined) throw new RangeError("alert: needs `above` or `below`, the bound it watches");
    const entry = { rule, tell, raised: false, missed: false };
    this.rules.push(entry);
    return () => {
      const at = this.rules.indexOf(entry);
      if (at >= 0) this.rules.splice(at, 1);
    };
  }

  get raised(): number {
    return this.rules.filter(({ raised }) => raised).length;
  }

  /** `missing`: told once of each rule whose figure is not there. */
  check(statsOf: (part: string) => PartStats | null, missing: (rule: AlertRule) => void = () => {}): void {
    const told: (() => void)[] = [];
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
      told.push(() => entry.tell({ ...rule, value, raised: crossed, text }));
    }
    // One that throws is not the others' trouble.
    const failed = told.flatMap((tell) => {
      try {
        tell();
        return [];
      } catch (error) {
        return [error];
      }
    });
    if (failed.length > 0) throw failed[0];
  }
}
