import { workerName } from "../load/keys.ts";
import type { WireFormat } from "../scenario/schema.ts";
import { FetchProcessor } from "./fetch/processor.ts";
import type { FetchSpec } from "./fetch/spec.ts";
import { loadMaker, makerOf } from "./flow/makers.ts";
import { FlowProcessor, type FlowSpec } from "./flow/processor.ts";
import { type Handler, loadHandler } from "./message/handler.ts";
import { shardOfName } from "./message/intake.ts";
import { MessageProcessor, type WorkCost } from "./message/processor.ts";
import type { Effort, Processor } from "./workload.ts";

/** What a processor is made from; plain data, so that it crosses threads. */
export type ProcessorSpec = {
  /** Rounds of the calibrated computation per millisecond. */
  readonly roundsPerMs: number;
} & (
  | {
      readonly workload: "message";
      readonly work: WorkCost & { readonly module?: string | undefined };
      /** How messages of another thread are written. */
      readonly codec: WireFormat;
      readonly keys: KeyHandling;
    }
  | { readonly workload: "fetch"; readonly fetch: FetchSpec }
  | { readonly workload: "flow"; readonly flow: FlowSpec }
);

/** How keys are treated, and over how many threads they are spread. */
export interface KeyHandling {
  readonly ordered: boolean;
  /** Machines are made beforehand, of so many keys; 0: of none. */
  readonly prepared: number;
  readonly threads: number;
}

/** `thread`: the number of the thread that processes. */
export type MakeProcessor = (effort: Effort, nameOf?: (key: number) => string, thread?: number) => Processor;

/** Loads what the processor needs; what it gives makes any number of them. */
export async function prepareProcessors(spec: ProcessorSpec): Promise<MakeProcessor> {
  if (spec.workload === "fetch") {
    // What it stands on takes a moment to load, and few scenarios want it.
    const made = spec.fetch.settings.cookies ? await import("./fetch/cookies.ts") : null;
    return (effort, _, thread = 0) => new FetchProcessor(spec.fetch, effort, thread, null, made === null ? null : new made.Cookies());
  }
  if (spec.workload === "flow") {
    const { settings } = spec.flow;
    const maker = settings.module === undefined ? makerOf(settings) : await loadMaker(settings.module);
    return (effort, _, thread = 0) => new FlowProcessor(spec.flow, effort, thread, maker);
  }
  const { work } = spec;
  const handler: Handler | null = runsHandler(spec) && work.module !== undefined ? await loadHandler(work.module) : null;
  const { ordered, prepared, threads } = spec.keys;
  return (effort, nameOf, thread = 0) => {
    const rules = { ordered, prepared: keysOf(thread, threads, prepared) };
    return new MessageProcessor(work, effort, nameOf, handler, spec.codec, rules);
  };
}

/** The generated keys below `count` that belong to a thread: the intake spreads them by the same hash. */
function* keysOf(thread: number, threads: number, count: number): Generator<number> {
  for (let key = 0; key < count; key++) if (threads === 1 || shardOfName(workerName(key), threads) === thread) yield key;
}

/** True when somebody else's code works the items off. */
export function runsHandler(spec: ProcessorSpec): boolean {
  if (spec.workload === "flow") return spec.flow.settings.module !== undefined;
  return spec.workload === "message" && spec.work.kind === "handler";
}

/** True when the work may wait for sockets and timers of its own, so that the loop must not be held while it waits. */
export function needsOpenLoop(spec: ProcessorSpec): boolean {
  return spec.workload !== "message" || runsHandler(spec);
}
