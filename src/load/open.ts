import type { Load } from "../scenario/schema.ts";
import { bursts } from "./bursts.ts";
import { constantArrivalRate } from "./constant-arrival-rate.ts";
import { type KeyChoice, type KeySource, keySource, NO_KEYS } from "./keys.ts";
import { replay, type TimestampOf } from "./replay.ts";
import { Arrival, type Tape } from "./tape.ts";

export interface TapeSource {
  readonly load: Load;
  readonly keys: KeyChoice;
  readonly seed: number;
}

/** Opens a tape at its beginning. Each call gives a new one with the same arrivals. */
export function openTape(source: TapeSource, timestampOf: TimestampOf): Tape {
  return open(source, keySource(source.keys, source.seed), timestampOf);
}

/** When arrivals fall due, without what they are for. */
export interface DueTimes {
  /** The next instant in microseconds; Infinity at the end. */
  next(): number;
  /** How many fall due at the instant that `next` gave. */
  readonly together: number;
  close(): void;
}

/** The due times of a tape of `count` arrivals, told without reading it where the load alone says them. */
export function openDueTimes(source: TapeSource, count: number, timestampOf: TimestampOf): DueTimes {
  const { load } = source;
  if (load.executor === "bursts") return evenly(load.count, load.every, load.size);
  if (load.executor === "replay" && load.rate !== undefined) return evenly(count, 1e6 / load.rate, 1);
  if (load.executor === "replay" && load.speed === undefined) return evenly(Math.min(1, count), 0, count);
  const tape = open(source, NO_KEYS, timestampOf);
  const arrival = new Arrival();
  return {
    next: () => (tape.next(arrival) ? arrival.dueMicros : Number.POSITIVE_INFINITY),
    together: 1,
    close: () => tape.close(),
  };
}

function evenly(instants: number, every: number, together: number): DueTimes {
  let i = 0;
  return {
    next: () => (i < instants ? Math.round(i++ * every) : Number.POSITIVE_INFINITY),
    together,
    close: () => {},
  };
}

function open({ load, seed }: TapeSource, keys: KeySource, timestampOf: TimestampOf): Tape {
  switch (load.executor) {
    case "constant-arrival-rate":
      if (typeof load.rate !== "number") throw new Error(`rate ${load.rate} has not been resolved`);
      return constantArrivalRate({ ...load, rate: load.rate }, keys, seed);
    case "bursts":
      return bursts(load, keys);
    case "replay":
      return replay(load, timestampOf);
    case "ramping-arrival-rate":
    case "constant-vus":
    case "shared-iterations":
      throw new Error(`${load.executor} is not available in this version`);
    default:
      return load satisfies never;
  }
}
