import { type Handler, loadHandler } from "../workloads/message/handler.ts";
import { MessageProcessor, type WorkCost } from "../workloads/message/processor.ts";
import type { Effort, Processor } from "../workloads/workload.ts";

/** What a processor is made from; plain data, so that it crosses threads. */
export interface ProcessorSpec {
  readonly workload: "message";
  readonly work: WorkCost & { readonly module?: string | undefined };
  /** Rounds of the calibrated computation per millisecond. */
  readonly roundsPerMs: number;
}

export type MakeProcessor = (effort: Effort, nameOf?: (key: number) => string) => Processor;

/** Loads what the processor needs; what it gives makes any number of them. */
export async function prepareProcessors({ work }: ProcessorSpec): Promise<MakeProcessor> {
  const handler: Handler | null = work.kind === "handler" && work.module !== undefined ? await loadHandler(work.module) : null;
  return (effort, nameOf) => new MessageProcessor(work, effort, nameOf, handler);
}

/** True when the work may wait for sockets and timers of its own, so that the loop must not be held while it waits. */
export function needsOpenLoop({ work }: ProcessorSpec): boolean {
  return work.kind === "handler";
}
