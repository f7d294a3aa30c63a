import { median } from "../kernel/median.ts";
import { mean } from "./noise.ts";
import type { Sample } from "./result.ts";

/** The part of a run in which messages waited: what an average over the whole of it hides. */
export interface Crowding {
  /** Milliseconds, all of its stretches together, and their share of the run. */
  readonly ms: number;
  readonly share: number;
  /** Per second, on average over it. */
  readonly offered: number;
  readonly processed: number;
  readonly inFlight: number;
  /** The most that waited. */
  readonly depth: number;
  /** Milliseconds; of the medians of its samples. */
  readonly p50: number;
}

/**
 * Samples in which half of what was done had taken longer than `longMs`, or nothing was done though something waited. null: there were
 * fewer than two, or no series.
 */
export function crowding(series: readonly Sample[] = [], longMs: number): Crowding | null {
  const first = series[0];
  if (first === undefined) return null;
  const every = series.length > 1 ? ((series.at(-1)?.t ?? first.t) - first.t) / (series.length - 1) : first.t;
  const crowded = series.filter(({ p50, processed, depth }) => (processed > 0 ? p50 > longMs : depth > 0));
  const done = crowded.filter(({ processed }) => processed > 0);
  if (crowded.length < 2 || done.length === 0) return null;
  const over = (of: (sample: Sample) => number) => mean(crowded.map(of));
  return {
    ms: crowded.length * every,
    share: crowded.length / series.length,
    offered: over(({ offered }) => offered),
    processed: over(({ processed }) => processed),
    inFlight: over(({ inFlight }) => inFlight),
    depth: Math.max(...crowded.map(({ depth }) => depth)),
    p50: median(done.map(({ p50 }) => p50)),
  };
}
