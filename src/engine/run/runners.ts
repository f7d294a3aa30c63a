import type { CasePlan } from "../../plan/plan.ts";
import { arrivalEstimate, expectedArrivals } from "../../scenario/load-extent.ts";
import { MODE_TRAITS } from "../../scenario/modes.ts";
import { disturbedByStop } from "../../telemetry/disturbance.ts";
import { EMPTY_LEDGER, type Ledger } from "../../telemetry/ledger.ts";
import type { Calibration } from "../../telemetry/machine.ts";
import type { RateStep } from "../../telemetry/rate-changes.ts";
import type { Snapshot } from "../../telemetry/sample.ts";
import { addSample } from "../../telemetry/series.ts";
import type { ChangedLoad, FromRunner, RunnerResult, ToRunner } from "../protocol.ts";
import { failedResult, type LastSeen } from "./failed-case.ts";
import { describeExit, endedUnborn, type RunnerExit, RunnerProcess } from "./runner-process.ts";

/** An order to run a case. */
export type CaseOrder = Extract<ToRunner, { readonly type: "run" }>;

/** Receives reports of a case while it runs. */
export interface CaseListener {
  started(count: number, lastMs: number, url: string | null): void;
  sampled(snapshot: Snapshot): void;
  rateChanged(changed: ChangedLoad): void;
}

/** Outcome of a case. `lastMs`: when its last arrival was due; 0 when it was not begun. */
export interface CaseMeasurement {
  readonly result: RunnerResult;
  /** Without the warm-up. */
  readonly series: readonly Snapshot[];
  readonly lastMs: number;
}

/**
 * Runs orders in runner processes, one at a time, each in a new one. A runner that dies, is silent for too long, or does not end when told
 * to yields a result that says so, with the figures of its last sample.
 */
export class Runners {
  /** Number of stop requests. */
  stops = 0;
  private current: RunnerProcess | null = null;

  /** `slowness`: how many times longer everything takes here than on a core of its own. */
  constructor(private readonly slowness: number) {}

  /** First call: the running case stops taking and drains. Second: it ends now. */
  stop(): void {
    this.stops++;
    const runner = this.current;
    runner?.send({ type: "stop" });
    // A runner blocked by long work receives nothing until that is done; others get a moment to report what they measured.
    if (this.stops === 2 || this.stops === 3)
      setTimeout(() => runner?.kill(), this.slowness * (this.stops === 2 ? STUBBORN_MS : LAST_MOMENT_MS));
  }

  /** Asks the running case to change its arrival rate to the next one up or down. */
  stepRate(step: RateStep): void {
    this.current?.send({ type: "rate", step });
  }

  /** Calibrates computing here; returns a sentence when that fails. */
  async calibrate(): Promise<Calibration | string> {
    let found: Calibration | null = null;
    const exit = await this.obey({ type: "calibrate" }, (message, runner) => {
      if (message.type !== "calibrated") return;
      found = message.calibration;
      runner.kill();
    });
    return found ?? `The computation could not be calibrated. ${describeExit(exit)}`;
  }

  /** Runs one case. Never rejects: failures are in the result. */
  async run(order: CaseOrder, listener: CaseListener): Promise<CaseMeasurement> {
    const seen = new CaseRecord(order.plan, listener);
    const exit = await this.obey(order, (message, runner) => seen.hear(message, runner));
    return { result: seen.result ?? this.withoutResult(order.plan, seen, exit), series: seen.series, lastMs: seen.lastMs };
  }

  /** Result of a case whose runner ended without one: it failed, or did not stop when told to. */
  private withoutResult(plan: CasePlan, { error, last }: CaseRecord, exit: RunnerExit): RunnerResult {
    const seen = { ...last, peakRssBytes: exit.peakRssBytes };
    if (this.stops < 2 || error !== null) return failedResult(plan, "failed", error ?? describeExit(exit), seen);
    const sentence =
      "The runner was held by long work when it was told to stop at once, and was ended; figures are those of the last sample.";
    return failedResult(plan, "aborted", sentence, seen);
  }

  /** Gives one order to a new runner and waits until it has ended. */
  private async obey(order: ToRunner, onMessage: (message: FromRunner, runner: RunnerProcess) => void): Promise<RunnerExit> {
    for (let unborn = 0; ; unborn++) {
      const exit = await this.obeyOnce(order, onMessage);
      // The same signal reached this process, which forwards it to the next runner.
      if (!endedUnborn(exit) || unborn === MOST_UNBORN) return exit;
    }
  }

  private async obeyOnce(order: ToRunner, onMessage: (message: FromRunner, runner: RunnerProcess) => void): Promise<RunnerExit> {
    const runner: RunnerProcess = new RunnerProcess((message) => {
      if (message.type !== "hello") {
        onMessage(message, runner);
        return;
      }
      if (order.type === "calibrate") runner.setPatience(CALIBRATION_MS);
      // Before it starts it reads the whole tape once.
      if (order.type === "run") runner.setPatience(15_000 + (arrivalEstimate(order.plan.scenario) ?? 1e7) / 1000);
      runner.send(order);
      for (let i = 0; i < Math.min(2, this.stops); i++) runner.send({ type: "stop" });
    }, this.slowness);
    this.current = runner;
    try {
      return await runner.exited;
    } finally {
      this.current = null;
    }
  }
}

/** The messages of a runner about its case. */
class CaseRecord {
  result: RunnerResult | null = null;
  error: string | null = null;
  readonly series: Snapshot[] = [];
  lastMs = 0;
  private count = 0;
  private ledger: Ledger | null = null;
  /** Beginning of the next sample's interval. */
  private began = 0;
  private readonly warmupMs: number;

  constructor(
    private readonly plan: CasePlan,
    private readonly listener: CaseListener,
  ) {
    this.warmupMs = plan.scenario.warmup / 1000;
  }

  get last(): Omit<LastSeen, "peakRssBytes"> {
    const { ledger, count, series } = this;
    return { ledger, count, series };
  }

  hear(message: FromRunner, runner: RunnerProcess): void {
    switch (message.type) {
      case "started":
        this.started(message, runner);
        return;
      case "rate-changed":
        this.count = expectedArrivals(message);
        this.listener.rateChanged(message);
        return;
      case "tape":
        this.count = message.count;
        this.lastMs = message.lastMs;
        return;
      case "snapshots":
        for (const snapshot of message.snapshots) this.sampled(snapshot);
        return;
      case "result":
        this.result = { ...message.result, ...disturbedByStop(message.result, runner.standstill) };
        runner.kill();
        return;
      case "error":
        this.error ??= message.told === true ? `${message.message}.` : `The runner met an error: ${message.message}`;
        runner.kill();
        return;
      default:
    }
  }

  private started({ count, lastMs, url }: Extract<FromRunner, { readonly type: "started" }>, runner: RunnerProcess): void {
    this.count = count;
    this.lastMs = lastMs;
    if (lastMs === 0) this.ledger = { ...EMPTY_LEDGER, scheduled: count, unfinished: count };
    runner.setPatience(patienceMs(this.plan));
    runner.begin(this.warmupMs);
    this.listener.started(count, lastMs, url);
  }

  private sampled(snapshot: Snapshot): void {
    // An interval mostly within the warm-up belongs to it.
    if ((this.began + snapshot.t) / 2 >= this.warmupMs) addSample(this.series, snapshot);
    this.began = snapshot.t;
    this.ledger = snapshot.ledger;
    this.listener.sampled(snapshot);
  }
}

/** Most runners in a row that may be killed before they could respond, before that counts as a failure. */
const MOST_UNBORN = 3;
/** Longest that calibration may take, on a machine busy with other work. */
const CALIBRATION_MS = 60_000;
/** Time that a runner has to obey the second stop request, in milliseconds. */
const STUBBORN_MS = 1500;
/** The same after a third. */
const LAST_MOMENT_MS = 400;

/** Longest silence of a runner: samples come between messages, or between batches, so long work is no hang. */
function patienceMs({ mode, scenario }: CasePlan): number {
  const item = scenario.work.time / 1000;
  const capacity = scenario.queue.capacity === "unlimited" ? 100_000 : scenario.queue.capacity;
  const { holdsSource, taskIsBatch } = MODE_TRAITS[mode];
  const read = holdsSource ? scenario.source.latency.max / 1000 : 0;
  const items = taskIsBatch ? Math.min(scenario.batch.size ?? (scenario.batch.timeout === undefined ? 1 : capacity), capacity) : 1;
  return 10_000 + 3 * (item * items + scenario.work.perBatch / 1000 + read);
}
