import type { MeanInterval } from "../kernel/batch-means.ts";
import type { LatencySummary } from "../kernel/histogram.ts";
import type { DistributedFigures, HostFigures } from "./distributed-figures.ts";
import type { FetchFigures } from "./fetch-figures.ts";
import type { FlowFigures } from "./flow-figures.ts";
import type { Ledger } from "./ledger.ts";
import type { CpuLimits, Machine } from "./machine.ts";
import type { KeptSummary } from "./percentiles.ts";
import type { Prediction, Shortfall } from "./prediction.ts";
import type { Sample } from "./sample.ts";

/** The version of the files that runs are written to; of earlier ones, 1 is read too. */
export const RESULT_VERSION = 2;

/** The result file, schema version 2; files of version 1 have fewer fields. Times in milliseconds, rates per second, sizes in bytes. */
export interface RunResult {
  readonly schemaVersion: 1 | typeof RESULT_VERSION;
  readonly labVersion: string;
  readonly startedAt: string;
  readonly scenario: ScenarioIdentity;
  readonly machine: Machine;
  readonly cases: readonly CaseResult[];
  /** Conclusions from all cases together, of a sweep or where there are queries. */
  readonly conclusions: readonly string[];
  readonly thresholds: readonly ThresholdResult[];
  /** Estimates over the repeats of each case; absent where each ran once. */
  readonly repeats?: readonly RepeatedCase[];
  /** Set while a run is in progress, or after it was killed: the number of planned cases. Figures over all cases are missing. */
  readonly unfinished?: { readonly planned: number };
  /** The scenario's expectations, judged; absent where it has none that can be judged. */
  readonly hypotheses?: readonly HypothesisResult[];
}

export interface ScenarioIdentity {
  readonly name: string;
  readonly title: string;
  /** What it explores, and what is expected; absent where it does not say. */
  readonly description?: string;
  readonly hypothesis?: string;
  readonly workload: string;
  readonly seed: number;
  readonly hash: string;
}

/** Figures of a case estimated over its repeats. */
export interface RepeatedCase {
  readonly mode: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Repeats that were completed: those that are estimated from. */
  readonly n: number;
  readonly figures: Readonly<Record<string, FigureEstimate>>;
  /** Sentences: what to know about the estimates. */
  readonly warnings: readonly string[];
}

/** A Hodges–Lehmann estimate with its exact signed-rank interval; null: not measured, or too few repeats for an interval of that level. */
export interface FigureEstimate {
  readonly estimate: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly level: number;
}

/** A change of the arrival rate by hand: arrivals per second from an instant on, in milliseconds since t = 0. */
export interface RateChange {
  readonly atMs: number;
  readonly rate: number;
}

export type CaseStatus = "completed" | "aborted" | "failed" | "invalid";

export interface CaseResult {
  readonly mode: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Which of several repeats of the case it is, from 0; absent: it ran once. */
  readonly repeat?: number;
  /** Load of the case; absent from files of schema version 1. */
  readonly load?: LoadFigures;
  /** Changes of the rate in this case, or in one of the same point that ran before it and had the same load. Absent: there were none. */
  readonly rateChanges?: readonly RateChange[];
  readonly status: CaseStatus;
  /** Sentences: why it failed, why it is invalid, what to know about it. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** Disturbances while it was measured; null: none that matter. Absent from files of earlier versions. */
  readonly disturbed?: Disturbance | null;
  readonly tape: { readonly hash: string | null; readonly count: number };
  readonly ledger: Ledger;
  readonly rejections: readonly Rejection[];
  readonly failures: readonly FailureCount[];
  readonly orderViolations: number;
  readonly durationMs: number;
  readonly throughput: number;
  readonly offeredRate: number | null;
  /** How `load.rate: 80%` or `max` became a number; absent where it was one. */
  readonly rate?: RateFigures;
  readonly intakeRate: number;
  readonly latency: Latencies<KeptSummary>;
  /** All sojourn times in nanoseconds, as `histogramText` writes them. Absent from files of earlier versions and of failed cases. */
  readonly histograms?: { readonly sojourn: string };
  /**
   * The mean sojourn in milliseconds with the interval that holds it with 95 %, from this run alone, while its load lasts; null: too short,
   * or what waits in one stretch of it still waits in the next. Other runs differ by more. Absent from files of earlier versions.
   */
  readonly sojournWithin?: MeanInterval | null;
  readonly sourceBlockedMs: number;
  readonly sourceBlocked: SourceBlocked;
  readonly queue: QueueFigures;
  /** `limit`: the largest size allowed; null: none. Absent from files of earlier versions. */
  readonly batches: { readonly count: number; readonly meanSize: number; readonly limit?: number | null };
  readonly queries: QueryFigures;
  /** Of the whole machine. */
  readonly cores: readonly { readonly core: number; readonly utilization: number }[];
  /** What withheld some of those from the case; null: nothing. Absent from files of earlier versions. */
  readonly limits?: CpuLimits | null;
  readonly process: ProcessFigures;
  /** Self-checks of the run; a failed one makes the case `invalid`. Absent from files of earlier versions. */
  readonly checks?: readonly SelfCheck[];
  readonly littlesLaw: { readonly meanInSystem: number; readonly lambdaTimesW: number; readonly relativeError: number };
  readonly state: { readonly machines: number; readonly digest: string } | null;
  /** Workload `fetch` only. */
  readonly fetch?: FetchFigures;
  /** Workload `flow` only: each part, summed over threads. */
  readonly flow?: FlowFigures;
  /** Mode `distributed` only: the workers of the case by name, and the figures of streams and clocks. */
  readonly hosts?: readonly HostFigures[];
  readonly distributed?: DistributedFigures;
  /** Cost of crossing to another thread; messages in `parallel` only. */
  readonly serialization?: SerializationFigures;
  readonly predicted: Prediction;
  /** Throughput lost against the threads' capacity, by cause; null: not attributable. Absent from files of earlier versions. */
  readonly shortfall?: Shortfall | null;
  readonly explanation: string;
  readonly series: readonly Sample[];
}

/** A case as measured: every percentile of its latencies is a number, however few items bear it. */
export interface MeasuredCase extends Omit<CaseResult, "latency" | "queries"> {
  readonly latency: Latencies<LatencySummary>;
  readonly queries: QueryFigures<LatencySummary>;
}

/** Latencies of the items, and their parts. */
export interface Latencies<Summary> {
  readonly sojourn: Summary;
  readonly schedule: Summary;
  readonly queue: Summary;
  readonly batch: Summary;
  readonly service: Summary;
  /** Sojourns of processed items and of failed ones; absent from files of earlier versions, whose latencies are of the former alone. */
  readonly ok?: Summary;
  readonly failed?: Summary;
}

/** Kind of a case's load, and the time it has after the last arrival, in milliseconds. */
export interface LoadOutline {
  readonly executor: string;
  readonly gracefulStopMs: number;
}

/** `lastMs`: when the last arrival was due, milliseconds since t = 0. */
export interface LoadFigures extends LoadOutline {
  readonly lastMs: number;
}

/** Outside influences on a case's figures. It keeps its status, and a warning says why. */
export interface Disturbance {
  /** Cores used by other programs, on average: the machine's use less the lab's own. null: unknown on this system. */
  readonly otherCores: number | null;
  /** Time taken by the host of a virtual machine, summed over cores. null: unknown on this system. */
  readonly stealMs: number | null;
  /** Time for which a CPU quota withheld cores from the control groups, summed over cores. null: unknown. Absent from older files. */
  readonly throttledMs?: number | null;
  /** Time for which processes of the case were stopped by a signal or frozen, polled every 0.1 s. Absent: none. */
  readonly stoppedMs?: number;
  /** How far the wall clock was set back meanwhile. Absent: it was not. */
  readonly setBackMs?: number;
  /** Deviation of `cpu` work's CPU time as a share of the time asked; 0 without such work. */
  readonly calibrationOff: number;
  /** The disturbances as a sentence. */
  readonly reason: string;
}

/** A self-check of the run; `figure`: its deviation (items, shares or, for the clock, milliseconds). */
export interface SelfCheck {
  readonly name:
    | "ledger"
    | "countedOnce"
    | "keyOrder"
    | "clock"
    | "departures"
    | "littlesLaw"
    | "parts"
    | "histograms"
    | "series"
    | "highWater"
    | "waiting"
    | "inFlight"
    | "attempts";
  readonly ok: boolean;
  readonly figure: number;
}

export interface QueryFigures<Summary = KeptSummary> {
  readonly sent: number;
  readonly answered: number;
  /** From due to answered. */
  readonly latency: Summary;
  /** Age of the state in a snapshot. */
  readonly staleness?: Summary;
}

/** Rates per second. */
export interface RateFigures {
  readonly asked: string;
  readonly resolved: number;
  /** `80%`: the capacity it refers to, its 95 % interval, how it was determined, and in which mode. */
  readonly capacity?: number;
  readonly capacityLow?: number;
  readonly capacityHigh?: number;
  readonly capacityFrom?: "theory" | "probe";
  readonly probedMode?: string;
  /**
   * `max`: `resolved` is the highest rate that held, below all that did not. The maximum lies between `low`, which is `resolved` less the
   * tolerance of a trial, and `high`, the lowest rate that did not hold, above all that did (null: none). Also every trial (`ok` null: too
   * short to decide), and the seed of the one shown.
   */
  readonly low?: number;
  readonly high?: number | null;
  readonly trials?: readonly { readonly rate: number; readonly ok: boolean | null }[];
  readonly seed?: number;
}

export interface Rejection {
  readonly line: number;
  readonly reason: string;
}

export interface FailureCount {
  readonly reason: string;
  readonly count: number;
}

/** What kept the source from taking due items; the parts sum to `sourceBlockedMs`. */
export interface SourceBlocked {
  readonly readMs: number;
  readonly processingMs: number;
  readonly queryMs: number;
  readonly queueFullMs: number;
}

export interface QueueFigures {
  /** null: no limit, or a mode without a queue. */
  readonly capacity: number | null;
  readonly meanDepth: number;
  readonly highWater: number;
  readonly meanWaitMs: number;
  readonly fullMs: number;
  /** Slope of a line fitted to the depth while the load lasted, items per second. */
  readonly growthPerSecond: number;
}

export interface ProgramFigures {
  readonly name: string;
  /** CPU time during the case, with its children; null: unknown. */
  readonly cpuMs: number | null;
  readonly peakRssBytes: number | null;
  /** How often it was started again. */
  readonly restarts: number;
  /** Its first 100 lines on standard error. */
  readonly standardError: readonly string[];
}

export interface ProcessFigures {
  readonly cpuMs: number;
  /** Time for which a CPU quota withheld cores from the control groups, summed over cores. null: unknown. Absent from older files. */
  readonly throttledMs?: number | null;
  readonly peakRssBytes: number;
  readonly peakOpenFiles: number | null;
  /** Lateness of the loop's turns, sampled at even intervals, not per item. */
  readonly eventLoop: { readonly delayMs: { readonly p50: number; readonly p99: number; readonly max: number }; readonly busy: number };
  readonly threads: readonly { readonly name: string; readonly utilization: number | null }[];
  /** The programs that worked on messages (`work.kind: command`), by the number of their thread; absent: none. */
  readonly programs?: readonly ProgramFigures[];
  /** Timing of calibrated computing; null: none, or too little to say. Absent from files of earlier versions. */
  readonly work?: WorkFigures | null;
}

/**
 * Timing of `cpu` and `mixed` work over all threads, from pieces timed after the warm-up. It takes longer on a slower core, which shows in
 * CPU time, or when another program takes the core, which shows in wall time alone.
 */
export interface WorkFigures {
  /** Milliseconds of computing asked for. */
  readonly askedMs: number;
  /** Rounds of the computation per millisecond of CPU time. */
  readonly roundsPerMs: number;
  /** CPU time ÷ time asked − 1; negative: faster. */
  readonly slowerBy: number;
  /** Standard error of `slowerBy`. */
  readonly slowerByError: number;
  /** Wall time − CPU time of all computing: the time for which its threads lost their cores amid it. null: pieces too short to say. */
  readonly takenAwayMs: number | null;
}

/** Nanoseconds and bytes per message, from every 64th, timed individually. */
export interface SerializationFigures {
  readonly codec: string;
  readonly bytesPerMessage: number;
  /** At least `resolutionNs`: a value equal to it is an upper bound. */
  readonly encodeNs: number;
  readonly decodeNs: number;
  /** Resolution of the clock; absent from files of earlier versions. */
  readonly resolutionNs?: number;
  /** Time to a file and back, encoding and decoding included; null: not measured, since no formats are compared. */
  readonly diskWriteNs: number | null;
  readonly diskReadNs: number | null;
}

export interface ThresholdResult {
  readonly case: number;
  readonly metric: string;
  readonly expression: string;
  readonly value: number;
  readonly ok: boolean;
  /** False: there was nothing to measure, and `value` is meaningless. */
  readonly measured?: false;
  /** Number of items beyond its percentile, where they are too few to bear it. It was judged by the measured value. */
  readonly tooFew?: number;
}

/** An expectation of the scenario with its figures. */
export interface HypothesisResult {
  /** In words, where the scenario gives them. */
  readonly sentence: string;
  /** The comparison as written. */
  readonly that: string;
  /** null: undecided. */
  readonly ok: boolean | null;
  /** Every figure used, by its name at its point of the sweep; null: not available. */
  readonly figures: Readonly<Record<string, number | null>>;
  /** The comparison with its figures, where it failed by most or held by least; empty when undecided. */
  readonly reading: string;
  /** Why it is undecided; null: it is decided. */
  readonly why: string | null;
}
