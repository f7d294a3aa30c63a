import { countTerm, durationTerm, equation, rateTerm } from "../../kernel/equation.ts";
import { formatCount, formatMs, formatShare } from "../../kernel/units.ts";
import { counted } from "../../kernel/wording.ts";
import { droppedTotal } from "../../telemetry/ledger.ts";
import { slowest, typical } from "../../telemetry/percentiles.ts";
import { offeredRate } from "../../theory/demand.ts";
import { mayHelp } from "./advice.ts";
import { BUSY, type Facts, FULL } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { explainHandlers } from "./flow.ts";
import { keyUse } from "./keys.ts";
import { heavyTailed } from "./theory.ts";
import { since } from "./threads.ts";

/** Limits by how messages come, wait and are handed over. */

export function queryStorm(facts: Facts): Finding | null {
  const { answered, latency } = facts.result.queries;
  const relayed = facts.result.mode === "parallel" && facts.overrun && facts.main >= BUSY && answered > facts.result.ledger.processed;
  const slow = slowest(latency);
  const p99 = `(${slow.word} of a query ${formatMs(slow.ms)})`;
  if (relayed) {
    const text = `Queries are the limit: passing ${formatCount(answered)} of them on kept the source's thread computing ${formatShare(facts.main)} of the time ${p99}, at ${facts.rate}. Snapshots would be answered without the Workers; fewer queries would help.`;
    return { limit: "queries", text };
  }
  const share = facts.shareOf(facts.result.sourceBlocked.queryMs);
  if (share < 0.3 || answered === 0) return null;
  const text = `Queries are the limit: answering ${formatCount(answered)} of them kept messages waiting ${formatShare(share)} of the time ${p99}. Snapshots, or parallel mode, take them off this thread.`;
  return { limit: "queries", text };
}

/** Long before the end of the load nothing was done any more. */
export function neverEnding({ result, scenario }: Facts): Finding | null {
  const { ledger, durationMs, status } = result;
  const load = "duration" in scenario.load ? scenario.load.duration / 1000 : 0;
  // A run that was not stopped had all of gracefulStop as well.
  const still = status === "completed" ? durationMs < 0.9 * load : ledger.unfinished >= ledger.scheduled / 2 && durationMs <= load / 2;
  if (scenario.work.kind !== "handler" || ledger.unfinished === 0 || !still) return null;
  const text = `A handler that does not end is the limit: nothing was done any more after the first ${formatMs(durationMs)}, and what waited behind it was never begun.`;
  return { limit: "handlers", text };
}

export function slowHandlers(facts: Facts): Finding | null {
  const text = facts.overrun ? explainHandlers(facts.result, facts.scenario, facts.workers.length) : null;
  return text === null ? null : { limit: "handlers", text };
}

export function slowSource(facts: Facts): Finding | null {
  const { result, scenario } = facts;
  const share = Math.min(1, facts.shareOf(result.sourceBlocked.readMs));
  // With a full queue, reads are not what limits throughput.
  const heldUp = droppedTotal(result.ledger) > 0 || result.sourceBlocked.queueFullMs > 0.2 * result.sourceBlocked.readMs;
  // A thread that computes all the time reads no sooner either.
  if (share < 0.5 || facts.readMs === 0 || heldUp || facts.busiest >= FULL || !(facts.overrun || facts.closedLoop || share >= BUSY))
    return null;
  // Clients that wait for something else most of the time would not return sooner.
  if (facts.closedLoop && result.latency.schedule.mean < 0.5 * result.latency.sojourn.mean) return null;
  const read = facts.readMs;
  if (result.mode === "sync") {
    const text = `The source is the limit: reading held the one thread ${formatShare(share)} of the time, at ${facts.rate}; a read is asked to take ${formatMs(read)} (source.latency), and nothing else happens meanwhile. async overlaps reads.`;
    return { limit: "source", text };
  }
  // Messages that wait elsewhere would not be done sooner if read sooner.
  const { sojourn, service, schedule } = result.latency;
  if (facts.overrun && schedule.mean < 0.5 * (sojourn.mean - service.mean)) return null;
  const { connections } = scenario.source;
  // A message that was read and waits for room occupies its connection, too.
  const part = (result.throughput * read) / (connections * 1000);
  if (part < (facts.used < 0.7 ? 0.4 : 0.8) || (facts.closedLoop && facts.clients <= connections)) return null;
  const sum = equation(countTerm(connections), [["÷", durationTerm(read)]], rateTerm, "is");
  const who = connections === 1 ? "its one connection was" : `all ${formatCount(connections)} of its connections were`;
  const text = `The source is the limit: ${who} reading ${formatShare(share)} of the time, at ${facts.rate}; by source.latency ${sum}.${mayHelp(facts, "source.connections") ? " More connections would help, more computing would not." : ""}`;
  return { limit: "source", text };
}

/** Advice to shorten the wait for a batch: a smaller size where batches are full, an earlier timeout where they are not. */
function quicker(facts: Facts): string {
  const { result, scenario } = facts;
  const { size, timeout } = scenario.batch;
  // A batch's one-time cost is paid more often with smaller batches.
  if (scenario.work.perBatch > 0) return "";
  const full = size !== undefined && result.batches.meanSize >= 0.95 * size;
  if (full && size > 1) return mayHelp(facts, "batch.size") ? " A smaller batch.size would help." : "";
  if (!mayHelp(facts, "batch.timeout")) return "";
  return timeout === undefined ? " A batch.timeout would help." : " A shorter batch.timeout would help.";
}

/**
 * True when a resource is in use all the time and is waited for, whatever the batch, or when times vary so much that no mean is reported.
 */
function atLimit(facts: Facts): boolean {
  if (facts.batchesGrow) return false;
  const full = facts.used >= BUSY || (facts.saturated && facts.overrun);
  return facts.held >= BUSY || (facts.longEnough && full) || heavyTailed(facts.result, facts.scenario);
}

export function waitingBatch(facts: Facts): Finding | null {
  const { result, batched, rate } = facts;
  const { sojourn } = result.latency;
  const filling = facts.gathering;
  if (!batched || atLimit(facts) || filling < 0.5 * sojourn.mean || filling < 0.5) return null;
  const how = `batches went with ${formatCount(result.batches.meanSize)} on average`;
  const text = `The batch is what takes time: of ${formatMs(sojourn.mean)} on average, ${formatMs(filling)} was waiting for it to go (${how}), at ${rate}.${facts.overrun || facts.closedLoop ? "" : quicker(facts)}`;
  return { limit: "batch", text };
}

/** Share of the sojourn time from which its largest part is named. */
const GOOD_PART = 0.4;
/** Ratio to any other part from which a part is the largest. */
const LARGEST = 1.1;

/**
 * Waiting for the batch's release and for the messages before it in the batch, together: less work per message would not shorten the
 * former.
 */
export function turnInBatch(facts: Facts): Finding | null {
  const { result, scenario, batched, rate } = facts;
  const { batch, sojourn, schedule, queue, service } = result.latency;
  // Messages that wait in a Worker's queue, or for another of their key, do not wait for their batch.
  const waited = Math.min(batch.mean, facts.gathering + facts.turnInBatch);
  // Where the rest consists of several parts, small changes of one of them do not change which is largest.
  const largest = waited >= LARGEST * Math.max(schedule.mean + queue.mean, service.mean, batch.mean - waited);
  // Messages that also wait for something else must wait for the batch most of the time.
  const part = facts.overrun ? 0.5 : GOOD_PART;
  if (!batched || atLimit(facts) || waited < part * sojourn.mean || !largest || waited < 0.5) return null;
  const none = result.batches.meanSize > 1 && scenario.batch.size === undefined && scenario.work.perBatch === 0;
  // Clients of a closed loop, and bursts, fill batches as they are.
  const together = facts.closedLoop || scenario.load.executor === "bursts";
  const one = none && mayHelp(facts, "batch.size") ? " A batch.size would help." : "";
  const help = together ? "" : none ? one : quicker(facts);
  const text = `The batch is what takes time: of ${formatMs(sojourn.mean)} on average, ${formatMs(waited)} was waiting for it to go and for its turn within it (batches went with ${formatCount(result.batches.meanSize)} on average), at ${rate}.${help}`;
  return { limit: "batch", text };
}

/** Busy share of the busiest key up to which more processors find other work. */
const KEY_FREE = 0.35;

/** Work that waits outside, with all slots in use. */
export function concurrency(facts: Facts): Finding | null {
  const { result, scenario, slots, main } = facts;
  if (!facts.overrun || result.mode === "sync" || !facts.waitsOutside || main >= BUSY) return null;
  if (!facts.saturated && !facts.saturatedAtTimes) return null;
  // For work that also computes, the thread itself may be the limit, which makes each item take longer.
  const { kind, time, cpuShare, perBatch } = scenario.work;
  const done = facts.saturated ? result.throughput : (facts.crowd?.processed ?? 0);
  const threads = result.mode === "parallel" ? Math.max(1, facts.workers.length) : 1;
  // A message handed over by itself costs what a batch does.
  const alone = result.mode === "async" && scenario.async.offload === "message";
  const each = perBatch / (alone ? 1 : Math.max(1, result.batches.meanSize));
  const computed = (kind === "mixed" ? cpuShare * time : 0) + each;
  if (scenario.workload === "message" && (done * computed) / 1e6 / threads >= 0.8) return null;
  const sum = equation(countTerm(slots, "at a time"), [["÷", durationTerm(result.latency.service.mean)]], rateTerm, "is");
  const { crowd } = facts;
  const when =
    facts.saturated || crowd === null
      ? `${facts.rate} went through`
      : `for ${formatMs(crowd.ms)} messages waited${since(crowd)}; ${facts.rate} went through in all`;
  const often = facts.saturated ? "" : " at times";
  // Messages queued behind their own key would still wait.
  const free = keyUse(facts) < KEY_FREE && mayHelp(facts, "async.concurrency");
  const help = free ? " A larger async.concurrency would help." : "";
  const text = `The number of processors is the limit${often}: ${sum}; ${when}.${help}`;
  return { limit: "processors", text };
}

/** Bursts of arrivals overflow the queue, though capacity exceeds their rate. */
export function shortQueue(facts: Facts): Finding | null {
  const { result, busiest } = facts;
  const { capacity } = result.queue;
  // Messages held by a longer queue would not be done in time either.
  if (droppedTotal(result.ledger) === 0 || result.ledger.unfinished > 0 || capacity === null || busiest >= 0.8) return null;
  // Over all bursts: the last one has time until the end, too.
  const came = facts.scenario.load.executor === "bursts" ? offeredRate(facts.scenario) : result.offeredRate;
  const asked = ((came ?? 0) * facts.each) / 1000;
  if (asked >= 0.95 * facts.slots) return null;
  const text = `The queue is the limit: its ${counted(capacity, "place")} overflowed when arrivals came close together, though no thread was computing more than ${formatShare(busiest)} of the time.${mayHelp(facts, "queue.capacity") ? " A larger queue.capacity would help." : ""}`;
  return { limit: "queue", text };
}

/** A burst waits for itself, and is done before the next; a single burst is worked off as fast as possible. */
export function bursts(facts: Facts): Finding | null {
  const { result, scenario } = facts;
  const { load } = scenario;
  if (load.executor !== "bursts" || load.count === 1 || !facts.overrun || result.ledger.unfinished > 0) return null;
  // All is done before the next burst.
  const drained = (load.size * facts.each) / facts.slots < 0.9 * (load.every / 1000);
  if (!drained || facts.behind) return null;
  const took = typical(result.latency.sojourn);
  const text = `The arrivals are the limit: ${formatCount(load.size)} come at once, and each waits for those before it, ${formatMs(took.ms)} ${took.word === "median" ? "at the median" : "on average"}; ${facts.rate} went through, and between the bursts there is nothing to do.`;
  return { limit: "arrivals", text };
}

/** Share of a thread's time spent on the format from which it is the limit, and from which it contributes. */
const FORMAT = 0.5;
const PART = 0.1;

/** Writing messages for the Workers, or reading them there, takes most of a thread's time. */
function formatCost({ result, rate, workers }: Facts): { readonly share: number; readonly text: string } | null {
  const { serialization, throughput } = result;
  if (serialization === undefined || workers.length === 0) return null;
  const { codec, encodeNs, decodeNs } = serialization;
  const writing = (encodeNs * throughput) / 1e9;
  const reading = (decodeNs * throughput) / 1e9 / workers.length;
  // A share above 1 was not measured well.
  const share = Math.max(writing, reading);
  if (share < PART || share > 1) return null;
  const each = `a message is written as ${codec} in ${formatMs(encodeNs / 1e6)} and read in ${formatMs(decodeNs / 1e6)}`;
  const who = workers.length === 1 ? "the one Worker" : `each of the ${workers.length} Workers`;
  const help = codec === "ring" ? "" : " The lab's own format (parallel.codec: ring) would help.";
  const text = `${share >= FORMAT ? "The format is the limit" : "The format is a part of that"}: ${each}, which at ${rate} takes ${formatShare(writing)} of the time of the source's thread and ${formatShare(reading)} of that of ${who}.${help}`;
  return { share, text };
}

/** The remaining case: messages waited and nothing measured is at its limit. */
export function unclear(facts: Facts): Finding | null {
  if (!facts.overrun || !facts.longEnough) return null;
  const { result, scenario, crowd, busiest } = facts;
  const computing = `no thread was computing more than ${formatShare(busiest)} of the time`;
  if (scenario.workload === "message" && scenario.work.kind === "none") {
    const format = formatCost(facts);
    if (format !== null && format.share >= FORMAT) return { limit: "lab", text: format.text };
    const text = `What the lab itself costs is the limit, since no work is asked: reading, queueing, handing over and recording; ${computing}, and ${facts.rate} went through.`;
    return { limit: "lab", text: format === null ? text : `${text} ${format.text}` };
  }
  const when =
    crowd === null ? "" : ` They did for ${formatMs(crowd.ms)} of the run, each ${formatMs(crowd.p50)} at the median${since(crowd)}.`;
  const slow = slowest(result.latency.sojourn);
  const text = `No single limit shows: ${facts.noun}s waited (${slow.word === "p99" ? "99th percentile of the sojourn time" : "longest sojourn time"} ${formatMs(slow.ms)}, ${facts.whereWorked} ${formatMs(slowest(result.latency.service).ms)}), ${computing}, and ${facts.rate} went through.${when}`;
  return { limit: "none", text };
}
