import type { Scenario } from "./schema.ts";

/** Limit of arrivals per tape. */
export const MAX_ARRIVALS = 1e9;

/** Time over which arrivals are due, in microseconds; null if only the tape determines it. */
export function loadDuration({ load }: Pick<Scenario, "load">): number | null {
  switch (load.executor) {
    case "constant-arrival-rate":
    case "constant-vus":
      return load.duration;
    case "ramping-arrival-rate":
      return load.stages.reduce((sum, stage) => sum + stage.duration, 0);
    case "bursts":
      return (load.count - 1) * load.every;
    case "shared-iterations":
    case "replay":
    case "once":
      return null;
    default:
      return load satisfies never;
  }
}

/**
 * Time over which a load with a rate spreads its arrivals after the warm-up, in microseconds, including the gap after the last one.
 * Null for loads whose arrivals come at once or depend on completions.
 */
export function pacedSpan({ load, warmup }: Scenario): number | null {
  switch (load.executor) {
    case "constant-arrival-rate":
    case "ramping-arrival-rate":
      return Math.max(0, (loadDuration({ load }) ?? 0) - warmup);
    case "bursts":
    case "constant-vus":
    case "shared-iterations":
    case "replay":
    case "once":
      return null;
    default:
      return load satisfies never;
  }
}

/** Expected number of arrivals; null if only the tape determines it. */
export function arrivalEstimate({ load }: Pick<Scenario, "load">): number | null {
  switch (load.executor) {
    case "constant-arrival-rate":
      return typeof load.rate === "number" ? (load.rate * load.duration) / load.timeUnit + 1e-9 : null;
    case "ramping-arrival-rate":
      return rampTotal(load) + 1e-9;
    case "bursts":
      return load.size * load.count;
    case "shared-iterations":
      return load.iterations;
    default:
      return null;
  }
}

/** Expected number of arrivals without a fraction; 0 where only the tape determines it. */
export function expectedArrivals(of: Pick<Scenario, "load">): number {
  return Math.floor(arrivalEstimate(of) ?? 0);
}

/** A piecewise linear rate: from `startRate` arrivals per `timeUnit` to the target of each stage in turn. */
export interface Ramp {
  readonly startRate: number;
  readonly timeUnit: number;
  readonly stages: readonly { readonly target: number; readonly duration: number }[];
}

/** Evenly spaced arrivals over all stages; a total that rounding leaves just below a whole number is that number. */
export function wholeTotal(load: Ramp): number {
  return Math.floor(rampTotal(load) + 1e-9);
}

/** Expected arrivals over all stages: the area under the rate. */
export function rampTotal({ startRate, timeUnit, stages }: Ramp): number {
  let rate = startRate;
  let total = 0;
  for (const { target, duration } of stages) {
    total += (((rate + target) / 2) * duration) / timeUnit;
    rate = target;
  }
  return total;
}
