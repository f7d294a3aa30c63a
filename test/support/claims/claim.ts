import { hashOf } from "../../../src/kernel/hash.ts";
import type { Scenario } from "../../../src/scenario/schema.ts";
import type { KeptSummary } from "../../../src/telemetry/percentiles.ts";
import type { CaseResult, MeasuredCase } from "../../../src/telemetry/result.ts";
import type { Sample } from "../../../src/telemetry/sample.ts";
import { type Parts, printed, says, template } from "./template.ts";

/** So many items lie beyond each percentile that is told. */
const FEWEST = 60;

const BEYOND = { p50: 0.5, p75: 0.25, p90: 0.1, p95: 0.05, p99: 0.01 } as const;
type Name = keyof typeof BEYOND;
export const TAIL = "p99|p95|p90|p75|p50";

/** A percentile that may be told; null: of too few. */
export function percentile(times: KeptSummary, name: Name): number | null {
  return times.count * BEYOND[name] < FEWEST - 1e-6 ? null : times[name];
}

/** The percentile of that name; a name that is none is not known. */
export function named(times: KeptSummary, name = ""): number | null {
  return name in BEYOND ? percentile(times, name as Name) : Number.NaN;
}

/** The highest that all of some bear; null: none. */
export function highest(times: readonly KeptSummary[]): Name | null {
  return (["p99", "p95", "p90", "p75", "p50"] as const).find((name) => times.every((one) => percentile(one, name) !== null)) ?? null;
}

/** The median, or of too few the mean, by its word. */
export function ruleOf(times: KeptSummary, word: string | undefined): number | null {
  const median = percentile(times, "p50");
  return (word === "mean" || word === "on average") === (median === null) ? (median ?? times.mean) : Number.NaN;
}

/** The p99, or of too few the longest, by its word. */
export function slowOf(times: KeptSummary, word: string | undefined): number | null {
  const p99 = percentile(times, "p99");
  return word?.startsWith("longest") === (p99 === null) ? (p99 ?? times.max) : Number.NaN;
}

/** A case and what was asked of it. */
export interface Told {
  readonly result: MeasuredCase;
  readonly scenario: Scenario;
}

/** A kind of sentence, and what it is held against: the first figure that does not bear it, in words; null: all do. */
export interface Claim {
  readonly match: (sentence: string) => Parts | null;
  readonly check: (parts: Parts, told: Told) => string | null;
}

export function claim(text: string, ...checks: readonly ((parts: Parts, told: Told) => string | null)[]): Claim {
  return {
    match: template(text),
    check: (parts, told) => checks.map((check) => check(parts, told)).find((wrong) => wrong !== null) ?? null,
  };
}

/** The printed part is that figure of the case; absent where the sentence leaves it out. */
export function figure(part: string, of: (told: Told, parts: Parts) => number | null): (parts: Parts, told: Told) => string | null {
  return (parts, told) => {
    const text = parts[part];
    if (text === undefined) return null;
    const value = of(told, parts);
    return says(text, value) ? null : `${part} is said to be ${text} and is ${value}`;
  };
}

export function must(what: string, holds: (told: Told, parts: Parts) => boolean): (parts: Parts, told: Told) => string | null {
  return (parts, told) => (holds(told, parts) ? null : what);
}

// Figures, worked out from the result alone.

export const rate = figure("rate", ({ result }) => result.throughput);
export const dropped = ({ ledger }: CaseResult) => ledger.dropped.newest + ledger.dropped.oldest;
export const mainOf = ({ process }: CaseResult) => process.threads.find(({ name }) => name === "main")?.utilization ?? 0;
export const workersOf = ({ process }: CaseResult) =>
  process.threads.filter(({ name }) => name !== "main").map(({ utilization }) => utilization ?? 0);
/** Use of the programs that work on messages. */
export const programsOf = ({ process }: CaseResult) =>
  process.threads.filter(({ name }) => name.startsWith("program-")).map(({ utilization }) => utilization ?? 0);
export const busiest = (result: CaseResult) => Math.max(mainOf(result), ...workersOf(result));
export const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** How long a message takes when nothing is in its way: read, gathered and worked, the slowest read. */
export function alone({ result, scenario }: Told): number {
  const { service, batch } = result.latency;
  return scenario.source.latency.max / 1000 + batch.p99 + service.mean;
}

/**
 * The handlers that an item passes one after another in the part that takes it longest, since items wait for each other while they count as
 * at work: a pipeline's stages, one of each other part. null: it is no flow, or nobody knows.
 */
function handlerMs({ workload, flow }: Scenario): number | null {
  if (workload !== "flow" || flow === undefined || flow.module !== undefined) return null;
  const parts = [flow, ...Object.values(flow.parts ?? {})];
  const times = parts.map((part) => {
    const inTurn = part.kind === "data-pipeline" ? part.stages : 1;
    return (inTurn * ((part.work ?? flow.work)?.time ?? 0)) / 1000;
  });
  return Math.max(0, ...times) || null;
}

/** Samples in which what was done had waited long, or nothing was while one and more waited half of the time. */
export function crowded({ result, scenario }: Told, times = 10): Sample[] {
  const { service, batch } = result.latency;
  const own = handlerMs(scenario) ?? Math.max(service.mean, service.p50);
  const long = Math.max(1, scenario.source.latency.max / 1000 + batch.p99 + times * own);
  return result.series.filter(({ p50, processed, depth }) => (p50 === null ? processed === 0 && depth > 0.5 : p50 > long));
}

/** The most of a rate in any sample; the last may be so short that it is joined to the one before. */
export function mostCame({ result: { series } }: Told, rateOf: (sample: Sample) => number): number {
  return Math.max(0, ...series.map(rateOf));
}

/** Milliseconds of the samples in which more came than was done, and of the one after the last of them, which may be joined to it. */
export function growingMs(series: readonly Sample[]): number {
  let ms = 0;
  let from = 0;
  let longest = 0;
  for (const { t, offered, processed } of series) {
    if (offered > processed) ms += t - from;
    longest = Math.max(longest, t - from);
    from = t;
  }
  return ms + longest;
}

/** A printed mean of some samples lies among their values. */
export function among(part: string, values: (told: Told) => readonly number[]): (parts: Parts, told: Told) => string | null {
  return (parts, told) => {
    const text = parts[part];
    if (text === undefined) return null;
    const [least, most] = [Math.min(...values(told)), Math.max(...values(told))];
    const { low, high } = printed(text);
    return high >= least && low <= most ? null : `${part} is said to be ${text} and lies between ${least} and ${most}`;
  };
}

/** Arrivals a second; of bursts, from one to the next, since the time after the last belongs to it. */
export function cameInTheLongRun({ result, scenario: { load } }: Told): number | null {
  return load.executor === "bursts" && load.count > 1 ? (load.size * 1e6) / load.every : result.offeredRate;
}

/** How many more had come than had ended, by the end of each sample in which some came; null where what failed is not in the samples. */
function backlogs({ result: { series, ledger } }: Told): { readonly t: number; readonly left: number }[] | null {
  if (ledger.failed + ledger.rejected > 0) return null;
  let left = 0;
  let from = 0;
  const all = series.map(({ t, offered, processed, dropped: gone }) => {
    left += ((offered - processed - gone) * (t - from)) / 1000;
    from = t;
    return { t, left };
  });
  return all.slice(0, series.findLastIndex(({ offered }) => offered > 0) + 1);
}

/**
 * What had come and was not done became more in every fifth of the load, in none of them by much less than in the others, and by so much
 * in all that it is neither chance nor what is at work.
 */
export function grewAllAlong(told: Told): boolean {
  const { result, scenario } = told;
  if ("vus" in scenario.load || scenario.load.executor === "bursts") return false;
  const left = backlogs(told);
  if (left === null || left.length < 10) return false;
  const at = [0, 1, 2, 3, 4, 5].map((fifth) => left[Math.round((fifth * (left.length - 1)) / 5)]?.left ?? 0);
  const grown = (at[5] ?? 0) - (at[0] ?? 0);
  const evenly = at.slice(1).every((end, i) => end - (at[i] ?? 0) >= (0.25 * grown) / 5);
  // In a flow the time at work holds the waits in its own lines.
  const atWork = (result.throughput * (handlerMs(scenario) ?? result.latency.service.mean)) / 1000;
  return evenly && grown >= Math.max(5, 4 * atWork, 3 * result.batches.meanSize, 0.02 * result.ledger.scheduled);
}

/** Share of the messages of each key, the busiest first. */
export function keyParts({ count, distribution, exponent }: Scenario["keys"]): number[] {
  const weights = Array.from({ length: count }, (_, k) => (distribution === "zipf" ? (k + 1) ** -exponent : 1));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / all);
}

/** Share of the messages that each Worker has by its keys. */
export function lanesOf({ result, scenario: { keys } }: Told): number[] {
  const lanes = new Array<number>(Math.max(1, workersOf(result).length)).fill(0);
  keyParts(keys).forEach((part, key) => {
    const lane = hashOf(`worker-${key}`) % lanes.length;
    lanes[lane] = (lanes[lane] ?? 0) + part;
  });
  return lanes;
}

/** Milliseconds after which a batch goes at the latest: at its timeout, once what holds the loop lets it. */
export function latestGo({ result, scenario }: Told): number {
  const { timeout } = scenario.batch;
  if (timeout === undefined) return Number.POSITIVE_INFINITY;
  const holds = result.mode !== "parallel" && ["cpu", "sleep", "mixed", "handler"].includes(scenario.work.kind);
  return timeout / 1000 + (holds ? result.batches.meanSize * result.latency.service.mean : 0);
}

/** Something waited, or was left: more came, at times at least, than could be done just then. */
export function waited(told: Told): boolean {
  const { result, scenario } = told;
  const { ledger, latency, batches } = result;
  const { load } = scenario;
  // What was settled in the time in which it came: the last is done its own time after it came.
  const arriving = Math.max(1, result.durationMs - latency.service.mean - latency.batch.p50);
  const settled = ledger.processed + ledger.failed + ledger.rejected;
  const pace = ((result.throughput * settled) / Math.max(1, ledger.processed)) * (result.durationMs / arriving);
  const behind = pace < 0.96 * (result.offeredRate ?? 0);
  const burst = load.executor === "bursts" && load.count === 1 && load.size > slotsOf(told);
  // By Little's law more came than there are places for.
  const over = !("vus" in load) && inUse(told, cameInTheLongRun(told) ?? 0) >= 1.02;
  const closed = "vus" in load && (inUse(told) >= 0.79 || latency.sojourn.mean > 2 * latency.service.mean);
  // In a batch that holds its thread the last waits for all of them, and so does who comes meanwhile.
  const { size, timeout } = scenario.batch;
  const held = size === 1 || (size === undefined && timeout === undefined) ? 0 : latency.batch.p99;
  const long = latency.sojourn.p99 - held > 9.9 * (handlerMs(scenario) ?? latency.service.p99);
  // Half of them waited longer than several take, before anything was done with them.
  const turn = latency.service.mean * (holdsThread(scenario) ? Math.max(1, batches.meanSize) : 1);
  const half = latency.schedule.p50 + latency.queue.p50 > 4.9 * turn;
  // Half of them, or the slowest, took longer and longer, from the first third of the run to the last.
  const grew = (of: (sample: Sample) => number | null) => {
    const done = result.series.flatMap((sample) => of(sample) ?? []);
    const third = Math.floor(done.length / 3);
    if (third < 2) return false;
    // Or from each quarter of it to the next, by several times what one takes in all.
    const quarter = Math.floor(done.length / 4);
    const quarters = [0, 1, 2, 3].map((part) =>
      average(part === 3 ? done.slice(3 * quarter) : done.slice(part * quarter, (part + 1) * quarter)),
    );
    const evenly = quarters.every((value, i) => i === 0 || value > (quarters[i - 1] ?? 0));
    const risen = (quarters[3] ?? 0) - (quarters[0] ?? 0) >= 2 * latency.service.mean;
    return average(done.slice(-third)) > 1.5 * average(done.slice(0, third)) || (evenly && risen);
  };
  const longer = grew(({ p50 }) => p50) || grew(({ p99 }) => p99);
  return (
    behind || over || longer || burst || closed || long || half || dropped(result) > 0 || ledger.unfinished > 0 || crowded(told).length > 1
  );
}

/** What a message holds its place for, in milliseconds: in sync the one thread reads it, too. */
export function holdMs({ result, scenario }: Told): number {
  const { min, max } = scenario.source.latency;
  return result.latency.service.mean + (result.mode === "sync" ? (min + max) / 2000 : 0);
}

/** Work that leaves its thread nothing else to do. */
function holdsThread({ workload, work }: Scenario): boolean {
  return workload === "message" && ["none", "cpu", "sleep"].includes(work.kind);
}

/** Messages that can be at work at once. */
function slotsOf({ result, scenario }: Told): number {
  const each = result.mode === "sync" || holdsThread(scenario) ? 1 : scenario.async.concurrency;
  return each * (result.mode === "parallel" ? Math.max(1, workersOf(result).length) : 1);
}

/** Messages at work on average (Little's law), of those that can be. */
export function inUse(told: Told, throughput = told.result.throughput): number {
  return (throughput * holdMs(told)) / 1000 / slotsOf(told);
}

/** What was done per second while messages waited; a last sample that is much shorter belongs to the one before, and is left out. */
export function doneInCrowd(told: Told): number {
  const { series } = told.result;
  const those = new Set(crowded(told));
  let [done, ms, from] = [0, 0, 0];
  for (const [i, sample] of series.entries()) {
    const span = sample.t - from;
    const before = from - (series[i - 2]?.t ?? 0);
    from = sample.t;
    if (!those.has(sample) || (i === series.length - 1 && span < before / 2)) continue;
    done += sample.processed * span;
    ms += span;
  }
  return ms > 0 ? done / ms : 0;
}
