import { Histogram } from "../kernel/histogram.ts";
import { usable } from "./allowance.ts";
import { droppedTotal, type Ledger } from "./ledger.ts";
import { type KeptSummary, percentileOf } from "./percentiles.ts";
import type { LatencyPart, Recorder } from "./recorder.ts";
import type { Phase } from "./request-phases.ts";
import type { CaseResult } from "./result.ts";

/**
 * The catalogue of metrics: whatever is known of a figure by its name stands in its entry, once. A scenario's `expect` reads them from
 * results, thresholds also from a case that runs. Times in milliseconds, rates per second, memory in bytes.
 */
export type Metric = Trend | Counter | Value;

/** A distribution. */
interface Trend extends Figure {
  readonly kind: "trend";
  readonly threshold?: Gated<Histogram>;
}

/** A count, and its share of all that was scheduled. */
interface Counter extends Figure {
  readonly kind: "counter";
  readonly threshold?: Gated<number>;
}

/** One number. */
interface Value extends Figure {
  readonly kind: "value";
  readonly threshold?: Gated<number>;
}

/** A metric as a threshold has it. */
interface Gated<Reading> {
  /** What it is, in a sentence. */
  readonly meaning: string;
  readonly now: (standing: Standing) => Reading;
}

/** What thresholds are judged by, at one moment. */
export interface Standing {
  readonly recorders: readonly Recorder[];
  readonly ledger: Ledger;
  /** Per second. */
  readonly throughput: number;
  readonly highWater: number;
  readonly queries: Histogram;
  /** What the workload alone measures; where there are requests, they are in it. */
  readonly own?: { readonly fetch?: { readonly ok: number; readonly retries: number } } | undefined;
  /** How long a part of requests took; absent: there are none. */
  readonly phase?: ((phase: Phase) => Histogram) | undefined;
}

/** How a metric is read from a result. */
interface Figure {
  /** What may follow the name; "" where the name stands alone. */
  readonly fields: readonly string[];
  /** The only workload in which it is measured. */
  readonly workload?: "message" | "fetch";
  /** null: nothing was measured that it could say. */
  readonly read: (one: CaseResult, field: string) => number | null;
}

/** The percentiles that a result keeps. */
const PERCENTILES = ["p(50)", "p(75)", "p(90)", "p(95)", "p(99)", "p(99.9)"] as const;

/** A distribution; one that is not there has no values. */
function trend(summary: (one: CaseResult) => KeptSummary | undefined, workload?: Figure["workload"]): Omit<Trend, "threshold"> {
  return {
    kind: "trend",
    fields: ["avg", "min", "max", "med", "count", ...PERCENTILES],
    ...only(workload),
    read(one, field) {
      const times = summary(one);
      if (times === undefined) return null;
      if (field === "count") return times.count;
      return times.count === 0 ? null : known(ofSummary(times, field));
    },
  };
}

function ofSummary(times: KeptSummary, field: string): number | null | undefined {
  switch (field) {
    case "avg":
      return times.mean;
    case "min":
      return times.min;
    case "max":
      return times.max;
    case "med":
    case "p(50)":
      return percentileOf(times, "p50");
    case "p(75)":
      return percentileOf(times, "p75");
    case "p(90)":
      return percentileOf(times, "p90");
    case "p(95)":
      return percentileOf(times, "p95");
    case "p(99)":
      return percentileOf(times, "p99");
    case "p(99.9)":
      return percentileOf(times, "p99_9");
    default:
      return null;
  }
}

/** A count, and its share of all that was scheduled. */
function counter(count: (one: CaseResult) => number | null | undefined, workload?: Figure["workload"]): Omit<Counter, "threshold"> {
  return {
    kind: "counter",
    fields: ["", "count", "rate"],
    ...only(workload),
    read(one, field) {
      const counted = known(count(one));
      if (field !== "rate" || counted === null) return counted;
      return one.ledger.scheduled > 0 ? counted / one.ledger.scheduled : null;
    },
  };
}

/** One number. */
function value(read: (one: CaseResult) => number | null | undefined, workload?: Figure["workload"]): Omit<Value, "threshold"> {
  return { kind: "value", fields: ["", "value"], ...only(workload), read: (one) => known(read(one)) };
}

function only(workload: Figure["workload"]): Pick<Figure, "workload"> {
  return workload === undefined ? {} : { workload };
}

function known(number: number | null | undefined): number | null {
  return number === null || number === undefined || !Number.isFinite(number) ? null : number;
}

/** A rate is one of something that was to be done. */
const rate = (read: (one: CaseResult) => number | null) => value((one) => (one.ledger.scheduled > 0 ? read(one) : null));

/** The cores that a case might run on, and how busy each was. */
const CORES: Value = {
  kind: "value",
  fields: ["avg", "min", "max"],
  read(one, field) {
    const busy = usable(one).map(({ utilization }) => utilization);
    if (busy.length === 0) return null;
    if (field === "min") return Math.min(...busy);
    if (field === "max") return Math.max(...busy);
    return busy.reduce((sum, one) => sum + one, 0) / busy.length;
  },
};

/** How late the event loop was for its turns. */
const LOOP_DELAY: Value = {
  kind: "value",
  fields: ["med", "p(50)", "p(99)", "max"],
  read({ process: { eventLoop } }, field) {
    const { p50, p99, max } = eventLoop.delayMs;
    return known(field === "max" ? max : field === "p(99)" ? p99 : p50);
  },
};

/** Shorter than this, the ends of the measurement weigh more than what lies between, in milliseconds. */
const LEAST_SPAN_MS = 50;

/** What recorders of all threads have of a part of the way, together. */
function recorded(part: LatencyPart | "wellDone" | "failures"): (standing: Standing) => Histogram {
  return ({ recorders }) => {
    const merged = new Histogram();
    for (const recorder of recorders) merged.merge(recorder[part]);
    return merged;
  };
}

/** A part of the way of requests. */
function ofRequests(phase: Phase): (standing: Standing) => Histogram {
  return (standing) => standing.phase?.(phase) ?? new Histogram();
}

/** Every metric by its name. Those of thresholds come first, in the order in which errors and the editor's schema list them. */
const METRICS = {
  sojourn_ms: {
    ...trend((one) => one.latency.sojourn),
    threshold: {
      meaning: "From the instant an item falls due to its end, processed or failed, in milliseconds.",
      now: recorded("sojourn"),
    },
  },
  sojourn_ok_ms: {
    ...trend((one) => one.latency.ok ?? one.latency.sojourn),
    threshold: { meaning: "As sojourn_ms, of what was processed.", now: recorded("wellDone") },
  },
  sojourn_failed_ms: {
    ...trend((one) => one.latency.failed),
    threshold: { meaning: "As sojourn_ms, of what failed.", now: recorded("failures") },
  },
  service_ms: {
    ...trend((one) => one.latency.service),
    threshold: { meaning: "The work on an item itself, in milliseconds.", now: recorded("service") },
  },
  schedule_ms: {
    ...trend((one) => one.latency.schedule),
    threshold: { meaning: "From the instant an item falls due until it is taken in, in milliseconds.", now: recorded("schedule") },
  },
  queue_ms: {
    ...trend((one) => one.latency.queue),
    threshold: { meaning: "In the queue, in milliseconds.", now: recorded("queue") },
  },
  batch_ms: {
    ...trend((one) => one.latency.batch),
    threshold: { meaning: "In a batch until its own work begins, in milliseconds.", now: recorded("batch") },
  },
  query_ms: {
    ...trend((one) => one.queries.latency, "message"),
    threshold: { meaning: "From the instant a query falls due to its answer, in milliseconds.", now: ({ queries }) => queries },
  },
  throughput: {
    ...rate((one) => one.throughput),
    threshold: { meaning: "Items processed per second.", now: ({ throughput }) => throughput },
  },
  high_water: {
    ...value((one) => one.queue.highWater),
    threshold: { meaning: "Most items in the queue at once.", now: ({ highWater }) => highWater },
  },
  dropped: {
    ...counter((one) => droppedTotal(one.ledger)),
    threshold: {
      meaning: "Items dropped because the queue was full; rate: their share of all.",
      now: ({ ledger }) => droppedTotal(ledger),
    },
  },
  failed: {
    ...counter((one) => one.ledger.failed),
    threshold: { meaning: "Items that failed; rate: their share of all.", now: ({ ledger }) => ledger.failed },
  },
  rejected: {
    ...counter((one) => one.ledger.rejected),
    threshold: { meaning: "Items refused for what they are; rate: their share of all.", now: ({ ledger }) => ledger.rejected },
  },
  unfinished: {
    ...counter((one) => one.ledger.unfinished),
    threshold: { meaning: "Items left at the end; rate: their share of all.", now: ({ ledger }) => ledger.unfinished },
  },
  fetch_ok: {
    ...counter((one) => one.fetch?.ok, "fetch"),
    threshold: { meaning: "Requests that were answered well; rate: their share of all.", now: ({ own }) => own?.fetch?.ok ?? 0 },
  },
  retries: {
    ...counter((one) => one.fetch?.retries, "fetch"),
    threshold: { meaning: "Attempts after the first; rate: for each request.", now: ({ own }) => own?.fetch?.retries ?? 0 },
  },
  connect_ms: {
    ...trend((one) => one.fetch?.phases?.connect, "fetch"),
    threshold: { meaning: "Until a new connection is made, its name resolved, in milliseconds.", now: ofRequests("connect") },
  },
  tls_ms: {
    ...trend((one) => one.fetch?.phases?.tls, "fetch"),
    threshold: { meaning: "Until a new connection has agreed on TLS, in milliseconds.", now: ofRequests("tls") },
  },
  first_byte_ms: {
    ...trend((one) => one.fetch?.phases?.firstByte, "fetch"),
    threshold: { meaning: "From a request sent to the first byte of its answer, in milliseconds.", now: ofRequests("firstByte") },
  },
  body_ms: {
    ...trend((one) => one.fetch?.phases?.body, "fetch"),
    threshold: { meaning: "From the first byte of an answer to its last, in milliseconds.", now: ofRequests("body") },
  },
  attempt_ms: {
    ...trend((one) => one.fetch?.phases?.attempt, "fetch"),
    threshold: { meaning: "One attempt, however it ended, in milliseconds.", now: ofRequests("attempt") },
  },
  // Of a case that has ended.
  offered_rate: value((one) => one.offeredRate),
  intake_rate: rate((one) => one.intakeRate),
  duration_ms: value((one) => one.durationMs),
  queries_sent: value((one) => one.queries.sent, "message"),
  queries_answered: value((one) => one.queries.answered, "message"),
  scheduled: value((one) => one.ledger.scheduled),
  processed: counter((one) => one.ledger.processed),
  mean_depth: value((one) => one.queue.meanDepth),
  queue_growth: value((one) => one.queue.growthPerSecond),
  batch_size: value((one) => (one.batches.count > 0 ? one.batches.meanSize : null)),
  blocked_ms: value((one) => one.sourceBlockedMs),
  cpu: value((one) => (one.durationMs > LEAST_SPAN_MS ? one.process.cpuMs / one.durationMs : null)),
  cpu_ms: value((one) => one.process.cpuMs),
  cores: CORES,
  loop_delay_ms: LOOP_DELAY,
  memory: value((one) => one.process.peakRssBytes),
  open_files: value((one) => one.process.peakOpenFiles),
  message_bytes: value((one) => one.serialization?.bytesPerMessage, "message"),
  encode_ns: value((one) => one.serialization?.encodeNs, "message"),
  decode_ns: value((one) => one.serialization?.decodeNs, "message"),
  in_flight: value((one) => one.fetch?.peakConcurrency, "fetch"),
  connections: value((one) => one.fetch?.connectionsOpened, "fetch"),
  attempts: counter((one) => one.fetch?.attempts, "fetch"),
  degraded: counter((one) => one.fetch?.degraded, "fetch"),
  refused: counter((one) => one.fetch?.refusedByBreaker, "fetch"),
  not_modified: counter((one) => one.fetch?.notModified, "fetch"),
  rate_limited: counter((one) => one.fetch?.rateLimited, "fetch"),
} satisfies Readonly<Record<string, Metric>>;

const BY_NAME: Readonly<Record<string, Metric>> = METRICS;

/** The names of the metrics that thresholds may be about. */
export type ThresholdMetric = {
  [Name in keyof typeof METRICS]: (typeof METRICS)[Name] extends { threshold: unknown } ? Name : never;
}[keyof typeof METRICS];

export const THRESHOLD_METRICS: readonly ThresholdMetric[] = Object.keys(METRICS).filter(isThresholdMetric);

export function isThresholdMetric(name: string): name is ThresholdMetric {
  return Object.hasOwn(METRICS, name) && BY_NAME[name]?.threshold !== undefined;
}

/** What a threshold may be about, where it is measured, what it means and how it stands. */
export function thresholdMetric(name: ThresholdMetric): (typeof METRICS)[ThresholdMetric] {
  return METRICS[name];
}

/** The metric of that name, if there is one. */
export function metricNamed(name: string): Metric | null {
  return Object.hasOwn(BY_NAME, name) ? (BY_NAME[name] ?? null) : null;
}

/** The names of all metrics that are measured in a workload. */
export function metricNames(workload: string): string[] {
  return Object.entries(BY_NAME)
    .filter(([, { workload: own }]) => own === undefined || own === workload)
    .map(([name]) => name);
}
