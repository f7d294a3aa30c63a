import type { RateFigures } from "../../telemetry/result.ts";
import { TOLERANCE, TYPICAL } from "./trial.ts";

/** Ratio of two rates up to which no rate between them is tried. */
const CLOSE = 1.05;
/** A rate is decided once this many of its trials agree. */
const ALIKE = 3;
const MOST_TRIALS = 20;

type Trial = NonNullable<RateFigures["trials"]>[number];

/**
 * Searches for the highest rate that holds, and its certainty: moves up or down until it has one on each side, bisects until they are
 * close, then tries both again, since a rate that holds once may not hold the next time.
 */
export class RateSearch {
  readonly trials: Trial[] = [];

  constructor(private readonly start: number) {}

  /** The highest rate that held, below every one that did not; 0: there is none. */
  get low(): number {
    const failed = Math.min(...this.ratesThat(false));
    return Math.max(0, ...this.ratesThat(true).filter((rate) => rate < failed));
  }

  /** The lowest rate that did not hold, above every one that did. */
  get high(): number {
    const held = Math.max(0, ...this.ratesThat(true));
    return Math.min(...this.ratesThat(false).filter((rate) => rate > held));
  }

  private ratesThat(held: boolean): number[] {
    return this.trials.filter(({ ok }) => ok === held).map(({ rate }) => rate);
  }

  /** The next rate to try; null when the result is close and certain enough. */
  get next(): number | null {
    const { low, high, start } = this;
    if (this.trials.length >= MOST_TRIALS) return null;
    const rates = this.trials.map(({ rate }) => rate);
    if (rates.length === 0) return start;
    if (low === 0) return Math.min(...rates) / 1.5;
    if (high === Number.POSITIVE_INFINITY) return Math.max(...rates) * 1.25;
    const above = Math.min(...rates.filter((rate) => rate > low));
    if (above / low > CLOSE) return Math.sqrt(low * above);
    const below = Math.max(...rates.filter((rate) => rate < high));
    if (high / below > CLOSE) return Math.sqrt(below * high);
    return [low, high].find((rate) => this.timesTried(rate) < ALIKE) ?? null;
  }

  timesTried(rate: number): number {
    return this.trials.filter((trial) => trial.rate === rate).length;
  }

  /** `ok`: whether it held; null: undecided. */
  tried(rate: number, ok: boolean | null): void {
    this.trials.push({ rate, ok });
  }

  /** The range contains the maximum: a rate within the tolerance above it holds as well. */
  figures(): RateFigures {
    const { low, high, trials } = this;
    return { asked: "max", resolved: low, low: low / (1 + TOLERANCE + TYPICAL), high: Number.isFinite(high) ? high : null, trials };
  }
}
