import { exactLog } from "../kernel/exact-math.ts";
import { Heap } from "../kernel/heap.ts";
import { Random } from "../kernel/random.ts";
import type { KeySource } from "./keys.ts";
import type { Arrival, Tape } from "./tape.ts";

export interface ConstantArrivalRate {
  readonly rate: number;
  readonly timeUnit: number;
  readonly duration: number;
  readonly arrivals: "uniform" | "poisson";
  readonly jitter: number;
}

/** Due times in microseconds, in order, before jitter; Infinity when there are no more. */
type DueTimes = () => number;

/** Arrivals at a steady rate, evenly spaced or Poisson, each moved by up to ± jitter. */
export function constantArrivalRate(load: ConstantArrivalRate, keys: KeySource, seed: number): Tape {
  const base = load.arrivals === "uniform" ? uniform(load) : poisson(load, new Random(seed, "arrivals"));
  const due = load.jitter > 0 ? jittered(base, load.jitter, new Random(seed, "jitter")) : base;
  return {
    next(arrival: Arrival): boolean {
      const at = due();
      if (at === Number.POSITIVE_INFINITY) return false;
      arrival.dueMicros = at;
      arrival.key = keys.next();
      return true;
    },
    close() {},
  };
}

/** Item i at i · timeUnit / rate. */
function uniform({ rate, timeUnit, duration }: ConstantArrivalRate): DueTimes {
  const count = Math.floor((rate * duration) / timeUnit + 1e-9);
  let i = 0;
  return () => (i < count ? Math.round((i++ * timeUnit) / rate) : Number.POSITIVE_INFINITY);
}

/** Exponential gaps of mean timeUnit / rate until `duration`. */
function poisson({ rate, timeUnit, duration }: ConstantArrivalRate, random: Random): DueTimes {
  let at = 0;
  return () => {
    at -= (exactLog(1 - random.unit()) * timeUnit) / rate;
    if (at >= duration) at = Number.POSITIVE_INFINITY;
    return Math.round(at);
  };
}

/** Moves each by up to ± jitter (never before t = 0) and sorts again; holds only what can still change places. */
function jittered(base: DueTimes, jitter: number, random: Random): DueTimes {
  const waiting = new Heap<null>();
  let next = base();
  return () => {
    while (next !== Number.POSITIVE_INFINITY && waiting.next > next - jitter) {
      waiting.push(Math.max(0, Math.round(next + (random.unit() * 2 - 1) * jitter)), null);
      next = base();
    }
    const at = waiting.next;
    waiting.pop();
    return at;
  };
}
