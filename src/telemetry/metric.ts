import { Histogram } from "../kernel/histogram.ts";
import { usable } from "./allowance.ts";
import type { Ledger } from "./ledger.ts";
import { type KeptSummary, percentileOf } from "./percentiles.ts";
import type { LatencyPart, Recorder } from "./recorder.ts";
import type { Phase } from "./request-phases.ts";
import type { CaseResult } from "./result.ts";
import type { Sample } from "./sample.ts";

/**
 * A metric: what it is called, in which unit and which way it improves, and how it is read: from a result, from a sample, and, as a
 * threshold, from a case that runs. Times in milliseconds, rates per second, memory in bytes.
 */
export type Metric = (Trend | Counter | Value) & About;

/** The unit of a metric: a count has none, a share is 0…1, `cores` are cores' worth of CPU. */
export type Unit = "ms" | "ns" | "/s" | "count" | "bytes" | "share" | "cores";

/** How a metric is named to people, and which way it improves; null: neither way is better. */
interface About {
  readonly title: string;
  readonly unit: Unit;
  readonly better: "less" | "more" | null;
}

export const about = (title: string, unit: Unit, better: About["better"]): About => ({ title, unit, better });

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
  /** Its course over time: the reading of one interval, of a trend the 99th percentile. Absent: samples do not hold it. */
  readonly ofSample?: (sample: Sample) => number | null;
}

/** The percentiles that a result keeps. */
const PERCENTILES = ["p(50)", "p(75)", "p(90)", "p(95)", "p(99)", "p(99.9)"] as const;

/** A distribution; one that is not there has no values. */
export function trend(summary: (one: CaseResult) => KeptSummary | undefined, workload?: Figure["workload"]): Omit<Trend, "threshold"> {
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
export function counter(count: (one: CaseResult) => number | null | undefined, workload?: Figure["workload"]): Omit<Counter, "threshold"> {
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
export function value(read: (one: CaseResult) => number | null | undefined, workload?: Figure["workload"]): Omit<Value, "threshold"> {
  return { kind: "value", fields: ["", "value"], ...only(workload), read: (one) => known(read(one)) };
}

function only(workload: Figure["workload"]): Pick<Figure, "workload"> {
  return workload === undefined ? {} : { workload };
}

function known(number: number | null | undefined): number | null {
  return number === null || number === undefined || !Number.isFinite(number) ? null : number;
}

/** A rate per second; null where nothing was scheduled. */
export const rateValue = (read: (one: CaseResult) => number | null) => value((one) => (one.ledger.scheduled > 0 ? read(one) : null));

/** The cores that a case might run on, and how busy each was. */
export const CORES: Value = {
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
export const LOOP_DELAY: Value = {
  kind: "value",
  fields: ["med", "p(50)", "p(99)", "max"],
  read({ process: { eventLoop } }, field) {
    const { p50, p99, max } = eventLoop.delayMs;
    return known(field === "max" ? max : field === "p(99)" ? p99 : p50);
  },
};

/** Shorter than this, the ends of the measurement weigh more than what lies between, in milliseconds. */
export const LEAST_SPAN_MS = 50;

/** What recorders of all threads have of a part of the way, together. */
export function recorded(part: LatencyPart | "wellDone" | "failures"): (standing: Standing) => Histogram {
  return ({ recorders }) => {
    const merged = new Histogram();
    for (const recorder of recorders) merged.merge(recorder[part]);
    return merged;
  };
}

/** A part of the way of requests. */
export function ofRequests(phase: Phase): (standing: Standing) => Histogram {
  return (standing) => standing.phase?.(phase) ?? new Histogram();
}
