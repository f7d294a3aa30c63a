import { median } from "../kernel/median.ts";
import { studentBound } from "../kernel/student.ts";
import { droppedTotal } from "./ledger.ts";
import type { CaseResult } from "./result.ts";
import type { Sample } from "./sample.ts";

/**
 * True when as much was settled as came: what failed or was rejected was had in hand as well. The last to come is done after its turn in
 * its batch and its own time: both are part of the time that the throughput is over, and no sign of a line.
 */
export function keepsPace({
  throughput,
  offeredRate,
  durationMs,
  latency: { service, batch },
  ledger: { processed, failed, rejected },
  series = [],
}: Pick<CaseResult, "throughput" | "offeredRate" | "durationMs" | "latency" | "ledger"> & {
  readonly series?: readonly Sample[];
}): boolean {
  // Of several at work the one that ends last is one of the slow ones.
  const several = (throughput * service.mean) / 1000 >= 2;
  const arriving = Math.max(
    1,
    durationMs - (batch.p50 ?? batch.mean) - (several ? Math.max(service.mean, service.p99 ?? service.max) : service.mean),
  );
  const settled = processed > 0 ? (throughput * (processed + failed + rejected)) / processed : ((failed + rejected) * 1000) / durationMs;
  const came = offeredRate === null ? 0 : offeredRate * untilNextBurst(series);
  return (settled * durationMs) / arriving >= 0.95 * came;
}

/**
 * A rate over the time from the first of several bursts to the last one leaves out that nothing comes after it until another would:
 * the share of that time in the whole, 1 where what comes is no bursts.
 */
function untilNextBurst(series: readonly Sample[]): number {
  const count = isEven(series) ? 0 : bursts(series);
  return count < 2 ? 1 : (count - 1) / count;
}

/** How often something comes after a time of nothing. */
function bursts(series: readonly Sample[]): number {
  return series.filter(({ offered }, i) => offered > 0 && (series[i - 1]?.offered ?? 0) === 0).length;
}

/** Milliseconds a second from which on messages take longer and longer; where they come in bursts more, since each burst has a line. */
const GROWING = { even: 10, bursts: 50 };

/**
 * True when all that came was done, as fast as it came, and what waited did not become more and more: how long a message takes by itself,
 * reading it and filling its batch included, is no line, and neither is what a burst takes to be done.
 */
export function keepsUp(one: CaseResult): boolean {
  const { ledger, queue, durationMs, series, offeredRate } = one;
  if (droppedTotal(ledger) > 0 || ledger.unfinished > 0) return false;
  const grown = (queue.growthPerSecond * durationMs) / 1000;
  if (grown > FEW + 0.02 * ledger.scheduled) return false;
  // What all comes at once has no pace, and the later of it waits the longer though nothing is added.
  if (offeredRate === null) return true;
  const grows = (perSecond: number) => isLine(one, perSecond);
  if (isEven(series)) return keepsPace(one) && !grows(GROWING.even);
  return (bursts(series) < 2 || keepsPace(one)) && !grows(GROWING.bursts) && (lineGrowth(series) !== null || keepsPace(one));
}

/** So many are in line at any time. */
const FEW = 3;

/** Of all messages so many more in line a third of the run later: one that is fed 1.01 times what is done of it grows by 0.0033 of them. */
const SLOWLY = 0.002;

/** Messages take longer and longer, by more than chance, and by what more than a few in line make of it (Little's law). */
function isLine({ series, ledger }: CaseResult, perSecond: number): boolean {
  const grown = growthOf(series, true);
  if (grown === null || (1000 * grown.ms) / grown.span <= perSecond) return false;
  const done = series.reduce((sum, { processed }) => sum + processed, 0) / series.length;
  return (grown.ms * done) / 1000 > FEW + SLOWLY * ledger.scheduled;
}

/** What comes in bursts has a line that grows and shrinks with them. */
function isEven(series: readonly Sample[]): boolean {
  const arriving = series.map(({ offered }) => offered);
  const mean = arriving.reduce((sum, rate) => sum + rate, 0) / Math.max(1, arriving.length);
  const variance = arriving.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / Math.max(1, arriving.length);
  return variance <= mean ** 2;
}

/**
 * By how many milliseconds a second messages take longer and longer, from the middle third of the samples to the last; in the first the line
 * may still be on its way to where it stays. One that is fed 1.01 times what is done of it grows by 10. `null`: too few samples to tell.
 * The line of one thread among many is seen in the slowest only, which vary more: what is within a twentieth of how long half of the
 * messages take anyway, or a quarter of how long the slowest do, is no growth.
 */
export function lineGrowth(series: readonly Sample[]): number | null {
  const grown = growthOf(series, false);
  return grown === null ? null : (1000 * grown.ms) / grown.span;
}

/** With this probability a growth is more than chance. */
const SURE = 0.95;

/** By how many milliseconds messages take longer in the last third than in the middle one, and how far they are apart; `sure`: 0 where that may be chance. */
function growthOf(series: readonly Sample[], sure: boolean): { readonly ms: number; readonly span: number } | null {
  const done = series.flatMap(({ t, p50, p99 }) => (p50 === null || p99 === null ? [] : [{ t, p50, p99 }]));
  const third = Math.floor(done.length / 3);
  if (third < 2) return null;
  const [middle, last] = [done.slice(-2 * third, -third), done.slice(-third)];
  const errors = sure ? studentBound(SURE, 2 * (third - 1)) : 0;
  const growth = (of: (sample: (typeof done)[number]) => number, usual: number) => {
    const [before, after] = [middle.map(of), last.map(of)];
    const chance = errors * Math.hypot(medianError(before), medianError(after));
    return median(after) - median(before) > chance ? median(after) - usual * median(before) : 0;
  };
  const ms = Math.max(
    0,
    growth(({ p50 }) => p50, 1.05),
    growth(({ p99 }) => p99, 1.25),
  );
  return { ms, span: median(last.map(({ t }) => t)) - median(middle.map(({ t }) => t)) };
}

/** Standard error of a median of values that vary as these do: 1.2533 σ/√n. */
function medianError(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return 1.2533 * Math.sqrt(variance / values.length);
}

/** Least correlation of how long messages take with when they were done from which on it is a trend and no chance. */
const TREND = 0.8;
/** Times what a message takes by itself by which it has to take longer at the end than at first. */
const LONGER = 3;

/**
 * True when messages took longer and longer all along: by a line through their medians, or their 99th percentiles, sample by sample
 * (least squares), which they keep close to, and which rises by several times what a message takes by itself, as a rule or at its
 * slowest, in milliseconds. `null`: too few samples to tell.
 */
export function growsAllAlong(series: readonly Sample[], own: { readonly p50: number; readonly p99: number }): boolean | null {
  const done = series.flatMap(({ t, p50, p99 }) => (p50 === null || p99 === null ? [] : [{ t, p50, p99 }]));
  if (done.length < FEWEST) return null;
  const rises = (of: "p50" | "p99") => risen(done.map((sample) => [sample.t, sample[of]])) >= LONGER * own[of];
  return rises("p50") || rises("p99");
}

const FEWEST = 6;

/** By how much a line through points rises from the first to the last of them, where they keep close to one; else 0. */
function risen(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: (x: number, y: number) => number) => points.reduce((sum, [x, y]) => sum + of(x, y), 0) / points.length;
  const [mx, my] = [mean((x) => x), mean((_, y) => y)];
  const xx = mean((x) => (x - mx) ** 2);
  const yy = mean((_, y) => (y - my) ** 2);
  const xy = mean((x, y) => (x - mx) * (y - my));
  const span = (points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0);
  return yy > 0 && xy / Math.sqrt(xx * yy) >= TREND ? (xy / xx) * span : 0;
}
