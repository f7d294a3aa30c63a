import type { LatencySummary } from "../kernel/histogram.ts";
import type { CpuQuota } from "./cgroup.ts";
import type { Ledger } from "./ledger.ts";
import type { KeptSummary } from "./percentiles.ts";
import type { PhaseFigures } from "./request-phases.ts";
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

export interface Machine {
  readonly os: string;
  readonly arch: string;
  readonly cpu: string;
  /** Cores' worth of CPU time that a process may use here: as many as affinity and cpusets leave it, or as a quota pays for (1.5). */
  readonly cores: number;
  /** What keeps it from the rest of the machine; null: nothing does. Absent in files that earlier versions wrote. */
  readonly limits?: CpuLimits | null;
  readonly memoryBytes: number;
  readonly bun: string;
  /** How `cpu` work was calibrated; null when the run has none. */
  readonly calibration: Calibration | null;
}

/** Why a process may use less than the machine. */
export interface CpuLimits {
  readonly machineCores: number;
  /** Numbers of the cores that affinity and cpusets leave it; null: all. */
  readonly cores: readonly number[] | null;
  /** The tightest of the quotas of its control groups and those around them; null: none gives less than those cores. */
  readonly quota: CpuQuota | null;
}

export interface Calibration {
  /** Rounds of the computation that take a millisecond. */
  readonly roundsPerMs: number;
  /** Measured time over asked time at the quick check before this run; beyond 2 % it would not settle. */
  readonly checkRatio: number;
  readonly cached: boolean;
  /** What it went by: CPU time of the thread, or the wall clock where the system does not tell that. Absent: an earlier version, the wall clock. */
  readonly clock?: "thread" | "wall";
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

/** What theory expects: `throughput`, `sojournMean` and `sojournP99` by simulating the case's own tape. */
export interface Prediction {
  /** Servers ÷ mean service time, per second; null: no limit by the work itself. Never less than `throughput`: see `drawn`. */
  readonly capacity: number | null;
  readonly throughput: number | null;
  readonly sojournMean: number | null;
  readonly sojournP99: number | null;
  readonly utilization: number | null;
  readonly bottleneck: string;
  /** The formula that is of such a case; "simulation": none is; "capacity": nothing is known beyond that. */
  readonly model: string;
  /** What the formula gives; null: none applies, or a run of this length tells nothing of it; absent in older files. */
  readonly steadyState?: SteadyState | null;
  /** The part of the tape that was simulated; null: all of it; absent in older files. */
  readonly part?: { readonly arrivals: number; readonly of: number } | null;
  /** The mean of the work as it was drawn, in milliseconds, where more is done of that than by its mean, which `capacity` then is of; else null. */
  readonly drawn?: number | null;
}

/** A formula's sojourn time, once the line has settled. */
export interface SteadyState {
  readonly model: string;
  readonly sojournMean: number;
  /** null: there is no formula of it. */
  readonly sojournP99: number | null;
  /** Where the mean of nine runs in ten of this length lies. */
  readonly band: readonly [low: number, high: number];
}

/** Items per second; the causes sum to capacity − throughput, and one that gained is negative. */
export interface Shortfall {
  /** Threads ÷ the time that an item was to take. */
  readonly capacity: number;
  readonly throughput: number;
  readonly causes: {
    /** Work and reads that took longer than was asked. */
    readonly work: number;
    readonly reads: number;
    readonly queries: number;
    /** What the lab itself did on these threads. */
    readonly overhead: number;
    /** Nothing was there to be done. */
    readonly idle: number;
  };
}

/** Statistics of one part of a flow: numbers by name, and the same for what it is made of. */
export interface FlowStats {
  readonly [figure: string]: number | string | boolean | null | FlowStats | readonly FlowStats[];
}

export interface FlowPartFigures {
  readonly name: string;
  readonly kind: string;
  readonly stats: FlowStats;
}

export interface FlowFigures {
  readonly parts: Readonly<Record<string, { readonly kind: string } & FlowStats>>;
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

/** What became of requests and of their attempts. */
export interface FetchFigures {
  /** Items. */
  readonly requests: number;
  readonly ok: number;
  /** Something else stands in for the answer: what was saved last, or the tile around. */
  readonly degraded: number;
  /** `refusedByBreaker` included. */
  readonly failed: number;
  /** Requests that went out: Σ byStatus + Σ byError, and Σ byCause, and what the server counts. */
  readonly attempts: number;
  readonly retries: number;
  readonly refusedByBreaker: number;
  /** Those of them of which nothing had gone out, not even a first attempt; absent from files of older versions. */
  readonly refusedUnsent?: number;
  /** Attempts that were answered 429. */
  readonly rateLimited: number;
  readonly deadLettered: number;
  /** Not fetched again, because it lay there already. */
  readonly resumed: number;
  /** Answered 304: as they lay there, so that what lay there was kept; among `ok`. Absent from files of older versions. */
  readonly notModified?: number;
  readonly bytes: number;
  /** Attempts by status, and by what went wrong where no answer came. */
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byError: Readonly<Record<string, number>>;
  readonly byHost: Readonly<Record<string, { readonly attempts: number; readonly errors: number }>>;
  /** Attempts by why they went out; absent from files of older versions. */
  readonly byCause?: AttemptCauses;
  /** Written to kept connections that were closed, or reset, before they were read: no attempts, since no server knows of them. */
  readonly unread?: number;
  /** Items that were not asked for again after a loss or an error because their method forbids it (RFC 9110, 9.2.2). */
  readonly notRepeated?: number;
  /** Requests that Bun's `fetch` carried and not the lab's own sockets; it may send one twice unseen. */
  readonly carriedByFetch?: number;
  readonly peakConcurrency: number;
  /**
   * By the server's own count, where it is the mock, those among them that it broke off at once; else by ours; null: some were made by
   * `fetch`, which does not tell.
   */
  readonly connectionsOpened: number | null;
  /** Where the time of requests went, attempt by attempt, after the warm-up; absent from files of older versions. */
  readonly phases?: PhaseFigures;
  /** Items that went out at least once, and their mean time with all attempts and waits, however they ended. */
  readonly sent: number;
  readonly itemMs: number;
  /** Mean time of an item in the client's own lines, for its turn by the rate and for a connection; absent from files of older versions. */
  readonly turnMs?: number;
  readonly lineMs?: number;
  /** Attempts ÷ requests that went out at all. */
  readonly amplification: number;
  /** Rates per second at which the adaptive limiter was told that it is too much. */
  readonly rateTurns: readonly number[];
  /** What the mock server saw; null: it is somebody else's. */
  readonly server: ServerFigures | null;
}

/**
 * Why requests went out: the first of an item, its retries, where redirects led, anew because a kept connection was over before a byte of
 * the answer, for the tile around the one asked for.
 */
export interface AttemptCauses {
  readonly first: number;
  readonly retries: number;
  readonly redirects: number;
  readonly resent: number;
  readonly parents: number;
}

export interface ServerFigures {
  readonly requests: number;
  readonly connections: number;
  /** Connections beyond those that it takes (`maxConnections`). */
  readonly refused: number;
  readonly peakConcurrency: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly resets: number;
  readonly truncated: number;
  readonly stalled: number;
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
