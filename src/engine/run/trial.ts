import { Random } from "../../kernel/random.ts";
import { formatCount, formatMs, formatShare } from "../../kernel/units.ts";
import { openTape } from "../../load/open.ts";
import { ServiceTimes, squaredVariation } from "../../load/service-times.ts";
import { Arrival } from "../../load/tape.ts";
import type { CasePlan } from "../../plan/plan.ts";
import { MODE_TRAITS } from "../../scenario/modes.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { keepsPace, lineGrowth } from "../../telemetry/pace.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import { failuresMeanTooMuch, hasKnownWork, keysHaveWorkers } from "../../workloads/traits.ts";

/** Share of arrivals that may be lost at a rate that holds, and most waiting that may be added per second of load. */
export const TOLERANCE = 0.01;
/** Deviation of a tape's work from what its rate promises that counts as typical. */
export const TYPICAL = 0.0025;
/** Tapes tried for a typical one; the nearest is taken when none is near enough. */
const MOST_TAPES = 400;
/** A tape of more arrivals is typical by itself. */
const LONG_TAPE = 100_000;

type ConstantRate = Extract<Scenario["load"], { readonly executor: "constant-arrival-rate" }>;

/**
 * A trial of a rate, on arrivals of a seed whose tape brings the work that the rate promises, so that its draw does not decide the outcome.
 */
export function trialOf(plan: CasePlan, load: ConstantRate, timesBefore: number): CasePlan {
  const seeds = new Random(plan.scenario.seed, `trial ${timesBefore} at ${load.rate}`);
  let nearest: Scenario | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < MOST_TAPES && least > TYPICAL; i++) {
    const scenario: Scenario = { ...plan.scenario, seed: seeds.bits(), load };
    const off = Math.abs(workBrought(scenario, load) - 1);
    if (nearest === null || off < least) [nearest, least] = [scenario, off];
  }
  return { ...plan, scenario: nearest ?? { ...plan.scenario, load } };
}

/** The work that a tape brings ÷ what its rate promises with mean service times. */
function workBrought(scenario: Scenario, load: ConstantRate): number {
  const promised = (Number(load.rate) * load.duration) / load.timeUnit;
  const { work } = scenario;
  if (promised > LONG_TAPE || varianceOf(scenario) === 0) return 1;
  const times = workIsDrawn(scenario) ? new ServiceTimes(work, scenario.seed) : null;
  const tape = openTape(scenario, () => null);
  const arrival = new Arrival();
  let brought = 0;
  while (tape.next(arrival)) brought += times === null ? 1 : times.next() / (work.time * 1000);
  tape.close();
  return brought / promised;
}

function workIsDrawn(scenario: Scenario): boolean {
  return hasKnownWork(scenario) && scenario.work.time > 0;
}

/** Sum of the squared coefficients of variation of arrivals and of work, as far as the scenario states them. */
function varianceOf(scenario: Scenario): number {
  const { load, work } = scenario;
  const arrivals = load.executor === "constant-arrival-rate" && load.arrivals === "poisson" ? 1 : 0;
  return arrivals + (workIsDrawn(scenario) ? squaredVariation(work) : 0);
}

/** P(the queue of a server just below overload ends longer than this many √(c² / n) of the load's time) = 0.5 %, by a Brownian bridge. */
const CHANCE = 1.63;

/**
 * How far the end of a trial may lie beyond its load by chance alone, as a share of the load: rates closer than this to the capacity cannot
 * be distinguished from it. 0: nothing is random.
 */
function resolutionOf({ mode, workers, scenario }: CasePlan): number {
  const { load, keys } = scenario;
  if (load.executor !== "constant-arrival-rate" || typeof load.rate !== "number") return 0;
  // A partition belongs to no worker: whichever is free takes it.
  const { spreads, remote } = MODE_TRAITS[mode];
  const lanes = spreads && !remote && keysHaveWorkers(scenario) ? workers : 1;
  // Keys are drawn: each Worker gets its share of them by chance.
  const dealt = lanes > 1 && keys.distribution !== "round-robin" ? 1 - 1 / lanes : 0;
  const variance = varianceOf(scenario) + (load.arrivals === "uniform" ? dealt : 0);
  const arrivals = (load.rate * (load.duration - scenario.warmup)) / load.timeUnit / lanes;
  return CHANCE * Math.sqrt(variance / Math.max(1, arrivals));
}

/**
 * True when arrivals at a constant rate were done, except for one in a hundred, and the queue did not grow meanwhile; false when it did, or
 * messages were lost; null when the queue is longer at the end, but not by more than chance explains.
 */
export function keptUp(result: CaseResult, plan: CasePlan): boolean | null {
  const { scenario } = plan;
  const { status, ledger, series, durationMs } = result;
  const settled = ledger.processed + ledger.failed + ledger.rejected;
  if (status !== "completed" || ledger.unfinished > 0 || settled < (1 - TOLERANCE) * ledger.scheduled) return false;
  if (failsTooMuch(result, scenario)) return false;
  const { load } = scenario;
  if (load.executor !== "constant-arrival-rate") return true;
  const chance = resolutionOf(plan);
  if (chance === 0) {
    const growth = lineGrowth(series.filter(({ t }) => t <= load.duration / 1000));
    return growth === null ? keepsPace(result) : growth <= 1000 * TOLERANCE;
  }
  const loadMs = (load.duration - scenario.warmup) / 1000;
  const [ended, inherent] = [durationMs / loadMs - 1, inherentMs(result, plan) / loadMs];
  // A last message that takes long is no queue, nor are a few at work.
  const beyond = Math.min(ended, undoneAt(load.duration / 1000, result)) - inherent;
  if (beyond <= TOLERANCE) return true;
  return beyond > Math.max(TOLERANCE, chance) ? false : null;
}

/** True when a server rejects requests: it does not keep up, unless the thresholds allow as many failures. */
function failsTooMuch({ ledger }: CaseResult, scenario: Scenario): boolean {
  return failuresMeanTooMuch(scenario) && ledger.failed > TOLERANCE * ledger.scheduled;
}

/** Share of the arrivals up to an instant that was not done by then. */
function undoneAt(ms: number, { series, ledger }: CaseResult): number {
  let before = 0;
  let undone = 0;
  let came = 0;
  for (const { t, offered, processed, dropped } of series) {
    if (t > ms) break;
    const seconds = (t - before) / 1000;
    undone += (offered - processed - dropped) * seconds;
    came += offered * seconds;
    before = t;
  }
  // Failed items are not among the processed.
  return came === 0 || ledger.failed + ledger.rejected > 0 ? Number.POSITIVE_INFINITY : undone / came;
}

/** Time of the last message without any waiting: its read, its batch and its work. */
function inherentMs({ latency, batches }: CaseResult, { mode, scenario: { source, batch } }: CasePlan): number {
  const gathered = MODE_TRAITS[mode].holdsSource ? 0 : (batch.timeout ?? 0) / 1000;
  return source.latency.max / 1000 + gathered + latency.service.mean * Math.max(1, batches.meanSize);
}

/** Relative difference of rates to be resolved. */
const CLOSELY = 0.05;

/** A sentence when trials are too short to resolve the rates tried, with the length they need; null: they are not. */
export function tooShort(plan: CasePlan): string | null {
  const { load } = plan.scenario;
  const apart = resolutionOf(plan);
  if (load.executor !== "constant-arrival-rate" || typeof load.rate !== "number" || apart <= CLOSELY) return null;
  const arrivals = (load.rate * load.duration) / load.timeUnit;
  const longer = (load.duration / 1000) * (apart / CLOSELY) ** 2;
  return `A trial of ${formatMs(load.duration / 1000)} brings ${formatCount(arrivals)} messages, and by chance alone its line may end as if the rate were ${formatShare(apart)} higher: rates closer to each other cannot be told apart. With a load.duration of ${formatMs(longer)} they could to ${CLOSELY * 100} %.`;
}
