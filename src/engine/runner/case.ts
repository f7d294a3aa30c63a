import { closeSync, openSync, writeSync } from "node:fs";
import { monotonic } from "../../kernel/clock.ts";
import { fileProblem } from "../../kernel/problem.ts";
import { printable } from "../../kernel/text.ts";
import { BELL_BYTES, LoopTime } from "../../kernel/time.ts";
import { openDueTimes, openTape } from "../../load/open.ts";
import { inspectTape, type Tape, type TapeFacts } from "../../load/tape.ts";
import type { CasePlan } from "../../plan/plan.ts";
import { loadDuration } from "../../scenario/semantics.ts";
import { timestampOf } from "../../workloads/message/message.ts";
import { dumpPieces } from "../../workloads/message/state.ts";
import type { StateEntry } from "../../workloads/workload.ts";
import { RealEffort } from "../effort.ts";
import { AsyncExecutor } from "../executor/async.ts";
import type { Executor } from "../executor/executor.ts";
import { ParallelExecutor } from "../executor/parallel.ts";
import { SyncExecutor } from "../executor/sync.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { RunnerResult } from "../protocol.ts";
import { buildPipeline, type Setup } from "./pipeline.ts";
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
  const time = new LoopTime(monotonic, bell);
  const { roundsPerMs } = options;
  const setup: Setup = {
    plan,
    roundsPerMs,
    time,
    begin: () => {
      const origin = monotonic.now();
      time.startAt(origin);
      return origin;
    },
    effort: (blocking) => new RealEffort(time, roundsPerMs, blocking),
  };
  const { warmup } = plan.scenario;
  const facts = inspectTape(tapeOf(plan), loadDuration(plan.scenario), warmup);
  const executor = makeExecutor(setup, bell);
  try {
    await rehearse(setup, executor);
    const tapes = { whole: tapeOf(plan), due: openDueTimes(plan.scenario, facts.count, timestampOf), lastMicros: facts.lastMicros };
    const pipeline = buildPipeline(setup, tapes, options.onSample);
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
    if (options.dumpState !== null) writeState(options.dumpState, states, pipeline.lifecycle);
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
      return new ParallelExecutor(workers, bell);
    default:
      return mode satisfies never;
  }
}

function tapeOf({ scenario }: CasePlan): Tape {
  return openTape(scenario, timestampOf);
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
