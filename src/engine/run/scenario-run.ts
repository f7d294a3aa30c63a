import { conclude } from "../../analysis/conclude.ts";
import { explain } from "../../analysis/explain.ts";
import { judgeHypotheses } from "../../analysis/hypotheses.ts";
import { estimatedRepeats, isPreciseTo, runThresholds, typicalCases } from "../../analysis/repeats.ts";
import { shortfallOf } from "../../analysis/shortfall.ts";
import { VERSION } from "../../kernel/version.ts";
import { type CasePlan, type NamedScenario, planCases, queueCapacity, repeatedCases, runOrder, scenarioHash } from "../../plan/plan.ts";
import { arrivalEstimate, expectedArrivals } from "../../scenario/load-extent.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { readAllowance, threadsFor } from "../../telemetry/allowance.ts";
import { BOUNDS } from "../../telemetry/disturbance.ts";
import type { CaseOutline, OnEvent, RunEvent, RunOutline } from "../../telemetry/events.ts";
import { keptLatencies, keptQueries } from "../../telemetry/kept-latencies.ts";
import type { Calibration } from "../../telemetry/machine.ts";
import { type Prediction, UNPREDICTED } from "../../telemetry/prediction.ts";
import { type RateStep, rateChangesText } from "../../telemetry/rate-changes.ts";
import type { LoadOutline, RunResult, ScenarioIdentity } from "../../telemetry/result.ts";
import { predict } from "../../theory/predict.ts";
import { computes, partCount } from "../../workloads/traits.ts";
import { AskedRates, type CaseRunner, type RanCase } from "./asked-rates.ts";
import { CaseFiles } from "./case-files.ts";
import { ChangedLoads } from "./changed-loads.ts";
import { failedResult } from "./failed-case.ts";
import { describeMachine, machineFor } from "./machine.ts";
import { foreseenCase } from "./probe.ts";
import type { RunOptions } from "./run-options.ts";
import { type CaseMeasurement, Runners } from "./runners.ts";
import { type Spooled, spoolReplay } from "./spool.ts";

/** The cases of a scenario, run one at a time, each in a process of its own. */
export class ScenarioRun implements CaseRunner {
  /** Resources of this machine when the run begins. */
  private readonly allowance = readAllowance();
  private readonly machine = machineFor(this.allowance);
  private readonly runners = new Runners(1 / Math.min(1, this.allowance.cores));
  private readonly spooling = new AbortController();
  /** A sentence: why the last calibration failed, until a case has failed for it. */
  private calibration: Calibration | string | null = null;
  /** By plan, whatever its repeat. */
  private readonly predictions = new Map<string, Prediction>();
  private files = new CaseFiles([]);
  private spooled: Spooled = { points: [], remove: () => {} };
  /** Every case once, in the order of the scenario. */
  private each: readonly CasePlan[] = [];
  private planned: readonly CasePlan[] = [];
  private rates = new AskedRates([], this.machine, this);
  private outline: RunOutline | null = null;
  private readonly ran = new Map<number, RanCase>();
  private readonly changed = new ChangedLoads();
  /** A case runs whose rate may be changed by hand: no probe, no trial, and no repeat, which would get other tapes than those before it. */
  private steerable = false;

  constructor(
    private readonly named: NamedScenario,
    private readonly options: RunOptions,
  ) {}

  stop(): void {
    this.spooling.abort();
    this.runners.stop();
    this.options.onEvent?.({ type: "stopping", now: this.runners.stops > 1 });
  }

  stepRate(step: RateStep): void {
    if (this.steerable) this.runners.stepRate(step);
  }

  stopped(): boolean {
    return this.runners.stops > 0;
  }

  /** All cases with their repeats, once the run is open. */
  get plans(): readonly CasePlan[] {
    return this.planned;
  }

  async execute(): Promise<RunResult> {
    try {
      await this.open(settled(this.options.calibration));
      for (const index of runOrder(this.planned)) {
        if (this.stopped() || this.isPrecise(index)) break;
        await this.runCase(index);
      }
      return this.finished();
    } finally {
      this.close();
    }
  }

  /** Plans the cases and announces them. `calibration`: to be used; null: calibrated here, if anything computes. */
  async open(calibration: Calibration | null): Promise<void> {
    this.spooled = await spoolReplay(this.named, this.spooling.signal);
    this.each = planCases(this.spooled.points, threadsFor(this.allowance));
    const { repeats = null, access } = this.options;
    this.planned = repeats === null ? this.each : repeatedCases(this.each, repeats.rounds);
    if (this.each.some(({ scenario }) => computes(scenario))) this.calibration = calibration ?? (await this.runners.calibrate());
    this.files = new CaseFiles(this.planned, access);
    this.rates = new AskedRates(this.each, this.machine, this);
    this.outline = {
      startedAt: new Date().toISOString(),
      scenario: this.identity(),
      machine: describeMachine(this.calibrated, this.allowance),
      cases: this.planned.map((plan) => outlineOf(plan, this.predictionOf(foreseenCase(plan, this.each, this.machine)))),
    };
    this.options.onEvent?.({ type: "run-started", ...this.outline });
  }

  /** Runs a case; run again, it replaces its result. */
  async runCase(index: number): Promise<RanCase> {
    const plan = this.planned[index];
    if (plan === undefined) throw new Error(`there is no case ${index}`);
    const why = computes(plan.scenario) ? await this.uncalibrated() : null;
    const one = why === null ? await this.rates.run(index, plan) : this.without(plan, why);
    this.ran.set(index, one);
    this.options.onEvent?.({ type: "case-finished", index, ...one });
    return one;
  }

  /** The result of the cases that have run. */
  finished(): RunResult {
    this.files.settle((index) => {
      const { status, ledger } = this.ran.get(index)?.result ?? {};
      return status === "completed" && ledger?.unfinished === 0;
    });
    const result = this.resultOf(this.ranInOrder());
    this.options.onEvent?.({ type: "run-finished", result });
    return result;
  }

  /** Deletes temporary files. */
  close(): void {
    this.spooled.remove();
  }

  /** The calibration in use; null: none, or it failed. */
  get calibrated(): Calibration | null {
    return typeof this.calibration === "string" ? null : this.calibration;
  }

  /** Calibrates for the cases that follow; null: it failed. */
  async calibrateAgain(): Promise<Calibration | null> {
    const found = await this.runners.calibrate();
    return typeof found === "string" ? null : found;
  }

  adoptCalibration(calibration: Calibration): void {
    if (this.calibration !== null) this.calibration = calibration;
  }

  private ranInOrder(): RanCase[] {
    return [...this.ran].sort(([a], [b]) => a - b).map(([, one]) => one);
  }

  /** True before a round that is no longer needed, since the intervals are narrow enough. */
  private isPrecise(next: number): boolean {
    const { untilShare = null } = this.options.repeats ?? {};
    if (untilShare === null || next % this.each.length > 0) return false;
    return isPreciseTo(
      untilShare,
      this.ranInOrder().map(({ result }) => result),
    );
  }

  private resultOf(ran: readonly RanCase[]): RunResult {
    if (this.outline === null) throw new Error("the run is not open");
    const { startedAt, scenario } = this.outline;
    const cases = ran.map(({ result }) => result);
    const repeats = estimatedRepeats(cases, this.each);
    const typical = repeats.length === 0 ? cases : typicalCases(cases, this.each);
    const { expect } = this.named.scenario;
    const judged = { cases: typical, points: this.spooled.points.map(({ params }) => params), cores: this.allowance.cores };
    return {
      schemaVersion: 2,
      labVersion: VERSION,
      startedAt,
      scenario,
      machine: describeMachine(this.calibrated, this.allowance),
      cases,
      ...(repeats.length === 0 ? {} : { repeats }),
      conclusions: conclude(typical, this.named.scenario),
      thresholds: runThresholds(ran),
      ...(expect === undefined ? {} : { hypotheses: judgeHypotheses(expect, judged) }),
    };
  }

  private identity(): ScenarioIdentity {
    const { name, scenario } = this.named;
    const { title, workload, seed } = scenario;
    return { name, title, ...intentOf(scenario), workload, seed, hash: scenarioHash(scenario) };
  }

  /** Why a computing case cannot be run, after a runner died during calibration; tried again for each such case. */
  private async uncalibrated(): Promise<string | null> {
    this.calibration ??= await this.runners.calibrate();
    const why = typeof this.calibration === "string" ? this.calibration : null;
    if (why !== null) this.calibration = null;
    return why;
  }

  /** Prediction for a plan; cached, since it may take a simulation. */
  private predictionOf(plan: CasePlan): Prediction {
    const { mode, scenario, workers, slots } = plan;
    const key = JSON.stringify([mode, scenario, workers, slots]);
    const known = this.predictions.get(key) ?? predict({ ...plan, ...this.machine });
    this.predictions.set(key, known);
    return known;
  }

  preparing(index: number, note: string): void {
    this.options.onEvent?.({ type: "case-preparing", index, note });
  }

  async run(index: number, given: CasePlan, note: string | null = ""): Promise<RanCase> {
    const plan = note === "" ? this.changed.planOf(given) : given;
    const { dumpState, http = null, onEvent } = this.options;
    // A probe is not reported.
    const probing = note === null;
    const tell: OnEvent = (event) => (probing ? undefined : onEvent?.(event));
    tell({ type: "case-preparing", index, note: note ?? "" });
    if (plan !== given) tell(this.rateChanged(index, plan, this.predictionOf(plan)));
    const order = {
      type: "run",
      plan,
      calibration: computes(plan.scenario) ? this.calibrated : null,
      dumpState: probing ? null : (dumpState?.(index, plan) ?? null),
      http: probing ? null : http,
      access: this.files.accessOf(index, plan, probing),
    } as const;
    this.steerable = note === "" && plan.repeat === undefined;
    const measured = await this.runners.run(order, {
      started: (count, lastMs, url) => tell({ type: "case-started", index, count, lastMs, url }),
      sampled: (snapshot) => tell({ type: "sample", index, snapshot }),
      rateChanged: (change) => {
        this.changed.keep(plan, change);
        const changed = this.changed.planOf(plan);
        tell(this.rateChanged(index, changed, this.soonPredicted(changed)));
      },
    });
    this.steerable = false;
    return this.finish(note === "" ? this.changed.planOf(plan) : plan, measured);
  }

  private rateChanged(index: number, plan: CasePlan, predicted: Prediction): RunEvent {
    const [changes, outline] = [this.changed.changesOf(plan), outlineOf(plan, predicted)];
    return { type: "rate-changed", index, changes, outline, count: expectedArrivals(plan.scenario) };
  }

  /** The prediction for a plan, or none where a simulation would take CPU time that is noticed beside a running case. */
  private soonPredicted(plan: CasePlan): Prediction {
    const isShort = (arrivalEstimate(plan.scenario) ?? Number.POSITIVE_INFINITY) <= SOON;
    return isShort ? this.predictionOf(plan) : UNPREDICTED;
  }

  without(plan: CasePlan, why: string): RanCase {
    return this.finish(plan, { result: failedResult(plan, this.stopped() ? "aborted" : "failed", why), series: [], lastMs: 0 });
  }

  /** Completes the runner's results with what only the console knows. */
  private finish(plan: CasePlan, { result: { thresholds, ...measured }, series, lastMs }: CaseMeasurement): RanCase {
    const changes = this.changed.changesOf(plan);
    const complete = {
      ...measured,
      params: plan.params,
      ...repeatOf(plan),
      ...(changes.length === 0 ? {} : { rateChanges: changes }),
      warnings: [...measured.warnings, ...(changes.length === 0 ? [] : [rateChangesText(changes)])],
      load: { ...loadOutline(plan.scenario), lastMs },
      predicted: this.predictionOf(plan),
      shortfall: shortfallOf(measured, { ...plan, ...this.machine }),
    };
    const explanation = explain({ ...complete, series }, plan.scenario);
    const latency = keptLatencies(measured.latency, plan.scenario.workload);
    const queries = keptQueries(measured.queries);
    return { result: { ...complete, latency, queries, explanation, series }, verdicts: thresholds };
  }
}

/** Arrivals that are simulated in less time than is noticed beside a running case. */
const SOON = 50_000;

function loadOutline({ load, gracefulStop }: Scenario): LoadOutline {
  return { executor: load.executor, gracefulStopMs: gracefulStop / 1000 };
}

function outlineOf(plan: CasePlan, predicted: Prediction): CaseOutline {
  const { mode, params, scenario } = plan;
  const load = loadOutline(scenario);
  return { mode, params, ...repeatOf(plan), load, parts: partCount(scenario), predicted, capacity: queueCapacity(plan) };
}

function repeatOf({ repeat }: CasePlan): { readonly repeat?: number } {
  return repeat === undefined ? {} : { repeat };
}

/** Purpose of a scenario, as far as it states one. */
function intentOf({ description, hypothesis }: Scenario): Pick<ScenarioIdentity, "description" | "hypothesis"> {
  return { ...(description === undefined ? {} : { description }), ...(hypothesis === undefined ? {} : { hypothesis }) };
}

/** A calibration whose check agreed; else null. */
function settled(calibration: Calibration | null = null): Calibration | null {
  return calibration !== null && Math.abs(calibration.checkRatio - 1) <= BOUNDS.calibration ? calibration : null;
}
