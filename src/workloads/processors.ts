import { workerName } from "../load/keys.ts";
import type { WireFormat } from "../scenario/schema.ts";
import type { FetchSpec } from "./fetch/spec.ts";
import type { FlowSpec } from "./flow/processor.ts";
import type { CommandSpec } from "./message/command/supervisor.ts";
import { type Handler, loadHandler } from "./message/handler.ts";
import { shardOfName } from "./message/intake.ts";
import { type KeyRules, MessageProcessor, type WorkCost } from "./message/processor.ts";
import type { Effort, Processor } from "./workload.ts";

/** Inputs of a processor; plain data, so that it crosses threads. */
export type ProcessorSpec = {
  /** Rounds of the calibrated computation per millisecond. */
  readonly roundsPerMs: number;
} & (
  | {
      readonly workload: "message";
      readonly work: WorkCost & {
        readonly [field in keyof CommandSpec | "module"]?: (CommandSpec & { module: string })[field] | undefined;
      };
      /** Encoding of messages between threads. */
      readonly codec: WireFormat;
      readonly keys: KeyHandling;
    }
  | { readonly workload: "fetch"; readonly fetch: FetchSpec }
  | { readonly workload: "flow"; readonly flow: FlowSpec }
);

/** Treatment of keys, and the number of threads that they are spread over. */
export interface KeyHandling {
  readonly ordered: boolean;
  /** Number of keys whose machines are created in advance; 0: none. */
  readonly prepared: number;
  readonly threads: number;
}

/** Makes a processor. `thread`: the number of its thread. */
export type MakeProcessor = (effort: Effort, nameOf?: (key: number) => string, thread?: number) => Processor;

/** Loads what a processor needs, and nothing of the other workloads; returns a function that makes any number of processors. */
export function prepareProcessors(spec: ProcessorSpec): Promise<MakeProcessor> {
  switch (spec.workload) {
    case "fetch":
      return fetchProcessors(spec.fetch);
    case "flow":
      return flowProcessors(spec.flow);
    default:
      return messageProcessors(spec);
  }
}

async function fetchProcessors(fetch: FetchSpec): Promise<MakeProcessor> {
  const { FetchProcessor } = await import("./fetch/processor.ts");
  const made = fetch.settings.cookies ? await import("./fetch/cookies.ts") : null;
  return (effort, _, thread = 0) => new FetchProcessor(fetch, effort, thread, null, made === null ? null : new made.Cookies());
}

async function flowProcessors(flow: FlowSpec): Promise<MakeProcessor> {
  const [{ FlowProcessor }, { loadMaker, makerOf }] = await Promise.all([import("./flow/processor.ts"), import("./flow/makers.ts")]);
  const { settings } = flow;
  const maker = settings.module === undefined ? makerOf(settings) : await loadMaker(settings.module);
  return (effort, _, thread = 0) => new FlowProcessor(flow, effort, thread, maker);
}

async function messageProcessors(spec: Extract<ProcessorSpec, { workload: "message" }>): Promise<MakeProcessor> {
  const { work } = spec;
  if (work.kind === "command") return commandProcessors(spec);
  const handler: Handler | null = runsHandler(spec) && work.module !== undefined ? await loadHandler(work.module) : null;
  return (effort, nameOf, thread = 0) => new MessageProcessor(work, effort, nameOf, handler, spec.codec, rulesOf(spec.keys, thread));
}

async function commandProcessors({ work, codec, keys }: Extract<ProcessorSpec, { workload: "message" }>): Promise<MakeProcessor> {
  const { CommandProcessor } = await import("./message/command/processor.ts");
  // The scenario's rules and defaults have seen to it that all its fields are there.
  const cost = work as WorkCost & CommandSpec;
  return (effort, nameOf, thread = 0) => new CommandProcessor(cost, effort, nameOf, codec, rulesOf(keys, thread));
}

function rulesOf({ ordered, prepared, threads }: KeyHandling, thread: number): KeyRules {
  return { ordered, prepared: keysOf(thread, threads, prepared) };
}

/** The generated keys below `count` that belong to a thread: the intake spreads them by the same hash. */
function* keysOf(thread: number, threads: number, count: number): Generator<number> {
  for (let key = 0; key < count; key++) if (threads === 1 || shardOfName(workerName(key), threads) === thread) yield key;
}

/** True when user code handles the items. */
export function runsHandler(spec: ProcessorSpec): boolean {
  if (spec.workload === "flow") return spec.flow.settings.module !== undefined;
  return spec.workload === "message" && spec.work.kind === "handler";
}

/** True when a program of the user's handles the items. */
export function runsProgram(spec: ProcessorSpec): boolean {
  return spec.workload === "message" && spec.work.kind === "command";
}

/** Number of keys whose machines are to be there before the first item. */
export function preparedKeys(spec: ProcessorSpec): number {
  return spec.workload === "message" ? spec.keys.prepared : 0;
}

/** True when the work may wait for sockets, pipes and timers of its own, so that waiting must not block the loop. */
export function needsOpenLoop(spec: ProcessorSpec): boolean {
  return spec.workload !== "message" || spec.work.kind === "command" || runsHandler(spec);
}
