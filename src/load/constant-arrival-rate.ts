import { exactLog } from "../kernel/exact-math.ts";
import { Random } from "../kernel/random.ts";
import { type Instants, jittered, timedTape } from "./instants.ts";
import type { KeySource } from "./keys.ts";
import type { Tape } from "./tape.ts";

export interface ConstantArrivalRate {
  readonly rate: number;
  readonly timeUnit: number;
  readonly duration: number;
  readonly arrivals: "uniform" | "poisson";
  readonly jitter: number;
}

/** Arrivals at a steady rate, evenly spaced or Poisson, each moved by up to ± jitter. */
export function constantArrivalRate(load: ConstantArrivalRate, keys: KeySource, seed: number): Tape {
  const instants = load.arrivals === "uniform" ? uniform(load) : poisson(load, new Random(seed, "arrivals"));
  return timedTape(jittered(instants, load.jitter, seed), keys);
}

/** Item i at i · timeUnit / rate. */
function uniform({ rate, timeUnit, duration }: ConstantArrivalRate): Instants {
  const count = Math.floor((rate * duration) / timeUnit + 1e-9);
  let i = 0;
  return () => (i < count ? Math.round((i++ * timeUnit) / rate) : Number.POSITIVE_INFINITY);
}

/** Exponential gaps of mean timeUnit / rate until `duration`. */
function poisson({ rate, timeUnit, duration }: ConstantArrivalRate, random: Random): Instants {
  let at = 0;
  return () => {
    at -= (exactLog(1 - random.unit()) * timeUnit) / rate;
    if (at >= duration) at = Number.POSITIVE_INFINITY;
    return Math.round(at);
  };
}
