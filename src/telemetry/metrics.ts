import { droppedTotal } from "./ledger.ts";
import { about, CORES, counter, LEAST_SPAN_MS, LOOP_DELAY, type Metric, ofRequests, rateValue, recorded, trend, value } from "./metric.ts";

export type { Metric, Standing, Unit } from "./metric.ts";

/**
 * The catalogue: every metric by name, once. Thresholds, a scenario's `expect`, the dashboard's charts and the tables of reports use it.
 * Metrics with thresholds come first, in the order of error messages and the editor's schema.
 */
const METRICS = {
  sojourn_ms: {
    ...about("Sojourn time", "ms", "less"),
    ...trend((one) => one.latency.sojourn),
    ofSample: ({ p99 }) => p99,
    threshold: {
      meaning: "From the instant an item falls due to its end, processed or failed, in milliseconds.",
      now: recorded("sojourn"),
    },
  },
  sojourn_ok_ms: {
    ...about("Sojourn time of what was processed", "ms", "less"),
    ...trend((one) => one.latency.ok ?? one.latency.sojourn),
    threshold: { meaning: "As sojourn_ms, of what was processed.", now: recorded("wellDone") },
  },
  sojourn_failed_ms: {
    ...about("Sojourn time of what failed", "ms", "less"),
    ...trend((one) => one.latency.failed),
    threshold: { meaning: "As sojourn_ms, of what failed.", now: recorded("failures") },
  },
  service_ms: {
    ...about("Service time", "ms", "less"),
    ...trend((one) => one.latency.service),
    threshold: { meaning: "The work on an item itself, in milliseconds.", now: recorded("service") },
  },
  schedule_ms: {
    ...about("Schedule delay", "ms", "less"),
    ...trend((one) => one.latency.schedule),
    threshold: { meaning: "From the instant an item falls due until it is taken in, in milliseconds.", now: recorded("schedule") },
  },
  queue_ms: {
    ...about("Queue wait", "ms", "less"),
    ...trend((one) => one.latency.queue),
    threshold: { meaning: "In the queue, in milliseconds.", now: recorded("queue") },
  },
  batch_ms: {
    ...about("Batch wait", "ms", "less"),
    ...trend((one) => one.latency.batch),
    threshold: { meaning: "In a batch until its own work begins, in milliseconds.", now: recorded("batch") },
  },
  query_ms: {
    ...about("Query latency", "ms", "less"),
    ...trend((one) => one.queries.latency, "message"),
    threshold: { meaning: "From the instant a query falls due to its answer, in milliseconds.", now: ({ queries }) => queries },
  },
  throughput: {
    ...about("Throughput", "/s", "more"),
    ...rateValue((one) => one.throughput),
    ofSample: ({ processed }) => processed,
    threshold: { meaning: "Items processed per second.", now: ({ throughput }) => throughput },
  },
  high_water: {
    ...about("High-water mark", "count", "less"),
    ...value((one) => one.queue.highWater),
    threshold: { meaning: "Most items in the queue at once.", now: ({ highWater }) => highWater },
  },
  dropped: {
    ...about("Dropped", "count", "less"),
    ...counter((one) => droppedTotal(one.ledger)),
    ofSample: ({ dropped }) => dropped,
    threshold: {
      meaning: "Items dropped because the queue was full; rate: their share of all.",
      now: ({ ledger }) => droppedTotal(ledger),
    },
  },
  failed: {
    ...about("Failed", "count", "less"),
    ...counter((one) => one.ledger.failed),
    threshold: { meaning: "Items that failed; rate: their share of all.", now: ({ ledger }) => ledger.failed },
  },
  rejected: {
    ...about("Rejected", "count", "less"),
    ...counter((one) => one.ledger.rejected),
    threshold: { meaning: "Items refused for what they are; rate: their share of all.", now: ({ ledger }) => ledger.rejected },
  },
  unfinished: {
    ...about("Unfinished", "count", "less"),
    ...counter((one) => one.ledger.unfinished),
    threshold: { meaning: "Items left at the end; rate: their share of all.", now: ({ ledger }) => ledger.unfinished },
  },
  fetch_ok: {
    ...about("Answered well", "count", "more"),
    ...counter((one) => one.fetch?.ok, "fetch"),
    threshold: { meaning: "Requests that were answered well; rate: their share of all.", now: ({ own }) => own?.fetch?.ok ?? 0 },
  },
  retries: {
    ...about("Retries", "count", "less"),
    ...counter((one) => one.fetch?.retries, "fetch"),
    threshold: { meaning: "Attempts after the first; rate: for each request.", now: ({ own }) => own?.fetch?.retries ?? 0 },
  },
  connect_ms: {
    ...about("Connecting", "ms", "less"),
    ...trend((one) => one.fetch?.phases?.connect, "fetch"),
    threshold: { meaning: "Until a new connection is made, its name resolved, in milliseconds.", now: ofRequests("connect") },
  },
  tls_ms: {
    ...about("Agreeing on TLS", "ms", "less"),
    ...trend((one) => one.fetch?.phases?.tls, "fetch"),
    threshold: { meaning: "Until a new connection has agreed on TLS, in milliseconds.", now: ofRequests("tls") },
  },
  first_byte_ms: {
    ...about("First byte", "ms", "less"),
    ...trend((one) => one.fetch?.phases?.firstByte, "fetch"),
    threshold: { meaning: "From a request sent to the first byte of its answer, in milliseconds.", now: ofRequests("firstByte") },
  },
  body_ms: {
    ...about("Body", "ms", "less"),
    ...trend((one) => one.fetch?.phases?.body, "fetch"),
    threshold: { meaning: "From the first byte of an answer to its last, in milliseconds.", now: ofRequests("body") },
  },
  attempt_ms: {
    ...about("Attempt", "ms", "less"),
    ...trend((one) => one.fetch?.phases?.attempt, "fetch"),
    threshold: { meaning: "One attempt, however it ended, in milliseconds.", now: ofRequests("attempt") },
  },
  // Available once a case has ended.
  offered_rate: { ...about("Offered rate", "/s", null), ...value((one) => one.offeredRate), ofSample: ({ offered }) => offered },
  intake_rate: { ...about("Intake rate", "/s", "more"), ...rateValue((one) => one.intakeRate) },
  duration_ms: { ...about("Duration", "ms", null), ...value((one) => one.durationMs) },
  queries_sent: { ...about("Queries sent", "count", null), ...value((one) => one.queries.sent, "message") },
  queries_answered: { ...about("Queries answered", "count", "more"), ...value((one) => one.queries.answered, "message") },
  scheduled: { ...about("Scheduled", "count", null), ...value((one) => one.ledger.scheduled) },
  processed: { ...about("Processed", "count", "more"), ...counter((one) => one.ledger.processed) },
  mean_depth: { ...about("Mean queue depth", "count", "less"), ...value((one) => one.queue.meanDepth), ofSample: ({ depth }) => depth },
  queue_growth: { ...about("Growth of the queue", "/s", "less"), ...value((one) => one.queue.growthPerSecond) },
  batch_size: { ...about("Mean batch size", "count", null), ...value((one) => (one.batches.count > 0 ? one.batches.meanSize : null)) },
  blocked_ms: { ...about("Source blocked", "ms", "less"), ...value((one) => one.sourceBlockedMs) },
  cpu: {
    ...about("CPU", "cores", "less"),
    ...value((one) => (one.durationMs > LEAST_SPAN_MS ? one.process.cpuMs / one.durationMs : null)),
  },
  cpu_per_item: {
    ...about("CPU time per item", "ms", "less"),
    ...value((one) => (one.throughput > 0 ? (1000 * one.process.cpuMs) / (one.throughput * one.durationMs) : null)),
  },
  cpu_ms: { ...about("CPU time", "ms", "less"), ...value((one) => one.process.cpuMs) },
  cores: { ...about("Utilization of the cores", "share", null), ...CORES },
  loop_delay_ms: { ...about("Event-loop delay", "ms", "less"), ...LOOP_DELAY },
  memory: { ...about("Peak memory", "bytes", "less"), ...value((one) => one.process.peakRssBytes) },
  open_files: { ...about("Open files", "count", "less"), ...value((one) => one.process.peakOpenFiles) },
  message_bytes: { ...about("Message size", "bytes", "less"), ...value((one) => one.serialization?.bytesPerMessage, "message") },
  encode_ns: { ...about("Encoding", "ns", "less"), ...value((one) => one.serialization?.encodeNs, "message") },
  decode_ns: { ...about("Decoding", "ns", "less"), ...value((one) => one.serialization?.decodeNs, "message") },
  claims: { ...about("Batches taken over", "count", "less"), ...value((one) => one.distributed?.claims) },
  redeliveries: { ...about("Items redelivered", "count", "less"), ...value((one) => one.distributed?.redeliveries) },
  round_trip_ms: { ...about("Round trip to Redis", "ms", "less"), ...value((one) => one.distributed?.roundTripMs) },
  in_flight: { ...about("In flight at once", "count", null), ...value((one) => one.fetch?.peakConcurrency, "fetch") },
  connections: { ...about("Connections opened", "count", "less"), ...value((one) => one.fetch?.connectionsOpened, "fetch") },
  attempts: { ...about("Attempts", "count", "less"), ...counter((one) => one.fetch?.attempts, "fetch") },
  degraded: { ...about("Degraded", "count", "less"), ...counter((one) => one.fetch?.degraded, "fetch") },
  refused: { ...about("Refused by the breaker", "count", "less"), ...counter((one) => one.fetch?.refusedByBreaker, "fetch") },
  not_modified: { ...about("Not modified", "count", null), ...counter((one) => one.fetch?.notModified, "fetch") },
  rate_limited: { ...about("Rate limited", "count", "less"), ...counter((one) => one.fetch?.rateLimited, "fetch") },
} satisfies Readonly<Record<string, Metric>>;

const BY_NAME: Readonly<Record<string, Metric>> = METRICS;

export type MetricName = keyof typeof METRICS;

/** The metric of a known name. */
export function metric(name: MetricName): Metric {
  return METRICS[name];
}

/** Names of the metrics with thresholds. */
export type ThresholdMetric = {
  [Name in keyof typeof METRICS]: (typeof METRICS)[Name] extends { threshold: unknown } ? Name : never;
}[keyof typeof METRICS];

export const THRESHOLD_METRICS: readonly ThresholdMetric[] = Object.keys(METRICS).filter(isThresholdMetric);

export function isThresholdMetric(name: string): name is ThresholdMetric {
  return Object.hasOwn(METRICS, name) && BY_NAME[name]?.threshold !== undefined;
}

/** A metric with its threshold. */
export function thresholdMetric(name: ThresholdMetric): (typeof METRICS)[ThresholdMetric] {
  return METRICS[name];
}

/** The metric of that name, if there is one. */
export function metricNamed(name: string): Metric | null {
  return Object.hasOwn(BY_NAME, name) ? (BY_NAME[name] ?? null) : null;
}

/** Names of all metrics of a workload. */
export function metricNames(workload: string): string[] {
  return Object.entries(BY_NAME)
    .filter(([, { workload: own }]) => own === undefined || own === workload)
    .map(([name]) => name);
}
