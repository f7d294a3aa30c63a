import { countTerm, durationTerm, equation, rateTerm } from "../../kernel/equation.ts";
import { formatCount, formatMs, formatShare } from "../../kernel/units.ts";
import { keyShares } from "../../load/keys.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { laneShares } from "../capacity.ts";
import { mayHelp } from "./advice.ts";
import { BUSY, type Facts, FULL } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { heavyTailed } from "./theory.ts";

/** Limits that lie in how messages are spread over state machines, each of which takes one after another. */

/** Share of the time that messages of one key are at work from which on it is used up. */
const USED_UP = 0.9;
/** The same where nothing else explains it: whoever waits for a key holds his place at work, which others would have had. */
const HELD_UP = 0.7;
/** Batches at hand at once from which on they are in each other's way. */
const TOGETHER = 1.5;
/** Of fewer batches it is chance how they meet. */
const MANY = 20;
/** What the busiest Worker has beyond its even part, from which on it is told. */
const UNEVEN = 1.05;
/** What is to be won by what is said to help. */
const WORTH = 1.05;

/** A key that is used up, or a Worker that has more of the keys than its part; and messages wait. */
export function busyKeys(facts: Facts): Finding | null {
  const { result, scenario } = facts;
  const { sojourn, service } = result.latency;
  // Who waits for an answer sends no more meanwhile: that they wait for each other shows in how long they do.
  const inLine = facts.overrun || (facts.closedLoop && sojourn.mean - facts.readMs > 2 * service.mean);
  if (!inLine || result.mode === "sync" || !hasKeys(scenario)) return null;
  // A thread that does one at a time would do no more of many keys: there it is the Worker that is used up.
  return facts.overlaps ? usedUpKey(facts) : busiestWorker(facts);
}

/** The keys are drawn as the scenario says; of replayed messages it is not known. */
function hasKeys({ workload, load }: Scenario): boolean {
  return workload === "message" && load.executor !== "replay";
}

function usedUpKey(facts: Facts): Finding | null {
  const { result, scenario, rate } = facts;
  const { mean } = result.latency.service;
  // What is worked in turn in one batch would be of many keys, too.
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

/** Share of the time that a message of the busiest key was at work; 0: several of a key may be at once. */
export function keyUse({ result, scenario }: Facts): number {
  if (!scenario.keys.order || !hasKeys(scenario)) return 0;
  return (result.throughput * (keyShares(scenario.keys)[0] ?? 1) * result.latency.service.mean) / 1000;
}

/** The Worker to which the most of the messages go, while others have time to spare. */
function busiestWorker(facts: Facts): Finding | null {
  const { result, scenario, rate, workers } = facts;
  if (result.mode !== "parallel" || workers.length < 2) return null;
  const share = Math.max(...laneShares(scenario.keys, workers.length));
  const [most, least] = [Math.max(...workers), Math.min(...workers)];
  const inAll = workers.reduce((sum, each) => sum + each, 0);
  const all = inAll >= FULL * Math.min(facts.cores, workers.length) || facts.used >= FULL;
  // Of what holds its thread and does not compute it is not known how much of the time each had one at work: all of it but for chance.
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

/** What would spread the work better, by what theory makes of it. */
function moreKeys(facts: Facts): string {
  const { result, scenario, workers, overlaps, closedLoop } = facts;
  const { keys } = scenario;
  // A few clients who wait for their answers do not keep every Worker at work, however their keys are spread.
  if (closedLoop) return "";
  const lanes = overlaps ? null : workers.length;
  const before = busiestShare(keys, lanes);
  const more = { ...keys, count: Math.min(10 * keys.count, MOST_KEYS) };
  // Keys that none of the messages were for would be no more of them.
  const all = keys.distribution !== "round-robin" || result.ledger.scheduled > keys.count;
  if (all && before >= WORTH * busiestShare(more, lanes))
    return mayHelp(facts, "keys.count") ? " Spreading the work over more keys would help." : "";
  // With many keys the rest is spread evenly, so that what is left of the busiest Worker is what its busiest key has.
  const [first = 1, second = 0] = keyShares(keys);
  const split = lanes === null ? Math.max(first / 2, second) : before - first + first / lanes;
  return first >= WORTH * second && before >= WORTH * split
    ? " The messages of a key keep their order: only several keys in place of the busiest would help."
    : "";
}

const MOST_KEYS = 100_000;

/** Share of the messages that the busiest key has, or the busiest of so many Workers. */
function busiestShare(keys: Scenario["keys"], lanes: number | null): number {
  return lanes === null ? (keyShares(keys)[0] ?? 1) : Math.max(...laneShares(keys, lanes));
}

/** The busiest Worker has so much at work that what waits with it may wait for others than those of its key. */
function waitsAtWorker({ result, scenario, workers }: Facts): boolean {
  if (workers.length === 0) return false;
  const share = result.mode === "parallel" ? Math.max(...laneShares(scenario.keys, workers.length)) : 1;
  return (result.throughput * share * result.latency.service.mean) / 1000 >= 0.8 * scenario.async.concurrency;
}

/**
 * Messages wait for others of their key that are at work, and those behind them in their batch as well: of several batches at once each is
 * worked in turn.
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
  // Of several messages of a key in a batch each stops it anew, unless they follow on each other.
  const several = (keyShares(scenario.keys)[0] ?? 1) * result.batches.meanSize >= 1 && result.batches.count >= MANY;
  // A Worker has its own keys only: how its batches are ordered was seen to change nothing.
  const unordered = result.mode === "async" && facts.batched && scenario.batch.order !== "key" && several;
  const order = unordered && mayHelp(facts, "batch.order") ? " A batch.order of key would help." : "";
  const text = `The keys are what takes time: of ${formatMs(sojourn.mean)} on average, about ${formatMs(held)} was waiting for a state machine that another message was at${behind}${size}, and ${formatMs(service.mean)} was work, at ${rate}.${order}`;
  return { limit: facts.behind ? "keys" : "arrivals", text };
}
