import type { Nanoseconds } from "../../../kernel/clock.ts";
import type { EarlierItems } from "../../../telemetry/distributed-figures.ts";

/** Counts items that are recorded after the sample of the interval in which they ended, by these intervals. */
export class LateItems {
  /** Ends of the intervals that were told, in milliseconds. */
  private readonly told: number[] = [];
  /** By the number of the interval: items, and milliseconds from its end to the record of the last of them. */
  private readonly late = new Map<number, { items: number; ms: number }>();

  /** `count` items are recorded now that ended one after another from `began` to `ended`, all as far apart. */
  record(began: Nanoseconds, ended: Nanoseconds, count: number, now: Nanoseconds): void {
    const last = this.told.at(-1) ?? Number.NEGATIVE_INFINITY;
    const each = (ended - began) / count / 1e6;
    const from = began / 1e6;
    if (from + each > last) return;
    let number = this.told.length - 1;
    for (let i = count; i > 0; i--) {
      const at = from + i * each;
      if (at > last) continue;
      while (number > 0 && at <= this.endOf(number - 1)) number--;
      const { items } = this.late.get(number) ?? { items: 0 };
      this.late.set(number, { items: items + 1, ms: now / 1e6 - this.endOf(number) });
    }
  }

  /** Ends an interval at `t` milliseconds; returns what was recorded in it that had ended in those before. */
  next(t: number): EarlierItems[] {
    const earlier = Array.from(this.late, ([number, late]) => ({ t: this.endOf(number), ...late }));
    this.late.clear();
    this.told.push(t);
    return earlier;
  }

  private endOf(number: number): number {
    return this.told[number] ?? 0;
  }
}
