import { usable } from "./allowance.ts";
import { droppedTotal } from "./ledger.ts";
import { type KeptSummary, percentileOf } from "./percentiles.ts";
import type { CaseResult } from "./result.ts";

/**
 * The figures of a case by name, as a scenario's `expect` speaks of them: the metrics of the thresholds, and what else a
 * result holds. Times in milliseconds, rates per second, memory in bytes.
 */
export interface Figure {
  /** What may follow the name; "" where the name stands alone. */
  readonly fields: readonly string[];
  /** The only workload in which it is measured. */
  readonly workload?: "message" | "fetch";
  /** null: nothing was measured that it could say. */
  readonly read: (one: CaseResult, field: string) => number | null;
}

/** The percentiles that a result keeps. */
const PERCENTILES = ["p(50)", "p(75)", "p(90)", "p(95)", "p(99)", "p(99.9)"] as const;

/** Of a distribution; one that is not there has no values. */
function trend(summary: (one: CaseResult) => KeptSummary | undefined, workload?: Figure["workload"]): Figure {
  return {
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
function counter(count: (one: CaseResult) => number | null | undefined, workload?: Figure["workload"]): Figure {
  return {
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
function value(read: (one: CaseResult) => number | null | undefined, workload?: Figure["workload"]): Figure {
  return { fields: ["", "value"], ...only(workload), read: (one) => known(read(one)) };
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
const CORES: Figure = {
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
const LOOP_DELAY: Figure = {
  fields: ["med", "p(50)", "p(99)", "max"],
  read({ process: { eventLoop } }, field) {
    const { p50, p99, max } = eventLoop.delayMs;
    return known(field === "max" ? max : field === "p(99)" ? p99 : p50);
  },
};

/** Shorter than this, the ends of the measurement weigh more than what lies between, in milliseconds. */
const LEAST_SPAN_MS = 50;

const FIGURES: Readonly<Record<string, Figure>> = {
  throughput: rate((one) => one.throughput),
  offered_rate: value((one) => one.offeredRate),
  intake_rate: rate((one) => one.intakeRate),
  duration_ms: value((one) => one.durationMs),
  sojourn_ms: trend((one) => one.latency.sojourn),
  sojourn_ok_ms: trend((one) => one.latency.ok ?? one.latency.sojourn),
  sojourn_failed_ms: trend((one) => one.latency.failed),
  schedule_ms: trend((one) => one.latency.schedule),
  queue_ms: trend((one) => one.latency.queue),
  batch_ms: trend((one) => one.latency.batch),
  service_ms: trend((one) => one.latency.service),
  query_ms: trend((one) => one.queries.latency, "message"),
  queries_sent: value((one) => one.queries.sent, "message"),
  queries_answered: value((one) => one.queries.answered, "message"),
  scheduled: value((one) => one.ledger.scheduled),
  processed: counter((one) => one.ledger.processed),
  dropped: counter((one) => droppedTotal(one.ledger)),
  failed: counter((one) => one.ledger.failed),
  rejected: counter((one) => one.ledger.rejected),
  unfinished: counter((one) => one.ledger.unfinished),
  high_water: value((one) => one.queue.highWater),
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
  fetch_ok: counter((one) => one.fetch?.ok, "fetch"),
  retries: counter((one) => one.fetch?.retries, "fetch"),
  degraded: counter((one) => one.fetch?.degraded, "fetch"),
  refused: counter((one) => one.fetch?.refusedByBreaker, "fetch"),
  connect_ms: trend((one) => one.fetch?.phases?.connect, "fetch"),
  tls_ms: trend((one) => one.fetch?.phases?.tls, "fetch"),
  first_byte_ms: trend((one) => one.fetch?.phases?.firstByte, "fetch"),
  body_ms: trend((one) => one.fetch?.phases?.body, "fetch"),
  attempt_ms: trend((one) => one.fetch?.phases?.attempt, "fetch"),
  not_modified: counter((one) => one.fetch?.notModified, "fetch"),
  rate_limited: counter((one) => one.fetch?.rateLimited, "fetch"),
};

/** The figure of that name, if there is one. */
export function figureNamed(name: string): Figure | null {
  return Object.hasOwn(FIGURES, name) ? (FIGURES[name] ?? null) : null;
}

/** The names of all figures that are measured in a workload. */
export function figureNames(workload: string): string[] {
  return Object.entries(FIGURES)
    .filter(([, { workload: own }]) => own === undefined || own === workload)
    .map(([name]) => name);
}
