import { LineReader } from "./lines.ts";
import type { Arrival, Tape } from "./tape.ts";

export interface Replay {
  readonly file: string;
  /** Messages per second; the file's own timestamps are ignored. */
  readonly rate?: number | undefined;
  /** 2 = twice as fast as the timestamps. */
  readonly speed?: number | undefined;
}

/** Parses the timestamp (seconds) of a line; null when it has none. */
export type TimestampOf = (text: string) => number | null;

/**
 * The lines of an NDJSON file in the file's order: paced by `rate`, by `speed`, or all due at once. Empty lines are skipped. A line without
 * a readable timestamp, or with one that goes back, falls due with the line before it.
 */
export function replay(load: Replay, timestampOf: TimestampOf): Tape {
  const lines = new LineReader(load.file);
  const dueOf = pacing(load, timestampOf);
  return {
    next(arrival: Arrival): boolean {
      let text = lines.next();
      while (text !== null && !lines.cut && text.trim() === "") text = lines.next();
      if (text === null) {
        lines.close();
        return false;
      }
      arrival.line = lines.line;
      arrival.text = lines.cut ? TOO_LONG : lines.garbled ? NOT_UTF8 : text;
      arrival.dueMicros = dueOf(text);
      if (!(arrival.dueMicros <= LATEST)) {
        throw new Error(
          `Line ${lines.line} of the replayed file falls due more than 30 days after the first; load.speed or load.rate is too slow for it.`,
        );
      }
      return true;
    },
    close: () => lines.close(),
  };
}

/** Stands for a line longer than is read. */
export const TOO_LONG = "\u0000 too long";

/** Stands for a line that is not UTF-8. */
export const NOT_UTF8 = "\u0000 not UTF-8";

/** Latest due time of a replay, in microseconds: 30 days. */
const LATEST = 30 * 86400e6;

function pacing({ rate, speed }: Replay, timestampOf: TimestampOf): (text: string) => number {
  if (rate !== undefined) {
    let i = 0;
    return () => Math.round((i++ * 1e6) / rate);
  }
  if (speed === undefined) return () => 0;
  let first: number | null = null;
  let last = 0;
  return (text) => {
    const seconds = timestampOf(text);
    if (seconds !== null) {
      first ??= seconds;
      last = Math.max(last, Math.round(((seconds - first) * 1e6) / speed));
    }
    return last;
  };
}
