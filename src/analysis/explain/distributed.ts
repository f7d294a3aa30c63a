import { countTerm, durationTerm, equation, rateTerm } from "../../kernel/equation.ts";
import { formatCount, formatMs, formatShare } from "../../kernel/units.ts";
import { agreeing, counted, sentenceCase } from "../../kernel/wording.ts";
import { keyShares } from "../../load/keys.ts";
import { theCores } from "../../telemetry/allowance.ts";
import { laneShares } from "../../theory/capacity.ts";
import { batchesAhead } from "../../theory/redis.ts";
import { mayHelp } from "./advice.ts";
import { BUSY, type Facts } from "./facts.ts";
import type { Finding } from "./finding.ts";

/** Limits of mode `distributed`: Redis, the runner, the partitions, and the slots of all hosts with their round trips. */

/** Share of its time from which the one thread of Redis is the limit. */
const REDIS_BUSY = 0.8;
/** Share of the time in which a partition is held from which it is used up. */
const HELD = 0.9;
/** Share of the time in which partitions, or slots, are at work from which all of them are. */
const ALL_USED = 0.8;
/** Part of a partition's messages from which its busiest key makes it what it is. */
const MOSTLY = 0.9;
/** Part of `distributed.batch` from which batches are full. */
const FULL = 0.95;

export function busyRunner({ main, overrun, longEnough, rate }: Facts): Finding | null {
  if (!longEnough || !overrun || main < BUSY) return null;
  const text = `The runner is the limit: it was computing ${formatShare(main)} of the time, sending messages and recording what became of them, at ${rate}. More hosts would not help.`;
  return { limit: "runner", text };
}

export function busyRedis(facts: Facts): Finding | null {
  const use = facts.result.distributed?.serverUse ?? null;
  if (use === null || use < REDIS_BUSY || !facts.overrun || !facts.longEnough) return null;
  const help = fullBatches(facts) ? " A larger distributed.batch would spare it calls." : "";
  const text = `Redis is the limit: its one thread was computing ${formatShare(use)} of the time, at ${facts.rate}.${help}`;
  return { limit: "redis", text };
}

/** The busiest partition by its keys, which one slot works at a time. */
export function hotPartition(facts: Facts): Finding | null {
  const { result, scenario, rate } = facts;
  const { keys, distributed, load } = scenario;
  if (!facts.overrun || facts.saturated || load.executor === "replay" || scenario.workload !== "message") return null;
  const share = Math.max(...laneShares(keys, distributed.partitions));
  const each = heldMs(facts);
  if ((result.throughput * share * each) / 1000 < HELD) return null;
  const most = equation(countTerm(1), [["÷", durationTerm(each)]], rateTerm, "is");
  const key = keyShares(keys)[0] ?? 1;
  const split = mayHelp(facts, "distributed.partitions") ? " More distributed.partitions would help." : "";
  const help = key >= MOSTLY * share ? ` Its busiest key alone has ${formatShare(key)}: only several keys in its place would help.` : split;
  const text = `One partition is the limit: its messages are worked by one slot at a time, ${most}, and it has ${formatShare(share)} of them by its keys, at ${rate}.${help}`;
  return { limit: "keys", text };
}

/** Fewer partitions than slots, all of them held. */
export function fewPartitions(facts: Facts): Finding | null {
  const { result, scenario, slots, rate } = facts;
  const { partitions } = scenario.distributed;
  const each = heldMs(facts);
  const help = scenario.keys.count > partitions ? " More distributed.partitions would help." : "";
  if (!facts.overrun || partitions >= slots || (result.throughput * each) / 1000 / partitions < ALL_USED) return null;
  const most = equation(countTerm(partitions), [["÷", durationTerm(each)]], rateTerm, "is");
  const text = `The number of partitions is the limit: each is worked by one slot at a time, ${most}, and there are ${formatCount(slots)} slots; ${rate} went through.${help}`;
  return { limit: "partitions", text };
}

/** Slots that wait for Redis longer than they work. */
export function slowTrips(facts: Facts): Finding | null {
  const { result, rate, slots, threads } = facts;
  const { batches, latency, distributed } = result;
  const trip = distributed?.roundTripMs ?? 0;
  const work = latency.service.mean * Math.max(1, batches.meanSize);
  // Each slot has batches on their way while it works.
  const used = (result.throughput * heldMs(facts)) / 1000 / (slots + batchesAhead(work / 1000) * threads);
  if (!facts.overrun || used < ALL_USED || trip <= work) return null;
  const larger = fullBatches(facts) ? ["a larger distributed.batch"] : [];
  const help = [...larger, ...(hasRoomForWorkers(facts) ? ["more workers"] : [])];
  const text = `Round trips are the limit: for each batch of ${formatCount(batches.meanSize)} a slot waits ${formatMs(trip)} for Redis, and its work takes ${formatMs(work)}; ${rate} went through.${wouldHelp(help)}`;
  return { limit: "round trips", text };
}

/** Milliseconds of an item in which its partition is held: its work, and its part of the round trips that take the batch and commit it. */
function heldMs({ result: { latency, batches, distributed } }: Facts): number {
  return latency.service.mean + (2 * (distributed?.roundTripMs ?? 0)) / Math.max(1, batches.meanSize);
}

/** All slots at work, on one host or on several. */
export function busySlots(facts: Facts): Finding | null {
  const { result, scenario, slots, each, rate, cores } = facts;
  if (!facts.overrun || !facts.saturated) return null;
  const { hosts = [] } = result;
  const most = equation(countTerm(slots), [["÷", durationTerm(each)]], rateTerm, "is");
  // Workers that are started with the case share its cores, with Redis and the runner.
  if (scenario.distributed.redis === "auto" && facts.computes && slots >= cores) {
    const share = `the ${counted(slots, "slot")} of ${counted(hosts.length, "worker")} ${agreeing(slots, "shares", "share")} ${theCores(result)} with Redis and the runner`;
    const text = `The cores are the limit: ${share}, and ${most}; ${rate} went through. More cores, or less work, would help.`;
    return { limit: "cores", text };
  }
  const text = `The slots are the limit: ${most}, those of ${counted(hosts.length, "worker")}; ${rate} went through. More workers would help.`;
  return { limit: "workers", text };
}

/** False where workers are started with the case, and its cores have no time left for more. */
function hasRoomForWorkers({ result, scenario, slots, cores, computes }: Facts): boolean {
  const computing = (result.throughput * result.latency.service.mean) / 1000;
  return scenario.distributed.redis !== "auto" || !computes || slots < cores || computing < ALL_USED * cores;
}

function wouldHelp(means: readonly string[]): string {
  if (means.length === 0) return "";
  return ` ${sentenceCase(means.join(", or "))}${means.length > 1 ? "," : ""} would help.`;
}

function fullBatches({ result: { batches }, scenario: { distributed } }: Facts): boolean {
  return batches.meanSize >= FULL * distributed.batch;
}
