import type { Load } from "../scenario/schema.ts";
import { bursts } from "./bursts.ts";
import { constantArrivalRate } from "./constant-arrival-rate.ts";
import { type KeyChoice, type KeySource, keySource, NO_KEYS } from "./keys.ts";
import { replay, type TimestampOf } from "./replay.ts";
import type { Tape } from "./tape.ts";

export interface TapeSource {
  readonly load: Load;
  readonly keys: KeyChoice;
  readonly seed: number;
}

/** Opens a tape at its beginning. Each call gives a new one with the same arrivals. */
export function openTape(source: TapeSource, timestampOf: TimestampOf): Tape {
  return open(source, keySource(source.keys, source.seed), timestampOf);
}

/** The same tape with due times only: every key is 0. */
export function openDueTimes(source: TapeSource, timestampOf: TimestampOf): Tape {
  return open(source, NO_KEYS, timestampOf);
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
