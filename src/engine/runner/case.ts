import { closeSync, openSync, writeSync } from "node:fs";
import { type Nanoseconds, monotonic } from "../../kernel/clock.ts";
import { BELL_BYTES, LoopTime } from "../../kernel/time.ts";
import { Offered } from "../../load/offered.ts";
import { openDueTimes, openTape } from "../../load/open.ts";
import { type Tape, type TapeFacts, inspectTape } from "../../load/tape.ts";
import type { CasePlan } from "../../plan/plan.ts";
import { batchRule } from "../../queueing/batcher.ts";
import { loadDuration } from "../../scenario/semantics.ts";
import { Recorder } from "../../telemetry/recorder.ts";
import { MessageIntake } from "../../workloads/message/intake.ts";
import { timestampOf } from "../../workloads/message/message.ts";
import { dumpPieces } from "../../workloads/message/state.ts";
import type { Effort, StateEntry } from "../../workloads/workload.ts";
import { RealEffort } from "../effort.ts";
import { AsyncExecutor } from "../executor/async.ts";
import type { Executor, Job, Settings } from "../executor/executor.ts";
import { ParallelExecutor } from "../executor/parallel.ts";
import { SyncExecutor } from "../executor/sync.ts";
import { Lifecycle } from "../lifecycle.ts";
import { type ProcessorSpec, makeProcessor } from "../processors.ts";
import type { RunnerResult } from "../protocol.ts";
import { Source } from "../source.ts";
import { rehearse } from "./rehearsal.ts";
import { CaseSampler, type OnSample } from "./sampler.ts";
import { summarize } from "./summary.ts";

export interface CaseOptions {
  readonly roundsPerMs: number;
  /** Writes the final states here. */
  readonly dumpState: string | null;
  readonly onStarted: (facts: TapeFacts) => void;
  readonly onSample: OnSample;
  /** Hands out the means to stop the run. */
  readonly onStoppable: (stop: () => void) => void;
}

/** Everything about one job that the pipeline is built from. */
export interface Setup {
  readonly plan: CasePlan;
  readonly roundsPerMs: number;
  readonly time: LoopTime;
}

/** Runs one case in this process, from the cold start to the final figures. */
export async function runCase(plan: CasePlan, options: CaseOptions): Promise<RunnerResult> {
  const bell = new Int32Array(new SharedArrayBuffer(BELL_BYTES));
  const time = new LoopTime(monotonic, bell);
  const setup: Setup = { plan, roundsPerMs: options.roundsPerMs, time };
  const { warmup } = plan.scenario;
  const facts = inspectTape(tapeOf(plan), loadDuration(plan.scenario), warmup);
  const executor = makeExecutor(setup, bell);
  try {
    await rehearse(setup, executor);
    const pipeline = buildPipeline(setup, tapeOf(plan), openDueTimes(plan.scenario, timestampOf), options.onSample);
    options.onStoppable(() => pipeline.lifecycle.stop(time.now()));
    const cpuBefore = process.cpuUsage();
    const execution = await executor.execute({
      ...pipeline.job,
      begin: () => {
        options.onStarted(facts);
        return pipeline.job.begin();
      },
    });
    const cpu = process.cpuUsage(cpuBefore);
    const states = execution.state.flatMap((slice) => slice.entries);
    if (options.dumpState !== null) writeState(options.dumpState, states);
    return summarize({ plan, facts, execution, pipeline, states, idle: time.idle, cpuMs: (cpu.user + cpu.system) / 1000 });
  } finally {
    await executor.close();
  }
}

function makeExecutor(setup: Setup, bell: Int32Array): Executor {
  const { mode, workers } = setup.plan;
  switch (mode) {
    case "sync":
      return new SyncExecutor();
    case "async":
      return new AsyncExecutor();
    case "parallel":
      return new ParallelExecutor(workers, specOf(setup), bell);
    default:
      return mode satisfies never;
  }
}

export interface Pipeline {
  readonly job: Job;
  readonly source: Source;
  readonly offered: Offered;
  readonly lifecycle: Lifecycle;
  readonly intake: MessageIntake;
  readonly sampler: CaseSampler;
}

/** Puts tape, source, intake and instruments together for one job. */
export function buildPipeline(setup: Setup, tape: Tape, offeredTape: Tape, onSample: OnSample): Pipeline {
  const { plan, time } = setup;
  const { scenario } = plan;
  const warmup: Nanoseconds = scenario.warmup * 1000;
  const recorder = new Recorder(undefined, warmup);
  const intake = new MessageIntake(scenario.message, scenario.seed);
  const offered = new Offered(offeredTape, warmup);
  const lifecycle = new Lifecycle(offered, scenario.gracefulStop * 1000);
  const source = new Source(tape, intake, offered, recorder, warmup, scenario.load.executor !== "replay");
  const sampler = new CaseSampler(offered, () => source.takenTotal, warmup, onSample);
  const spec = specOf(setup);
  const job: Job = {
    source,
    intake,
    lifecycle,
    recorder,
    sampler,
    settings: settingsOf(plan),
    time,
    processor: (effort) => makeProcessor(spec, effort, (key) => intake.nameOf(key)),
    effort: (blocking): Effort => new RealEffort(time, setup.roundsPerMs, blocking),
    begin: () => {
      const origin = monotonic.now();
      time.startAt(origin);
      return origin;
    },
  };
  return { job, source, offered, lifecycle, intake, sampler };
}

function settingsOf({ scenario, workers }: CasePlan): Settings {
  const replayed = scenario.load.executor === "replay";
  return {
    capacity: scenario.queue.capacity === "unlimited" ? Number.POSITIVE_INFINITY : scenario.queue.capacity,
    overflow: scenario.queue.overflow,
    memoryLimit: scenario.queue.memoryLimit,
    batch: batchRule(scenario.batch),
    concurrency: scenario.async.concurrency,
    workers,
    warmup: scenario.warmup * 1000,
    messageBytes: replayed ? 4_000_000 : scenario.message.size + 8192,
  };
}

function specOf({ plan, roundsPerMs }: Setup): ProcessorSpec {
  return { workload: "message", work: plan.scenario.work, roundsPerMs };
}

function tapeOf({ scenario }: CasePlan): Tape {
  return openTape(scenario, timestampOf);
}

function writeState(file: string, states: readonly StateEntry[]): void {
  const descriptor = openSync(file, "w");
  try {
    let buffered = "";
    for (const piece of dumpPieces(states)) {
      buffered += piece;
      if (buffered.length < 65_536) continue;
      writeSync(descriptor, buffered);
      buffered = "";
    }
    writeSync(descriptor, buffered);
  } finally {
    closeSync(descriptor);
  }
}
