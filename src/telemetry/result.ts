import type { LatencySummary } from "../kernel/histogram.ts";
import type { FetchFigures } from "./fetch-figures.ts";
import type { FlowFigures } from "./flow-figures.ts";
import type { Ledger } from "./ledger.ts";
import type { CpuLimits, Machine } from "./machine.ts";
import type { KeptSummary } from "./percentiles.ts";
import type { Prediction, Shortfall } from "./prediction.ts";
import type { Sample } from "./sample.ts";

/** The result file, schema version 2; files of version 1 are the same with less in them. Times in milliseconds, rates per second, sizes in bytes. */
export interface RunResult {
  readonly schemaVersion: 1 | 2;
  readonly labVersion: string;
  readonly startedAt: string;
  readonly scenario: ScenarioIdentity;
  readonly machine: Machine;
  readonly cases: readonly CaseResult[];
  /** What the cases say together; of a sweep, or where there are queries. */
  readonly conclusions: readonly string[];
  readonly thresholds: readonly ThresholdResult[];
  /** Of a run that goes on, or was killed: how many cases it was to have. What it says of all cases together is not there yet. */
  readonly unfinished?: { readonly planned: number };
  /** What the scenario expects, judged; absent where it expects nothing that could be judged. */
  readonly hypotheses?: readonly HypothesisResult[];
}

export interface ScenarioIdentity {
  readonly name: string;
  readonly title: string;
  /** What it explores, and what is expected to be seen; absent where it does not say. */
  readonly description?: string;
  readonly hypothesis?: string;
  readonly workload: string;
  readonly seed: number;
  readonly hash: string;
}

export type CaseStatus = "completed" | "aborted" | "failed" | "invalid";

export interface CaseResult {
  readonly mode: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** How its items came; absent in files of schema version 1. */
  readonly load?: LoadFigures;
  readonly status: CaseStatus;
  /** Sentences: why it failed, why it is not valid, what to know about it. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  /** What else was going on while it was measured; null: nothing that matters. Absent in files that earlier versions wrote. */
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
  readonly sourceBlockedMs: number;
  readonly sourceBlocked: SourceBlocked;
  readonly queue: QueueFigures;
  /** `limit`: the most that may be in one; null: any number. Files of earlier versions have none. */
  readonly batches: { readonly count: number; readonly meanSize: number; readonly limit?: number | null };
  readonly queries: QueryFigures;
  /** Of the whole machine. */
  readonly cores: readonly { readonly core: number; readonly utilization: number }[];
  /** What kept the case from some of those; null: nothing did. Absent in files that earlier versions wrote. */
  readonly limits?: CpuLimits | null;
  readonly process: ProcessFigures;
  /** What the run checked of itself; one that is not ok makes the case `invalid`. Absent in files that earlier versions wrote. */
  readonly checks?: readonly SelfCheck[];
  readonly littlesLaw: { readonly meanInSystem: number; readonly lambdaTimesW: number; readonly relativeError: number };
  readonly state: { readonly machines: number; readonly digest: string } | null;
  /** Workload `fetch` only. */
  readonly fetch?: FetchFigures;
  /** Workload `flow` only: each part, added up over threads. */
  readonly flow?: FlowFigures;
  /** What crossing to another thread cost; messages in `parallel` only. */
  readonly serialization?: SerializationFigures;
  readonly predicted: Prediction;
  /** What it did less than its threads could have done, by cause; null: that cannot be said so. Absent in files of earlier versions. */
  readonly shortfall?: Shortfall | null;
  readonly explanation: string;
  readonly series: readonly Sample[];
}

/** A case as it was measured: every percentile of its latencies with its number, however few items bear it. */
export interface MeasuredCase extends Omit<CaseResult, "latency" | "queries"> {
  readonly latency: Latencies<LatencySummary>;
  readonly queries: QueryFigures<LatencySummary>;
}

/** Where the time of the items went. */
export interface Latencies<Summary> {
  readonly sojourn: Summary;
  readonly schedule: Summary;
  readonly queue: Summary;
  readonly batch: Summary;
  readonly service: Summary;
  /** Sojourns of what was processed, and of what failed; absent from files of earlier versions, whose latencies are of the first alone. */
  readonly ok?: Summary;
  readonly failed?: Summary;
}

/** What kind of load a case has, and how long it has after the last arrival, in milliseconds. */
export interface LoadOutline {
  readonly executor: string;
  readonly gracefulStopMs: number;
}

/** `lastMs`: when the last arrival was due, milliseconds since t = 0. */
export interface LoadFigures extends LoadOutline {
  readonly lastMs: number;
}

/** A case of which the figures are not only its own. It keeps its status, and a warning says why. */
export interface Disturbance {
  /** Cores that other programs used, on average: the machine's less those of the lab itself. null: not known on this system. */
  readonly otherCores: number | null;
  /** Time that the host of a virtual machine kept from its cores, all of them together. null: not known on this system. */
  readonly stealMs: number | null;
  /** How long a CPU quota kept threads of its control groups from cores, added up over cores. null: not known. Absent in older files. */
  readonly throttledMs?: number | null;
  /** How long processes of the case were stopped by a signal or frozen, by looking every 0.1 s. Absent: they were not. */
  readonly stoppedMs?: number;
  /** By how much the wall clock was set back meanwhile. Absent: it was not. */
  readonly setBackMs?: number;
  /** By what share of what was asked `cpu` work took longer or shorter than it should, in CPU time; 0 where there is none. */
  readonly calibrationOff: number;
  /** Which of them it was, as a sentence. */
  readonly reason: string;
}

/** One thing that a run checked of itself; `figure` is by how much it is off (items, shares or, of the clock, milliseconds). */
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
  /** How old the state was that a snapshot showed. */
  readonly staleness?: Summary;
}

/** Rates per second. */
export interface RateFigures {
  readonly asked: string;
  readonly resolved: number;
  /** `80%`: the capacity it is a share of, its 95 % interval, how that is known, and in which mode. */
  readonly capacity?: number;
  readonly capacityLow?: number;
  readonly capacityHigh?: number;
  readonly capacityFrom?: "theory" | "probe";
  readonly probedMode?: string;
  /**
   * `max`: between which two what can be done lies, by the highest rate that held (`resolved`), below all that did not, and the lowest that did
   * not, above all that did (null: there is no such rate); every trial (`ok` null: too short to tell), and the seed of the one shown.
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

/** What kept the source from taking what was due; the parts sum to `sourceBlockedMs`. */
export interface SourceBlocked {
  readonly readMs: number;
  readonly processingMs: number;
  readonly queryMs: number;
  readonly queueFullMs: number;
}

export interface QueueFigures {
  /** null: unlimited, or a mode without a queue. */
  readonly capacity: number | null;
  readonly meanDepth: number;
  readonly highWater: number;
  readonly meanWaitMs: number;
  readonly fullMs: number;
  /** Slope of a straight line through the depth while the load lasted, items per second. */
  readonly growthPerSecond: number;
}

export interface ProcessFigures {
  readonly cpuMs: number;
  /** How long a CPU quota kept threads of its control groups from cores, added up over cores. null: not known. Absent in older files. */
  readonly throttledMs?: number | null;
  readonly peakRssBytes: number;
  readonly peakOpenFiles: number | null;
  /** How late the loop was for its turns, by looks at even intervals, not by items. */
  readonly eventLoop: { readonly delayMs: { readonly p50: number; readonly p99: number; readonly max: number }; readonly busy: number };
  readonly threads: readonly { readonly name: string; readonly utilization: number | null }[];
  /** How long calibrated computing took; null: there was none, or too little to tell. Absent in files that earlier versions wrote. */
  readonly work?: WorkFigures | null;
}

/**
 * How the computing of `cpu` and `mixed` work went, over all threads, from pieces that were timed after the warm-up. It takes longer when the
 * core is slower, which shows in its CPU time, or when somebody else has the core meanwhile, which shows in wall time alone.
 */
export interface WorkFigures {
  /** Milliseconds of computing that were asked for. */
  readonly askedMs: number;
  /** Rounds of the computation in a millisecond of CPU time. */
  readonly roundsPerMs: number;
  /** CPU time over what was asked, less 1; below 0: it took less. */
  readonly slowerBy: number;
  /** Standard error of `slowerBy`. */
  readonly slowerByError: number;
  /** Wall time less CPU time of all computing: what its threads were kept from their cores in the midst of it. null: pieces too short to tell. */
  readonly takenAwayMs: number | null;
}

/** Nanoseconds and bytes of one message; of every 64th, timed by itself. */
export interface SerializationFigures {
  readonly codec: string;
  readonly bytesPerMessage: number;
  /** No less than `resolutionNs`: what is not more than that takes at most so long. */
  readonly encodeNs: number;
  readonly decodeNs: number;
  /** Shortest time that the clock can tell; missing in files of earlier versions. */
  readonly resolutionNs?: number;
  /** To a file and back, encoding and decoding included; null: not measured, since no formats are compared. */
  readonly diskWriteNs: number | null;
  readonly diskReadNs: number | null;
}

export interface ThresholdResult {
  readonly case: number;
  readonly metric: string;
  readonly expression: string;
  readonly value: number;
  readonly ok: boolean;
  /** False: nothing was measured that it is about; `value` says nothing. */
  readonly measured?: false;
  /** How many items lie beyond the percentile that it is about, where they are too few to bear one. It was judged by what was measured. */
  readonly tooFew?: number;
}

/** An expectation of the scenario beside the figures it speaks of. */
export interface HypothesisResult {
  /** In words, where the scenario has them. */
  readonly sentence: string;
  /** The comparison as written. */
  readonly that: string;
  /** null: it cannot be told. */
  readonly ok: boolean | null;
  /** Every figure that went in, by its name at its point of the sweep; null: there is none. */
  readonly figures: Readonly<Record<string, number | null>>;
  /** The comparison with its figures put in, where it was broken most or held most narrowly; empty where it cannot be told. */
  readonly reading: string;
  /** Why it cannot be told; null: it can. */
  readonly why: string | null;
}
