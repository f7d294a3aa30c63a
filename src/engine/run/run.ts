import { join, parse } from "node:path";
import { formatRate } from "../../kernel/units.ts";
import { VERSION } from "../../kernel/version.ts";
import { type CasePlan, type NamedScenario, planCases, runOrder, scenarioHash } from "../../plan/plan.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { arrivalEstimate } from "../../scenario/semantics.ts";
import type { SweepPoint } from "../../scenario/sweep.ts";
import { readAllowance, threadsFor } from "../../telemetry/allowance.ts";
import { BOUNDS, disturbedByStop } from "../../telemetry/disturbance.ts";
import type { CaseOutline, OnEvent, RunOutline } from "../../telemetry/events.ts";
import { EMPTY_LEDGER, type Ledger } from "../../telemetry/ledger.ts";
import type { Calibration, CaseResult, LoadOutline, Prediction, RunResult, ScenarioIdentity } from "../../telemetry/result.ts";
import type { Sample, Snapshot } from "../../telemetry/sample.ts";
import { conclude } from "../../theory/conclude.ts";
import { explain } from "../../theory/explain.ts";
import { judgeHypotheses } from "../../theory/hypotheses.ts";
import { capacityOf, predict } from "../../theory/predict.ts";
import { shortfallOf } from "../../theory/shortfall.ts";
import { describeMachine, machineFor } from "../machine.ts";
import type { FromRunner, RunnerResult } from "../protocol.ts";
import { askedRate, atRate, keptUp, RateSearch, tooShort } from "../rates.ts";
import { type FetchAccess, NO_ACCESS } from "../stage/fetch-stage.ts";
import { DeadLetterFiles } from "./dead-letter-files.ts";
import { failedResult, type LastSeen } from "./failed-case.ts";
import { foreseenCase, knownCapacity, type ProbedCapacity, probedCapacity, probedCase, probePlan } from "./probe.ts";
import { describeExit, endedUnborn, type RunnerExit, RunnerProcess } from "./runner-process.ts";
import { spoolReplay } from "./spool.ts";

export interface RunOptions {
  /** Port of the HTTP face, 0 for any; absent: none. */
  readonly http?: number | undefined;
  readonly onEvent?: OnEvent;
  /** As a run before this one found it, of which this is to be the like; absent, null or in doubt: found anew where it is needed. */
  readonly calibration?: Calibration | null;
  /** What requests of `fetch` scenarios may do and where they leave a trace. */
  readonly access?: FetchAccess;
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

/** A trial of a rate and what came of it. */
interface Tried {
  readonly trial: CasePlan;
  readonly ran: Ran;
}

/** True when any of its work is computing, of which somebody has to know how long it takes here. */
function computes({ scenario: { work, flow } }: CasePlan): boolean {
  const works = [work, flow?.work, ...Object.values(flow?.parts ?? {}).map((part) => part.work)];
  return work.perBatch > 0 || works.some((one) => one?.kind === "cpu" || one?.kind === "mixed");
}

function loadOutline({ load, gracefulStop }: Scenario): LoadOutline {
  return { executor: load.executor, gracefulStopMs: gracefulStop / 1000 };
}

function outlineOf({ mode, params, scenario }: CasePlan, predicted: Prediction): CaseOutline {
  return { mode, params, load: loadOutline(scenario), parts: Object.keys(scenario.flow?.parts ?? {}).length, predicted };
}

/** What a scenario is for, as far as it says. */
function intentOf({ description, hypothesis }: Scenario): Pick<RunResult["scenario"], "description" | "hypothesis"> {
  return { ...(description === undefined ? {} : { description }), ...(hypothesis === undefined ? {} : { hypothesis }) };
}

function hypothesesOf({ expect }: Scenario, cases: readonly CaseResult[], points: readonly SweepPoint[], cores: number) {
  if (expect === undefined) return {};
  return { hypotheses: judgeHypotheses(expect, { cases, points: points.map(({ params }) => params), cores }) };
}

class ScenarioRun {
  private stops = 0;
  /** What this machine gives, when the run begins. */
  private readonly allowance = readAllowance();
  private readonly machine = machineFor(this.allowance);
  /** How many times as long as on a core of its own everything takes here. */
  private readonly slowness = 1 / Math.min(1, this.allowance.cores);
  private calibration: Calibration | null = null;
  /** Why the last try to calibrate came to nothing, until a case has failed for it. */
  private uncalibrated: string | null = null;
  private caseCount = 1;
  private readonly probed = new Map<CasePlan, ProbedCapacity>();
  private deadLetters = new DeadLetterFiles([]);
  private readonly predictions = new Map<CasePlan, Prediction>();
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
    // A runner that is held by long work hears nothing until it is done; one that hears has a moment to tell what it measured.
    const runner = this.current;
    if (this.stops === 2 || this.stops === 3)
      setTimeout(() => runner?.kill(), this.slowness * (this.stops === 2 ? STUBBORN_MS : LAST_MOMENT_MS));
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
    const { scenario } = this.named;
    const plans = planCases(points, threadsFor(this.allowance));
    if (plans.some(computes)) {
      this.calibration = settled(this.options.calibration);
      if (this.calibration === null) await this.calibrate();
    }
    this.caseCount = plans.length;
    this.deadLetters = new DeadLetterFiles(plans.flatMap(({ scenario: { fetch } }) => fetch?.urlsFile ?? []));
    const outline: RunOutline = {
      startedAt: new Date().toISOString(),
      scenario: this.identity(),
      machine: describeMachine(this.calibration, this.allowance),
      cases: plans.map((plan) => outlineOf(plan, this.predictionOf(foreseenCase(plan, plans, this.machine)))),
    };
    this.options.onEvent?.({ type: "run-started", ...outline });
    const ran = new Map<number, Ran>();
    for (const index of runOrder(plans)) {
      if (this.stops > 0) break;
      const plan = plans[index];
      if (plan === undefined) continue;
      const one = await this.runAsked(index, plan, plans);
      ran.set(index, one);
      this.options.onEvent?.({ type: "case-finished", index, result: one.result, verdicts: one.verdicts });
    }
    this.deadLetters.settle((index) => {
      const { status, ledger } = ran.get(index)?.result ?? {};
      return status === "completed" && ledger?.unfinished === 0;
    });
    const finished = [...ran].sort(([a], [b]) => a - b).map(([, one]) => one);
    const result: RunResult = {
      schemaVersion: 2,
      labVersion: VERSION,
      startedAt: outline.startedAt,
      scenario: outline.scenario,
      machine: describeMachine(this.calibration, this.allowance),
      cases: finished.map(({ result }) => result),
      conclusions: conclude(
        finished.map(({ result }) => result),
        scenario,
      ),
      thresholds: finished.flatMap(({ verdicts }, i) => verdicts.map((verdict) => ({ case: i, ...verdict }))),
      ...hypothesesOf(
        scenario,
        finished.map(({ result }) => result),
        points,
        this.allowance.cores,
      ),
    };
    this.options.onEvent?.({ type: "run-finished", result });
    return result;
  }

  private identity(): ScenarioIdentity {
    const { name, scenario } = this.named;
    const { title, workload, seed } = scenario;
    return { name, title, ...intentOf(scenario), workload, seed, hash: scenarioHash(scenario) };
  }

  /** Runs a case at the rate it asks for, whatever way it asks. `plans`: of all cases, the one whose capacity is meant among them. */
  private async runAsked(index: number, plan: CasePlan, plans: readonly CasePlan[]): Promise<Ran> {
    if (computes(plan) && this.calibration === null) {
      if (this.uncalibrated === null) await this.calibrate();
      const why = this.uncalibrated;
      this.uncalibrated = null;
      if (why !== null) return this.finish(plan, failedResult(plan, this.stops > 0 ? "aborted" : "failed", why));
    }
    const asked = askedRate(plan);
    if (asked === null) return this.runCase(index, plan);
    if (asked === "max") return this.search(index, plan);
    const probed = probedCase(plan, plans);
    const found = await this.probe(index, probed);
    if (typeof found === "string") return this.unprobed(plan, found);
    const { capacity, low: capacityLow, high: capacityHigh, from: capacityFrom } = found;
    const resolved = capacity * asked.share;
    const { result, verdicts } = await this.runCase(index, atRate(plan, resolved));
    const rate = { asked: asked.text, resolved, capacity, capacityLow, capacityHigh, capacityFrom, probedMode: probed.mode };
    return { result: { ...result, rate }, verdicts };
  }

  /** The highest rate that keeps the thresholds; the case is the trial at that rate. */
  private async search(index: number, plan: CasePlan): Promise<Ran> {
    const found = await this.probe(index, plan);
    if (typeof found === "string") return this.unprobed(plan, found);
    const search = new RateSearch(found.capacity);
    const firsts = new Map<number, Tried>();
    let last: Tried | null = null;
    for (let rate = search.next; rate !== null && this.stops === 0; rate = search.next) {
      const trial = atRate(plan, rate, search.timesTried(rate));
      last = { trial, ran: await this.runCase(index, trial, `trial ${search.trials.length + 1}: ${formatRate(rate)}`) };
      const { result, verdicts } = last.ran;
      // Stopped in the middle it says nothing of the rate.
      if (this.stops > 0 && result.status === "aborted") break;
      const held = keptUp(result, trial) && verdicts.every(({ ok }) => ok);
      // Of several trials of one rate the figures are of the first that held.
      if (held === true && !firsts.has(rate)) firsts.set(rate, last);
      search.tried(rate, held);
    }
    const interrupted = this.stops > 0 && last?.ran.result.status === "aborted";
    // What held was measured whole, though the search did not come to its end.
    const shown = firsts.get(search.low) ?? last;
    if (shown === null) return this.unprobed(plan, "");
    const { result, verdicts } = shown.ran;
    const short = tooShort(shown.trial);
    const warnings = short === null ? result.warnings : [...result.warnings, short];
    const rate = { ...search.figures(), seed: shown.trial.scenario.seed };
    return { result: { ...result, status: interrupted ? "aborted" : result.status, warnings, rate }, verdicts };
  }

  /** What a mode can do: by theory where that knows it exactly, else by saturating it for a moment; a sentence when that fails. */
  private async probe(index: number, plan: CasePlan): Promise<ProbedCapacity | string> {
    const known = this.probed.get(plan) ?? knownCapacity(plan, this.machine);
    if (known !== null) return known;
    this.options.onEvent?.({ type: "case-preparing", index, note: `probing the capacity of ${plan.mode}` });
    const { result } = await this.runCase(index, probePlan(plan, capacityOf({ ...plan, ...this.machine }).capacity), null);
    const capacity = probedCapacity(result);
    if (capacity === null) return result.problems[0] ?? result.explanation;
    this.probed.set(plan, capacity);
    return capacity;
  }

  private unprobed(plan: CasePlan, why: string): Ran {
    const sentence = `The capacity could not be probed, so there is no rate to run at. ${why}`.trimEnd();
    return this.finish(plan, failedResult(plan, this.stops > 0 ? "aborted" : "failed", sentence));
  }

  /** What theory expects of a plan; worked out once, since it may take a simulation. */
  private predictionOf(plan: CasePlan): Prediction {
    const known = this.predictions.get(plan) ?? predict({ ...plan, ...this.machine });
    this.predictions.set(plan, known);
    return known;
  }

  /** How much work takes a millisecond here; a runner that dies over it costs the case that comes next. */
  private async calibrate(): Promise<void> {
    const exit = await this.inRunner({ type: "calibrate" }, (message, runner) => {
      if (message.type !== "calibrated") return;
      this.calibration = message.calibration;
      runner.kill();
    });
    this.uncalibrated = this.calibration === null ? `The computation could not be calibrated. ${describeExit(exit)}` : null;
  }

  /** Runs one case. `note`: what it is for, when it is not simply the case; null: nobody is told about it. */
  private async runCase(index: number, plan: CasePlan, note: string | null = ""): Promise<Ran> {
    const onEvent = note === null ? undefined : this.options.onEvent;
    onEvent?.({ type: "case-preparing", index, note: note ?? "" });
    const series: Snapshot[] = [];
    const warmupMs = plan.scenario.warmup / 1000;
    let began = 0;
    let lastLedger: Ledger | null = null;
    let count = 0;
    let lastMs = 0;
    let measured: RunnerResult | null = null;
    let error: string | null = null;
    const dumpState = note === null ? null : (this.options.dumpState?.(index, plan) ?? null);
    const exit = await this.inRunner(
      {
        type: "run",
        plan,
        calibration: computes(plan) ? this.calibration : null,
        dumpState,
        http: note === null ? null : (this.options.http ?? null),
        access: this.accessOf(index, plan, note === null),
      },
      (message, runner) => {
        switch (message.type) {
          case "started":
            count = message.count;
            lastMs = message.lastMs;
            if (message.lastMs === 0) lastLedger = { ...EMPTY_LEDGER, scheduled: count, unfinished: count };
            runner.setPatience(patienceMs(plan));
            runner.begin(warmupMs);
            onEvent?.({ type: "case-started", index, count, lastMs: message.lastMs, url: message.url });
            return;
          case "snapshots":
            for (const snapshot of message.snapshots) {
              // One that is about the warm-up for the most part belongs to it.
              if ((began + snapshot.t) / 2 >= warmupMs) series.push(snapshot);
              began = snapshot.t;
              lastLedger = snapshot.ledger;
              onEvent?.({ type: "sample", index, snapshot });
            }
            return;
          case "result":
            measured = { ...message.result, ...disturbedByStop(message.result, runner.standstill) };
            runner.kill();
            return;
          case "error":
            error ??= `The runner met an error: ${message.message}`;
            runner.kill();
            return;
          default:
        }
      },
    );
    const result = (measured as RunnerResult | null) ?? this.withoutResult(plan, error, exit, { ledger: lastLedger, count, series });
    return this.finish(plan, result, series, lastMs);
  }

  /** Every case has a dead-letter file of its own; a probe leaves no trace. */
  private accessOf(index: number, { mode, scenario }: CasePlan, probing: boolean): FetchAccess {
    const { access = NO_ACCESS } = this.options;
    if (probing) return { ...access, files: NO_ACCESS.files };
    const asked = scenario.fetch?.deadLetter ?? null;
    const named = asked !== null && this.caseCount > 1 ? numbered(asked, index, mode) : asked;
    const deadLetter = named === null ? null : this.deadLetters.of(index, named);
    const { requests } = access.files;
    const kept = requests !== null && this.caseCount > 1 ? numbered(requests, index, mode) : requests;
    return { ...access, files: { ...access.files, deadLetter, requests: kept } };
  }

  /** Adds to what the runner measured what only the console knows. */
  private finish(plan: CasePlan, { thresholds, ...measured }: RunnerResult, series: readonly Sample[] = [], lastMs = 0): Ran {
    const shortfall = shortfallOf(measured, { ...plan, ...this.machine });
    const complete = {
      ...measured,
      params: plan.params,
      load: { ...loadOutline(plan.scenario), lastMs },
      predicted: this.predictionOf(plan),
      shortfall,
    };
    return { result: { ...complete, explanation: explain({ ...complete, series }, plan.scenario), series }, verdicts: thresholds };
  }

  /** What is known of a case whose runner ended without a result: it failed, or it was told to stop and did not. */
  private withoutResult(plan: CasePlan, error: string | null, exit: RunnerExit, seen: Omit<LastSeen, "peakRssBytes">): RunnerResult {
    const last = { ...seen, peakRssBytes: exit.peakRssBytes };
    if (this.stops < 2 || error !== null) return failedResult(plan, "failed", error ?? describeExit(exit), last);
    const sentence =
      "The runner was held by long work when it was told to stop at once, and was ended; figures are those of the last sample.";
    return failedResult(plan, "aborted", sentence, last);
  }

  /** Gives one order to a new runner and waits until it is gone. */
  private async inRunner(
    order: Parameters<RunnerProcess["send"]>[0],
    onMessage: (message: FromRunner, runner: RunnerProcess) => void,
  ): Promise<RunnerExit> {
    for (let unborn = 0; ; unborn++) {
      const exit = await this.inOneRunner(order, onMessage);
      // The same signal reached this process, which tells it to the runner that comes next.
      if (!endedUnborn(exit) || unborn === MOST_UNBORN) return exit;
    }
  }

  private async inOneRunner(
    order: Parameters<RunnerProcess["send"]>[0],
    onMessage: (message: FromRunner, runner: RunnerProcess) => void,
  ): Promise<RunnerExit> {
    const runner: RunnerProcess = new RunnerProcess((message) => {
      if (message.type === "hello") {
        if (order.type === "calibrate") runner.setPatience(CALIBRATION_MS);
        // Before it starts it reads the whole tape once.
        if (order.type === "run") runner.setPatience(15_000 + (arrivalEstimate(order.plan.scenario) ?? 1e7) / 1000);
        runner.send(order);
        for (let i = 0; i < Math.min(2, this.stops); i++) runner.send({ type: "stop" });
      } else {
        onMessage(message, runner);
      }
    }, this.slowness);
    this.current = runner;
    try {
      return await runner.exited;
    } finally {
      this.current = null;
    }
  }
}

/** A file of one case among several: `-CASE-MODE` before the extension. */
export function numbered(file: string, index: number, mode: string): string {
  const { dir, name, ext } = parse(file);
  return join(dir, `${name}-${index}-${mode}${ext}`);
}

/** One whose check agreed. */
function settled(calibration: Calibration | null = null): Calibration | null {
  return calibration !== null && Math.abs(calibration.checkRatio - 1) <= BOUNDS.calibration ? calibration : null;
}

/** How many runners in a row may be ended before they could hear, until that is a failure. */
const MOST_UNBORN = 3;
/** Longest that calibration may take, on a machine that others keep busy. */
const CALIBRATION_MS = 60_000;
/** How long a runner has to obey the second request to stop, in milliseconds. */
const STUBBORN_MS = 1500;
/** The same after a third. */
const LAST_MOMENT_MS = 400;

/** How long a runner may be silent: samples come between messages, or between batches, so long work is no hang. */
function patienceMs({ mode, scenario }: CasePlan): number {
  const item = scenario.work.time / 1000;
  const capacity = scenario.queue.capacity === "unlimited" ? 100_000 : scenario.queue.capacity;
  const read = mode === "sync" ? scenario.source.latency.max / 1000 : 0;
  const items = mode === "async" ? Math.min(scenario.batch.size ?? (scenario.batch.timeout === undefined ? 1 : capacity), capacity) : 1;
  return 10_000 + 3 * (item * items + scenario.work.perBatch / 1000 + read);
}
