import { MessageProcessor, type WorkCost } from "../workloads/message/processor.ts";
import type { Effort, Processor } from "../workloads/workload.ts";

/** What a processor is made from; plain data, so that it crosses threads. */
export interface ProcessorSpec {
  readonly workload: "message";
  readonly work: WorkCost;
  /** Rounds of the calibrated computation per millisecond. */
  readonly roundsPerMs: number;
}

export function makeProcessor(spec: ProcessorSpec, effort: Effort, nameOf?: (key: number) => string): Processor {
  return new MessageProcessor(spec.work, effort, nameOf);
}
