import { beyond, isBorne } from "../kernel/borne.ts";
import type { Histogram } from "../kernel/histogram.ts";
import type { Phase } from "./request-phases.ts";

/** Gates in the grammar of k6: `p(99)<50`, `med<=10`, `count==0`, `rate<0.01`, `value>190`. */

/** What each metric offers: a distribution in milliseconds, one value, or a count and its share of all that was scheduled. */
const METRICS = {
  sojourn_ms: "trend",
  sojourn_ok_ms: "trend",
  sojourn_failed_ms: "trend",
  service_ms: "trend",
  schedule_ms: "trend",
  queue_ms: "trend",
  batch_ms: "trend",
  query_ms: "trend",
  throughput: "value",
  high_water: "value",
  dropped: "counter",
  failed: "counter",
  rejected: "counter",
  unfinished: "counter",
  fetch_ok: "counter",
  retries: "counter",
  connect_ms: "trend",
  tls_ms: "trend",
  first_byte_ms: "trend",
  body_ms: "trend",
  attempt_ms: "trend",
} as const;
export type Metric = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as Metric[];
/** Measured only where there are requests. */
export const FETCH_METRICS: readonly string[] = ["fetch_ok", "retries", "connect_ms", "tls_ms", "first_byte_ms", "body_ms", "attempt_ms"];
/** Each part of a request's way by its metric. */
export const PHASE_METRICS = {
  connect: "connect_ms",
  tls: "tls_ms",
  firstByte: "first_byte_ms",
  body: "body_ms",
  attempt: "attempt_ms",
} as const satisfies Readonly<Record<Phase, Metric>>;

const OFFERS = {
  trend: ["avg", "min", "max", "med", "count"],
  value: ["value"],
  counter: ["count", "rate"],
} as const;

type Operator = "<" | "<=" | ">" | ">=" | "==" | "===" | "!=" | "!==";

export interface Threshold {
  readonly metric: Metric;
  /** As written. */
  readonly expression: string;
  /** `p`: the percentile `share`. */
  readonly aggregation: "avg" | "min" | "max" | "med" | "count" | "rate" | "value" | "p";
  /** 0…1. */
  readonly share: number;
  readonly operator: Operator;
  readonly limit: number;
}

const OPERATOR = "<=|>=|===|==|!==|!=|<|>";
const NUMBER = "-?\\d[\\d_]*(?:\\.\\d+)?(?:e[-+]?\\d+)?";
const GRAMMAR = new RegExp(`^\\s*(?:p\\(\\s*(\\d+(?:\\.\\d+)?)\\s*\\)|([a-z]+))\\s*(${OPERATOR})\\s*(${NUMBER})\\s*$`);

/** What an expression for a metric looks like, as a pattern for editors: the words it offers, a comparison, a number. */
export function thresholdPattern(metric: Metric): string {
  const kind = METRICS[metric];
  const percentile = kind === "trend" ? "|p\\(\\s*0*(?:100(?:\\.0+)?|\\d{1,2}(?:\\.\\d+)?)\\s*\\)" : "";
  return `^\\s*(?:${OFFERS[kind].join("|")}${percentile})\\s*(?:${OPERATOR})\\s*${NUMBER}\\s*$`;
}

/** What a metric is, in a sentence. */
export const METRIC_MEANINGS: Readonly<Record<Metric, string>> = {
  sojourn_ms: "From the instant an item falls due to its end, processed or failed, in milliseconds.",
  sojourn_ok_ms: "As sojourn_ms, of what was processed.",
  sojourn_failed_ms: "As sojourn_ms, of what failed.",
  service_ms: "The work on an item itself, in milliseconds.",
  schedule_ms: "From the instant an item falls due until it is taken in, in milliseconds.",
  queue_ms: "In the queue, in milliseconds.",
  batch_ms: "In a batch until its own work begins, in milliseconds.",
  query_ms: "From the instant a query falls due to its answer, in milliseconds.",
  throughput: "Items processed per second.",
  high_water: "Most items in the queue at once.",
  dropped: "Items dropped because the queue was full; rate: their share of all.",
  failed: "Items that failed; rate: their share of all.",
  rejected: "Items refused for what they are; rate: their share of all.",
  unfinished: "Items left at the end; rate: their share of all.",
  fetch_ok: "Requests that were answered well; rate: their share of all.",
  retries: "Attempts after the first; rate: for each request.",
  connect_ms: "Until a new connection is made, its name resolved, in milliseconds.",
  tls_ms: "Until a new connection has agreed on TLS, in milliseconds.",
  first_byte_ms: "From a request sent to the first byte of its answer, in milliseconds.",
  body_ms: "From the first byte of an answer to its last, in milliseconds.",
  attempt_ms: "One attempt, however it ended, in milliseconds.",
};

/** Reads an expression for a metric; the rule it breaks, as text, when it is none. */
export function parseThreshold(metric: Metric, expression: string): Threshold | string {
  const kind = METRICS[metric];
  const offers: readonly string[] = OFFERS[kind];
  const words = kind === "trend" ? `${offers.join(", ")} or p(N)` : offers.join(" or ");
  const match = GRAMMAR.exec(expression);
  if (match === null) return `must be written like p(99)<50: ${words}, a comparison, a number`;
  const [, percentile, word = "p", operator, limit] = match;
  if (percentile !== undefined ? kind !== "trend" : !offers.includes(word)) return `must compare ${words} of ${metric}`;
  const share = percentile === undefined ? 0 : Number(percentile) / 100;
  if (share > 1) return "must have a percentile from 0 to 100";
  const number = Number((limit ?? "").replaceAll("_", ""));
  // One that is beyond every figure could never fail, or never hold.
  if (!Number.isFinite(number)) return "must compare with a number that can be held (at most 1.8e308)";
  return {
    metric,
    expression,
    aggregation: word as Threshold["aggregation"],
    share,
    operator: operator as Operator,
    limit: number,
  };
}

export function isMetric(name: string): name is Metric {
  return Object.hasOwn(METRICS, name);
}

/** Where the figures come from. */
export interface Measures {
  readonly trend: (metric: Metric) => Histogram;
  readonly value: (metric: Metric) => number;
  readonly count: (metric: Metric) => number;
  /** What shares are of. */
  readonly scheduled: number;
}

/** A figure and whether it holds. */
export interface Judgement {
  readonly value: number;
  readonly ok: boolean;
  /** There was nothing to measure, and the value says nothing. */
  readonly measured?: false;
  /** Items beyond the percentile, where they are too few to bear it. */
  readonly tooFew?: number;
}

/**
 * The figure a threshold is about, and whether it holds. Nothing measured breaks no threshold; that it is so is told. A percentile that too
 * few items bear is judged by what was measured, since a gate that lets everything pass, or nothing, is none; how few bear it is told.
 */
export function judge(threshold: Threshold, measures: Measures): Judgement {
  const { metric, operator, limit } = threshold;
  const trend = METRICS[metric] === "trend" && threshold.aggregation !== "count";
  if (trend && measures.trend(metric).count === 0) return { value: 0, ok: true, measured: false };
  const value = figure(threshold, measures);
  const judgement = { value, ok: compare(value, operator, limit) };
  const share = trend ? percentileIn(threshold) : null;
  if (share === null) return judgement;
  const { count } = measures.trend(metric);
  return isBorne(count, share) ? judgement : { ...judgement, tooFew: beyond(count, share) };
}

/** The share of items that a threshold is about; null: it is about no percentile. The whole of them is the longest, which one item bears. */
function percentileIn({ aggregation, share }: Threshold): number | null {
  if (aggregation === "med") return 0.5;
  return aggregation === "p" && share < 1 ? share : null;
}

function figure({ metric, aggregation, share }: Threshold, measures: Measures): number {
  switch (METRICS[metric]) {
    case "value":
      return measures.value(metric);
    case "counter":
      return aggregation === "count" ? measures.count(metric) : measures.count(metric) / Math.max(1, measures.scheduled);
    case "trend": {
      const histogram = measures.trend(metric);
      if (aggregation === "count") return histogram.count;
      if (aggregation === "avg") return histogram.mean / 1e6;
      if (aggregation === "min") return histogram.min / 1e6;
      if (aggregation === "max") return histogram.max / 1e6;
      return histogram.percentile(aggregation === "med" ? 0.5 : share) / 1e6;
    }
    default:
      return METRICS[metric] satisfies never;
  }
}

function compare(value: number, operator: Operator, limit: number): boolean {
  switch (operator) {
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
    case "==":
    case "===":
      return value === limit;
    case "!=":
    case "!==":
      return value !== limit;
    default:
      return operator satisfies never;
  }
}
