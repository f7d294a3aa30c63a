import { countTerm, durationTerm, equation, rateTerm } from "../../kernel/equation.ts";
import { formatCount, formatMs, formatShare } from "../../kernel/units.ts";
import { keyShares } from "../../load/keys.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { laneShares } from "../../theory/capacity.ts";
import { mayHelp } from "./advice.ts";
import { BUSY, type Facts, FULL } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { heavyTailed } from "./theory.ts";

/** Limits by the distribution of messages over state machines, each of which handles one at a time. */

/** Share of the time with messages of one key at work from which the key is used up. */
const USED_UP = 0.9;
/** The same where nothing else explains the limit: messages that wait for a key occupy slots that others could use. */
const HELD_UP = 0.7;
/** Concurrent batches from which they obstruct each other. */
const TOGETHER = 1.5;
/** Fewer batches than these may collide by chance. */
const MANY = 20;
/** Relative excess of the busiest Worker over an even share that is reported. */
const UNEVEN = 1.05;
/** Least improvement by the advice. */
const WORTH = 1.05;

/** A key that is used up, or a Worker with more than its share of the keys, while messages wait. */
export function busyKeys(facts: Facts): Finding | null {
  const { result, scenario } = facts;
  const { sojourn, service } = result.latency;
  // Clients of a closed loop send nothing while they wait: their waiting for each other shows in the sojourn times.
  const inLine = facts.overrun || (facts.closedLoop && sojourn.mean - facts.readMs > 2 * service.mean);
  if (!inLine || result.mode === "sync" || !hasKeys(scenario)) return null;
  // A thread that handles one at a time would do no more with many keys: there the Worker is used up.
  return facts.overlaps ? usedUpKey(facts) : busiestWorker(facts);
}

/** True when keys are drawn as the scenario says; of replayed messages they are unknown. */
function hasKeys({ workload, load }: Scenario): boolean {
  return workload === "message" && load.executor !== "replay";
}

function usedUpKey(facts: Facts): Finding | null {
  const { result, scenario, rate } = facts;
  const { mean } = result.latency.service;
  // Items handled in turn within one batch would be with many keys, too.
  if (facts.saturated || facts.computesAll || facts.batchesAtOnce < TOGETHER) return null;
  const use = keyUse(facts);
  const foreseen = ["hot key", "few keys"].includes(result.predicted.bottleneck);
  if (use < (foreseen ? HELD_UP : USED_UP)) return null;
  const { count: keys, distribution } = scenario.keys;
  const busiest = keyShares(scenario.keys)[0] ?? 1;
  const most = distribution === "zipf" && keys > 1 ? `, the busiest with ${formatShare(busiest)} of the messages` : "";
  const there = keys === 1 ? "there is one key" : `there are ${formatCount(keys)} keys${most}`;
  const each = equation(countTerm(1), [["÷", durationTerm(mean)]], rateTerm, "is");
  const text = `The keys are the limit: messages of one key are worked one after another, ${each}, and ${there}, at ${rate}.${moreKeys(facts)}`;
  return { limit: "keys", text };
}

/** Share of the time in which a message of the busiest key was at work; 0: several of a key may be at once. */
export function keyUse({ result, scenario }: Facts): number {
  if (!scenario.keys.order || !hasKeys(scenario)) return 0;
  return (result.throughput * (keyShares(scenario.keys)[0] ?? 1) * result.latency.service.mean) / 1000;
}

/** The Worker with the most messages, while others have time to spare. */
function busiestWorker(facts: Facts): Finding | null {
  const { result, scenario, rate, workers } = facts;
  if (result.mode !== "parallel" || workers.length < 2) return null;
  const share = Math.max(...laneShares(scenario.keys, workers.length));
  const [most, least] = [Math.max(...workers), Math.min(...workers)];
  const inAll = workers.reduce((sum, each) => sum + each, 0);
  const all = inAll >= FULL * Math.min(facts.cores, workers.length) || facts.used >= FULL;
  // Work that holds its thread without computing leaves no measured use: the Worker's share of the work is used instead.
  const use = facts.computes ? most : (result.throughput * share * result.latency.service.mean) / 1000;
  if (share * workers.length < UNEVEN || use < BUSY || all || (facts.computes && most - least < 1 - FULL)) return null;
  const each = equation(countTerm(1), [["÷", durationTerm(result.latency.service.mean)]], rateTerm, "is");
  const had = `one of the ${workers.length} Workers has`;
  const who = facts.computes
    ? `${had} ${formatShare(most / inAll)} of the work by its keys, computing ${formatShare(most)} of the time while another computes ${formatShare(least)} of it`
    : `${had} ${formatShare(share)} of the messages by its keys`;
  const text = `The keys are the limit: a Worker takes one message after another, ${each}, and ${who}, at ${rate}.${moreKeys(facts)}`;
  return { limit: "keys", text };
}

/** Advice for a more even distribution, verified by theory. */
function moreKeys(facts: Facts): string {
  const { result, scenario, workers, overlaps, closedLoop } = facts;
  const { keys } = scenario;
  // A few clients that wait for their answers do not keep every Worker busy, however their keys are spread.
  if (closedLoop) return "";
  const lanes = overlaps ? null : workers.length;
  const before = busiestShare(keys, lanes);
  const more = { ...keys, count: Math.min(10 * keys.count, MOST_KEYS) };
  // Keys without any messages would not help.
  const all = keys.distribution !== "round-robin" || result.ledger.scheduled > keys.count;
  if (all && before >= WORTH * busiestShare(more, lanes))
    return mayHelp(facts, "keys.count") ? " Spreading the work over more keys would help." : "";
  // With many keys the rest is evenly spread, so that the busiest Worker's excess is its busiest key's share.
  const [first = 1, second = 0] = keyShares(keys);
  const split = lanes === null ? Math.max(first / 2, second) : before - first + first / lanes;
  return first >= WORTH * second && before >= WORTH * split
    ? " The messages of a key keep their order: only several keys in place of the busiest would help."
    : "";
}

const MOST_KEYS = 100_000;

/** Share of the messages with the busiest key, or on the busiest of `lanes` Workers. */
function busiestShare(keys: Scenario["keys"], lanes: number | null): number {
  return lanes === null ? (keyShares(keys)[0] ?? 1) : Math.max(...laneShares(keys, lanes));
}

/** True when the busiest Worker has so much work that messages may wait for others than those of their key. */
function waitsAtWorker({ result, scenario, workers }: Facts): boolean {
  if (workers.length === 0) return false;
  const share = result.mode === "parallel" ? Math.max(...laneShares(scenario.keys, workers.length)) : 1;
  return (result.throughput * share * result.latency.service.mean) / 1000 >= 0.8 * scenario.async.concurrency;
}

/**
 * Messages wait for others of their key that are at work, and so do those behind them in their batch: each of several concurrent batches is
 * handled in turn.
 */
export function heldKeys(facts: Facts): Finding | null {
  const { result, scenario, rate } = facts;
  const { sojourn, batch, service } = result.latency;
  const may = facts.overlaps && facts.batchesAtOnce >= TOGETHER && !facts.saturated && !facts.computesAll;
  if (!may || result.mode === "sync" || !hasKeys(scenario) || !scenario.keys.order) return null;
  if (waitsAtWorker(facts) || heavyTailed(result, scenario)) return null;
  const held = batch.mean - facts.gathering - facts.turnInBatch;
  if (held < 0.5 || held < 0.5 * sojourn.mean) return null;
  const size = facts.batched ? ` (batches went with ${formatCount(result.batches.meanSize)} on average)` : "";
  const behind = facts.batched ? ", its own or that of one before it in its batch" : "";
  // Several messages of a key in a batch stop it repeatedly, unless they are consecutive.
  const several = (keyShares(scenario.keys)[0] ?? 1) * result.batches.meanSize >= 1 && result.batches.count >= MANY;
  // A Worker has its own keys only: the order within its batches proved to make no difference.
  const unordered = result.mode === "async" && facts.batched && scenario.batch.order !== "key" && several;
  const order = unordered && mayHelp(facts, "batch.order") ? " A batch.order of key would help." : "";
  const text = `The keys are what takes time: of ${formatMs(sojourn.mean)} on average, about ${formatMs(held)} was waiting for a state machine that another message was at${behind}${size}, and ${formatMs(service.mean)} was work, at ${rate}.${order}`;
  return { limit: facts.behind ? "keys" : "arrivals", text };
}
