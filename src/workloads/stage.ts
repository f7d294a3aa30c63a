import type { Nanoseconds } from "../kernel/clock.ts";
import type { Histogram } from "../kernel/histogram.ts";
import type { TimestampOf } from "../load/replay.ts";
import type { Item } from "../queueing/item.ts";
import type { FetchFigures } from "../telemetry/fetch-figures.ts";
import type { Phase } from "../telemetry/request-phases.ts";
import type { CaseResult } from "../telemetry/result.ts";
import type { Sample } from "../telemetry/sample.ts";
import type { MakeProcessor, ProcessorSpec } from "./processors.ts";
import type { Intake, StateEntry, StateSlice, WorkloadReport } from "./workload.ts";

/** Status of a list of requests: totals so far, and requests in flight. */
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
  /** Attempts by outcome. */
  readonly attempts: Readonly<Record<string, number>>;
  /** Attempts by error and by host, as known to this thread. */
  readonly errors_by_kind: Readonly<Record<string, number>>;
  readonly errors_by_host: Readonly<Record<string, number>>;
}

/** Figures of one workload only. */
export type StageFigures = Pick<CaseResult, "fetch" | "flow" | "serialization"> & {
  /** Requests sent and their outcomes, for the run's self-checks. */
  readonly requests?: Pick<FetchFigures, "attempts" | "byStatus" | "byError" | "byHost" | "byCause">;
  /** Notes for readers of the result. */
  readonly notes?: readonly string[];
};

/** Texts of the final states. */
export interface StatesTold {
  /** A digest of the states, the same on every machine and in every mode. */
  digest(states: readonly StateEntry[]): string;
  /** The text of `--dump-state`, in pieces. */
  dump(states: readonly StateEntry[]): Iterable<string>;
  /** A warning about states that digest and dump do not show completely; null: they do. */
  warning(slices: readonly StateSlice[]): string | null;
}

/** An item that a worker on some host has worked and committed. */
export interface CommittedItem {
  readonly item: Item;
  /** Id of the worker. */
  readonly host: string;
  /** Why it failed; null: it did not. */
  readonly reason: string | null;
  /** From its beginning to its end. */
  readonly took: Nanoseconds;
  /** From its beginning until now. */
  readonly ago: Nanoseconds;
  /** What its processor's `figuresOf` said there, to be checked: it comes over a network. */
  readonly figures: unknown;
}

/** Figures of items that were worked elsewhere. */
export interface CommittedBook {
  add(committed: CommittedItem): void;
  /** What a worker was at no longer counts: it is lost. */
  lost(host: string): void;
}

/** A workload's part of a case: intake, processors, and its own figures. */
export interface Stage {
  readonly spec: ProcessorSpec;
  readonly makeProcessor: MakeProcessor;
  /** Ids of processes that it started, where these change a function: their CPU time counts as the lab's own. */
  readonly helpers: readonly number[] | (() => readonly number[]);
  /** An intake that makes items of a tape, from its beginning. */
  intake(): Intake;
  /** Upper bound of one item's bytes between threads. */
  readonly widestBytes: number;
  /** The timestamp in seconds of a replayed line, null when it has none. Absent: nothing is replayed. */
  readonly timestampOf?: TimestampOf;
  /** Absent: items leave no states. */
  readonly states?: StatesTold;
  /** Called at t = 0. */
  begin(): void;
  /** Microseconds that one item may take beyond its work; Infinity: unknown. Absent: none. */
  readonly longestItem?: number;
  /** Microseconds for which a thread may show no progress while it waits for something outside, beyond its work. Absent: none. */
  readonly longestSilence?: number;
  /** Microseconds after which the case ends, whatever is left; absent: no limit. */
  readonly totalTimeout?: number | undefined;
  /** The workload's part of a sample; undefined: none. */
  sample(): Pick<Sample, "fetch" | "flow"> | undefined;
  /** Durations of a phase of its requests so far; absent: it has none. */
  phase?(phase: Phase): Histogram;
  /** Where workers on other hosts work its items: what they committed goes there. Absent: it adds nothing to its figures. */
  readonly committed?: CommittedBook | undefined;
  /** Its part of a health check; null: none. */
  status(): RequestStatus | null;
  /** Its own figures at the end. `intake`: the one that made the items. */
  figures(reports: readonly (WorkloadReport | null)[], intake: Intake): Promise<StageFigures>;
  /** The stage of a warm-up, on throwaway state; null: there can be none. */
  rehearsal(): Promise<Stage | null>;
  /** Its items cost no work in this process, so a warm-up uses more of them. Absent: they do. */
  readonly cheap?: boolean;
  /** Clients send in turn, which runs other code than a burst and takes longer per message; absent: a burst will do. */
  readonly asksInTurn?: boolean;
  close(): void;
}
