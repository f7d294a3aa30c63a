import { exactLog } from "../kernel/exact-math.ts";
import { Random } from "../kernel/random.ts";
import { type Ramp, rampTotal } from "../scenario/load-extent.ts";
import { type Instants, jittered, timedTape } from "./instants.ts";
import type { KeySource } from "./keys.ts";
import type { Tape } from "./tape.ts";

export interface RampingArrivalRate extends Ramp {
  readonly arrivals: "uniform" | "poisson";
  readonly jitter: number;
}

/** Arrivals at a rate that changes linearly from stage to stage. */
export function rampingArrivalRate(load: RampingArrivalRate, keys: KeySource, seed: number): Tape {
  const instants = load.arrivals === "uniform" ? uniform(load) : poisson(load, new Random(seed, "arrivals"));
  return timedTape(jittered(instants, load.jitter, seed), keys);
}

/** Item i at the instant by which i arrivals were expected. */
function uniform(load: RampingArrivalRate): Instants {
  const count = Math.floor(rampTotal(load) + 1e-9);
  const reach = expectation(load);
  let i = 0;
  return () => (i < count ? Math.round(reach(i++)) : Number.POSITIVE_INFINITY);
}

/**
 * A Poisson process of changing rate: unit-rate arrivals mapped to the instants at which as many were expected (inversion; Çınlar 1975).
 */
function poisson(load: RampingArrivalRate, random: Random): Instants {
  const total = rampTotal(load);
  const reach = expectation(load);
  let expected = 0;
  return () => {
    expected -= exactLog(1 - random.unit());
    return expected < total ? Math.round(reach(expected)) : Number.POSITIVE_INFINITY;
  };
}

/** The instant at which the expected number of arrivals reaches a value; values must rise. */
function expectation({ startRate, timeUnit, stages }: RampingArrivalRate): (value: number) => number {
  let stage = 0;
  let rate = startRate / timeUnit;
  let before = 0;
  let from = 0;
  const end = (): number => {
    const { target, duration } = stages[stage] ?? { target: 0, duration: 0 };
    return ((rate + target / timeUnit) / 2) * duration;
  };
  return (value) => {
    // Stages that expect no arrival are skipped, so the first arrival comes when the rate has left 0.
    while (stage < stages.length - 1 && (value - before > end() || end() === 0)) {
      before += end();
      from += stages[stage]?.duration ?? 0;
      rate = (stages[stage]?.target ?? 0) / timeUnit;
      stage++;
    }
    const { target, duration } = stages[stage] ?? { target: 0, duration: 1 };
    const slope = (target / timeUnit - rate) / duration;
    const left = Math.max(0, value - before);
    // rate · t + slope · t² / 2 = left, in the form that stays exact when the slope is 0.
    const root = Math.sqrt(Math.max(0, rate * rate + 2 * slope * left));
    return from + (left === 0 ? 0 : Math.min(duration, (2 * left) / (rate + root)));
  };
}
