import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Time } from "../../kernel/time.ts";
import type { BatchRule } from "../../queueing/batcher.ts";
import type { Overflow } from "../../queueing/bounded-queue.ts";
import type { DistributedFigures, HostFigures } from "../../telemetry/distributed-figures.ts";
import type { Recorder } from "../../telemetry/recorder.ts";
import type { FailureCount } from "../../telemetry/result.ts";
import type { Sample } from "../../telemetry/sample.ts";
import type { ProcessorSpec } from "../../workloads/processors.ts";
import type { CommittedBook } from "../../workloads/stage.ts";
import type { Effort, Intake, Processor, StateSlice, WorkloadReport } from "../../workloads/workload.ts";
import type { QueryDispatcher, StateReader } from "../queries/dispatcher.ts";
import type { Lifecycle } from "../source/lifecycle.ts";
import type { Source } from "../source/source.ts";
import type { WorkSums } from "../work/work-meter.ts";

/** One tape to be worked off. Executors do not know the kind of work. */
export interface Job {
  readonly source: Source;
  readonly intake: Intake;
  readonly lifecycle: Lifecycle;
  /** Recorder of the source's thread. */
  readonly recorder: Recorder;
  readonly sampler: Sampler;
  readonly settings: Settings;
  readonly time: Time;
  /** Source of queries; null: there are none. */
  readonly desk: QueryDispatcher | null;
  /** Input from which other threads make their processors. */
  readonly spec: ProcessorSpec;
  /** Makes the processor of this thread. */
  readonly processor: (effort: Effort) => Processor;
  readonly effort: (blocking: boolean) => Effort;
  /** True for what warms the lab up before a case; absent: false. */
  readonly rehearses?: boolean;
  /** Called once everything is ready: sets t = 0 of `time` to now. */
  readonly begin: () => Nanoseconds;
  /** Sets what the executor adds to each sample; `t`: its instant in milliseconds. */
  readonly tell: (sample: (t: number) => Pick<Sample, "distributed">) => void;
  /** Takes in what workers on other hosts committed, where the workload has figures of its own; absent: it has none. */
  readonly committed?: CommittedBook | undefined;
  /** Waits for work left running that still counts, once all is done and before the last sample. */
  readonly settle: () => Promise<void>;
}

export type Offload = "none" | "message" | "batch";

export interface Settings {
  /** Infinity: no limit. */
  readonly capacity: number;
  readonly overflow: Overflow;
  readonly memoryLimit: number;
  readonly batch: BatchRule;
  readonly concurrency: number;
  /** `concurrency` of each thread of `parallel`. */
  readonly slots: readonly number[];
  /** `parallel`: queries are answered from the last published state. */
  readonly snapshots: boolean;
  /** `async`: messages of a batch after which the loop gets a turn; Infinity: after the batch. */
  readonly yieldEvery: number;
  /** `async`: whether processing goes to a helper thread, and in what pieces. */
  readonly offload: Offload;
  readonly warmup: Nanoseconds;
  /** Longest that a thread may work without a sign of life, and longest that an item at work may take to end. */
  readonly patience: Nanoseconds;
  readonly lastItem: Nanoseconds;
  /** Upper bound of one message's bytes between threads. */
  readonly messageBytes: number;
}

/**
 * Time integrals from t = 0 to an instant, in items × nanoseconds. Their differences are mean levels, independent of when they are read.
 */
export interface Gauge {
  /** Integral of the number of items due or queued that are not in a batch yet. */
  waiting(now: Nanoseconds): number;
  /** Integral of the number of items that have left the queue so far, done or not. */
  begun(now: Nanoseconds): number;
  /** Largest depth of the queue since the warm-up. */
  highWater(): number;
  /** Time for which the source has been blocked so far. */
  blocked(): Nanoseconds;
}

/** Takes a sample when one is due. */
export interface Sampler {
  readonly nextAt: Nanoseconds;
  /** Sets the recorders to sum up, the source's first, and the gauge to read. */
  observe(recorders: readonly Recorder[], gauge: Gauge): void;
  /** Called at t = 0: resources used from here on are the case's. */
  begin(): void;
  /** `noticed`: when it could have been taken, if it was postponed on purpose. */
  sample(now: Nanoseconds, noticed?: Nanoseconds): void;
  /** Takes the last sample, for the rest of the interval, once all is over. */
  finish(now: Nanoseconds): void;
}

/** Figures that only the executor has. */
export interface Execution {
  readonly endedAt: Nanoseconds;
  readonly recorders: readonly Recorder[];
  readonly state: readonly StateSlice[];
  readonly reports: readonly (WorkloadReport | null)[];
  readonly failures: readonly FailureCount[];
  readonly queue: { readonly meanDepth: number; readonly highWater: number; readonly full: Nanoseconds };
  /** Batches made, where the recorders do not count them. */
  readonly batches?: { readonly count: number; readonly items: number };
  /** Items held by a thread when it died: unfinished, and without a recorded departure. */
  readonly lost: number;
  /** Mode `distributed` only. */
  readonly hosts?: readonly HostFigures[];
  readonly distributed?: DistributedFigures;
  /** Sentences for readers of the result; absent: none. */
  readonly notes?: readonly string[];
  /** `work`: timing of computing on other threads; absent for the executor's own thread. */
  readonly threads: readonly { readonly name: string; readonly cpu: Nanoseconds | null; readonly work?: WorkSums | null }[];
}

export interface Executor {
  /** Works a job off. May be called again with another job, on the same warm threads. */
  execute(job: Job): Promise<Execution>;
  /** Ids of the processes on this machine that work for it; absent: it starts none. */
  readonly helpers?: readonly number[];
  close(): Promise<void>;
}

/** Reads states from a processor on the same thread: always the present state. */
export function readerOf(processor: Processor): StateReader {
  return {
    state(key) {
      const json = processor.stateOf(key);
      return json instanceof Promise ? json.then((there) => ({ json: there, age: 0 })) : { json, age: 0 };
    },
    list: () => ({ json: JSON.stringify(processor.names()), age: 0 }),
  };
}

/** The reason of a run that fails because no more work can be done. */
export function unfinished(why: string): string {
  return `${why}; what was held is unfinished.`;
}

/** Takes samples when they are due until `done`, in a loop of its own. */
export async function keepSampling({ sampler, time }: Job, done: () => boolean): Promise<void> {
  while (!done()) {
    await time.sleepUntil(sampler.nextAt);
    const now = time.now();
    if (!done() && now >= sampler.nextAt) sampler.sample(now);
  }
}
