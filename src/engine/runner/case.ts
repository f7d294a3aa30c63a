import { fullGC } from "bun:jsc";
import { BELL_BYTES } from "../../kernel/bell.ts";
import { monotonic, type Nanoseconds } from "../../kernel/clock.ts";
import { fileProblem } from "../../kernel/file-problem.ts";
import { LoopTime } from "../../kernel/loop-time.ts";
import { replaceFile, writeAll } from "../../kernel/replace-file.ts";
import { printable } from "../../kernel/text.ts";
import { openTape } from "../../load/open.ts";
import { inspectTape, type TapeFacts } from "../../load/tape.ts";
import type { CasePlan } from "../../plan/plan.ts";
import { loadDuration } from "../../scenario/load-extent.ts";
import { MODE_TRAITS } from "../../scenario/modes.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { droppedTotal, imbalance } from "../../telemetry/ledger.ts";
import type { Calibration } from "../../telemetry/machine.ts";
import type { Snapshot } from "../../telemetry/sample.ts";
import type { RequestAccess } from "../../workloads/access.ts";
import { openStage } from "../../workloads/open.ts";
import { needsOpenLoop, runsHandler } from "../../workloads/processors.ts";
import type { RequestStatus, Stage } from "../../workloads/stage.ts";
import { AsyncExecutor } from "../executor/async.ts";
import type { Execution, Executor } from "../executor/executor.ts";
import { ParallelExecutor } from "../executor/parallel/parallel.ts";
import { workerThreads } from "../executor/parallel/threads.ts";
import { SyncExecutor } from "../executor/sync.ts";
import type { RunnerResult } from "../protocol.ts";
import type { StatusReport } from "../queries/http-protocol.ts";
import { QueryServer } from "../queries/http-server.ts";
import type { Lifecycle } from "../source/lifecycle.ts";
import { RealEffort } from "../work/effort.ts";
import { UnhandledErrors } from "../work/unhandled-errors.ts";
import { WorkMeter, workFigures } from "../work/work-meter.ts";
import { helperCpuMs } from "./helper-cpu.ts";
import { buildPipeline, NO_TIMESTAMP, queryPlan, type Setup, type Timing } from "./pipeline.ts";
import { RateControl, type StepRate } from "./rate-control.ts";
import { rehearse } from "./rehearsal.ts";
import type { OnSnapshot } from "./sampler.ts";
import { summarize } from "./summary.ts";

export interface CaseOptions {
  /** Port to answer queries on over HTTP, 0 for any; null: none, unless the scenario asks for it. */
  readonly http: number | null;
  readonly roundsPerMs: number;
  /** Calibration of its computing; null or absent: it has none. */
  readonly calibration?: Calibration | null;
  /** Share of the usual rehearsal, 1 if absent. */
  readonly rehearsal?: number;
  readonly access: RequestAccess;
  /** File for the final states. */
  readonly dumpState: string | null;
  /** Called periodically while a long tape is read, and while the work's programs start. */
  readonly onPreparing: () => void;
  /** `url` of the HTTP server, if there is one. */
  readonly onStarted: (facts: TapeFacts, url: string | null) => void;
  readonly onSnapshot: OnSnapshot;
  /** True once a stop was requested, before there is a run to stop. */
  readonly stopped: () => boolean;
  /** Provides the function that stops the run. */
  readonly onStoppable: (stop: () => void) => void;
  /** Provides the function that changes the arrival rate, once arrivals fall due; absent: it stays. */
  readonly onPaced?: (step: StepRate) => void;
  /** Facts of the tape as it was, after its rate was changed. */
  readonly onRetaped?: (facts: TapeFacts) => void;
}

/** Milliseconds between two signs of life while a case is prepared. */
const ALIVE_MS = 500;

/** Runs one case in this process, from the cold start to the final figures. */
export async function runCase(plan: CasePlan, options: CaseOptions): Promise<RunnerResult> {
  const stage = await openStage(plan, options.roundsPerMs, options.access);
  try {
    return await runStaged(plan, stage, options);
  } finally {
    stage.close();
  }
}

async function runStaged(plan: CasePlan, stage: Stage, options: CaseOptions): Promise<RunnerResult> {
  const bell = new Int32Array(new SharedArrayBuffer(BELL_BYTES));
  const { roundsPerMs, calibration = null, rehearsal = 1 } = options;
  const meter = new WorkMeter(roundsPerMs);
  const timing = (own = new WorkMeter(roundsPerMs)) =>
    keepTime(
      new LoopTime(monotonic, bell, MODE_TRAITS[plan.mode].remote || needsOpenLoop(stage.spec)),
      roundsPerMs,
      own,
      plan.scenario.warmup * 1000,
    );
  const inspect = (scenario: Scenario) => factsOf(scenario, stage, options);
  const facts = await inspect(plan.scenario);
  const face = openFace(plan, facts, options.http, bell);
  const given: Setup = { ...timing(meter), plan, stage, face };
  const { time } = given;
  const executor = await makeExecutor(given, bell);
  const setup: Setup = executor.helpers === undefined ? given : { ...given, helpers: () => executor.helpers ?? [] };
  try {
    await face?.ready();
    const rehearsed = timing();
    const rehearsing = rehearse({ ...setup, ...rehearsed }, executor, { count: facts.count, share: rehearsal, stopped: options.stopped });
    await (MODE_TRAITS[plan.mode].remote ? showingLife(rehearsing, options) : rehearsing);
    // Pending sleepers of the rehearsal would keep all its objects alive until then.
    await rehearsed.time.close();
    const pipeline = buildPipeline(setup, facts, (snapshot) => {
      options.onSnapshot(snapshot);
      face?.status(statusOf(plan.mode, snapshot, stage.status()));
    });
    // Until the case begins its clock still shows the rehearsal's time; nothing is due before 0.
    let begun = false;
    options.onStoppable(() => pipeline.lifecycle.stop(begun ? time.now() : -1));
    const control = new RateControl(pipeline, plan.scenario);
    const strays = runsHandler(stage.spec) ? new UnhandledErrors(pipeline.job.recorder) : null;
    // What the work needs outside may take long to start.
    const alive = setInterval(options.onPreparing, ALIVE_MS);
    const work = executor.execute({
      ...pipeline.job,
      settle: async () => strays?.settle(),
      begin: () => {
        clearInterval(alive);
        // Garbage of the rehearsal would be collected during the case, and take up memory until then.
        fullGC();
        options.onStarted(facts, face?.url ?? null);
        const origin = pipeline.job.begin();
        begun = true;
        options.onPaced?.((step) => control.step(step, time.now()));
        face?.begin(origin);
        stage.begin();
        return origin;
      },
    });
    const execution = await work.finally(() => {
      clearInterval(alive);
      return strays?.settle();
    });
    const cpuMs = pipeline.sampler.usage.cpuMsSinceStart() + helperCpuMs(plan.scenario, execution);
    const machine = pipeline.sampler.usage.machineSinceStart();
    const computed = workFigures([meter.total, ...execution.threads.flatMap(({ work }) => work ?? [])], roundsPerMs);
    const states = execution.state.flatMap((slice) => slice.entries);
    if (options.dumpState !== null) writeState(options.dumpState, stage.states?.dump(states) ?? [NO_STATES], pipeline.lifecycle);
    const { scenario } = control;
    const asRun = scenario === plan.scenario ? facts : await inspect(scenario);
    if (asRun !== facts) options.onRetaped?.(asRun);
    return summarize({
      plan: { ...plan, scenario },
      facts: asRun,
      execution: withStrays(execution, strays),
      pipeline,
      states,
      idle: time.idle,
      cpuMs,
      surroundings: { machine, work: computed, calibration, limits: pipeline.sampler.usage.limits, rehearsal },
      own: await stage.figures(execution.reports, pipeline.intake),
    });
  } finally {
    await Promise.all([executor.close(), face?.close()]);
  }
}

/** Gives signs of life until a rehearsal is over that starts a server and workers, which take the longer the busier the machine. */
async function showingLife(rehearsing: Promise<void>, { onPreparing }: CaseOptions): Promise<void> {
  const alive = setInterval(onPreparing, ALIVE_MS);
  try {
    await rehearsing;
  } finally {
    clearInterval(alive);
  }
}

/** Reads the whole tape of a scenario once. */
function factsOf(scenario: Scenario, stage: Stage, { onPreparing }: CaseOptions): Promise<TapeFacts> {
  const tape = openTape(scenario, stage.timestampOf ?? NO_TIMESTAMP);
  return inspectTape(tape, loadDuration(scenario), scenario.warmup, async () => {
    onPreparing();
    // The message is delivered only when the loop gets a turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
  });
}

function keepTime(time: LoopTime, roundsPerMs: number, meter: WorkMeter, warmup: Nanoseconds): Timing & { readonly time: LoopTime } {
  return {
    time,
    begin: (ago = 0) => {
      meter.prepare();
      const origin = monotonic.now() - ago;
      time.startAt(origin);
      meter.begin(origin + warmup);
      return origin;
    },
    effort: (blocking) => new RealEffort(time, roundsPerMs, blocking, meter),
  };
}

/** Opens an HTTP server, where one is asked for, or where the scenario's own queries use HTTP. */
function openFace({ scenario }: CasePlan, facts: TapeFacts, port: number | null, bell: Int32Array): QueryServer | null {
  const overHttp = scenario.queries.rate > 0 && scenario.queries.via === "http";
  if (port === null && !overHttp) return null;
  return new QueryServer(port ?? 0, bell, overHttp ? queryPlan(scenario, facts) : null);
}

/** Share of requests that must succeed. */
const HEALTHY = 0.95;

function statusOf(mode: string, { t, depth, ledger, running }: Snapshot, requests: RequestStatus | null): StatusReport {
  return {
    mode,
    healthy: imbalance(ledger) === 0,
    seconds: t / 1000,
    scheduled: ledger.scheduled,
    processed: ledger.processed,
    failed: ledger.failed,
    rejected: ledger.rejected,
    dropped: droppedTotal(ledger),
    unfinished: ledger.unfinished,
    depth,
    throughput: running.throughput,
    p50Ms: running.p50,
    p99Ms: running.p99,
    ...(requests === null ? {} : { requests, healthy: requests.total === 0 || requests.ok / requests.total > HEALTHY }),
  };
}

function withStrays(execution: Execution, strays: UnhandledErrors | null): Execution {
  return strays === null ? execution : { ...execution, failures: [...execution.failures, ...strays.failureCounts] };
}

async function makeExecutor(setup: Setup, bell: Int32Array): Promise<Executor> {
  const { mode, workers } = setup.plan;
  switch (mode) {
    case "sync":
      return new SyncExecutor();
    case "async":
      return setup.plan.scenario.async.offload === "none" ? new AsyncExecutor() : new ParallelExecutor(1, workerThreads(bell));
    case "parallel":
      return new ParallelExecutor(workers, workerThreads(bell));
    case "distributed": {
      // A quarter of the runner's code, which no other mode needs.
      const { DistributedExecutor, distributedRule } = await import("../executor/distributed/executor.ts");
      return new DistributedExecutor(distributedRule(setup.plan));
    }
    default:
      return mode satisfies never;
  }
}

/** The dump of a workload whose items leave none. */
const NO_STATES = "{}";

function writeState(file: string, pieces: Iterable<string>, lifecycle: Lifecycle): void {
  try {
    replaceFile(file, (descriptor) => {
      let buffered = "";
      for (const piece of pieces) {
        buffered += piece;
        if (buffered.length < 65_536) continue;
        writeAll(descriptor, buffered);
        buffered = "";
      }
      writeAll(descriptor, buffered);
    });
  } catch (error) {
    lifecycle.reason ??= `The states could not be written to ${printable(file, 200)}: ${fileProblem(error)}.`;
  }
}
