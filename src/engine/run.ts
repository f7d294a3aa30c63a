import { EXIT, UserError } from "../kernel/problem.ts";
import { type CasePlan, type NamedScenario, planCases, scenarioHash } from "../plan/plan.ts";
import type { Scenario } from "../scenario/schema.ts";
import { arrivalEstimate } from "../scenario/semantics.ts";
import { EMPTY_LEDGER, type Ledger } from "../telemetry/ledger.ts";
import type { Calibration, CaseResult, RunResult, Sample, ThresholdResult } from "../telemetry/result.ts";
import { explain } from "../theory/explain.ts";
import { predict } from "../theory/predict.ts";
import type { CaseOutline, OnEvent } from "./events.ts";
import { failedResult } from "./failed-case.ts";
import { coreCount, describeMachine } from "./machine.ts";
import type { FromRunner, RunnerResult } from "./protocol.ts";
import { describeExit, type RunnerExit, RunnerProcess } from "./runner-process.ts";
import { spoolReplay } from "./spool.ts";
import { VERSION } from "./version.ts";

export interface RunOptions {
  readonly onEvent?: OnEvent;
  /** Where the final states of a case are written; null: nowhere. */
  readonly dumpState?: (index: number, plan: CasePlan) => string | null;
}

/** A run that can be stopped. */
export interface Run {
  readonly result: Promise<RunResult>;
  /** Once: stop taking and drain within gracefulStop. Twice: end now. */
  stop(): void;
}

/** Runs every case of a scenario, one after another, each in a process of its own. */
export function startRun(named: NamedScenario, options: RunOptions = {}): Run {
  const run = new ScenarioRun(named, options);
  return { result: run.execute(), stop: () => run.stop() };
}

interface Ran {
  readonly result: CaseResult;
  readonly verdicts: RunnerResult["thresholds"];
}

class ScenarioRun {
  private stops = 0;
  private current: RunnerProcess | null = null;
  private readonly spooling = new AbortController();

  constructor(
    private readonly named: NamedScenario,
    private readonly options: RunOptions,
  ) {}

  stop(): void {
    this.stops++;
    this.options.onEvent?.({ type: "stopping", now: this.stops > 1 });
    this.spooling.abort();
    this.current?.send({ type: "stop" });
    // A runner that is held by long work hears nothing until it is done.
    const runner = this.current;
    if (this.stops === 2) setTimeout(() => runner?.kill(), STUBBORN_MS);
    else if (this.stops > 2) runner?.kill();
  }

  async execute(): Promise<RunResult> {
    const spooled = await spoolReplay(this.named, this.spooling.signal);
    try {
      return await this.executeSpooled(spooled.scenario);
    } finally {
      spooled.remove();
    }
  }

  private async executeSpooled(spooled: Scenario): Promise<RunResult> {
    const { scenario } = this.named;
    const startedAt = new Date().toISOString();
    const cores = coreCount();
    const plans = planCases(spooled, cores);
    const computes = scenario.work.kind === "cpu" || scenario.work.kind === "mixed";
    const calibration = computes ? await this.calibrate() : null;
    const machine = describeMachine(calibration);
    const outlines: CaseOutline[] = plans.map((plan) => ({ plan, predicted: predict({ ...plan, cores }) }));
    this.options.onEvent?.({ type: "run-started", scenario: this.named, cases: outlines, machine });
    const cases: CaseResult[] = [];
    const thresholds: ThresholdResult[] = [];
    for (const [index, outline] of outlines.entries()) {
      if (this.stops > 0) break;
      const { result, verdicts } = await this.runCase(index, outline, calibration?.roundsPerMs ?? 1);
      cases.push(result);
      thresholds.push(...verdicts.map((verdict) => ({ case: index, ...verdict })));
      this.options.onEvent?.({ type: "case-finished", index, result });
    }
    const result: RunResult = {
      schemaVersion: 1,
      labVersion: VERSION,
      startedAt,
      scenario: {
        name: this.named.name,
        title: scenario.title,
        workload: scenario.workload,
        seed: scenario.seed,
        hash: scenarioHash(scenario),
      },
      machine,
      cases,
      thresholds,
    };
    this.options.onEvent?.({ type: "run-finished", result });
    return result;
  }

  private async calibrate(): Promise<Calibration | null> {
    let calibration: Calibration | null = null;
    const exit = await this.inRunner({ type: "calibrate" }, (message, runner) => {
      if (message.type !== "calibrated") return;
      const { type: _, ...figures } = message;
      calibration = figures;
      runner.kill();
    });
    if (calibration === null && this.stops === 0) {
      throw new UserError(`The computation could not be calibrated. ${describeExit(exit)}`, EXIT.caseFailed);
    }
    return calibration;
  }

  private async runCase(index: number, { plan, predicted }: CaseOutline, roundsPerMs: number): Promise<Ran> {
    const { onEvent } = this.options;
    onEvent?.({ type: "case-preparing", index });
    const series: Sample[] = [];
    const warmupMs = plan.scenario.warmup / 1000;
    let lastLedger: Ledger | null = null;
    let count = 0;
    let measured: RunnerResult | null = null;
    let error: string | null = null;
    const dumpState = this.options.dumpState?.(index, plan) ?? null;
    const exit = await this.inRunner({ type: "run", plan, roundsPerMs, dumpState }, (message, runner) => {
      switch (message.type) {
        case "started":
          count = message.count;
          if (message.lastMs === 0) lastLedger = { ...EMPTY_LEDGER, scheduled: count, unfinished: count };
          runner.setPatience(patienceMs(plan));
          onEvent?.({ type: "case-started", index, count, lastMs: message.lastMs });
          return;
        case "sample":
          if (message.sample.t >= warmupMs) series.push(message.sample);
          lastLedger = message.ledger;
          onEvent?.({ type: "sample", index, sample: message.sample, ledger: message.ledger, running: message.running });
          return;
        case "result":
          measured = message.result;
          runner.kill();
          return;
        case "error":
          error ??= `The runner met an error: ${message.message}`;
          runner.kill();
          return;
        default:
      }
    });
    const { thresholds, ...result } = (measured as RunnerResult | null) ?? this.withoutResult(plan, error, exit, lastLedger, count);
    const peakRssBytes = Math.max(exit.peakRssBytes, result.process.peakRssBytes);
    const complete = { ...result, process: { ...result.process, peakRssBytes }, params: plan.params, predicted };
    return { result: { ...complete, explanation: explain(complete), series }, verdicts: thresholds };
  }

  /** What is known of a case whose runner ended without a result: it failed, or it was told to stop and did not. */
  private withoutResult(plan: CasePlan, error: string | null, exit: RunnerExit, ledger: Ledger | null, count: number): RunnerResult {
    if (this.stops < 2 || error !== null)
      return failedResult(plan, "failed", error ?? describeExit(exit), ledger, count, exit.peakRssBytes);
    const sentence =
      "The runner was held by long work when it was told to stop at once, and was ended; figures are those of the last sample.";
    return failedResult(plan, "aborted", sentence, ledger, count, exit.peakRssBytes);
  }

  /** Gives one order to a new runner and waits until it is gone. */
  private async inRunner(
    order: Parameters<RunnerProcess["send"]>[0],
    onMessage: (message: FromRunner, runner: RunnerProcess) => void,
  ): Promise<RunnerExit> {
    const runner: RunnerProcess = new RunnerProcess((message) => {
      if (message.type === "hello") {
        // Before it starts it reads the whole tape once.
        if (order.type === "run") runner.setPatience(15_000 + (arrivalEstimate(order.plan.scenario) ?? 1e7) / 1000);
        runner.send(order);
        for (let i = 0; i < Math.min(2, this.stops); i++) runner.send({ type: "stop" });
      } else {
        onMessage(message, runner);
      }
    });
    this.current = runner;
    try {
      return await runner.exited;
    } finally {
      this.current = null;
    }
  }
}

/** How long a runner has to obey the second request to stop, in milliseconds. */
const STUBBORN_MS = 1500;

/** How long a runner may be silent: samples come between messages, or between batches, so long work is no hang. */
function patienceMs({ mode, scenario }: CasePlan): number {
  const item = scenario.work.time / 1000;
  const capacity = scenario.queue.capacity === "unlimited" ? 100_000 : scenario.queue.capacity;
  const items = mode === "async" ? Math.min(scenario.batch.size ?? (scenario.batch.timeout === undefined ? 1 : capacity), capacity) : 1;
  return 10_000 + 3 * item * items;
}
