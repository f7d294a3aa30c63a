import type { Nanoseconds } from "../../kernel/clock.ts";
import { Histogram } from "../../kernel/histogram.ts";
import type { Time } from "../../kernel/time.ts";
import { formatMs } from "../../kernel/units.ts";
import { Offered } from "../../load/offered.ts";
import { openClients, openDueTimes, openTape } from "../../load/open.ts";
import { ReadLatency } from "../../load/read-latency.ts";
import type { TapeFacts } from "../../load/tape.ts";
import type { CasePlan } from "../../plan/plan.ts";
import { batchRule } from "../../queueing/batcher.ts";
import { MODE_TRAITS } from "../../scenario/modes.ts";
import type { Scenario } from "../../scenario/schema.ts";
import { MachineWatch } from "../../telemetry/machine-use.ts";
import { Recorder } from "../../telemetry/recorder.ts";
import type { Phase } from "../../telemetry/request-phases.ts";
import type { Sample } from "../../telemetry/sample.ts";
import type { Stage } from "../../workloads/stage.ts";
import type { Effort, Intake } from "../../workloads/workload.ts";
import type { Job, Settings } from "../executor/executor.ts";
import { QueryDispatcher } from "../queries/dispatcher.ts";
import type { QueryServer } from "../queries/http-server.ts";
import type { QueryPlan } from "../queries/schedule.ts";
import { Connections } from "../source/connections.ts";
import { Lifecycle } from "../source/lifecycle.ts";
import { type Arrivals, Source } from "../source/source.ts";
import { CaseSampler, type OnSnapshot, sampleInterval } from "./sampler.ts";
import { Thresholds } from "./thresholds.ts";

/** A thread's clock and what depends on it. */
export interface Timing {
  readonly time: Time;
  /** Sets t = 0 to now, or some time ago; returns that instant of the shared clock. */
  readonly begin: (ago?: Nanoseconds) => Nanoseconds;
  /** Makes this thread's means of spending time on work. */
  readonly effort: (blocking: boolean) => Effort;
}

/** The parts of one job from which the pipeline is built. */
export interface Setup extends Timing {
  readonly plan: CasePlan;
  readonly stage: Stage;
  /** Answers queries over HTTP during the case; null: there are none. */
  readonly face: QueryServer | null;
  /** Ids of processes that the executor has work for it; absent: none. */
  readonly helpers?: () => readonly number[];
  /** True for what warms the lab up before a case. */
  readonly rehearses?: boolean;
}

type Helpers = Stage["helpers"];

/** Helpers of the stage and others that come and go. */
function bothOf(ofStage: Helpers, others: () => readonly number[]): Helpers {
  return () => [...new Set([...(typeof ofStage === "function" ? ofStage() : ofStage), ...others()])];
}

export interface Pipeline {
  readonly job: Job;
  readonly source: Source;
  readonly offered: Offered;
  readonly lifecycle: Lifecycle;
  readonly intake: Intake;
  readonly stage: Stage;
  readonly sampler: CaseSampler;
  readonly gate: Thresholds;
  /** Durations of a phase of requests so far; absent: there are none. */
  readonly phase: ((phase: Phase) => Histogram) | undefined;
}

/** Timestamps of loads that are not replayed: none. */
export const NO_TIMESTAMP = (): null => null;

/** Added to the longest time of an item. */
const PATIENCE: Nanoseconds = 10e9;
const LAST_ITEM: Nanoseconds = 1e9;
/** Service times are not expected to exceed their mean by more than this factor. */
const LONGEST_ITEM = 20;

/** Connects tape, source, intake and instruments for one job. */
export function buildPipeline(setup: Setup, facts: TapeFacts, onSnapshot: OnSnapshot): Pipeline {
  const { plan, time, stage } = setup;
  const timestampOf = stage.timestampOf ?? NO_TIMESTAMP;
  const { scenario, mode } = plan;
  const warmup: Nanoseconds = scenario.warmup * 1000;
  const recorder = new Recorder(undefined, warmup);
  const intake = stage.intake();
  const clients = openClients(scenario);
  const dueTimes = () => clients?.dueTimes() ?? openDueTimes(scenario, facts.count, timestampOf);
  const offered = new Offered(dueTimes(), warmup);
  const last = clients === null ? facts.lastMicros : facts.durationMicros;
  const lifecycle = new Lifecycle(
    offered,
    clients === null ? last * 1000 : null,
    scenario.gracefulStop * 1000,
    clients === null ? Number.POSITIVE_INFINITY : stillnessOf(scenario, stage.longestItem),
  );
  const latency = scenario.source.latency.max > 0 ? new ReadLatency(scenario.source.latency, scenario.seed) : null;
  const arrivals: Arrivals = {
    tape: clients?.tape() ?? openTape(scenario, timestampOf),
    clients,
    latency,
    connections:
      latency === null || MODE_TRAITS[mode].holdsSource ? null : new Connections(dueTimes(), latency, scenario.source.connections),
  };
  const instant = scenario.load.executor !== "replay" && clients === null && latency === null;
  const source = new Source(arrivals, intake, offered, recorder, warmup, time, instant);
  const phase = stage.phase?.bind(stage);
  let ofExecutor: ((t: number) => Pick<Sample, "distributed">) | null = null;
  const ownSample = (t: number) => {
    const ofStage = stage.sample();
    return ofExecutor === null ? ofStage : { ...ofStage, ...ofExecutor(t) };
  };
  const gate = new Thresholds(scenario.thresholds, warmup);
  const sampler: CaseSampler = new CaseSampler(
    offered,
    () => source.takenTotal,
    warmup,
    sampleInterval(last * 1000),
    (taken) => {
      const own = ownSample(taken.t);
      const { ledger, running } = taken;
      onSnapshot(own === undefined ? taken : { ...taken, ...own });
      // The run is over, and nothing is left to end.
      if (sampler.finished) return;
      const { recorders, highWater } = sampler;
      const now = time.now();
      const broken = gate.broken(now, () => ({
        recorders,
        ledger,
        throughput: running.throughput,
        highWater,
        queries: desk?.book.latency ?? new Histogram(),
        own,
        phase,
      }));
      if (broken !== null) lifecycle.endEarly(now, broken);
    },
    new MachineWatch(setup.helpers === undefined ? stage.helpers : bothOf(stage.helpers, setup.helpers)),
  );
  const asksItself = scenario.queries.rate > 0 && scenario.queries.via === "call";
  const desk =
    asksItself || setup.face !== null
      ? new QueryDispatcher(time, asksItself ? queryPlan(scenario, facts) : null, setup.face, (name) => intake.keyOf(name))
      : null;
  const total = stage.totalTimeout;
  const endList = () => {
    const now = time.now();
    // Arrivals never sent are left over too.
    clients?.sendRest(now);
    offered.advance(now);
    lifecycle.endEarly(now, `The list's totalTimeout of ${formatMs((total ?? 0) / 1000)} was over; what was left is unfinished.`);
  };
  const job: Job = {
    desk,
    source,
    intake,
    lifecycle,
    recorder,
    sampler,
    settings: settingsOf(setup),
    time,
    spec: stage.spec,
    processor: (effort) => stage.makeProcessor(effort, (key) => intake.nameOf(key)),
    effort: setup.effort,
    rehearses: setup.rehearses ?? false,
    committed: stage.committed,
    settle: async () => {},
    tell: (sample) => {
      ofExecutor = sample;
    },
    begin: () => {
      sampler.begin();
      const origin = setup.begin();
      if (total !== undefined) void time.sleepUntil(total * 1000).then(endList);
      return origin;
    },
  };
  return { job, source, offered, lifecycle, intake, stage, sampler, gate, phase };
}

/**
 * Upper bound of the time after the last arrival: the grace, one item with `beyond` its work, and a batch of all that wait for their
 * answer.
 */
function stillnessOf({ gracefulStop, work, source, batch, load }: Scenario, beyond = 0): Nanoseconds {
  const together = "vus" in load ? Math.min(batchRule(batch).size, load.vus) : 1;
  return 1000 * (gracefulStop + (LONGEST_ITEM + together) * work.time + work.perBatch + source.latency.max + beyond);
}

function settingsOf({ plan: { mode, scenario, slots }, face, stage }: Setup): Settings {
  return {
    capacity: scenario.queue.capacity === "unlimited" ? Number.POSITIVE_INFINITY : scenario.queue.capacity,
    overflow: scenario.queue.overflow,
    memoryLimit: scenario.queue.memoryLimit,
    batch: batchRule(scenario.batch),
    concurrency: scenario.async.concurrency,
    slots,
    yieldEvery: scenario.loop.yieldEvery === "batch" ? Number.POSITIVE_INFINITY : scenario.loop.yieldEvery,
    offload: MODE_TRAITS[mode].taskIsBatch ? scenario.async.offload : "none",
    snapshots: (scenario.queries.rate > 0 || face !== null) && scenario.queries.consistency === "snapshot",
    warmup: scenario.warmup * 1000,
    patience: PATIENCE + 3000 * (scenario.work.time + scenario.work.perBatch) + 1000 * (stage.longestSilence ?? 0),
    lastItem: LAST_ITEM + 2000 * (scenario.work.time + scenario.work.perBatch),
    messageBytes: stage.widestBytes,
  };
}

/** Queries fall due from the first arrival to the last. */
export function queryPlan({ queries, keys, load, seed, warmup }: Scenario, facts: TapeFacts): QueryPlan {
  const last = load.executor === "shared-iterations" ? Number.POSITIVE_INFINITY : "vus" in load ? load.duration : facts.lastMicros;
  return { gap: (queries.timeUnit * 1000) / queries.rate, until: last * 1000, keys: keys.count, seed, warmup: warmup * 1000 };
}
