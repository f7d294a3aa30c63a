import type { Load } from "../scenario/schema.ts";
import { BurstTape } from "./bursts.ts";
import { Clients } from "./clients.ts";
import { constantArrivalRate } from "./constant-arrival-rate.ts";
import { timedTape } from "./instants.ts";
import { type KeyChoice, type KeySource, keySource, NO_KEYS } from "./keys.ts";
import { rampingArrivalRate } from "./ramping-arrival-rate.ts";
import { replay, type TimestampOf } from "./replay.ts";
import { Arrival, type DueTimes, type Tape } from "./tape.ts";

export interface TapeSource {
  readonly load: Load;
  readonly keys: KeyChoice;
  readonly seed: number;
}

/**
 * Opens a tape at its beginning. Each call returns a new one with the same arrivals. For a closed loop it holds what is known in advance:
 * the first message of every client, or all iterations, due at once.
 */
export function openTape(source: TapeSource, timestampOf: TimestampOf): Tape {
  return open(source, keySource(source.keys, source.seed), timestampOf);
}

/** The clients of a closed loop; null for an open loop, whose arrivals do not depend on completions. */
export function openClients({ load, keys, seed }: TapeSource): Clients | null {
  if (load.executor === "constant-vus") {
    return new Clients(load.vus, keySource(keys, seed), Number.POSITIVE_INFINITY, load.duration * 1000);
  }
  if (load.executor === "shared-iterations") {
    return new Clients(load.vus, keySource(keys, seed), load.iterations, Number.POSITIVE_INFINITY);
  }
  return null;
}

/** The due times of a tape of `count` arrivals, computed without reading it where the load alone determines them. */
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
    steering: tape.steering ?? null,
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
    case "ramping-arrival-rate":
      return rampingArrivalRate(load, keys, seed);
    case "bursts":
      return new BurstTape(load, keys);
    case "replay":
      return replay(load, timestampOf);
    case "constant-vus":
      return atOnce(load.vus, keys);
    case "shared-iterations":
      return atOnce(load.iterations, keys);
    case "once":
      throw new Error("a list that is asked for once has no plan yet");
    default:
      return load satisfies never;
  }
}

function atOnce(count: number, keys: KeySource): Tape {
  let i = 0;
  return timedTape(() => (i++ < count ? 0 : Number.POSITIVE_INFINITY), keys);
}
