import { formatCount, formatMs } from "../kernel/units.ts";
import { agreeing, counted, listed, outOf } from "../kernel/wording.ts";
import type { Scenario } from "../scenario/schema.ts";
import { droppedTotal } from "../telemetry/ledger.ts";
import { percentileOf, typical } from "../telemetry/percentiles.ts";
import { busyRedis, busyRunner, busySlots, fewPartitions, hotPartition, slowTrips } from "./explain/distributed.ts";
import { Facts } from "./explain/facts.ts";
import { attemptsGoneWrong, type Explained, explainFetch } from "./explain/fetch.ts";
import type { Finding, Look } from "./explain/finding.ts";
import { explainFailures } from "./explain/flow.ts";
import { heldMemory } from "./explain/held.ts";
import { busyKeys, heldKeys } from "./explain/keys.ts";
import { explainMachine } from "./explain/machine.ts";
import {
  bursts,
  concurrency,
  neverEnding,
  queryStorm,
  shortQueue,
  slowHandlers,
  slowSource,
  turnInBatch,
  unclear,
  waitingBatch,
} from "./explain/messages.ts";
import { againstTheory, anotherLimit } from "./explain/theory.ts";
import { busyAtTimes, busyPrograms, busyThread, busyWorkers, heldThread, processors } from "./explain/threads.ts";

export { asServed } from "./explain/theory.ts";

/**
 * What limited a case, identified from measured utilization and the parts of latency, with the number that shows it, and what would help.
 */
export function explain(result: Explained, scenario: Scenario): string {
  if (result.status === "failed") return result.problems[0] ?? "The case failed.";
  const machine = explainMachine(result);
  if (scenario.workload === "fetch" && result.throughput > 0)
    return said(machine?.sentence, explainFetch(result, scenario, machine?.coresTaken ?? false));
  if (result.ledger.processed === 0) return said(machine?.sentence, nothing(result));
  if (result.ledger.processed === 1)
    return said(machine?.sentence, oneItem(result, scenario), aftermath(new Facts(result, scenario), false));
  if (result.throughput === 0) return said(machine?.sentence, "Too little was done before the end to say what held it back.");
  const facts = new Facts(result, scenario);
  const coresTaken = machine?.coresTaken ?? false;
  const looks = facts.remote ? (coresTaken ? EVIDENT_REMOTELY : REMOTE_LIMITS) : coresTaken ? EVIDENT : LIMITS;
  const found = looks.map((look) => look(facts)).find((finding) => finding !== null) ?? null;
  const limit = found ?? (coresTaken ? null : arrivals(facts));
  const told = found === null && !coresTaken;
  const another = limit === null || machine !== null ? "" : anotherLimit(facts, limit.limit);
  return said(
    machine?.sentence,
    limit?.text,
    aftermath(facts, told),
    heldMemory(facts),
    explainFailures(result.flow),
    againstTheory(facts),
    another,
  );
}

function said(...sentences: readonly (string | null | undefined)[]): string {
  return sentences.filter(Boolean).join(" ");
}

function nothing({ ledger, failures, fetch }: Explained): string {
  const most = failures.reduce((a, b) => (b.count > a.count ? b : a), { reason: "", count: 0 });
  if (most.count === 0) return "Nothing was processed, so there is nothing to explain.";
  return `Nothing was processed: ${formatCount(ledger.failed)} failed, ${formatCount(most.count)} of them with "${most.reason}"${fetch === undefined ? "" : attemptsGoneWrong(fetch)}.`;
}

/** The explanation of a single item, which has no rate and so shows no limit. */
function oneItem({ ledger, latency }: Explained, { workload }: Scenario): string {
  const noun = workload === "flow" ? "item" : "message";
  const took = `it took ${formatMs(latency.sojourn.mean)}, of it ${formatMs(latency.service.mean)} ${workload === "flow" ? "in the flow" : "work"}`;
  return ledger.scheduled === 1
    ? `One ${noun} is all there was: ${took}.`
    : `Only one ${noun} of ${formatCount(ledger.scheduled)} was processed: ${took}.`;
}

/** Each look searches for one cause; the first that finds its own is reported. */
const LIMITS: readonly Look[] = [
  queryStorm,
  neverEnding,
  busyKeys,
  slowSource,
  busyPrograms,
  busyThread,
  heldKeys,
  waitingBatch,
  busyWorkers,
  heldThread,
  slowHandlers,
  processors,
  concurrency,
  shortQueue,
  bursts,
  turnInBatch,
  busyAtTimes,
  unclear,
];

/** The same for `distributed`, whose messages pass Redis and its partitions. */
const REMOTE_LIMITS: readonly Look[] = [
  neverEnding,
  slowSource,
  busyRunner,
  busyRedis,
  busyPrograms,
  fewPartitions,
  hotPartition,
  slowTrips,
  busySlots,
  shortQueue,
  bursts,
  unclear,
];

/** Looks based on direct evidence, which hold even with other programs; the rest conclude by exclusion. */
const EVIDENT: readonly Look[] = [queryStorm, neverEnding, slowSource, busyPrograms, busyThread, busyWorkers];
const EVIDENT_REMOTELY: readonly Look[] = [neverEnding, slowSource, busyRunner, busyRedis, busyPrograms];

function arrivals(facts: Facts): Finding {
  const { result, rate } = facts;
  const { ledger, latency } = result;
  const others = unprocessed(result, "").map(([count, what]) => `${formatCount(count)} ${what}`);
  const all =
    others.length === 0
      ? `all ${counted(ledger.processed, facts.noun)} were processed`
      : `${counted(ledger.processed, facts.noun)} ${agreeing(ledger.processed, "was", "were")} processed, ${others.join(", ")},`;
  const took = typical(latency.sojourn);
  const figures = `${all} at ${rate}, with a ${took.word} sojourn time of ${formatMs(took.ms)}`;
  if (facts.overrun && !facts.longEnough) return { limit: "none", text: `The run was too short to say what held it back: ${figures}.` };
  if ((!facts.prompt || facts.overrun) && !facts.closedLoop)
    return { limit: "none", text: `No single limit shows: ${figures}, ${facts.whereWorked} ${formatMs(typical(latency.service).ms)}.` };
  if (!facts.closedLoop) return { limit: "arrivals", text: `The arrivals are the limit: ${figures}.` };
  const who = facts.clients === 1 ? "the one client" : `each of the ${formatCount(facts.clients)}`;
  return { limit: "clients", text: `The clients are the limit: ${who} waits for its answer before it sends again; ${figures}.` };
}

/** Items not processed, by outcome. */
function unprocessed({ ledger }: Explained, where: string): (readonly [count: number, what: string])[] {
  const was = (count: number) => agreeing(count, "was", "were");
  const dropped = droppedTotal(ledger);
  const ends = [
    [ledger.failed, "failed"],
    [ledger.rejected, `${was(ledger.rejected)} rejected`],
    [dropped, `${was(dropped)} dropped${where}`],
    [ledger.unfinished, `${was(ledger.unfinished)} still undone at the end`],
  ] as const;
  return ends.filter(([count]) => count > 0);
}

/** Consequences of the limit. `told`: the outcomes of all items have been reported. */
function aftermath({ result, longestRead }: Facts, told: boolean): string {
  const { ledger, latency } = result;
  const ends = unprocessed(result, " at the full queue").map(
    ([count, what], i) => `${i === 0 ? outOf(count, ledger.scheduled) : formatCount(count)} ${what}`,
  );
  if (ends.length > 0 && !told) return `${listed(ends)}.`;
  const little = Math.max(10 * latency.service.p99, longestRead);
  if (droppedTotal(ledger) > 0 || ledger.unfinished > 0 || latency.sojourn.p99 - longestRead <= little) return "";
  // Among few items a single stall may cause it, rather than waiting.
  const p99 = percentileOf(latency.sojourn, "p99");
  return p99 === null ? "" : `Waiting made the 99th percentile ${formatMs(p99)}.`;
}
