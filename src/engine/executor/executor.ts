import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Time } from "../../kernel/time.ts";
import type { BatchRule } from "../../queueing/batcher.ts";
import type { Overflow } from "../../queueing/bounded-queue.ts";
import type { Recorder } from "../../telemetry/recorder.ts";
import type { FailureCount } from "../../telemetry/result.ts";
import type { ProcessorSpec } from "../../workloads/processors.ts";
import type { Effort, Intake, Processor, StateSlice, WorkloadReport } from "../../workloads/workload.ts";
import type { QueryDispatcher, StateReader } from "../queries/dispatcher.ts";
import type { Lifecycle } from "../source/lifecycle.ts";
import type { Source } from "../source/source.ts";
import type { WorkSums } from "../work/work-meter.ts";

/** One tape to be worked off. Executors know nothing of what the work is. */
export interface Job {
  readonly source: Source;
  readonly intake: Intake;
  readonly lifecycle: Lifecycle;
  /** The recorder of the source's thread. */
  readonly recorder: Recorder;
  readonly sampler: Sampler;
  readonly settings: Settings;
  readonly time: Time;
  /** Where queries come in; null: nobody asks. */
  readonly desk: QueryDispatcher | null;
  /** What other threads make their processors from. */
  readonly spec: ProcessorSpec;
  /** Makes the processor of this thread. */
  readonly processor: (effort: Effort) => Processor;
  readonly effort: (blocking: boolean) => Effort;
  /** Called once everything is ready: makes now t = 0 for `time`. */
  readonly begin: () => Nanoseconds;
  /** Waits for what work has let go of and still counts, once all is done and before the last sample. */
  readonly settle: () => Promise<void>;
}

export type Offload = "none" | "message" | "batch";

export interface Settings {
  /** Infinity: unlimited. */
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
  /** Longest a thread may work on and give no sign of life, and the longest that an item at hand may take to end. */
  readonly patience: Nanoseconds;
  readonly lastItem: Nanoseconds;
  /** Most bytes one message may take between threads. */
  readonly messageBytes: number;
}

/** Where things stand: time integrals from t = 0 to an instant, in items × nanoseconds. Their differences are mean levels, whoever looks when. */
export interface Gauge {
  /** Of the number due or queued and not yet being batched. */
  waiting(now: Nanoseconds): number;
  /** Of the number that has left the queue so far, done or not. */
  begun(now: Nanoseconds): number;
  /** Deepest the queue has been since the warm-up. */
  highWater(): number;
  /** Time the source has been blocked so far. */
  blocked(): Nanoseconds;
}

/** Takes a sample when one is due. */
export interface Sampler {
  readonly nextAt: Nanoseconds;
  /** Recorders to add up, the source's first, and where to read the rest. */
  observe(recorders: readonly Recorder[], gauge: Gauge): void;
  /** t = 0 is now: what is used from here on is the case's. */
  begin(): void;
  /** `noticed`: when it could have been taken, if it was put off on purpose. */
  sample(now: Nanoseconds, noticed?: Nanoseconds): void;
  /** Takes the last sample, of what is left of the interval, once all is over. */
  finish(now: Nanoseconds): void;
}

/** Figures that only the executor knows. */
export interface Execution {
  readonly endedAt: Nanoseconds;
  readonly recorders: readonly Recorder[];
  readonly state: readonly StateSlice[];
  readonly reports: readonly (WorkloadReport | null)[];
  readonly failures: readonly FailureCount[];
  readonly queue: { readonly meanDepth: number; readonly highWater: number; readonly full: Nanoseconds };
  /** Batches that were made, where the recorders do not know. */
  readonly batches?: { readonly count: number; readonly items: number };
  /** Items a thread held when it died: unfinished, and nobody saw them leave. */
  readonly lost: number;
  /** `work`: what computing it did for others; absent of the thread that runs the executor. */
  readonly threads: readonly { readonly name: string; readonly cpu: Nanoseconds | null; readonly work?: WorkSums | null }[];
}

export interface Executor {
  /** Works a job off. May be asked again with another job, on the same warm threads. */
  execute(job: Job): Promise<Execution>;
  close(): Promise<void>;
}

/** Answers from a processor on the same thread: always of now. */
export function clerkOf(processor: Processor): StateReader {
  return {
    state(key) {
      const json = processor.stateOf(key);
      return json instanceof Promise ? json.then((there) => ({ json: there, age: 0 })) : { json, age: 0 };
    },
    list: () => ({ json: JSON.stringify(processor.names()), age: 0 }),
  };
}

/** Samples whenever one is due until `done`, on a loop of its own. */
export async function keepSampling({ sampler, time }: Job, done: () => boolean): Promise<void> {
  while (!done()) {
    await time.sleepUntil(sampler.nextAt);
    const now = time.now();
    if (!done() && now >= sampler.nextAt) sampler.sample(now);
  }
}
