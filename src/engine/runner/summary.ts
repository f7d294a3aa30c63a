import type { Nanoseconds } from "../../kernel/clock.ts";
import { Histogram, type LatencySummary } from "../../kernel/histogram.ts";
import { histogramText } from "../../kernel/histogram-text.ts";
import type { TapeFacts } from "../../load/tape.ts";
import { batchLimit, type CasePlan, queueCapacity } from "../../plan/plan.ts";
import { pacedSpan } from "../../scenario/load-extent.ts";
import { MODE_TRAITS } from "../../scenario/modes.ts";
import { addedUp, type Counts } from "../../telemetry/counts.ts";
import { calibrationNote, judgeDisturbance } from "../../telemetry/disturbance.ts";
import type { Ledger } from "../../telemetry/ledger.ts";
import type { Calibration, CpuLimits } from "../../telemetry/machine.ts";
import type { MachineUse } from "../../telemetry/machine-use.ts";
import type { LatencyPart, Recorder } from "../../telemetry/recorder.ts";
import type { CaseStatus, WorkFigures } from "../../telemetry/result.ts";
import type { StageFigures } from "../../workloads/stage.ts";
import type { StateEntry } from "../../workloads/workload.ts";
import type { Execution } from "../executor/executor.ts";
import type { RunnerResult } from "../protocol.ts";
import { QueryStats } from "../queries/stats.ts";
import type { Source } from "../source/source.ts";
import { type Evidence, littlesLaw, problemOf, selfChecks } from "./checks.ts";
import type { Pipeline } from "./pipeline.ts";
import { processFigures } from "./process-figures.ts";
import { rehearsalNote } from "./rehearsal-share.ts";
import { validityOf } from "./validity.ts";

export interface Measured {
  readonly plan: CasePlan;
  readonly facts: TapeFacts;
  readonly execution: Execution;
  readonly pipeline: Pipeline;
  readonly states: readonly StateEntry[];
  /** Time for which the source's thread was idle. */
  readonly idle: Nanoseconds;
  readonly cpuMs: number;
  /** Use of the machine meanwhile, and timing of computing; absent on a virtual clock, where they mean nothing. */
  readonly surroundings?: Surroundings;
  /** Figures of the workload only. */
  readonly own?: StageFigures;
}

export interface Surroundings {
  readonly machine: MachineUse;
  readonly work: WorkFigures | null;
  /** Calibration of the case's computing; null: it has none. */
  readonly calibration: Calibration | null;
  /** What withholds some of the machine from this process; null or absent: nothing. */
  readonly limits?: CpuLimits | null;
  /** Share of the usual rehearsal, 1 if absent. */
  readonly rehearsal?: number;
}

/** The final figures of a case. */
export function summarize(measured: Measured): RunnerResult {
  const { plan, facts, execution, pipeline, states } = measured;
  const { notes = [], requests: _, ...own } = measured.own ?? {};
  const { source, offered, lifecycle, sampler } = pipeline;
  const told = pipeline.stage.states;
  const counts = addedUp(execution.recorders.map((recorder) => recorder.counts()));
  const ledger = ledgerOf(counts, offered.count, execution.lost);
  const histograms = mergeParts(execution.recorders);
  const evidence = evidenceOf(measured, ledger, counts, histograms);
  const checks = selfChecks(evidence);
  const latency = (part: LatencyPart) => histograms[part].summary();
  const durationMs = Math.max(0, (counts.lastDone - counts.firstDue) / 1e6) || 0;
  const spanMs = Math.max(durationMs, pacedMs(measured));
  const perSecond = (count: number) => (durationMs > 0 ? (count * 1000) / spanMs : 0);
  const throughput = perSecond(processedAndMeasured(counts));
  const queueLatency = latency("queue");
  const validity = validityOf(measured, histograms.schedule);
  const broken = checks.filter(({ ok }) => !ok).map((check) => problemOf(check, evidence));
  const problems = [...broken, ...validity.problems];
  const {
    machine = sampler.usage.machineSinceStart(),
    work = null,
    calibration = null,
    limits = null,
    rehearsal = 1,
  } = measured.surroundings ?? {};
  const disturbance = measured.surroundings === undefined ? null : judgeDisturbance(machine, work, calibration, limits);
  return {
    mode: plan.mode,
    status: statusOf(lifecycle.reason, problems, lifecycle.aborted),
    problems: [...(lifecycle.reason === null ? [] : [lifecycle.reason]), ...problems],
    warnings: [
      ...lifecycle.notes,
      ...validity.warnings,
      ...notes,
      ...(execution.notes ?? []),
      ...[rehearsalNote(rehearsal), calibrationNote(calibration), disturbance?.warning ?? null].filter((one) => one !== null),
    ],
    disturbed: disturbance?.disturbed ?? null,
    tape: { hash: facts.hash, count: source.closedLoop ? offered.count : facts.count },
    ledger,
    rejections: pipeline.intake.rejections,
    failures: execution.failures,
    orderViolations: counts.orderViolations,
    durationMs,
    throughput,
    offeredRate: offeredRate(measured),
    intakeRate: perSecond(source.taken.count - source.takenEarly.count),
    latency: {
      sojourn: latency("sojourn"),
      schedule: latency("schedule"),
      queue: queueLatency,
      batch: latency("batch"),
      service: latency("service"),
      ...outcomesOf(execution.recorders, histograms.sojourn),
    },
    histograms: { sojourn: histogramText(histograms.sojourn) },
    sojournWithin: sampler.stretches.interval(1e6, latency("sojourn").mean),
    ...blockedFigures(source),
    queue: queueFigures(measured, queueLatency.mean),
    batches: batchFigures(measured, counts),
    queries: queryFigures(measured),
    cores: machine.utilization.map((utilization, i) => ({ core: machine.numbers[i] ?? i, utilization })),
    limits,
    process: processFigures(measured, machine, work),
    thresholds: pipeline.gate.verdicts({
      recorders: execution.recorders,
      ledger,
      throughput,
      highWater: execution.queue.highWater,
      queries: pipeline.job.desk?.book.latency ?? new Histogram(),
      own: measured.own,
      phase: pipeline.phase,
    }),
    checks,
    littlesLaw: littlesLaw(evidence),
    state: told === undefined ? null : { machines: states.length, digest: told.digest(states) },
    ...(execution.hosts === undefined ? {} : { hosts: execution.hosts }),
    ...(execution.distributed === undefined ? {} : { distributed: execution.distributed }),
    ...own,
  };
}

/**
 * Duration of a paced load in milliseconds, which a throughput must be measured over in full, even if the last item is done before the next
 * would have come; 0: all came at once, depended on answers, or was stopped.
 */
function pacedMs({ plan: { scenario }, pipeline: { lifecycle } }: Measured): number {
  return lifecycle.aborted ? 0 : (pacedSpan(scenario) ?? 0) / 1000;
}

/** Unhandled errors are counted over all processed items, warm-up included: the same share of the measured ones has failed. */
function processedAndMeasured({ processed, strayed, measured }: Counts): number {
  const all = processed + strayed;
  return all === 0 ? 0 : (measured * processed) / all;
}

/** Time for which the source could not take what was due, and what held it. */
function blockedFigures({ blocked }: Source): Pick<RunnerResult, "sourceBlockedMs" | "sourceBlocked"> {
  const { total, reading, processing, queries, queue } = blocked;
  return {
    sourceBlockedMs: total / 1e6,
    sourceBlocked: { readMs: reading / 1e6, processingMs: processing / 1e6, queryMs: queries / 1e6, queueFullMs: queue / 1e6 },
  };
}

function queueFigures({ plan, execution, pipeline }: Measured, meanWaitMs: number): RunnerResult["queue"] {
  const { meanDepth, highWater, full } = execution.queue;
  return {
    ...{ capacity: queueCapacity(plan), meanDepth, highWater, meanWaitMs },
    ...{ fullMs: full / 1e6, growthPerSecond: pipeline.sampler.growth.value },
  };
}

function batchFigures({ plan, execution }: Measured, { measuredBatches, batched }: Counts): RunnerResult["batches"] {
  if (MODE_TRAITS[plan.mode].holdsSource) return { count: 0, meanSize: 0, limit: 1 };
  const { count, items } = execution.batches ?? { count: measuredBatches, items: batched };
  return { count, meanSize: count > 0 ? items / count : 0, limit: batchLimit(plan) };
}

/** `staleness`: age of the states in snapshots, in modes that take them. */
function queryFigures({ plan, pipeline }: Measured) {
  const book = pipeline.job.desk?.book ?? new QueryStats();
  const figures = { sent: book.sent, answered: book.answered, latency: book.latency.summary() };
  const stale = MODE_TRAITS[plan.mode].spreads && plan.scenario.queries.consistency === "snapshot";
  return stale ? { ...figures, staleness: book.staleness.summary() } : figures;
}

function statusOf(failure: string | null, problems: readonly string[], aborted: boolean): CaseStatus {
  if (failure !== null) return "failed";
  if (problems.length > 0) return "invalid";
  return aborted ? "aborted" : "completed";
}

function ledgerOf(counts: Counts, scheduled: number, lost: number): Ledger {
  return {
    scheduled,
    processed: counts.processed,
    failed: counts.failed,
    rejected: counts.rejected,
    dropped: { newest: counts.droppedNewest, oldest: counts.droppedOldest },
    unfinished: counts.abandoned + lost,
  };
}

/** Arrivals after warm-up ÷ the load's time after warm-up; null when everything is due at once. */
function offeredRate({ plan: { scenario }, facts, pipeline }: Measured): number | null {
  const { source, offered, lifecycle } = pipeline;
  const single = scenario.load.executor === "bursts" && scenario.load.count === 1;
  const stopped = lifecycle.stopped;
  const planned = scenario.load.executor === "shared-iterations" ? offered.last / 1000 : facts.durationMicros;
  const duration = Math.min(planned, (stopped ?? Number.POSITIVE_INFINITY) / 1000);
  // A replay has one gap less than arrivals: the last one gets its share of the time too.
  const gaps = scenario.load.executor === "replay" && facts.count > 1 && stopped === null ? facts.count / (facts.count - 1) : 1;
  const span = duration * gaps - scenario.warmup;
  const measured = source.closedLoop || stopped !== null ? offered.measured : facts.measured;
  return single || span <= 0 ? null : (measured * 1e6) / span;
}

/** The figures for the run's self-checks. */
function evidenceOf(
  { plan, execution, pipeline, own }: Measured,
  ledger: Ledger,
  counts: Counts,
  histograms: Evidence["histograms"],
): Evidence {
  const { offered, sampler } = pipeline;
  const { endedAt } = execution;
  const warmup = plan.scenario.warmup * 1000;
  // Levels cover all items and times only those due after warm-up; evicted and unfinished items have no times.
  const allMeasured = warmup === 0 && ledger.processed + ledger.failed === ledger.scheduled - ledger.dropped.newest;
  return {
    ledger,
    countedTwice: sampler.countedTwice,
    ordered: plan.scenario.keys.order,
    counts,
    histograms,
    from: warmup,
    until: endedAt,
    arrivals: offered.measured,
    arrivalArea: offered.measuredAreaUntil(endedAt),
    lost: execution.lost,
    told: sampler.told,
    queue: execution.queue,
    levels: allMeasured ? sampler.levels : null,
    waitsIn: MODE_TRAITS[plan.mode].holdsSource ? "schedule" : "queue",
    requests: own?.requests ?? null,
    steppedBack: sampler.steppedBack,
  };
}

/** Sojourns of processed items, and of failed ones. */
function outcomesOf(recorders: readonly Recorder[], sojourn: Histogram): { readonly ok: LatencySummary; readonly failed: LatencySummary } {
  const failed = new Histogram();
  for (const recorder of recorders) failed.merge(recorder.failures);
  return { ok: sojourn.without(failed).summary(), failed: failed.summary() };
}

function mergeParts(recorders: readonly Recorder[]): Evidence["histograms"] {
  const merged = (part: LatencyPart) => {
    const histogram = new Histogram();
    for (const recorder of recorders) histogram.merge(recorder[part]);
    return histogram;
  };
  return {
    sojourn: merged("sojourn"),
    schedule: merged("schedule"),
    queue: merged("queue"),
    batch: merged("batch"),
    service: merged("service"),
  };
}
