import type { KeySource } from "./keys.ts";
import type { Arrival, Tape } from "./tape.ts";

export interface Bursts {
  readonly size: number;
  readonly every: number;
  readonly count: number;
}

/** Burst k, all of it, at k · every. */
export function bursts(load: Bursts, keys: KeySource): Tape {
  const total = load.size * load.count;
  let emitted = 0;
  let inBurst = 0;
  let burst = 0;
  let at = 0;
  return {
    next(arrival: Arrival): boolean {
      if (emitted === total) return false;
      if (inBurst === load.size) {
        inBurst = 0;
        at = ++burst * load.every;
      }
      inBurst++;
      emitted++;
      arrival.dueMicros = Math.round(at);
      arrival.key = keys.next();
      return true;
    },
    close() {},
  };
}
