import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Time } from "../../kernel/time.ts";
import { Offered } from "../../load/offered.ts";
import type { DueTimes } from "../../load/open.ts";
import type { Tape } from "../../load/tape.ts";
import type { CasePlan } from "../../plan/plan.ts";
import { batchRule } from "../../queueing/batcher.ts";
import { Recorder } from "../../telemetry/recorder.ts";
import { MessageIntake } from "../../workloads/message/intake.ts";
import type { Effort } from "../../workloads/workload.ts";
import type { Job, Settings } from "../executor/executor.ts";
import { Lifecycle } from "../lifecycle.ts";
import { makeProcessor, type ProcessorSpec } from "../processors.ts";
import { Source } from "../source.ts";
import { CaseSampler, type OnSample, sampleInterval } from "./sampler.ts";

/** Everything about one job that the pipeline is built from. */
export interface Setup {
  readonly plan: CasePlan;
  readonly roundsPerMs: number;
  readonly time: Time;
  /** Makes now t = 0; returns that instant of the shared clock. */
  readonly begin: () => Nanoseconds;
  /** How work spends its time on this thread. */
  readonly effort: (blocking: boolean) => Effort;
}

export interface Pipeline {
  readonly job: Job;
  readonly source: Source;
  readonly offered: Offered;
  readonly lifecycle: Lifecycle;
  readonly intake: MessageIntake;
  readonly sampler: CaseSampler;
}

/** The arrivals twice over: to be taken, and to be counted as they fall due. */
export interface Tapes {
  readonly whole: Tape;
  readonly due: DueTimes;
  /** When the last arrival falls due, microseconds. */
  readonly lastMicros: number;
}

/** Puts tape, source, intake and instruments together for one job. */
export function buildPipeline(setup: Setup, tapes: Tapes, onSample: OnSample): Pipeline {
  const { plan, time } = setup;
  const { scenario } = plan;
  const warmup: Nanoseconds = scenario.warmup * 1000;
  const recorder = new Recorder(undefined, warmup);
  const intake = new MessageIntake(scenario.message, scenario.seed);
  const offered = new Offered(tapes.due, warmup);
  const lifecycle = new Lifecycle(offered, tapes.lastMicros * 1000, scenario.gracefulStop * 1000);
  const source = new Source(tapes.whole, intake, offered, recorder, warmup, scenario.load.executor !== "replay");
  const sampler = new CaseSampler(offered, () => source.takenTotal, warmup, sampleInterval(tapes.lastMicros * 1000), onSample);
  const spec = specOf(setup);
  const job: Job = {
    source,
    intake,
    lifecycle,
    recorder,
    sampler,
    settings: settingsOf(plan),
    time,
    spec,
    processor: (effort) => makeProcessor(spec, effort, (key) => intake.nameOf(key)),
    effort: setup.effort,
    begin: setup.begin,
  };
  return { job, source, offered, lifecycle, intake, sampler };
}

function settingsOf({ scenario }: CasePlan): Settings {
  const replayed = scenario.load.executor === "replay";
  return {
    capacity: scenario.queue.capacity === "unlimited" ? Number.POSITIVE_INFINITY : scenario.queue.capacity,
    overflow: scenario.queue.overflow,
    memoryLimit: scenario.queue.memoryLimit,
    batch: batchRule(scenario.batch),
    concurrency: scenario.async.concurrency,
    warmup: scenario.warmup * 1000,
    messageBytes: replayed ? 8_000_000 : scenario.message.size + 8192,
  };
}

function specOf({ plan, roundsPerMs }: Setup): ProcessorSpec {
  return { workload: "message", work: plan.scenario.work, roundsPerMs };
}
