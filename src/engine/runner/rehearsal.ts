import { Offered } from "../../load/offered.ts";
import type { CasePlan } from "../../plan/plan.ts";
import { Recorder } from "../../telemetry/recorder.ts";
import type { Executor } from "../executor/executor.ts";
import { prepareProcessors } from "../processors.ts";
import { buildPipeline, type Setup, specOf } from "./pipeline.ts";
import { CaseSampler } from "./sampler.ts";

/** Throwaway messages that every thread works off before t = 0. */
const MESSAGES = 1_000_000;
const LEAST_MESSAGES = 50_000;
const WITH_WORK = 3_000;
const WARM_SAMPLES = 150;

/**
 * Warms the lab's own code on throwaway state: the same executor, on the same threads, works off a burst of messages
 * whose work takes next to no time, so the compiler has reached its last tier before anything is measured. `count`: messages
 * of the case; one of few needs no long rehearsal.
 */
export async function rehearse(setup: Setup, executor: Executor, count: number): Promise<void> {
  const { scenario } = setup.plan;
  const instant = scenario.work.kind === "none" || scenario.work.kind === "handler" || scenario.work.time === 0;
  warmSampler();
  const messages = Math.max(LEAST_MESSAGES, Math.min(MESSAGES, 10 * count));
  for (let round = 0; round < 3; round++) await perform(setup, executor, instant ? messages : WITH_WORK, instant ? 0 : 2);
}

/** A sample is taken ten times a second on the thread that is measured: cold, it would take a millisecond of it. */
function warmSampler(): void {
  const offered = new Offered({ next: () => Number.POSITIVE_INFINITY, together: 1, close: () => {} }, 0);
  const sampler = new CaseSampler(
    offered,
    () => 0,
    0,
    1,
    () => {},
  );
  const recorders = [new Recorder(), new Recorder()];
  for (const recorder of recorders) for (let i = 1; i < 2000; i++) recorder.sojourn.record(i * 50_000);
  sampler.observe(recorders, { depth: () => 0, inFlight: () => 0, blocked: () => 0 });
  for (let i = 1; i <= WARM_SAMPLES; i++) {
    for (const recorder of recorders) recorder.sojourn.record(i * 300_000);
    sampler.sample(i * 300e6);
  }
}

async function perform(setup: Setup, executor: Executor, messages: number, workMicros: number): Promise<void> {
  const { scenario } = setup.plan;
  const keys = { ...scenario.keys, count: Math.min(scenario.keys.count, 1000) };
  const plan: CasePlan = {
    ...setup.plan,
    scenario: {
      ...scenario,
      keys,
      message: { ...scenario.message, size: Math.min(scenario.message.size, 256) },
      source: { latency: { min: 0, max: 0 }, connections: 1 },
      queries: { ...scenario.queries, rate: 0 },
      warmup: 0,
      thresholds: undefined,
      gracefulStop: 2e6,
      work: {
        ...scenario.work,
        kind: scenario.work.kind === "handler" ? "none" : scenario.work.kind,
        time: Math.min(workMicros, scenario.work.time),
      },
      queue: { ...scenario.queue, overflow: "block", capacity: 1000 },
      batch: { ...scenario.batch, size: Math.min(scenario.batch.size ?? 100, 100) },
      load: { executor: "bursts", size: messages, every: 1e6, count: 1 },
    },
  };
  const makeProcessor = await prepareProcessors(specOf(plan, setup.roundsPerMs));
  const facts = { hash: "", count: messages, lastMicros: 0, durationMicros: 0, measured: messages };
  const { job } = buildPipeline({ ...setup, plan, makeProcessor, face: null }, facts, () => {});
  await executor.execute(job);
}
