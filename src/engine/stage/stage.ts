import type { Histogram } from "../../kernel/histogram.ts";
import type { Phase } from "../../telemetry/request-phases.ts";
import type { CaseResult } from "../../telemetry/result.ts";
import type { Sample } from "../../telemetry/sample.ts";
import type { Intake, WorkloadReport } from "../../workloads/workload.ts";
import type { MakeProcessor, ProcessorSpec } from "../processors.ts";
import type { RequestStatus } from "../queries/face-protocol.ts";

/** Figures that only one workload has. */
export type StageFigures = Pick<CaseResult, "fetch" | "flow" | "serialization"> & {
  /** What a reader of the result should know. */
  readonly notes?: readonly string[];
};

/** What a workload brings to a case: who makes items, what works them off, what it alone measures. */
export interface Stage {
  readonly spec: ProcessorSpec;
  readonly makeProcessor: MakeProcessor;
  /** Ids of the processes that it started: what they compute is the lab's own. */
  readonly helpers: readonly number[];
  /** Makes items of a tape, from its beginning. */
  intake(): Intake;
  /** Told the moment of t = 0. */
  begin(): void;
  /** Its own part of a sample; undefined: it has none. */
  sample(): Pick<Sample, "fetch" | "flow"> | undefined;
  /** How long a part of its requests took so far; absent: it has none. */
  phase?(phase: Phase): Histogram;
  /** What a health check shows of it; null: nothing of its own. */
  status(): RequestStatus | null;
  /** Its own figures at the end. `intake`: who made the items. */
  figures(reports: readonly (WorkloadReport | null)[], intake: Intake): Promise<StageFigures>;
  /** What a warm-up works off instead, on throwaway state. */
  rehearsal(): Promise<Stage>;
  close(): void;
}
