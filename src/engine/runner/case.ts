import { closeSync, openSync, writeSync } from "node:fs";
import { monotonic } from "../../kernel/clock.ts";
import { fileProblem } from "../../kernel/problem.ts";
import { printable } from "../../kernel/text.ts";
import { BELL_BYTES, LoopTime } from "../../kernel/time.ts";
import { openTape } from "../../load/open.ts";
import { inspectTape, type TapeFacts } from "../../load/tape.ts";
import type { CasePlan } from "../../plan/plan.ts";
import { loadDuration } from "../../scenario/semantics.ts";
import { timestampOf } from "../../workloads/message/message.ts";
import { dumpPieces } from "../../workloads/message/state.ts";
import type { StateEntry } from "../../workloads/workload.ts";
import { RealEffort } from "../effort.ts";
import { AsyncExecutor } from "../executor/async.ts";
import type { Execution, Executor } from "../executor/executor.ts";
import { ParallelExecutor } from "../executor/parallel.ts";
import { SyncExecutor } from "../executor/sync.ts";
import type { Lifecycle } from "../lifecycle.ts";
import { needsOpenLoop, prepareProcessors } from "../processors.ts";
import type { RunnerResult } from "../protocol.ts";
import { Strays } from "../strays.ts";
import { buildPipeline, type Setup, specOf } from "./pipeline.ts";
import { rehearse } from "./rehearsal.ts";
import type { OnSample } from "./sampler.ts";
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

/** Runs one case in this process, from the cold start to the final figures. */
export async function runCase(plan: CasePlan, options: CaseOptions): Promise<RunnerResult> {
  const bell = new Int32Array(new SharedArrayBuffer(BELL_BYTES));
  const { roundsPerMs } = options;
  const spec = specOf(plan, roundsPerMs);
  const time = new LoopTime(monotonic, bell, needsOpenLoop(spec));
  const makeProcessor = await prepareProcessors(spec);
  const setup: Setup = {
    plan,
    roundsPerMs,
    time,
    timestampOf,
    makeProcessor,
    begin: () => {
      const origin = monotonic.now();
      time.startAt(origin);
      return origin;
    },
    effort: (blocking) => new RealEffort(time, roundsPerMs, blocking),
  };
  const { warmup } = plan.scenario;
  const facts = inspectTape(openTape(plan.scenario, timestampOf), loadDuration(plan.scenario), warmup);
  const executor = makeExecutor(setup, bell);
  try {
    await rehearse(setup, executor);
    const pipeline = buildPipeline(setup, facts, options.onSample);
    options.onStoppable(() => pipeline.lifecycle.stop(time.now()));
    const cpuBefore = process.cpuUsage();
    const work = executor.execute({
      ...pipeline.job,
      begin: () => {
        options.onStarted(facts);
        return pipeline.job.begin();
      },
    });
    const strays = plan.scenario.work.kind === "handler" ? new Strays(pipeline.job.recorder) : null;
    const execution = await work.finally(() => strays?.settle());
    const cpu = process.cpuUsage(cpuBefore);
    const states = execution.state.flatMap((slice) => slice.entries);
    if (options.dumpState !== null) writeState(options.dumpState, states, pipeline.lifecycle);
    return summarize({
      plan,
      facts,
      execution: withStrays(execution, strays),
      pipeline,
      states,
      idle: time.idle,
      cpuMs: (cpu.user + cpu.system) / 1000,
    });
  } finally {
    await executor.close();
  }
}

function withStrays(execution: Execution, strays: Strays | null): Execution {
  return strays === null ? execution : { ...execution, failures: [...execution.failures, ...strays.failureCounts] };
}

function makeExecutor(setup: Setup, bell: Int32Array): Executor {
  const { mode, workers } = setup.plan;
  switch (mode) {
    case "sync":
      return new SyncExecutor();
    case "async":
      return setup.plan.scenario.async.offload === "none" ? new AsyncExecutor() : new ParallelExecutor(1, bell);
    case "parallel":
      return new ParallelExecutor(workers, bell);
    default:
      return mode satisfies never;
  }
}

function writeState(file: string, states: readonly StateEntry[], lifecycle: Lifecycle): void {
  let descriptor = -1;
  try {
    descriptor = openSync(file, "w");
    let buffered = "";
    for (const piece of dumpPieces(states)) {
      buffered += piece;
      if (buffered.length < 65_536) continue;
      writeSync(descriptor, buffered);
      buffered = "";
    }
    writeSync(descriptor, buffered);
  } catch (error) {
    lifecycle.reason ??= `The states could not be written to ${printable(file, 200)}: ${fileProblem(error)}.`;
  } finally {
    if (descriptor >= 0) closeSync(descriptor);
  }
}
