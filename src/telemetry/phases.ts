import { median } from "../kernel/median.ts";
import type { Sample } from "./sample.ts";
import { joined, type Span, spansOf, withoutStub } from "./series.ts";

/** The part of a run in which messages queued: an average over the whole hides it. */
export interface Crowding {
  /** Total duration in milliseconds, and its share of the run. */
  readonly ms: number;
  readonly share: number;
  /** Arrivals per second, on average over it. */
  readonly offered: number;
  readonly processed: number;
  /** Largest arrival rate of its samples. */
  readonly offeredMost: number;
  readonly inFlight: number;
  /** Largest depth. */
  readonly depth: number;
  /** Largest median of its samples, in milliseconds. */
  readonly p50: number;
  /** The stretches, each with the sample before, in which more came than was done; the rest of the part works that off. null: none. */
  readonly growth: Growth | null;
}

/** Samples in which more came than was done: total milliseconds, and rates per second over them. */
export interface Growth {
  readonly ms: number;
  readonly offered: number;
  readonly processed: number;
}

/**
 * Finds the samples whose median exceeded `longMs`, or in which nothing was done though something waited. null: fewer than two, or no
 * series.
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

/**
 * An average depth below one half comes from items that arrived just before the interval ended. Warm-up samples have no latencies, though
 * items are processed.
 */
function isCrowded({ processed, p50, depth }: Sample, longMs: number): boolean {
  return p50 === null ? processed === 0 && depth > 0.5 : p50 > longMs;
}
