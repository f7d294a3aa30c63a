import { median } from "../kernel/median.ts";
import type { Sample } from "./sample.ts";
import { joined, type Span, spansOf, withoutStub } from "./series.ts";

/** The part of a run in which messages waited: what an average over the whole of it hides. */
export interface Crowding {
  /** Milliseconds, all of its stretches together, and their share of the run. */
  readonly ms: number;
  readonly share: number;
  /** Per second, on average over it. */
  readonly offered: number;
  readonly processed: number;
  /** The most that came in any of its samples. */
  readonly offeredMost: number;
  readonly inFlight: number;
  /** The most that waited. */
  readonly depth: number;
  /** Milliseconds; of the medians of its samples. */
  readonly p50: number;
  /** The part of it, with the sample before, in which more came than was done: the rest of it is what came then, worked off. null: none. */
  readonly growth: Growth | null;
}

/** Samples in which more came than was done: milliseconds in all, and per second of them. */
export interface Growth {
  readonly ms: number;
  readonly offered: number;
  readonly processed: number;
}

/**
 * Samples in which half of what was done had taken longer than `longMs`, or nothing was done though something waited. null: there were
 * fewer than two, or no series.
 */
export function crowding(series: readonly Sample[] = [], longMs: number): Crowding | null {
  const [first, second] = series;
  if (first === undefined) return null;
  const from = second === undefined ? 0 : Math.max(0, 2 * first.t - second.t);
  const all = spansOf(withoutStub(series), from);
  const spans = all.filter(({ sample }) => isCrowded(sample, longMs));
  const medians = spans.flatMap(({ sample: { p50 } }) => (p50 === null ? [] : [p50]));
  if (spans.length < 2 || medians.length === 0) return null;
  const { offered, processed, inFlight } = joined(spans);
  const ms = lengthOf(spans);
  return {
    ms,
    share: ms / ((series.at(-1)?.t ?? first.t) - from),
    offered,
    processed,
    offeredMost: Math.max(...spans.map(({ sample }) => sample.offered)),
    inFlight,
    depth: Math.max(...spans.map(({ sample }) => sample.depth)),
    p50: median(medians),
    growth: growthOf(all.filter((span, i) => spans.includes(span) || spans.includes(all[i + 1] ?? span))),
  };
}

function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { from, sample }) => sum + sample.t - from, 0);
}

function growthOf(spans: readonly Span[]): Growth | null {
  const grew = spans.filter(({ sample: { offered, processed, dropped } }) => offered > processed + dropped);
  if (grew.length === 0) return null;
  const { offered, processed } = joined(grew);
  return { ms: lengthOf(grew), offered, processed };
}

/** Fewer than one half on average are some that came just before the interval ended. Of a warm-up nothing is told, though something is done. */
function isCrowded({ processed, p50, depth }: Sample, longMs: number): boolean {
  return p50 === null ? processed === 0 && depth > 0.5 : p50 > longMs;
}
