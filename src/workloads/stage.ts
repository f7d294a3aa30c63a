import type { Histogram } from "../kernel/histogram.ts";
import type { FetchFigures } from "../telemetry/fetch-figures.ts";
import type { Phase } from "../telemetry/request-phases.ts";
import type { CaseResult } from "../telemetry/result.ts";
import type { Sample } from "../telemetry/sample.ts";
import type { MakeProcessor, ProcessorSpec } from "./processors.ts";
import type { Intake, WorkloadReport } from "./workload.ts";

/** Health of a list of requests: totals so far, and what is under way. */
export interface RequestStatus {
  readonly total: number;
  readonly ok: number;
  readonly degraded: number;
  readonly failed: number;
  readonly mean_latency_ms: number;
  readonly concurrency: number;
  readonly limit: number;
  readonly retries: number;
  readonly breaker: string;
  /** Attempts by what came of them. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Attempts by error and by host, as far as this thread knows them. */
  readonly errors_by_kind: Readonly<Record<string, number>>;
  readonly errors_by_host: Readonly<Record<string, number>>;
}

/** Figures that only one workload has. */
export type StageFigures = Pick<CaseResult, "fetch" | "flow" | "serialization"> & {
  /** Requests that went out and their ends, for the run's own checks. */
  readonly requests?: Pick<FetchFigures, "attempts" | "byStatus" | "byError" | "byHost" | "byCause">;
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
  /** Microseconds that one item may take beyond its work; infinity: nobody knows. Absent: none. */
  readonly longestItem?: number;
  /** Microseconds after which the case ends, whatever is left; absent: there is no such time. */
  readonly totalTimeout?: number | undefined;
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
  /** Its items cost no work of ours: a warm-up is of more of them. Absent: they do. */
  readonly cheap?: boolean;
  /** Clients ask in turn, which goes other ways than a burst and takes longer over messages; absent: a burst is as good. */
  readonly asksInTurn?: boolean;
  close(): void;
}
