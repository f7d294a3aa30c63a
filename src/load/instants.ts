import { Heap } from "../kernel/heap.ts";
import { Random } from "../kernel/random.ts";
import type { KeySource } from "./keys.ts";
import type { Arrival, Steering, Tape } from "./tape.ts";

/** Due times in microseconds, in order; Infinity when there are no more. */
export type Instants = () => number;

/** A tape of generated arrivals: an instant and a key each. `steering`: of the load that the instants come from. */
export function timedTape(instants: Instants, keys: KeySource, steering: Steering | null = null): Tape {
  return {
    next(arrival: Arrival): boolean {
      const at = instants();
      if (at === Number.POSITIVE_INFINITY) return false;
      arrival.dueMicros = at;
      arrival.key = keys.next();
      return true;
    },
    close() {},
    steering,
  };
}

/** Moves each instant by up to ± jitter (never before t = 0) and sorts them again; buffers only those that may still change places. */
export function jittered(instants: Instants, jitter: number, seed: number): Instants {
  if (jitter === 0) return instants;
  const random = new Random(seed, "jitter");
  const waiting = new Heap<null>();
  let next = instants();
  return () => {
    while (next !== Number.POSITIVE_INFINITY && waiting.next > next - jitter) {
      waiting.push(Math.max(0, Math.round(next + (random.unit() * 2 - 1) * jitter)), null);
      next = instants();
    }
    const at = waiting.next;
    waiting.pop();
    return at;
  };
}
