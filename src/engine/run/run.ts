import { conclude } from "../../analysis/conclude.ts";
import { explain } from "../../analysis/explain.ts";
import { judgeHypotheses } from "../../analysis/hypotheses.ts";
import { shortfallOf } from "../../analysis/shortfall.ts";
import { VERSION } from "../../kernel/version.ts";
import { type CasePlan, type NamedScenario, planCases, queueCapacity, runOrder, scenarioHash } from "../../plan/plan.ts";
import type { Scenario } from "../../scenario/schema.ts";
import type { SweepPoint } from "../../scenario/sweep.ts";
import { readAllowance, threadsFor } from "../../telemetry/allowance.ts";
import { BOUNDS } from "../../telemetry/disturbance.ts";
import type { CaseOutline, OnEvent, RunOutline } from "../../telemetry/events.ts";
import { keptLatencies, keptQueries } from "../../telemetry/kept-latencies.ts";
import type { Calibration } from "../../telemetry/machine.ts";
import type { Prediction } from "../../telemetry/prediction.ts";
import type { LoadOutline, RunResult, ScenarioIdentity } from "../../telemetry/result.ts";
import { predict } from "../../theory/predict.ts";
import type { RequestAccess } from "../../workloads/access.ts";
import { computes, partCount } from "../../workloads/traits.ts";
import { AskedRates, type CaseRunner, type RanCase } from "./asked-rates.ts";
import { CaseFiles } from "./case-files.ts";
import { failedResult } from "./failed-case.ts";
import { describeMachine, machineFor } from "./machine.ts";
import { foreseenCase } from "./probe.ts";
import { type CaseMeasurement, Runners } from "./runners.ts";
import { spoolReplay } from "./spool.ts";

export interface RunOptions {
  /** Port of the HTTP server of a case, 0 for any; absent: none. */
  readonly http?: number | undefined;
  readonly onEvent?: OnEvent;
  /** Calibration of an earlier run to be comparable with; absent, null or in doubt: calibrated again where needed. */
  readonly calibration?: Calibration | null;
  /** Permissions of requests, and the files they write to. */
  readonly access?: RequestAccess;
  /** File for the final states of a case; null: none. */
  readonly dumpState?: (index: number, plan: CasePlan) => string | null;
}

/** A run that can be stopped. */
export interface Run {
  readonly result: Promise<RunResult>;
  /** First call: stop taking and drain within gracefulStop. Second: end now. */
  stop(): void;
}

/** Runs every case of a scenario, one after another, each in a process of its own. */
export function startRun(named: NamedScenario, options: RunOptions = {}): Run {
  const run = new ScenarioRun(named, options);
  return { result: run.execute(), stop: () => run.stop() };
}

class ScenarioRun implements CaseRunner {
  /** Resources of this machine when the run begins. */
  private readonly allowance = readAllowance();
  private readonly machine = machineFor(this.allowance);
  private readonly runners = new Runners(1 / Math.min(1, this.allowance.cores));
  private readonly spooling = new AbortController();
  /** A sentence: why the last calibration failed, until a case has failed for it. */
  private calibration: Calibration | string | null = null;
  private readonly predictions = new Map<CasePlan, Prediction>();
  private files = new CaseFiles([]);

  constructor(
    private readonly named: NamedScenario,
    private readonly options: RunOptions,
  ) {}

  stop(): void {
    this.spooling.abort();
    this.runners.stop();
    this.options.onEvent?.({ type: "stopping", now: this.runners.stops > 1 });
  }

  stopped(): boolean {
    return this.runners.stops > 0;
  }

  async execute(): Promise<RunResult> {
    const spooled = await spoolReplay(this.named, this.spooling.signal);
    try {
      return await this.executePoints(spooled.points);
    } finally {
      spooled.remove();
    }
  }

  private async executePoints(points: readonly SweepPoint[]): Promise<RunResult> {
    const plans = planCases(points, threadsFor(this.allowance));
    if (plans.some(({ scenario }) => computes(scenario)))
      this.calibration = settled(this.options.calibration) ?? (await this.runners.calibrate());
    this.files = new CaseFiles(plans, this.options.access);
    const outline: RunOutline = {
      startedAt: new Date().toISOString(),
      scenario: this.identity(),
      machine: describeMachine(this.calibrated, this.allowance),
      cases: plans.map((plan) => outlineOf(plan, this.predictionOf(foreseenCase(plan, plans, this.machine)))),
    };
    this.options.onEvent?.({ type: "run-started", ...outline });
    const ran = await this.runAll(plans);
    this.files.settle((index) => {
      const { status, ledger } = ran.get(index)?.result ?? {};
      return status === "completed" && ledger?.unfinished === 0;
    });
    const finished = [...ran].sort(([a], [b]) => a - b).map(([, one]) => one);
    const result = this.resultOf(outline, points, finished);
    this.options.onEvent?.({ type: "run-finished", result });
    return result;
  }

  /** Runs the cases in their shuffled order, until all are done or it is stopped. */
  private async runAll(plans: readonly CasePlan[]): Promise<ReadonlyMap<number, RanCase>> {
    const rates = new AskedRates(plans, this.machine, this);
    const ran = new Map<number, RanCase>();
    for (const index of runOrder(plans)) {
      const plan = plans[index];
      if (this.stopped() || plan === undefined) break;
      const why = computes(plan.scenario) ? await this.uncalibrated() : null;
      const one = why === null ? await rates.run(index, plan) : this.without(plan, why);
      ran.set(index, one);
      this.options.onEvent?.({ type: "case-finished", index, ...one });
    }
    return ran;
  }

  private resultOf({ startedAt, scenario }: RunOutline, points: readonly SweepPoint[], ran: readonly RanCase[]): RunResult {
    const cases = ran.map(({ result }) => result);
    const { expect } = this.named.scenario;
    const judged = { cases, points: points.map(({ params }) => params), cores: this.allowance.cores };
    return {
      schemaVersion: 2,
      labVersion: VERSION,
      startedAt,
      scenario,
      machine: describeMachine(this.calibrated, this.allowance),
      cases,
      conclusions: conclude(cases, this.named.scenario),
      thresholds: ran.flatMap(({ verdicts }, i) => verdicts.map((verdict) => ({ case: i, ...verdict }))),
      ...(expect === undefined ? {} : { hypotheses: judgeHypotheses(expect, judged) }),
    };
  }

  private identity(): ScenarioIdentity {
    const { name, scenario } = this.named;
    const { title, workload, seed } = scenario;
    return { name, title, ...intentOf(scenario), workload, seed, hash: scenarioHash(scenario) };
  }

  private get calibrated(): Calibration | null {
    return typeof this.calibration === "string" ? null : this.calibration;
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
    const known = this.predictions.get(plan) ?? predict({ ...plan, ...this.machine });
    this.predictions.set(plan, known);
    return known;
  }

  preparing(index: number, note: string): void {
    this.options.onEvent?.({ type: "case-preparing", index, note });
  }

  async run(index: number, plan: CasePlan, note: string | null = ""): Promise<RanCase> {
    const { dumpState, http = null, onEvent } = this.options;
    // A probe is not reported.
    const probing = note === null;
    const tell: OnEvent = (event) => (probing ? undefined : onEvent?.(event));
    tell({ type: "case-preparing", index, note: note ?? "" });
    const order = {
      type: "run",
      plan,
      calibration: computes(plan.scenario) ? this.calibrated : null,
      dumpState: probing ? null : (dumpState?.(index, plan) ?? null),
      http: probing ? null : http,
      access: this.files.accessOf(index, plan, probing),
    } as const;
    const measured = await this.runners.run(order, {
      started: (count, lastMs, url) => tell({ type: "case-started", index, count, lastMs, url }),
      sampled: (snapshot) => tell({ type: "sample", index, snapshot }),
    });
    return this.finish(plan, measured);
  }

  without(plan: CasePlan, why: string): RanCase {
    return this.finish(plan, { result: failedResult(plan, this.stopped() ? "aborted" : "failed", why), series: [], lastMs: 0 });
  }

  /** Completes the runner's results with what only the console knows. */
  private finish(plan: CasePlan, { result: { thresholds, ...measured }, series, lastMs }: CaseMeasurement): RanCase {
    const complete = {
      ...measured,
      params: plan.params,
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

function loadOutline({ load, gracefulStop }: Scenario): LoadOutline {
  return { executor: load.executor, gracefulStopMs: gracefulStop / 1000 };
}

function outlineOf(plan: CasePlan, predicted: Prediction): CaseOutline {
  const { mode, params, scenario } = plan;
  return { mode, params, load: loadOutline(scenario), parts: partCount(scenario), predicted, capacity: queueCapacity(plan) };
}

/** Purpose of a scenario, as far as it states one. */
function intentOf({ description, hypothesis }: Scenario): Pick<ScenarioIdentity, "description" | "hypothesis"> {
  return { ...(description === undefined ? {} : { description }), ...(hypothesis === undefined ? {} : { hypothesis }) };
}

/** A calibration whose check agreed; else null. */
function settled(calibration: Calibration | null = null): Calibration | null {
  return calibration !== null && Math.abs(calibration.checkRatio - 1) <= BOUNDS.calibration ? calibration : null;
}
