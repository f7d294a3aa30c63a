import { createHash } from "node:crypto";
import type { Nanoseconds } from "../kernel/clock.ts";
import type { Ramp } from "../scenario/load-extent.ts";

/** One arrival: when it falls due, and for which key. */
export class Arrival {
  /** Microseconds since t = 0, a whole number. */
  dueMicros = 0;
  /** Number of the key, from 0. */
  key = 0;
  /** The line of the file it was read from (replay only). */
  line = 0;
  /** The line's text (replay only). */
  text = "";
}

/** A stream of arrivals in order of due time; a pure function of scenario and seed (or of the replayed file). */
export interface Tape {
  /** Fills in the next arrival; false at the end. */
  next(arrival: Arrival): boolean;
  /** Releases what the tape holds open. */
  close(): void;
  /** Changes the load beyond what was read of it; null or absent: it cannot be changed. */
  readonly steering?: Steering | null;
}

/** The means to change a load whose tape is being read. */
export interface Steering {
  /** The instant up to which the load has been read, in microseconds: later than the last arrival where arrivals are moved. */
  readonly readUntil: () => number;
  /** Goes on with a load that is the same up to there, and later. */
  readonly changeTo: (load: Ramp) => void;
}

/** Due times of arrivals, without their keys. */
export interface DueTimes {
  /** The next due time in microseconds; Infinity at the end, NaN while it depends on completions after `now`. */
  next(now: Nanoseconds): number;
  /** Number of arrivals due at the instant that `next` returned. */
  readonly together: number;
  close(): void;
  readonly steering?: Steering | null;
}

/** Facts about a tape that are known before the run. */
export interface TapeFacts {
  readonly hash: string;
  readonly count: number;
  /** Due time of the last arrival, in microseconds. */
  readonly lastMicros: number;
  /** The load's duration, in microseconds; 0 when everything is due at once. */
  readonly durationMicros: number;
  /** Arrivals due at or after the end of warm-up. */
  readonly measured: number;
}

const BLOCK = 4096;
/** Arrivals inspected between two calls of `between`. */
const STRETCH = 100_000;

/**
 * Reads a whole tape once for its hash: SHA-256 over, for each arrival, due time (float64, microseconds) and key (uint32), little-endian,
 * and for a replay the text of the line. A long tape takes seconds: `between` is called from time to time.
 */
export async function inspectTape(
  tape: Tape,
  durationMicros: number | null,
  warmupMicros: number,
  between: () => Promise<void> = async () => {},
): Promise<TapeFacts> {
  const hash = createHash("sha256");
  const block = new DataView(new ArrayBuffer(BLOCK * 12));
  const arrival = new Arrival();
  let count = 0;
  let measured = 0;
  let filled = 0;
  let lastMicros = 0;
  const flush = () => {
    hash.update(new Uint8Array(block.buffer, 0, filled));
    filled = 0;
  };
  const add = () => {
    block.setFloat64(filled, arrival.dueMicros, true);
    block.setUint32(filled + 8, arrival.key, true);
    filled += 12;
    if (arrival.line > 0) {
      flush();
      hash.update(arrival.text).update("\n");
    } else if (filled === BLOCK * 12) {
      flush();
    }
    count++;
    if (arrival.dueMicros >= warmupMicros) measured++;
    lastMicros = arrival.dueMicros;
  };
  const stretch = () => {
    for (let i = 0; i < STRETCH; i++) {
      if (!tape.next(arrival)) return false;
      add();
    }
    return true;
  };
  while (stretch()) await between();
  flush();
  tape.close();
  return { hash: hash.digest("hex"), count, measured, lastMicros, durationMicros: durationMicros ?? lastMicros };
}
