import type { Nanoseconds } from "../../kernel/clock.ts";
import { Offered } from "../../load/offered.ts";
import type { CasePlan } from "../../plan/plan.ts";
import { loadDuration } from "../../scenario/load-extent.ts";
import { MODE_TRAITS } from "../../scenario/modes.ts";
import type { Load, Scenario } from "../../scenario/schema.ts";
import { Recorder } from "../../telemetry/recorder.ts";
import type { Stage } from "../../workloads/stage.ts";
import type { Executor } from "../executor/executor.ts";
import { buildPipeline, type Setup } from "./pipeline.ts";
import { CaseSampler } from "./sampler.ts";

/** Throwaway messages that every thread works off before t = 0. */
const MESSAGES = 1_000_000;
const LEAST_MESSAGES = 50_000;
const WITH_WORK = 6_000;
/** The same where each goes over a network, which takes longer than the rest. */
const OVER_NETWORK = 40_000;
/** Messages of work that costs this process nothing; more than usual where they are sent at once, fewer one by one or over a network. */
const CHEAP = 12_000;
const IN_TURN = 3_000;
const LEAST_WITH_WORK = 300;
/** Instants above this have another representation for the compiler: more nanoseconds than 32 bits hold. */
const LATER = 5e9;
/**
 * Microseconds at the end of a round in which messages come one by one, so that waiting for the next is rehearsed too; less with few
 * messages.
 */
const PACED = 100e3;
const PACED_EACH = 1000;
/** Largest shift of a rehearsal's arrival in microseconds. */
const JITTER = 1000;
/** Queries of a round, where the case has any. */
const QUERIES = 500;
/** Clients of a rehearsal in turn: enough that the lab never waits for them. */
const CLIENTS = 1000;
const WARM_SAMPLES = 150;

/** Interval between two readings of CPU time, in ms, and the CPU time per interval below which the process counts as idle. */
const LOOK_MS = 10;
const QUIET_MS = 1;

/**
 * Warms the lab's own code on throwaway state: the same executor, on the same threads, works off messages with minimal work, until the
 * compiler has reached its last tier. The setup's clock is the rehearsal's own.
 */
export async function rehearse(setup: Setup, executor: Executor, { count, share, stopped }: Rehearsal): Promise<void> {
  if (share === 0) return;
  const from = performance.now();
  const stage = await setup.stage.rehearsal();
  if (stage === null) return;
  const { instant } = stage.makeProcessor(setup.effort(true));
  warmSampler();
  const { holdsSource, remote } = MODE_TRAITS[setup.plan.mode];
  const messages = Math.ceil(share * (remote ? OVER_NETWORK : Math.max(LEAST_MESSAGES, Math.min(MESSAGES, 10 * count))));
  const most = stage.cheap !== true ? WITH_WORK : holdsSource || remote ? IN_TURN : CHEAP;
  const withWork = Math.ceil(share * Math.min(most, Math.max(LEAST_WITH_WORK, 10 * count)));
  const paced = Math.ceil(share * Math.min(PACED, PACED_EACH * Math.max(1, count)));
  for (let round = 0; round < (remote ? 2 : 3) && !stopped(); round++) {
    const { load, from } = roundAt(round === 0 ? 0 : LATER, setup.plan.scenario, {
      messages: instant ? messages : withWork,
      paced,
      inTurn: setup.stage.asksInTurn === true,
    });
    await perform({ ...setup, stage, rehearses: true, begin: () => setup.begin(from) }, executor, load);
  }
  stage.close();
  await compilerDone(performance.now() - from);
}

/** Extent of a rehearsal. */
interface Rehearsal {
  /** Messages of the case: a short case needs no long rehearsal. */
  readonly count: number;
  /** Share of the usual length. */
  readonly share: number;
  /** True once the case was stopped. */
  readonly stopped: () => boolean;
}

/** Size and manner of a round. */
interface Extent {
  readonly messages: number;
  /** Microseconds at its end in which messages come one by one. */
  readonly paced: number;
  /** Clients send in turn. */
  readonly inTurn: boolean;
}

interface Round {
  readonly load: Load;
  /** The clock's value when it begins. */
  readonly from: Nanoseconds;
}

/**
 * A round of about `messages` messages, at a time of the case. Its load is of the case's kind where that has a rate, since generating its
 * arrivals has to be warm too: most are due when it begins, the last come one by one.
 */
function roundAt(from: Nanoseconds, scenario: Scenario, { messages, paced, inTurn }: Extent): Round {
  const { load } = scenario;
  if (inTurn) return { load: { executor: "shared-iterations", vus: CLIENTS, iterations: messages }, from };
  const duration = from / 1000 + paced;
  const rate = Math.max(1, Math.round((messages * 1e6) / (from / 1000 || paced)));
  switch (load.executor) {
    case "constant-arrival-rate":
      return { load: { ...load, timeUnit: 1e6, rate, duration, jitter: Math.min(JITTER, load.jitter) }, from };
    case "ramping-arrival-rate": {
      const stages = [{ target: rate, duration }];
      return { load: { ...load, timeUnit: 1e6, startRate: rate, stages, jitter: Math.min(JITTER, load.jitter) }, from };
    }
    default:
      return { load: { executor: "bursts", size: messages, every: 1e6, count: 1 }, from: 0 };
  }
}

/**
 * Waits until the compiler threads have nothing left to do after the rehearsal, for at most `longest` milliseconds: they would take cores
 * from the case.
 */
async function compilerDone(longest: number): Promise<void> {
  const until = performance.now() + longest;
  let before = process.cpuUsage();
  for (let quiet = 0; quiet < 2 && performance.now() < until; ) {
    await Bun.sleep(LOOK_MS);
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    quiet = user + system < QUIET_MS * 1000 ? quiet + 1 : 0;
  }
}

/** Takes samples on throwaway figures: ten times a second on the measured thread, cold ones would take a millisecond each. */
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
  sampler.observe(recorders, { waiting: () => 0, begun: () => 0, highWater: () => 0, blocked: () => 0 });
  for (let i = 1; i <= WARM_SAMPLES; i++) {
    for (const recorder of recorders) recorder.sojourn.record(i * 300_000);
    sampler.sample(i * 300e6);
  }
}

async function perform(setup: Setup & { readonly stage: Stage }, executor: Executor, load: Load): Promise<void> {
  const { scenario } = setup.plan;
  const keys = { ...scenario.keys, count: Math.min(scenario.keys.count, 1000) };
  const asks = scenario.queries.rate > 0 && scenario.queries.via === "call";
  const lastMicros = Math.max(loadDuration({ ...scenario, load }) ?? 0, asks ? PACED : 0);
  const plan: CasePlan = {
    ...setup.plan,
    scenario: {
      ...scenario,
      keys,
      source: { latency: { min: 0, max: 0 }, connections: 1 },
      queries: { ...scenario.queries, rate: asks ? QUERIES : 0, timeUnit: lastMicros },
      warmup: 0,
      thresholds: undefined,
      gracefulStop: 2e6,
      queue: { ...scenario.queue, overflow: "block", capacity: 1000 },
      batch: { ...scenario.batch, size: Math.min(scenario.batch.size ?? 100, 100) },
      load,
    },
  };
  const facts = { hash: "", count: 0, lastMicros, durationMicros: 0, measured: 0 };
  const { job } = buildPipeline({ ...setup, plan, face: null }, facts, () => {});
  await executor.execute(job);
}
