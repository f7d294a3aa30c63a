import { loadDuration } from "../scenario/load-extent.ts";
import type { Load } from "../scenario/schema.ts";
import { openTape } from "./open.ts";
import { Arrival } from "./tape.ts";

/** How densely arrivals fall due over the time of a load. */
export interface ArrivalSketch {
  /** When the last span ends, in milliseconds. */
  readonly untilMs: number;
  /** Arrivals per second in each of equal spans. */
  readonly perSecond: readonly number[];
}

const ONE_KEY = { count: 1, distribution: "round-robin", exponent: 1 } as const;

/** Arrivals that are looked at, at most: of longer tapes the beginning. */
const MOST = 300_000;

/**
 * A sketch of a load's arrivals in `spans` spans; null where they have no instants of their own: they wait for answers, come from a file,
 * or their rate is yet to be found out.
 */
export function sketchArrivals(load: Load, seed: number, spans: number): ArrivalSketch | null {
  if (load.executor === "constant-vus" || load.executor === "shared-iterations" || load.executor === "replay") return null;
  if ("rate" in load && typeof load.rate !== "number") return null;
  const tape = openTape({ load, keys: ONE_KEY, seed }, () => null);
  const dues: number[] = [];
  const arrival = new Arrival();
  try {
    while (dues.length < MOST && tape.next(arrival)) dues.push(arrival.dueMicros / 1000);
  } finally {
    tape.close();
  }
  const untilMs = Math.max(1, ...[dues.at(-1) ?? 0, dues.length < MOST ? (loadDuration({ load }) ?? 0) / 1000 : 0]);
  const counts = new Array<number>(spans).fill(0);
  for (const due of dues) {
    const span = Math.min(spans - 1, Math.floor((due / untilMs) * spans));
    counts[span] = (counts[span] ?? 0) + 1;
  }
  return { untilMs, perSecond: counts.map((count) => (count * 1000 * spans) / untilMs) };
}
