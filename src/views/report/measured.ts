import { formatBytes, formatCount, formatMs, formatShare } from "../../kernel/units.ts";
import { counted } from "../../kernel/wording.ts";
import { type KeptSummary, percentileText } from "../../telemetry/percentiles.ts";
import type { CaseResult, RunResult } from "../../telemetry/result.ts";
import { hostsLine, streamsLine } from "./hosts.ts";
import { type Addend, shareSum, timeSum } from "./sums.ts";

/**
 * Measurements of a case beside the table: the parts of its latency, what kept the source, the depth of the queue, its cost. One line each,
 * and only where there is something to report.
 */

/** Most cases described at this length; with more, only what matters most. */
const MOST_CASES = 6;

/** The lines of a case. `all`: cases whose differences decide what is reported. */
export function measuredLines(one: CaseResult, { cases }: Pick<RunResult, "cases">): string[] {
  if (one.status === "failed" || one.ledger.scheduled === 0) return [];
  const lines = [
    timeLine(one),
    hostsLine(one),
    streamsLine(one),
    attemptLine(one),
    connectionsLine(one),
    keptLine(one),
    computingLine(one),
    blockedLine(one),
    shortfallLine(one),
  ];
  const more = cases.length > MOST_CASES ? [] : [queueLine(one), queriesLine(one), loopLine(one)];
  return [...lines, ...more, resourcesLine(one, cases)].filter((line) => line !== null);
}

/** The mean parts of an item's time. */
function timeLine(one: CaseResult): string | null {
  const { latency } = one;
  const known = [latency.schedule, latency.queue, latency.batch, latency.service].every(({ mean }) => Number.isFinite(mean));
  if (latency.sojourn.count === 0 || !known) return null;
  const part = (name: string, { mean }: KeptSummary) => ({ name, value: mean });
  const parts = [
    part("until taken in", latency.schedule),
    part(one.distributed === undefined ? "in the queue" : "in its stream", latency.queue),
    part(beforeWork(one), latency.batch),
    ...serviceParts(one),
  ];
  return `time: ${timeSum(parts)}, on average${withinText(one)}`;
}

/** The interval of the mean by this run alone. */
function withinText({ sojournWithin = null }: CaseResult): string {
  return sojournWithin === null ? "" : ` (${formatMs(sojournWithin.low)} to ${formatMs(sojournWithin.high)} with 95 %, by this run alone)`;
}

/** Milliseconds between queue and work from which an item has waited for others of its key. */
const WAITED_MS = 0.1;

/** Where an item is between the queue and its work: only among several of a batch it waits for the others. */
function beforeWork({
  mode,
  distributed,
  batches: { limit, meanSize },
  process: { threads },
  latency: {
    batch: { mean },
  },
}: CaseResult): string {
  const batched = limit === undefined ? meanSize > 1 : limit !== 1;
  const worker = mode === "parallel" ? "its Worker's line" : threads.some(({ name }) => name === "helper") ? "the helper's line" : null;
  if (worker !== null && distributed === undefined) return batched ? `in its batch and ${worker}` : `in ${worker}`;
  if (batched) return "in its batch";
  // One at a time, nothing of its key is before it; and within so short a time nothing was.
  return mode === "sync" || distributed !== undefined || mean < WAITED_MS ? "on the way to its work" : "in line for its key";
}

/**
 * The parts of the time from an item's slot to its end. Items of a flow also wait in the flow's own queues, and requests in the client's,
 * for the rate limiter or a connection, and between attempts: none of that is work.
 */
function serviceParts({ latency, flow, fetch, ledger }: CaseResult): Addend[] {
  const whole = latency.service.mean;
  if (flow !== undefined) return [{ name: "in the flow and its lines", value: whole }];
  if (fetch === undefined) return [{ name: "at work", value: whole }];
  const { turnMs, lineMs, phases, requests, retries } = fetch;
  const out = phases === undefined || requests === 0 ? null : (phases.attempt.mean * phases.attempt.count) / requests;
  const known = out !== null && turnMs !== undefined && lineMs !== undefined;
  const between = known ? whole - turnMs - lineMs - out : null;
  // Requests of the warm-up, and those stopped at the end, are in one of the means only.
  const same = requests === latency.service.count && ledger.unfinished === 0;
  if (!same || !known || between === null || between < -0.01 * whole) return [{ name: "under way", value: whole }];
  const waits = retries === 0 ? 0 : Math.max(0, between);
  return [
    { name: "in line for its turn by the rate", value: turnMs },
    { name: "in line for a connection", value: lineMs },
    { name: "in flight", value: whole - turnMs - lineMs - waits },
    { name: "between attempts", value: waits },
  ];
}

/** The mean parts of one attempt, over those that completed each. */
function attemptLine({ fetch }: CaseResult): string | null {
  const { phases } = fetch ?? {};
  if (phases === undefined || phases.attempt.count === 0) return null;
  const { firstByte, body, attempt } = phases;
  const parts = [
    firstByte.count === 0 ? "" : `${formatMs(firstByte.mean)} to the first byte`,
    body.count === 0 ? "" : `${formatMs(body.mean)} for the body`,
  ].filter((part) => part !== "");
  return `attempt: ${formatMs(attempt.mean)} on average${parts.length > 0 ? `, ${parts.join(" and ")}` : ""}`;
}

/** The cost of connections, and the number of requests without a new one. */
function connectionsLine({ fetch }: CaseResult): string | null {
  const { phases } = fetch ?? {};
  if (phases === undefined || phases.connect.count === 0) return null;
  const { connect, tls, reused } = phases;
  const agreed = tls.count === 0 ? "" : ` and ${formatMs(tls.mean)} for TLS`;
  const kept = reused === 0 ? "none was used again" : `${counted(reused, "request")} went over one that was kept`;
  return `connections: ${counted(connect.count, "request")} had a new one made, ${formatMs(connect.mean)}${agreed} on average; ${kept}`;
}

/** The share of saved content that is unchanged. */
function keptLine({ fetch }: CaseResult): string | null {
  const kept = fetch?.notModified ?? 0;
  return kept === 0 ? null : `saved: ${formatCount(kept)} of ${formatCount(fetch?.ok ?? 0)} had not changed (304) and were kept`;
}

/** Relative deviation of computing from the time asked that is reported. */
const LONGER = 0.02;
/** Multiple of the predicted capacity from which more was done than could be, as the table shows. */
const BEYOND = 1.005;

/** The time of calibrated computing against the time asked: the core was slower, or another program had it meanwhile. */
function computingLine({ process: { work }, throughput, predicted }: CaseResult): string | null {
  if (work === null || work === undefined) return null;
  const beyond = predicted.capacity !== null && throughput > BEYOND * predicted.capacity && work.slowerBy < 0;
  const { askedMs, slowerBy, takenAwayMs } = work;
  const away = takenAwayMs ?? 0;
  if (Math.abs(slowerBy) <= LONGER && away <= LONGER * askedMs && !beyond) return null;
  const parts = [
    { name: "asked", value: askedMs },
    { name: slowerBy > 0 ? "on a slower core" : "on a faster core", value: askedMs * slowerBy },
  ];
  // Several threads can wait for the same core: their waits add up to more than the cores have, and are no computing.
  const waited = away > LONGER * askedMs ? `; beside it, what computed waited ${formatMs(away)} for a core` : "";
  return `computing: ${timeSum(parts)}${waited}`;
}

/** Share of a case's time for which the source was kept from due items that is reported. */
const BLOCKED = 0.01;

function blockedLine({ sourceBlocked, sourceBlockedMs, durationMs }: CaseResult): string | null {
  if (sourceBlockedMs <= BLOCKED * durationMs) return null;
  const parts = [
    { name: "by processing", value: sourceBlocked.processingMs },
    { name: "by reading", value: sourceBlocked.readMs },
    { name: "by queries", value: sourceBlocked.queryMs },
    { name: "by a full queue", value: sourceBlocked.queueFullMs },
  ];
  return `source: blocked ${timeSum(parts)}; the case took ${formatMs(durationMs)}`;
}

/** Idle time of threads without enough work is no shortfall. */
const SATURATED = 0.5;

/** What the threads lost against their capacity, where they had enough work. */
function shortfallLine({ shortfall, throughput, offeredRate, process }: CaseResult): string | null {
  if (shortfall === null || shortfall === undefined || throughput === 0) return null;
  const { capacity, causes } = shortfall;
  const missing = capacity - throughput;
  const asked = offeredRate === null || offeredRate >= capacity;
  if (!asked || missing <= 0 || causes.idle > SATURATED * capacity) return null;
  return `shortfall: ${shareSum(causeParts(shortfall, throughput, process.work), ` of the ${formatCount(capacity)}/s in theory`)}`;
}

function causeParts({ capacity, causes }: NonNullable<CaseResult["shortfall"]>, throughput: number, work: CaseResult["process"]["work"]) {
  return [
    ...workParts(causes.work / capacity, throughput / capacity, work),
    { name: causes.reads < 0 ? "reads that took less long" : "reads that took longer", value: causes.reads / capacity },
    { name: "queries", value: causes.queries / capacity },
    { name: "the lab's own", value: causes.overhead / capacity },
    { name: "idle", value: causes.idle / capacity },
  ];
}

/** Share of the capacity by which the measured causes of longer work may miss it and still account for it. */
const UNEXPLAINED = 0.01;

/**
 * Work takes longer on a slower core, and where it waits for one: as `work` distinguishes these, where both account for what was lost.
 * `done`: the throughput as a share of the capacity, which the work as asked takes.
 */
function workParts(lost: number, done: number, work: CaseResult["process"]["work"]): Addend[] {
  if (lost < 0) return [{ name: "work that took less long", value: lost }];
  const slower = (work?.slowerBy ?? 0) * done;
  const waited = work == null ? 0 : ((work.takenAwayMs ?? 0) / work.askedMs) * done;
  if (slower <= 0 && waited > 0) return [{ name: "work that waited for a core", value: lost }];
  if (waited <= 0 || Math.abs(lost - slower - waited) > UNEXPLAINED || slower > lost)
    return [{ name: "work that took longer", value: lost }];
  return [
    { name: "work on a slower core", value: slower },
    { name: "work that waited for a core", value: lost - slower },
  ];
}

function queueLine({ mode, queue, latency, sourceBlocked, durationMs }: CaseResult): string | null {
  if (queue.highWater < 2) return null;
  const most = queue.capacity === null ? formatCount(queue.highWater) : `${formatCount(queue.highWater)} of ${formatCount(queue.capacity)}`;
  // `sync` has no queue: due items wait where they come from.
  if (mode === "sync") return `line: ${most} due and not taken at most, ${formatCount(queue.meanDepth)} on average`;
  if (queue.meanWaitMs < 0.01 * latency.sojourn.mean && queue.fullMs === 0) return null;
  // A loop that takes one item out and works on it leaves room for one as long as it works, though all behind it wait: such times are not
  // reported.
  const passing = queue.fullMs < 0.1 * durationMs && queue.meanDepth >= 0.5 * (queue.capacity ?? 0);
  const standing = queue.fullMs > 0 && queue.fullMs >= 0.5 * sourceBlocked.queueFullMs && !passing;
  const full = standing ? `, full for ${formatMs(queue.fullMs)}` : "";
  // The time line has reported it, and its rounded value would stand beside it.
  const told = Math.abs(queue.meanWaitMs - latency.queue.mean) <= 0.05 * queue.meanWaitMs;
  const wait = told ? "" : `; mean wait ${formatMs(queue.meanWaitMs)}`;
  return `queue: ${most} waiting at most, ${formatCount(queue.meanDepth)} on average${wait}${full}`;
}

function queriesLine({ queries }: CaseResult): string | null {
  if (queries.sent === 0) return null;
  const { latency } = queries;
  const answered = `queries: ${formatCount(queries.answered)} of ${formatCount(queries.sent)} answered`;
  const times =
    latency.count === 0
      ? ""
      : `; median ${percentileText(latency, "p50")}, p99 ${percentileText(latency, "p99")}, longest ${formatMs(latency.max)}`;
  const old =
    queries.staleness === undefined || queries.staleness.count === 0
      ? ""
      : `; what they saw was ${formatMs(queries.staleness.mean)} old on average`;
  return answered + times + old;
}

/** Lateness of the loop's turns at the 99th percentile, in milliseconds, from which it delays other tasks. */
const LATE_MS = 5;

function loopLine({ mode, process: { eventLoop, threads } }: CaseResult): string | null {
  const { p50, p99, max } = eventLoop.delayMs;
  // Computing in answer to a socket is not in the loop's own account of its time.
  const busy = Math.max(eventLoop.busy, threads.find(({ name }) => name === "main")?.utilization ?? 0);
  // In `sync` every message holds the thread, which the line of due items shows.
  if (mode === "sync" || p99 < LATE_MS) return null;
  return `event loop: late by ${formatMs(p50)} at the median of what was scheduled on it, ${formatMs(max)} at most; busy ${formatShare(busy)}`;
}

/** Open files, and differences between cases, from which resources are reported; bytes for memory. */
const FILES = 100;
const DIFFERENT = 1.5;
const MEMORY = 500e6;

/** The cost, where a case used so much, or so much more than another, that it matters. */
function resourcesLine(one: CaseResult, cases: readonly CaseResult[]): string | null {
  const told = cases.filter(({ status }) => status !== "failed");
  const notable = (read: (of: CaseResult) => number, from: number, least: number) => {
    const values = told.map(read);
    const most = Math.max(...values);
    return most >= from || (most >= least && most > DIFFERENT * Math.min(...values));
  };
  const files = notable((of) => of.process.peakOpenFiles ?? 0, FILES, FILES / 2);
  const memory = notable((of) => of.process.peakRssBytes, MEMORY, 0);
  const connections = one.fetch?.connectionsOpened ?? null;
  const { peakOpenFiles, peakRssBytes } = one.process;
  const parts = [
    memory || files ? `${formatBytes(peakRssBytes)} of memory` : "",
    files && peakOpenFiles !== null ? counted(peakOpenFiles, "open file") : "",
    one.fetch === undefined ? "" : `${formatCount(one.fetch.peakConcurrency)} in flight`,
  ].filter((part) => part !== "");
  const opened = connections === null ? "" : `; ${counted(connections, "connection")} opened in all`;
  return parts.length === 0 ? null : `at most: ${parts.join(", ")}${opened}`;
}
