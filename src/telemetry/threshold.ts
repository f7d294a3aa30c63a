import { beyond, isBorne } from "../kernel/borne.ts";
import type { Histogram } from "../kernel/histogram.ts";
import { type Standing, type ThresholdMetric, thresholdMetric } from "./metrics.ts";

/** Gates in the grammar of k6: `p(99)<50`, `med<=10`, `count==0`, `rate<0.01`, `value>190`. */

const OFFERS = {
  trend: ["avg", "min", "max", "med", "count"],
  value: ["value"],
  counter: ["count", "rate"],
} as const;

type Operator = "<" | "<=" | ">" | ">=" | "==" | "===" | "!=" | "!==";

export interface Threshold {
  readonly metric: ThresholdMetric;
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

/** Pattern of an expression for a metric, for editors: its aggregations, a comparison, a number. */
export function thresholdPattern(metric: ThresholdMetric): string {
  const kind = thresholdMetric(metric).kind;
  const percentile = kind === "trend" ? "|p\\(\\s*0*(?:100(?:\\.0+)?|\\d{1,2}(?:\\.\\d+)?)\\s*\\)" : "";
  return `^\\s*(?:${OFFERS[kind].join("|")}${percentile})\\s*(?:${OPERATOR})\\s*${NUMBER}\\s*$`;
}

/** Parses an expression for a metric; returns the violated rule, as text, when it is invalid. */
export function parseThreshold(metric: ThresholdMetric, expression: string): Threshold | string {
  const kind = thresholdMetric(metric).kind;
  const offers: readonly string[] = OFFERS[kind];
  const words = kind === "trend" ? `${offers.join(", ")} or p(N)` : offers.join(" or ");
  const match = GRAMMAR.exec(expression);
  if (match === null) return `must be written like p(99)<50: ${words}, a comparison, a number`;
  const [, percentile, word = "p", operator, limit] = match;
  if (percentile !== undefined ? kind !== "trend" : !offers.includes(word)) return `must compare ${words} of ${metric}`;
  const share = percentile === undefined ? 0 : Number(percentile) / 100;
  if (share > 1) return "must have a percentile from 0 to 100";
  const number = Number((limit ?? "").replaceAll("_", ""));
  // A number beyond every figure could never fail, or never hold.
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

/** A figure and whether the threshold holds. */
export interface Judgement {
  readonly value: number;
  readonly ok: boolean;
  /** There was nothing to measure, and the value is meaningless. */
  readonly measured?: false;
  /** Items beyond the percentile, where they are too few to bear it. */
  readonly tooFew?: number;
}

/**
 * Evaluates a threshold. Without measurements it holds, and is marked so. A percentile that too few items bear is judged by the measured
 * value, since a gate that passes everything, or nothing, is none; their number is returned.
 */
export function judge(threshold: Threshold, standing: Standing): Judgement {
  const metric = thresholdMetric(threshold.metric);
  const { aggregation } = threshold;
  const judged = (value: number) => ({ value, ok: compare(value, threshold.operator, threshold.limit) });
  switch (metric.kind) {
    case "value":
      return judged(metric.threshold.now(standing));
    case "counter": {
      const count = metric.threshold.now(standing);
      return judged(aggregation === "count" ? count : count / Math.max(1, standing.ledger.scheduled));
    }
    case "trend": {
      const times = metric.threshold.now(standing);
      if (aggregation === "count") return judged(times.count);
      if (times.count === 0) return { value: 0, ok: true, measured: false };
      const judgement = judged(ofTimes(threshold, times) / 1e6);
      const share = percentileIn(threshold);
      return share === null || isBorne(times.count, share) ? judgement : { ...judgement, tooFew: beyond(times.count, share) };
    }
    default:
      return metric satisfies never;
  }
}

/** The share of a threshold on a percentile; null: it is on none, or on all items, whose longest one item bears. */
function percentileIn({ aggregation, share }: Threshold): number | null {
  if (aggregation === "med") return 0.5;
  return aggregation === "p" && share < 1 ? share : null;
}

/** Aggregates a non-empty distribution in nanoseconds. */
function ofTimes({ aggregation, share }: Threshold, times: Histogram): number {
  if (aggregation === "avg") return times.mean;
  if (aggregation === "min") return times.min;
  if (aggregation === "max") return times.max;
  return times.percentile(aggregation === "med" ? 0.5 : share);
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
