import { AsyncExecutor } from "../../src/engine/executor/async.ts";
import type { Executor } from "../../src/engine/executor/executor.ts";
import { ParallelExecutor } from "../../src/engine/executor/parallel/parallel.ts";
import { SyncExecutor } from "../../src/engine/executor/sync.ts";
import type { RunnerResult } from "../../src/engine/protocol.ts";
import { buildPipeline } from "../../src/engine/runner/pipeline.ts";
import { RateControl } from "../../src/engine/runner/rate-control.ts";
import { summarize } from "../../src/engine/runner/summary.ts";
import type { Source } from "../../src/engine/source/source.ts";
import type { Histogram } from "../../src/kernel/histogram.ts";
import type { Time } from "../../src/kernel/time.ts";
import { openTape } from "../../src/load/open.ts";
import { inspectTape, type TapeFacts } from "../../src/load/tape.ts";
import type { Mode, Scenario } from "../../src/scenario/schema.ts";
import { loadDuration } from "../../src/scenario/semantics.ts";
import type { Sample } from "../../src/telemetry/sample.ts";
import { type VirtualSetup, virtualSetup } from "./virtual-setup.ts";
import { virtualWorkers } from "./virtual-workers.ts";

/** What a case measured on a virtual clock, and every sojourn of it. */
export interface VirtualOutcome {
  readonly result: RunnerResult;
  readonly sojourn: Histogram;
  readonly samples: readonly Sample[];
  /** Milliseconds that each thread with a recorder had a message in hand, in `parallel` those of the Workers. */
  readonly busyMs: readonly number[];
}

/** What Workers run on: so many of them, on so many cores. */
export interface VirtualMachine {
  readonly workers: number;
  readonly cores: number;
}

/** A case on a virtual clock that is about to run. */
export interface Underway {
  readonly control: RateControl;
  readonly time: Time;
  readonly source: Source;
  readonly stop: () => void;
}

/** Runs a case whole, on a virtual clock. `during`: is given what a test meddles with. */
export async function runVirtually(
  scenario: Scenario,
  mode: Mode,
  machine: VirtualMachine = { workers: 2, cores: 2 },
  during: (run: Underway) => void = () => {},
): Promise<VirtualOutcome> {
  const setup = await virtualSetup(scenario, mode);
  const { plan, time } = setup;
  const facts = await factsOf(scenario);
  const samples: Sample[] = [];
  const pipeline = buildPipeline(setup, facts, (sample) => samples.push(sample));
  const executor = executorOf(setup, machine);
  const control = new RateControl(pipeline, scenario);
  during({ control, time, source: pipeline.source, stop: () => pipeline.lifecycle.stop(time.now()) });
  const execution = await time.run(executor.execute(pipeline.job));
  const states = execution.state.flatMap((slice) => slice.entries);
  const asRun = { plan: { ...plan, scenario: control.scenario }, facts: await factsOf(control.scenario) };
  const result = summarize({ ...asRun, execution, pipeline, states, idle: time.idle, cpuMs: 0 });
  const busyMs = execution.recorders.map((recorder) => recorder.busyTotal / 1e6);
  const [first, ...more] = execution.recorders.map((recorder) => recorder.sojourn);
  if (first === undefined) throw new Error("unreachable");
  for (const one of more) first.merge(one);
  return { result, sojourn: first, samples, busyMs };
}

function factsOf(scenario: Scenario): Promise<TapeFacts> {
  return inspectTape(
    openTape(scenario, () => null),
    loadDuration(scenario),
    scenario.warmup,
  );
}

function executorOf({ plan: { mode, scenario }, time }: VirtualSetup, { workers, cores }: VirtualMachine): Executor {
  if (mode === "sync") return new SyncExecutor();
  if (mode === "async" && scenario.async.offload === "none") return new AsyncExecutor();
  return new ParallelExecutor(mode === "parallel" ? workers : 1, virtualWorkers(time, cores));
}
