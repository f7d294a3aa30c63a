import { formatCount, formatMs } from "../../kernel/units.ts";
import { agreeing, outOf } from "../../kernel/wording.ts";
import { isDisturbed } from "../../telemetry/disturbance.ts";
import { droppedTotal } from "../../telemetry/ledger.ts";
import { throughputDiffers } from "../../telemetry/noise.ts";
import { keepsPace, keepsUp, lineGrowth } from "../../telemetry/pace.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { first, last } from "./series.ts";

/** Conclusions from a sweep of the rate. */

/** Sorts cases by arrival rate. */
export function byRate(cases: readonly CaseResult[]): CaseResult[] {
  return cases.toSorted((a, b) => (a.offeredRate ?? 0) - (b.offeredRate ?? 0));
}

const rate = (one: CaseResult) => `${formatCount(one.offeredRate ?? 0)}/s`;

/** Share by which a rate may exceed the capacity and count as kept: counting is no more exact. */
const COUNTING = 0.01;

/** Which of a mode's rates were kept up with: none above the capacity shown by one that was not. */
function keptOf(series: readonly CaseResult[]): (one: CaseResult) => boolean {
  const over = series.filter((one) => !keepsUp(one)).map(({ throughput }) => throughput);
  const most = over.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...series.map(({ throughput }) => throughput));
  return (one) => keepsUp(one) && (one.offeredRate ?? 0) <= (1 + COUNTING) * most;
}

/** The highest rate that a mode keeps up with, and what happens beyond it. */
export function knee(asSwept: readonly CaseResult[], label: string): string | null {
  const series = byRate(asSwept);
  const keeps = keptOf(series);
  const over = series.find((one) => !keeps(one));
  if (over === undefined) return `${label} keeps up with every rate tried, up to ${rate(last(series))}.`;
  const kept = series.slice(0, series.indexOf(over));
  const best = kept.at(-1);
  const most = mostOf(series);
  const range =
    best === undefined ? "none of the rates tried" : best === first(kept) ? rate(best) : `${rate(first(kept))} to ${rate(best)}`;
  return `${label} keeps up with ${range}; at ${rate(over)} ${failing(over)}, and it does ${formatCount(most)}/s at most.`;
}

/** The highest throughput of the undisturbed cases: one that was disturbed may have had a faster core. */
function mostOf(series: readonly CaseResult[]): number {
  const sound = series.filter((one) => !isDisturbed(one));
  return Math.max(...(sound.length === 0 ? series : sound).map(({ throughput }) => throughput));
}

/** States that all series keep up with the same rates; null: one does not, or their rates differ. */
export function allKeepUp(all: readonly (readonly CaseResult[])[]): string | null {
  const highest = all.map((series) => rate(last(byRate(series))));
  const same = highest.every((one) => one === highest[0]) && all.every((series) => series.every(keptOf(series)));
  return same ? `All of them keep up with every rate tried, up to ${highest[0]}.` : null;
}

/** What shows that a rate was too high. */
function failing(one: CaseResult): string {
  const { queue, ledger, throughput, series } = one;
  if (queue.growthPerSecond > 1) return `the line grows by ${formatCount(queue.growthPerSecond)} a second`;
  const dropped = droppedTotal(ledger);
  if (dropped > 0) return `${outOf(dropped, ledger.scheduled)} ${agreeing(dropped, "is", "are")} dropped`;
  if (ledger.unfinished > 0)
    return `${outOf(ledger.unfinished, ledger.scheduled)} ${agreeing(ledger.unfinished, "is", "are")} not done in the end`;
  if (!keepsPace(one)) return `only ${formatCount(throughput)}/s ${agreeing(throughput, "is", "are")} done`;
  return `a message takes ${formatMs(lineGrowth(series) ?? 0)} longer with every second`;
}

/** The rate from which async does more than sync, and up to which it keeps up. */
export function modesCompared(cases: readonly CaseResult[]): string[] {
  const of = (mode: string) => cases.filter((one) => one.mode === mode);
  const [sync, asynchronous] = [of("sync"), of("async")];
  if (sync.length === 0 || sync.length !== asynchronous.length) return [];
  const more = (one: CaseResult, i: number) => throughputDiffers(sync[i] ?? one, one) > 0;
  const ahead = asynchronous.findIndex(more);
  const gain = asynchronous[ahead];
  const base = sync[ahead];
  if (gain === undefined || base === undefined) {
    if (sync.every(keptOf(sync)) && asynchronous.every(keptOf(asynchronous))) return ["sync and async both keep up with every rate tried."];
    const computing = (sync.at(-1)?.process.threads.find(({ name }) => name === "main")?.utilization ?? 0) > 0.8;
    const why = computing ? ": what a message costs is computing, and an event loop gives it no second core" : "";
    return [`async does no more than sync at any of these rates${why}.`];
  }
  const begins = `async does more than sync from ${rate(gain)} on (${formatCount(gain.throughput)}/s against ${formatCount(base.throughput)}/s)`;
  const keeps = keptOf(asynchronous);
  const index = asynchronous.findIndex((one, i) => i >= ahead && !keeps(one));
  const short = asynchronous[index];
  if (short === undefined) return [`${begins} and keeps up with all of them.`];
  const against = `${formatCount(short.throughput)}/s against ${formatCount(sync[index]?.throughput ?? 0)}/s`;
  return [`${begins}; at ${rate(short)} it no longer keeps up: ${against} in sync (predicted limit: ${short.predicted.bottleneck}).`];
}
