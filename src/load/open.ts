import { constantArrivalRate } from "./constant-arrival-rate.ts";
import { bursts } from "./bursts.ts";
import { type KeyChoice, keySource } from "./keys.ts";
import { type TimestampOf, replay } from "./replay.ts";
import type { Load } from "../scenario/schema.ts";
import type { Tape } from "./tape.ts";

export interface TapeSource {
  readonly load: Load;
  readonly keys: KeyChoice;
  readonly seed: number;
}

/** Opens a tape at its beginning. Each call gives a new one with the same arrivals. */
export function openTape({ load, keys, seed }: TapeSource, timestampOf: TimestampOf): Tape {
  switch (load.executor) {
    case "constant-arrival-rate":
      if (typeof load.rate !== "number") throw new Error(`rate ${load.rate} has not been resolved`);
      return constantArrivalRate({ ...load, rate: load.rate }, keySource(keys, seed), seed);
    case "bursts":
      return bursts(load, keySource(keys, seed));
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
