import type { CasePlan } from "../plan/plan.ts";
import { keepsPace, lineGrowth } from "../telemetry/pace.ts";
import type { CaseResult, RateFigures } from "../telemetry/result.ts";

export { askedRate, atRate } from "./asked-rate.ts";
export { probePlan } from "./probe.ts";

/** The search goes between two rates that are further apart than this. */
const CLOSE = 1.05;
/** So many trials of a rate with the same outcome are taken for what it does. */
const ALIKE = 3;
const MOST_TRIALS = 20;
/** At a rate that holds no more of what comes may be lost than this, and no more waiting be added per second of load. */
const TOLERANCE = 0.01;

/** True when what came at a constant rate was done, but for one in a hundred, and the line did not grow while it came. */
export function keptUp(result: CaseResult, { scenario: { load } }: CasePlan): boolean {
  const { status, ledger, series } = result;
  const settled = ledger.processed + ledger.failed + ledger.rejected;
  if (status !== "completed" || ledger.unfinished > 0 || settled < (1 - TOLERANCE) * ledger.scheduled) return false;
  const lastMs = load.executor === "constant-arrival-rate" ? load.duration / 1000 : Number.POSITIVE_INFINITY;
  const growth = lineGrowth(series.filter(({ t }) => t <= lastMs));
  return growth === null ? keepsPace(result) : growth <= 1000 * TOLERANCE;
}

type Trial = NonNullable<RateFigures["trials"]>[number];

/**
 * Looks for the highest rate that holds, and how surely: goes up or down until it has one on each side, goes between them until they are
 * close, then tries both again, since what holds once may not the next time.
 */
export class RateSearch {
  readonly trials: Trial[] = [];

  constructor(private readonly start: number) {}

  /** The highest rate of which it can be said that it, and all that was tried below it, held every time; 0: of none. */
  get low(): number {
    const failed = Math.min(...this.trials.filter(({ ok }) => !ok).map(({ rate }) => rate));
    return Math.max(0, ...this.trials.map(({ rate }) => rate).filter((rate) => rate < failed));
  }

  /** The lowest rate of which it can be said that it, and all that was tried above it, never held. */
  get high(): number {
    const held = Math.max(0, ...this.trials.filter(({ ok }) => ok).map(({ rate }) => rate));
    return Math.min(...this.trials.map(({ rate }) => rate).filter((rate) => rate > held));
  }

  /** The next rate to try; null when it is found closely and surely enough. */
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

  tried(rate: number, ok: boolean): void {
    this.trials.push({ rate, ok });
  }

  figures(): RateFigures {
    const { low, high, trials } = this;
    return { asked: "max", resolved: low, low, high: Number.isFinite(high) ? high : null, trials };
  }
}
