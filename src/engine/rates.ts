import type { CasePlan } from "../plan/plan.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { RateFigures } from "../telemetry/result.ts";

/** How long a probe saturates a mode, in microseconds. */
const PROBE = 2e6;
/** Messages of a probe where theory does not know how many it takes. */
const PROBE_MESSAGES = 5_000_000;
/** The search ends when the highest rate that holds and the lowest that does not are this close. */
const CLOSE = 1.05;
const MOST_TRIALS = 10;

/** The same work, with more due at once than can be done while the probe lasts. `capacity`: what theory says, per second. */
export function probePlan(plan: CasePlan, capacity: number | null): CasePlan {
  const { scenario } = plan;
  const size = capacity === null ? PROBE_MESSAGES : Math.ceil(Math.min(PROBE_MESSAGES, 100 + 3 * capacity * (PROBE / 1e6)));
  return {
    ...plan,
    scenario: {
      ...scenario,
      load: { executor: "bursts", size, every: 1e6, count: 1 },
      queue: { ...scenario.queue, overflow: "block", capacity: scenario.queue.capacity === "unlimited" ? 1000 : scenario.queue.capacity },
      queries: { ...scenario.queries, rate: 0 },
      thresholds: undefined,
      warmup: 0,
      gracefulStop: PROBE,
    },
  };
}

/** A plan whose load comes at this many arrivals per second. */
export function atRate(plan: CasePlan, perSecond: number): CasePlan {
  const { load } = plan.scenario;
  if (load.executor !== "constant-arrival-rate") return plan;
  const scenario: Scenario = { ...plan.scenario, load: { ...load, rate: (perSecond * load.timeUnit) / 1e6 } };
  return { ...plan, scenario };
}

/** What `load.rate` asks for: a number as it is, a share of the capacity, or a search. */
export function askedRate({ scenario: { load } }: CasePlan): { readonly share: number; readonly text: string } | "max" | null {
  if (load.executor !== "constant-arrival-rate" || typeof load.rate === "number") return null;
  return load.rate === "max" ? "max" : { share: Number.parseFloat(load.rate) / 100, text: load.rate };
}

/** Looks for the highest rate that holds: doubles or halves until it has one on each side, then goes between them. */
export class RateSearch {
  /** The highest rate that held, and the lowest that did not. */
  low = 0;
  high = Number.POSITIVE_INFINITY;
  readonly trials: { readonly rate: number; readonly ok: boolean }[] = [];

  constructor(private readonly start: number) {}

  /** The next rate to try; null when it is found closely enough. */
  get next(): number | null {
    if (this.trials.length === 0) return this.start;
    if (this.trials.length >= MOST_TRIALS || (this.low > 0 && this.high / this.low <= CLOSE)) return null;
    if (this.high === Number.POSITIVE_INFINITY) return this.low * 1.25;
    if (this.low === 0) return this.high / 1.5;
    return Math.sqrt(this.low * this.high);
  }

  tried(rate: number, ok: boolean): void {
    this.trials.push({ rate, ok });
    if (ok) this.low = Math.max(this.low, rate);
    else this.high = Math.min(this.high, rate);
  }

  figures(): RateFigures {
    return {
      asked: "max",
      resolved: this.low,
      low: this.low,
      high: Number.isFinite(this.high) ? this.high : null,
      trials: this.trials,
    };
  }
}
