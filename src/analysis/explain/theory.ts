import { formatCount, formatMs, formatShare } from "../../kernel/units.ts";
import { squaredVariation } from "../../load/service-times.ts";
import { takesStatedTime } from "../../scenario/work-kinds.ts";
import { theCores } from "../../telemetry/allowance.ts";
import type { SteadyState } from "../../telemetry/prediction.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { offeredRate } from "../../theory/demand.ts";
import { mg1Sojourn } from "../../theory/queues.ts";
import type { Facts } from "./facts.ts";
import type { Explained } from "./fetch.ts";
import type { Limit } from "./finding.ts";
import { explainMachine } from "./machine.ts";

/** Compares measurement and prediction. */

/** Difference from the formula from which the measured service times are reported. */
const TOLD = 0.03;
/** Coefficient of variation of the service time from which the mean sojourn time of one run says nothing: it does not settle. */
const HEAVY = 3;

/** Compares the measurement with the simulation of the same arrivals and service times, and with the formula and its band. */
export function againstTheory(facts: Facts): string {
  const { result, scenario, longEnough } = facts;
  const { predicted, latency, throughput, ledger } = result;
  // Theory predicts the whole load; one message has no rate.
  const whole = result.status !== "aborted" && longEnough && ledger.processed > 1;
  if (predicted.sojournMean === null || predicted.throughput === null || !whole) return "";
  const { part = null, steadyState = null } = predicted;
  const of = part === null ? "of this tape" : `of the first ${formatCount(part.arrivals)} of ${formatCount(part.of)} arrivals`;
  // A quota is reported where it matters; which cores it has makes no difference.
  const on = result.limits?.quota == null ? "" : ` on ${theCores(result)}`;
  const who = predicted.model === "capacity" ? `Theory${on}` : `The simulation ${of}${on}`;
  const rates = `${formatCount(predicted.throughput)}/s`;
  const { mean, stddev } = latency.service;
  if (heavyTailed(result, scenario)) {
    const varies = mean > 0 && stddev / mean >= HEAVY ? ` (here by ${formatCount(stddev / mean)} times their mean)` : "";
    return `${who} expects ${rates}; measured: ${formatCount(throughput)}/s. Service times vary so much${varies} that the mean sojourn time of one run says nothing.`;
  }
  const means = `${who} expects ${rates} and a mean sojourn time of ${formatMs(predicted.sojournMean)}; measured: ${formatCount(throughput)}/s and ${formatMs(latency.sojourn.mean)}.`;
  const formula = steadyState === null ? "" : besideFormula(steadyState, result);
  return [means, formula, ...(fellShort(result) ? [longerWork(facts), handling(result)] : [])].filter(Boolean).join(" ");
}

/** Share of the predicted throughput that was not done from which its causes are told. */
const SHORT = 0.05;

/** True where clearly less was done than predicted, and no other program had the cores meanwhile. */
function fellShort(result: Explained): boolean {
  return result.throughput < (1 - SHORT) * (result.predicted.throughput ?? 0) && !(explainMachine(result)?.coresTaken ?? false);
}

/** Relative excess of the work over the time asked from which it is told, and up to which its parts may differ from the whole. */
const LONGER = 0.03;
const UNEXPLAINED = 0.015;

/** By how much computing took longer than asked, where each thread that works could have a core of its own. */
function longerWork({ result, scenario, computes, slots, cores, main, remote }: Facts): string {
  const { latency, process } = result;
  const { time, perBatch } = scenario.work;
  if (scenario.workload !== "message" || !computes || time === 0 || perBatch > 0 || slots > cores || process.work == null) return "";
  const longer = latency.service.mean / (time / 1000) - 1;
  if (longer < LONGER) return "";
  const { slowerBy, takenAwayMs, askedMs } = process.work;
  const waited = (takenAwayMs ?? 0) / askedMs;
  const said = `Work took ${formatShare(longer)} longer than asked`;
  if (takenAwayMs == null || slowerBy < 0 || Math.abs(longer - slowerBy - waited) > UNEXPLAINED) return `${said}.`;
  // Threads beside the working ones need a core, too, where these have all.
  const beside = remote ? "Redis and the runner" : result.mode === "parallel" ? "the source's thread" : null;
  const shared =
    slots === cores && beside !== null && main > 0 ? `, which ${remote ? "the workers" : "the Workers"} share with ${beside}` : "";
  if (waited < UNEXPLAINED) return `${said}, on a core slower than when it was calibrated.`;
  if (slowerBy < UNEXPLAINED) return `${said}, mostly waiting for a core${shared}.`;
  return `${said}: ${formatShare(slowerBy)} on a core slower than when it was calibrated, the rest waiting for a core${shared}.`;
}

/** Share of the capacity from which the lab's own handling of messages is mentioned, where less was done than predicted. */
const HANDLING = 0.05;

/** What receiving, queueing and holding messages cost. */
function handling({ shortfall }: Explained): string {
  if (shortfall == null) return "";
  const share = shortfall.causes.overhead / shortfall.capacity;
  return share < HANDLING ? "" : `Receiving, queueing and holding messages took ${formatShare(share)} of what the work could have had.`;
}

function besideFormula(steady: SteadyState, result: Explained): string {
  const { latency } = result;
  const { model, sojournMean, band } = steady;
  const settles = `${model} settles at ${formatMs(sojournMean)}`;
  const [low, high] = band.map((end) => formatMs(end));
  const inside = latency.sojourn.mean >= band[0] && latency.sojourn.mean <= band[1];
  // Constant arrivals and service times have only one possible run.
  const runs =
    low === high
      ? `${settles}.`
      : `${settles}; nine of ten runs of this length lie between ${low} and ${high}, and this one ${inside ? "does" : "does not"}.`;
  const served = asServed(result);
  if (served === null || Math.abs(served / sojournMean - 1) < TOLD) return runs;
  return `${runs} Work took ${formatMs(latency.service.mean)} (± ${formatMs(latency.service.stddev)}); with that it settles at ${formatMs(served)}.`;
}

/** True when service times vary so much, by the scenario or by measurement, that a mean does not settle. */
export function heavyTailed({ latency: { service } }: Pick<CaseResult, "latency">, { work, workload }: Facts["scenario"]): boolean {
  const asked = workload === "message" && takesStatedTime(work.kind) ? Math.sqrt(squaredVariation(work)) : 0;
  return asked >= HEAVY || (service.mean > 1 && service.stddev / service.mean >= HEAVY);
}

/**
 * Mean sojourn time in milliseconds of M/G/1 with the measured rate and service times (Pollaczek–Khinchine): any remaining difference is
 * queueing, not a core that was faster or slower than asked. null: no Poisson arrivals at one server.
 */
export function asServed({ predicted, latency, offeredRate }: Pick<Explained, "predicted" | "latency" | "offeredRate">): number | null {
  if (!/^M\/[DMG]\/1$/.test(predicted.model) || offeredRate === null || latency.service.mean === 0) return null;
  const { mean, stddev } = latency.service;
  const sojourn = mg1Sojourn(offeredRate, mean / 1000, (stddev / mean) ** 2);
  return sojourn === null ? null : sojourn * 1000;
}

/** Share of the arrivals done in the simulation from which it keeps up. */
const KEPT = 0.95;

/** The limits that a predicted bottleneck stands for; no others are compared. */
const MEANT: Readonly<Record<string, readonly Limit[]>> = {
  arrivals: ["arrivals", "clients", "batch"],
  clients: ["clients", "arrivals", "batch"],
  source: ["source"],
  cpu: ["thread", "cores", "workers", "processors", "handlers"],
  sleep: ["thread", "processors", "workers", "handlers"],
  io: ["processors", "thread", "handlers"],
  concurrency: ["processors", "clients", "batch", "handlers"],
  "all cores": ["cores", "workers", "thread", "redis", "runner"],
  "cpu quota": ["thread", "cores", "workers", "processors"],
  workers: ["workers", "cores", "processors"],
  "hot key": ["keys"],
  "few keys": ["keys"],
  "uneven keys": ["keys"],
  redis: ["redis", "runner", "round trips"],
  runner: ["runner", "redis", "round trips"],
  "round trips": ["round trips", "workers", "redis", "runner"],
  "few partitions": ["partitions"],
  "hot partition": ["keys", "partitions"],
  queue: ["queue", "thread", "workers", "cores", "processors"],
};

/** Arrivals and completions. For bursts, over all of them: more comes from the first to the last than there is time for. */
function cameAndDone({ result, scenario, behind }: Facts): string {
  const { ledger, throughput } = result;
  if (ledger.processed === ledger.scheduled && !behind) return ", and all that came was done";
  const came = scenario.load.executor === "bursts" ? offeredRate(scenario) : result.offeredRate;
  return came === null ? "" : `: ${formatCount(came)}/s came and ${formatCount(throughput)}/s were done`;
}

/** The predicted bottleneck where it differs from the one found, and why; "" where they are the same. */
export function anotherLimit(facts: Facts, found: Limit): string {
  const { result, scenario } = facts;
  const { predicted, latency, throughput } = result;
  const meant = MEANT[predicted.bottleneck];
  const measured = result.status !== "aborted" && facts.longEnough && result.ledger.processed > 1;
  if (meant === undefined || meant.includes(found) || !measured) return "";
  const expected = `Predicted was ${found === "none" ? "a" : "another"} limit (${predicted.bottleneck})`;
  // A batch's one-time cost is shared by its messages.
  const asked = (scenario.work.time + scenario.work.perBatch / Math.max(1, result.batches.meanSize)) / 1000;
  const knownWork = scenario.workload === "message" && asked > 0;
  if (found === "queries") return `${expected}, which takes queries for cheap.`;
  if (knownWork && Math.abs(latency.service.mean / asked - 1) > 0.05)
    return `${expected}: it goes by ${formatMs(asked)} of work a message, and here it took ${formatMs(latency.service.mean)}.`;
  if (predicted.bottleneck === "arrivals") {
    // A capacity that the simulation cannot use is no basis for a share.
    const kept = predicted.throughput !== null && (result.offeredRate === null || predicted.throughput >= KEPT * result.offeredRate);
    const share = predicted.utilization === null || !kept ? "" : `, at ${formatShare(predicted.utilization)} of what can be done`;
    return `${expected}${share}${cameAndDone(facts)}.`;
  }
  // The limit by keys is no capacity, which is given for evenly spread keys.
  if (/(keys?|partition)$/.test(predicted.bottleneck) && predicted.throughput !== null)
    return `${expected}, of which ${formatCount(predicted.throughput)}/s were to be expected; measured: ${formatCount(throughput)}/s.`;
  if (predicted.capacity === null) return `${expected}.`;
  return `${expected}, at ${formatCount(predicted.capacity)}/s; measured: ${formatCount(throughput)}/s.`;
}
