import { formatCount, formatMs, formatShare } from "../kernel/units.ts";
import { droppedTotal } from "../telemetry/ledger.ts";
import { keepsPace } from "../telemetry/pace.ts";
import { bestOf, groupedBy, valueText, variedFields } from "../telemetry/points.ts";
import type { CaseResult } from "../telemetry/result.ts";
import { sentPerSecond } from "./explain-fetch.ts";
import { queriesCost } from "./queries-cost.ts";
import { type FitOptions, type ScalePoint, tellAmdahl, tellUsl } from "./scaling.ts";

/** What the cases of a sweep say together, in sentences made of their own numbers. */
export function conclude(all: readonly CaseResult[]): string[] {
  const cases = all.filter(({ status, ledger }) => status !== "failed" && ledger.processed > 0);
  const fields = variedFields(cases);
  const sentences: string[] = [];
  const batched = fields.filter((field) => field.startsWith("batch."));
  if (batched.length > 0) sentences.push(...bestBatches(cases, batched, fields));
  // Where batches are swept, what another field does by itself is in the pictures.
  for (const field of batched.length > 0 ? [] : fields) sentences.push(...alongField(cases, field, fields));
  // Of several fields at once the pictures tell more.
  if (fields.length === 1 && fields[0] === "load.rate") sentences.push(...modesCompared(byRate(cases)));
  sentences.push(...queriesCompared(cases), ...enginesCompared(cases, fields));
  return sentences;
}

/** Groups of one field that are told: with more, each would say the same again. */
const MOST_GROUPS = 6;

/** What changes along one field, everything else alike. */
function alongField(cases: readonly CaseResult[], field: string, fields: readonly string[]): string[] {
  const others = fields.filter((other) => other !== field);
  const about = ABOUT[field] ?? anyField;
  const groups = [...groupedBy(cases, others)].slice(0, MOST_GROUPS);
  return groups.flatMap(([label, series]) => about(series, label, field) ?? []);
}

type About = (series: readonly CaseResult[], label: string, field: string) => string | null;

const ABOUT: Readonly<Record<string, About>> = {
  "load.rate": knee,
  "parallel.workers": scaling,
  "fetch.concurrency.max": inFlight,
  "fetch.retry.backoff": herd,
  "fetch.retry.jitter": herd,
  "queue.capacity": queueSize,
  "work.time": processingTime,
  "queue.overflow": overflow,
  "async.offload": offload,
  "parallel.codec": formats,
  "queries.rate": queriesCost,
};

const at = (one: CaseResult, field: string) => valueText(one.params[field]);
const first = (series: readonly CaseResult[]) => series[0] as CaseResult;
const last = (series: readonly CaseResult[]) => series.at(-1) as CaseResult;

/** The slowest arrivals first, however they were swept. */
function byRate(cases: readonly CaseResult[]): CaseResult[] {
  return cases.toSorted((a, b) => (a.offeredRate ?? 0) - (b.offeredRate ?? 0));
}

/** How far up a mode keeps up, and how fast the line grows from there. */
function knee(asSwept: readonly CaseResult[], label: string): string | null {
  const series = byRate(asSwept);
  const over = series.find((one) => !keepsUp(one));
  const kept = over === undefined ? series : series.slice(0, series.indexOf(over));
  const best = kept.at(-1);
  const most = Math.max(...series.map(({ throughput }) => throughput));
  const rate = (one: CaseResult) => `${formatCount(one.offeredRate ?? 0)}/s`;
  if (over === undefined) return `${label} keeps up with every rate tried, up to ${rate(last(kept))}.`;
  const growth = over.queue.growthPerSecond;
  const grows = growth > 1 ? `the line grows by ${formatCount(growth)} a second` : "not all of it is done";
  const range =
    best === undefined ? "none of the rates tried" : best === first(kept) ? rate(best) : `${rate(first(kept))} to ${rate(best)}`;
  return `${label} keeps up with ${range}; at ${rate(over)} ${grows}, and it does ${formatCount(most)}/s at most.`;
}

function keepsUp(one: CaseResult): boolean {
  const { ledger, latency } = one;
  const behind = !keepsPace(one) || ledger.unfinished > 0 || droppedTotal(ledger) > 0;
  return !behind && latency.sojourn.p50 < 10 * Math.max(latency.service.p99, 1) + latency.schedule.min * 2;
}

function scaling(series: readonly CaseResult[], label: string, field: string): string | null {
  const points = series.map((one) => ({ n: numberOf(one, field), rate: one.throughput }));
  if (new Set(points.map(({ n }) => n)).size < 2) return null;
  const cores = first(series).cores.length;
  const told = points.map(({ n, rate }) => `${n}: ${formatCount(rate)}/s`).join(", ");
  // Workers that only wait need no core of their own.
  const computing = series.some((one) => one.process.cpuMs > 0.5 * one.durationMs * Math.min(numberOf(one, field), cores));
  const law = lawOf(points, "run side by side", computing && cores > 0 ? { cores } : {});
  return `${label} does ${told} on a machine of ${cores} ${cores === 1 ? "core" : "cores"}: ${law}.`;
}

/** The law that the points follow, or why none is told. `what`: what the rest of the work does. */
function lawOf(points: readonly ScalePoint[], what: string, options: FitOptions = {}): string {
  const [amdahl, usl] = [tellAmdahl(points, options), tellUsl(points, options)];
  const fit = amdahl.fit ?? usl.fit;
  if (fit === null) return `Amdahl's law is not fitted: ${amdahl.why}`;
  const { contention, explained, intervals, points: used } = fit;
  // Beyond 1 no share of the work explains it: more of them are slower than one.
  if (contention > 1) return "more of them do less than one, of which Amdahl's law knows nothing";
  const upTo = used.length < points.length ? ` up to ${formatCount(Math.max(...used.map(({ n }) => n)))}` : "";
  const interval =
    intervals === null ? "" : `; 95 %: ${formatShare(intervals.contention.low)} to ${formatShare(intervals.contention.high)}`;
  const name = amdahl.fit === null ? "the universal scalability law" : "Amdahl's law";
  const law = `${name} fits${upTo} with ${formatShare(contention)} that does not ${what} (R² ${(explained ?? 0).toFixed(2)}${interval})`;
  if (usl.fit === null) return law;
  const peak = usl.fit.peak !== null && usl.fit.peak >= 1 ? `its peak at ${formatCount(usl.fit.peak)}` : "no peak in sight";
  return amdahl.fit === null ? `${law} and ${peak}` : `${law}, the universal scalability law with ${peak}`;
}

/** `auto` is as many Workers as there were. */
function numberOf({ params, process }: CaseResult, field: string): number {
  const value = params[field];
  return value === "auto" ? process.threads.filter(({ name }) => name !== "main").length : Number(value);
}

/** Requests in flight against requests done: Little's law at each point, and how far more of them help. */
function inFlight(series: readonly CaseResult[], label: string, field: string): string | null {
  const points = series
    .filter((one) => typeof one.params[field] === "number")
    .map((one) => ({ n: Number(one.params[field]), rate: one.throughput }));
  if (new Set(points.map(({ n }) => n)).size < 2) return anyField(series, label, field);
  const told = series.map((one) => {
    const sent = one.fetch === undefined ? one.throughput : sentPerSecond(one, one.fetch);
    const each = one.fetch?.itemMs ?? one.latency.service.mean;
    return `${at(one, field)}: ${formatCount(sent)}/s × ${formatMs(each)} = ${formatCount((sent * each) / 1000)} in flight`;
  });
  return `${label}, by Little's law ${told.join("; ")}. ${lawOf(points, "overlap")}.`;
}

/** What a message weighs and costs in each format, across a thread and to disk. */
function formats(series: readonly CaseResult[], label: string): string | null {
  const told = series.flatMap(({ serialization, throughput }) => {
    if (serialization === undefined) return [];
    const { codec, bytesPerMessage, encodeNs, decodeNs, diskWriteNs, diskReadNs } = serialization;
    const ns = (value: number | null) => formatMs((value ?? 0) / 1e6);
    const disk = diskWriteNs === null ? "" : `, to disk ${ns(diskWriteNs)} and back ${ns(diskReadNs)}`;
    return [
      `${codec} ${formatCount(bytesPerMessage)} B, ${ns(encodeNs)} to write, ${ns(decodeNs)} to read${disk}, ${formatCount(throughput)}/s`,
    ];
  });
  return told.length === 0 ? null : `${label}, a message: ${told.join("; ")}.`;
}

/** How many came back at once, and how often. */
function herd(series: readonly CaseResult[], label: string, field: string): string {
  const told = series.map((one) => {
    const { attempts = 0, server } = one.fetch ?? {};
    const atOnce = server === null || server === undefined ? "" : `, ${formatCount(server.peakConcurrency)} at once at the server`;
    return `${at(one, field)} ${formatCount(attempts)} attempts${atOnce}, p99 ${formatMs(one.latency.sojourn.p99)}`;
  });
  return `${label}: ${told.join("; ")}.`;
}

/** The same list through each mode, as multiples of one request at a time. */
function enginesCompared(cases: readonly CaseResult[], fields: readonly string[]): string[] {
  const sync = cases.find(({ mode, fetch }) => mode === "sync" && fetch !== undefined);
  if (sync === undefined || fields.length > 0) return [];
  // Of those that end badly one does more in the same time.
  const shares = cases.map(({ ledger }) => ledger.processed / Math.max(1, ledger.scheduled));
  if (Math.max(...shares) - Math.min(...shares) > 0.05) return [];
  // Where every mode has time to spare, none is compared.
  const rates = cases.map(({ throughput }) => throughput);
  if (Math.max(...rates) < 1.1 * Math.min(...rates)) return [];
  const told = cases
    .filter((one) => one !== sync)
    .map(({ mode, throughput, process }) => {
      const threads = mode === "parallel" ? `parallel (${process.threads.length - 1} threads)` : mode;
      return `${threads} ${(throughput / sync.throughput).toFixed(1)} × at ${Math.round(process.peakRssBytes / 1e6)} MB`;
    });
  if (told.length === 0) return [];
  const base = `${formatCount(sync.throughput)}/s at ${Math.round(sync.process.peakRssBytes / 1e6)} MB`;
  return [
    `Against one request at a time (${base}): ${told.join(", ")}. What waits for a server needs no core, so it needs no thread either.`,
  ];
}

/** W ≈ K · S: who gets the last place of a full queue waits for all before it. */
function queueSize(series: readonly CaseResult[], label: string, field: string): string | null {
  // sync has no queue.
  if (series.every(({ queue }) => queue.capacity === null)) return null;
  const full = series.filter((one) => typeof one.params[field] === "number" && one.queue.highWater >= (one.params[field] as number));
  const one = full.at(-1);
  if (one === undefined) return anyField(series, label, field);
  const places = one.params[field] as number;
  const each = one.latency.service.mean;
  // As many are worked at a time while there are enough: on average by Little's law, of bursts by what theory says can be.
  const able = ((one.predicted.capacity ?? 0) * each) / 1000;
  const atOnce = Math.max(1, (one.throughput * each) / 1000, able);
  const expected = (places * each) / atOnce;
  const smallest = series.find((other) => droppedTotal(other.ledger) === 0);
  const none = smallest === undefined ? "" : ` With ${at(smallest, field)} places nothing is dropped.`;
  return `${label}: a full queue costs its capacity × processing time: ${formatCount(places)} × ${formatMs(each)}${atOnce > 1.2 ? ` ÷ ${atOnce.toFixed(1)} at work at once` : ""} = ${formatMs(expected)}, measured p99 ${formatMs(one.latency.sojourn.p99)}. For a p99 of 100 ms that is ${formatCount(Math.max(1, Math.round((100 * atOnce) / each)))} places.${none}`;
}

function processingTime(series: readonly CaseResult[], label: string): string | null {
  const told = series
    .filter(({ predicted }) => predicted.capacity !== null)
    .map(({ params, throughput, predicted }) => {
      const share = throughput / (predicted.capacity ?? 1);
      return `${valueText(params["work.time"])}: ${formatCount(throughput)}/s of ${formatCount(predicted.capacity ?? 0)} (${formatShare(share)})`;
    });
  return told.length === 0 ? null : `${label}, measured of what the processing time allows: ${told.join(", ")}.`;
}

/** Where the best batch lies, and whether it moves when something else changes. */
function bestBatches(all: readonly CaseResult[], batched: readonly string[], fields: readonly string[]): string[] {
  const cases = all.filter(({ mode }) => mode !== "sync");
  const others = fields.filter((field) => !batched.includes(field));
  // Of one case none is best.
  const groups = [...groupedBy(cases, others)].filter(([, group]) => group.length > 1);
  const best = groups.map(([label, group]) => {
    const one = bestOf(group) as CaseResult;
    const worst = group.reduce((a, b) => (b.latency.sojourn.p99 > a.latency.sojourn.p99 ? b : a));
    const point = (of: CaseResult) => batched.map((field) => `${field} ${at(of, field)}`).join(" and ");
    const sentence = `${label}: best at ${point(one)} (${formatCount(one.throughput)}/s, p99 ${formatMs(one.latency.sojourn.p99)}); longest p99 at ${point(worst)} (${formatCount(worst.throughput)}/s, p99 ${formatMs(worst.latency.sojourn.p99)}).`;
    return { sentence, point: point(one) };
  });
  const points = new Set(best.map(({ point }) => point));
  const moved =
    best.length < 2
      ? []
      : [points.size > 1 ? `The best point moves with ${others.join(" and ") || "the mode"}.` : "The best point stays where it is."];
  return [...best.map(({ sentence }) => sentence), ...moved];
}

function overflow(series: readonly CaseResult[], label: string, field: string): string {
  const told = series.map((one) => {
    const { sojourn, schedule } = one.latency;
    const dropped = droppedTotal(one.ledger);
    return `${at(one, field)} ${formatCount(one.throughput)}/s, p99 ${formatMs(sojourn.p99)} (${formatMs(schedule.p99)} of it before the queue), ${formatCount(dropped)} dropped, ${formatCount(one.queue.highWater)} deep, ${Math.round(one.process.peakRssBytes / 1e6)} MB`;
  });
  return `${label}: ${told.join("; ")}.`;
}

function offload(series: readonly CaseResult[], label: string, field: string): string {
  const told = series.map((one) => {
    const { delayMs, busy } = one.process.eventLoop;
    return `${at(one, field)}: ${formatCount(one.throughput)}/s, p99 ${formatMs(one.latency.sojourn.p99)}, the loop held ${formatShare(busy)} of the time and ${formatMs(delayMs.p99)} late`;
  });
  return `${label}, work handed over ${told.join("; ")}.`;
}

function anyField(series: readonly CaseResult[], label: string, field: string): string | null {
  if (series.length < 2) return null;
  const [a, b] = [first(series), last(series)];
  const change = (from: number, to: number) => {
    const share = from === to ? 0 : to / from - 1;
    return Math.abs(share) < 0.03 ? "does not change" : `goes from ${formatCount(from)} to ${formatCount(to)}`;
  };
  return `${label}, ${field} from ${at(a, field)} to ${at(b, field)}: throughput (per second) ${change(a.throughput, b.throughput)}, the p99 of the sojourn time (ms) ${change(a.latency.sojourn.p99, b.latency.sojourn.p99)}.`;
}

/** From which rate one mode takes in more than another, and where it stops gaining. */
function modesCompared(cases: readonly CaseResult[]): string[] {
  const of = (mode: string) => cases.filter((one) => one.mode === mode);
  const [sync, asynchronous] = [of("sync"), of("async")];
  if (sync.length === 0 || sync.length !== asynchronous.length) return [];
  const ahead = asynchronous.findIndex((one, i) => one.throughput > 1.05 * (sync[i]?.throughput ?? 0));
  if (ahead < 0) {
    if ([...sync, ...asynchronous].every(keepsUp)) return ["sync and async both keep up with every rate tried."];
    const computing = (sync.at(-1)?.process.threads.find(({ name }) => name === "main")?.utilization ?? 0) > 0.8;
    const why = computing ? ": what a message costs is computing, and an event loop gives it no second core" : "";
    return [`async takes in no more than sync at any of these rates${why}.`];
  }
  const gain = asynchronous[ahead] as CaseResult;
  const most = Math.max(...asynchronous.map(({ throughput }) => throughput));
  const stops = asynchronous.find((one, i) => i >= ahead && one.throughput < 0.95 * (one.offeredRate ?? 0));
  const end =
    stops === undefined
      ? "and keeps up with all of them"
      : `and no longer helps from ${formatCount(stops.offeredRate ?? 0)}/s on, where it ends at ${formatCount(most)}/s (${stops.predicted.bottleneck})`;
  return [
    `async is better from ${formatCount(gain.offeredRate ?? 0)}/s on (${formatCount(gain.throughput)}/s against ${formatCount(sync[ahead]?.throughput ?? 0)}/s in sync) ${end}.`,
  ];
}

function queriesCompared(cases: readonly CaseResult[]): string[] {
  const asked = cases.filter(({ queries }) => queries.answered > 0);
  if (asked.length === 0) return [];
  const told = asked.map(({ mode, params, queries }) => {
    const where = Object.entries(params).map(([field, value]) => ` at ${field} ${valueText(value)}`);
    return `${mode}${where.join("")} ${formatMs(queries.latency.p99)} (${formatCount(queries.answered)} of ${formatCount(queries.sent)} answered)`;
  });
  const apart = asked.some(({ queries }) => queries.staleness !== undefined);
  const modes = new Set(asked.map(({ mode }) => mode));
  const alone = [...modes].filter((mode) => mode !== "parallel");
  const waits = alone.length === 0 ? [] : [`in ${alone.join(" and ")} it waits for the messages before it`];
  const other = apart ? "in parallel a snapshot answers it at once" : "in parallel it waits for the Worker that owns its key";
  const why = [...waits, ...(modes.has("parallel") ? [other] : [])].join(", ");
  return [`A query's p99: ${told.join("; ")}. ${why.charAt(0).toUpperCase()}${why.slice(1)}.`];
}
