import { median } from "../kernel/median.ts";
import { droppedTotal } from "./ledger.ts";
import type { CaseResult } from "./result.ts";
import type { Sample } from "./sample.ts";

/**
 * True when as much was settled as came: what failed or was rejected was had in hand as well. The last to come is done after its turn in
 * its batch and its service time: both are part of the time that the throughput is over, and no sign of a line.
 */
export function keepsPace({
  throughput,
  offeredRate,
  durationMs,
  latency,
  ledger: { processed, failed, rejected },
}: Pick<CaseResult, "throughput" | "offeredRate" | "durationMs" | "latency" | "ledger">): boolean {
  const arriving = Math.max(1, durationMs - latency.service.mean - latency.batch.p50);
  const settled = processed > 0 ? (throughput * (processed + failed + rejected)) / processed : ((failed + rejected) * 1000) / durationMs;
  return (settled * durationMs) / arriving >= 0.95 * (offeredRate ?? 0);
}

/** Milliseconds a second from which on messages take longer and longer; where they come in bursts more, since each burst has a line. */
const GROWING = { even: 10, bursts: 50 };

/**
 * True when all that came was done, as fast as it came, and what waited did not become more and more: how long a message takes by itself,
 * reading it and filling its batch included, is no line, and neither is what a burst takes to be done.
 */
export function keepsUp(one: CaseResult): boolean {
  const { ledger, queue, durationMs, series } = one;
  if (droppedTotal(ledger) > 0 || ledger.unfinished > 0) return false;
  // A few are in line at any time.
  const grown = (queue.growthPerSecond * durationMs) / 1000;
  if (grown > 3 + 0.02 * ledger.scheduled) return false;
  const growth = lineGrowth(series);
  if (isEven(series)) return keepsPace(one) && (growth ?? 0) <= GROWING.even;
  return growth === null ? keepsPace(one) : growth <= GROWING.bursts;
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
  const done = series.flatMap(({ t, p50, p99 }) => (p50 === null || p99 === null ? [] : [{ t, p50, p99 }]));
  const third = Math.floor(done.length / 3);
  if (third < 2) return null;
  type Done = (typeof done)[number];
  const typical = (samples: readonly Done[], of: (sample: Done) => number) => median(samples.map(of));
  const growth = (of: (sample: Done) => number, usual: number) =>
    typical(done.slice(-third), of) - usual * typical(done.slice(-2 * third, -third), of);
  const grown = Math.max(
    0,
    growth(({ p50 }) => p50, 1.05),
    growth(({ p99 }) => p99, 1.25),
  );
  return (1000 * grown) / growth(({ t }) => t, 1);
}

/** Least correlation of how long messages take with when they were done from which on it is a trend and no chance. */
const TREND = 0.8;
/** Times what a message takes by itself by which it has to take longer at the end than at first. */
const LONGER = 3;

/**
 * True when messages took longer and longer all along: by a line through the medians of the samples (least squares), which they keep
 * close to, and which rises by several times `ownMs`, what a message takes by itself. `null`: too few samples to tell.
 */
export function growsAllAlong(series: readonly Sample[], ownMs: number): boolean | null {
  const done = series.flatMap(({ t, p50 }) => (p50 === null ? [] : [{ t, p50 }]));
  if (done.length < 6) return null;
  const mean = (of: (sample: (typeof done)[number]) => number) => done.reduce((sum, sample) => sum + of(sample), 0) / done.length;
  const [t, p50] = [mean((sample) => sample.t), mean((sample) => sample.p50)];
  const tt = mean((sample) => (sample.t - t) ** 2);
  const pp = mean((sample) => (sample.p50 - p50) ** 2);
  const tp = mean((sample) => (sample.t - t) * (sample.p50 - p50));
  const span = (done.at(-1)?.t ?? 0) - (done[0]?.t ?? 0);
  return pp > 0 && tp / Math.sqrt(tt * pp) >= TREND && (tp / tt) * span >= LONGER * ownMs;
}
