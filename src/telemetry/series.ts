import type { DistributedSample, EarlierItems, LateItemsTold } from "./distributed-figures.ts";
import type { Sample } from "./sample.ts";

/** A sample and the beginning of its interval, in milliseconds since t = 0. */
export interface Span {
  readonly from: number;
  readonly sample: Sample;
}

/** Samples with their intervals: each begins where the previous one ended, the first at `from`. */
export function spansOf(series: readonly Sample[], from = 0): Span[] {
  return series.map((sample, i) => ({ from: series[i - 1]?.t ?? from, sample }));
}

/** Adds a sample to a series; the items in it that ended in earlier intervals are marked in the samples of these. */
export function addSample<S extends Sample>(series: S[], sample: S): void {
  const { distributed } = sample;
  if (distributed?.earlier === undefined) {
    series.push(sample);
    return;
  }
  const { earlier, ...own } = distributed;
  for (const one of earlier) markLate(series, one);
  series.push({ ...sample, distributed: own });
}

/** An interval that is not in the series, such as one of the warm-up, is left; for one that was merged it is that which holds it. */
function markLate(series: Sample[], { t, items, ms }: EarlierItems): void {
  let i = series.length - 1;
  while (i > 0 && (series[i - 1]?.t ?? 0) >= t) i--;
  const sample = series[i];
  if (sample?.distributed === undefined || sample.t < t || (i === 0 && sample.t > t)) return;
  const late = lateIn([sample.distributed.late, after({ items, ms }, sample.t - t)]);
  if (late !== null) series[i] = { ...sample, distributed: { ...sample.distributed, late } };
}

/** True when a further interval was over before all items of a sample's were told: its figures are too low, and later ones too high. */
export function isIncomplete({ from, sample }: Span): boolean {
  return (sample.distributed?.late?.ms ?? 0) > sample.t - from;
}

/** Late items as seen that many milliseconds after the end of their interval. */
function after(late: LateItemsTold | undefined, span: number): LateItemsTold | undefined {
  return late === undefined ? undefined : { items: late.items, ms: late.ms - span };
}

/** Late items of several intervals, their milliseconds since the end of one; null: none is late by then. */
function lateIn(of: readonly (LateItemsTold | undefined)[]): LateItemsTold | null {
  const late = of.filter((one) => one !== undefined).filter(({ ms }) => ms > 0);
  if (late.length === 0) return null;
  return { items: late.reduce((sum, { items }) => sum + items, 0), ms: Math.max(...late.map(({ ms }) => ms)) };
}

/** Merges a last interval that is much shorter than the others into the one before, since its rates cover next to no time. */
export function withoutStub(series: readonly Sample[]): readonly Sample[] {
  const [first, second, last] = series.slice(-3);
  if (first === undefined || second === undefined || last === undefined) return series;
  if (last.t - second.t >= (second.t - first.t) / 2) return series;
  return [
    ...series.slice(0, -2),
    joined([
      { from: first.t, sample: second },
      { from: second.t, sample: last },
    ]),
  ];
}

/** The last `ms` milliseconds of a series as one sample; null: there is none. */
export function recent(series: readonly Sample[], ms: number): Sample | null {
  const spans = recentSpans(series, ms);
  return spans.length === 0 ? null : joined(spans);
}

/** The intervals of the last `ms` milliseconds. */
export function recentSpans(series: readonly Sample[], ms: number): Span[] {
  const end = series.at(-1)?.t;
  if (end === undefined) return [];
  let first = series.length - 1;
  while (first > 0 && (series[first - 1]?.t ?? 0) > end - ms) first--;
  return spansOf(series.slice(first), series[first - 1]?.t ?? 0);
}

/** Merges each two samples into one. */
export function halved(series: readonly Sample[]): Sample[] {
  const spans = spansOf(series);
  const halves: Sample[] = [];
  for (let i = 0; i < spans.length; i += 2) halves.push(joined(spans.slice(i, i + 2)));
  return halves;
}

/** A series without a stub at its end, of at most `most` samples: neighbours are merged until it is short enough. */
export function coarse(series: readonly Sample[], most: number): readonly Sample[] {
  let samples: readonly Sample[] = withoutStub(series);
  while (samples.length > most) samples = halved(samples);
  return samples;
}

/**
 * Merges consecutive samples: rates and levels are averaged by time. Percentiles cannot be averaged: the worst stands for all.
 * Instantaneous values are the last ones.
 */
export function joined(spans: readonly Span[]): Sample {
  const last = spans.at(-1)?.sample;
  if (last === undefined) throw new Error("nothing to join");
  if (spans.length === 1) return last;
  const whole = spans.reduce((sum, { from, sample }) => sum + sample.t - from, 0);
  const mean = (of: (sample: Sample) => number) => spans.reduce((sum, { from, sample }) => sum + of(sample) * (sample.t - from), 0) / whole;
  return {
    ...last,
    offered: mean(({ offered }) => offered),
    processed: mean(({ processed }) => processed),
    dropped: mean(({ dropped }) => dropped),
    depth: mean(({ depth }) => depth),
    inFlight: mean(({ inFlight }) => inFlight),
    blockedMs: spans.reduce((sum, { sample }) => sum + sample.blockedMs, 0),
    p50: worst(spans.map(({ sample }) => sample.p50)),
    p99: worst(spans.map(({ sample }) => sample.p99)),
    ...(last.otherCores === undefined ? {} : { otherCores: meanOfKnown(spans) }),
    ...(last.throttledMs === undefined ? {} : { throttledMs: sumOfKnown(spans) }),
    ...(last.distributed === undefined ? {} : { distributed: joinedStreams(last.distributed, spans, last.t) }),
    cores: last.cores.map((_, core) => mean(({ cores }) => cores[core] ?? 0)),
  };
}

function joinedStreams({ late: _, ...last }: DistributedSample, spans: readonly Span[], t: number): DistributedSample {
  const late = lateIn(spans.map(({ sample: { t: end, distributed } }) => after(distributed?.late, t - end)));
  return late === null ? last : { ...last, late };
}

function meanOfKnown(spans: readonly Span[]): number | null {
  let sum = 0;
  let time = 0;
  for (const { from, sample } of spans) {
    if (sample.otherCores === null || sample.otherCores === undefined) continue;
    sum += sample.otherCores * (sample.t - from);
    time += sample.t - from;
  }
  return time > 0 ? sum / time : null;
}

function sumOfKnown(spans: readonly Span[]): number | null {
  const known = spans.map(({ sample }) => sample.throttledMs ?? null).filter((ms) => ms !== null);
  return known.length === 0 ? null : known.reduce((sum, ms) => sum + ms, 0);
}

/** The largest known value; null: none is known. */
export function worst(values: readonly (number | null)[]): number | null {
  return values.reduce((largest, value) => (value === null ? largest : Math.max(value, largest ?? value)), null);
}
