import type { KeySource } from "./keys.ts";
import { rampingArrivalRate } from "./ramping-arrival-rate.ts";
import type { Tape } from "./tape.ts";

export interface ConstantArrivalRate {
  readonly rate: number;
  readonly timeUnit: number;
  readonly duration: number;
  readonly arrivals: "uniform" | "poisson";
  readonly jitter: number;
}

/** Arrivals at a steady rate, evenly spaced or Poisson, each moved by up to ± jitter: a ramp of one level stage. */
export function constantArrivalRate(load: ConstantArrivalRate, keys: KeySource, seed: number): Tape {
  return rampingArrivalRate({ ...load, ...levelRamp(load) }, keys, seed);
}

/** The ramp that stays at the rate. */
export function levelRamp({ rate, timeUnit, duration }: Pick<ConstantArrivalRate, "rate" | "timeUnit" | "duration">) {
  return { startRate: rate, timeUnit, stages: [{ target: rate, duration }] };
}
