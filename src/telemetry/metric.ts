import { Histogram } from "../kernel/histogram.ts";
import { usable } from "./allowance.ts";
import type { Ledger } from "./ledger.ts";
import { type KeptSummary, percentileOf } from "./percentiles.ts";
import type { LatencyPart, Recorder } from "./recorder.ts";
import type { Phase } from "./request-phases.ts";
import type { CaseResult } from "./result.ts";
import type { Sample } from "./sample.ts";

/**
 * A metric: its title, unit and better direction, and its readings: from a result, from a sample, and, as a threshold, from a running case.
 * Times in milliseconds, rates per second, memory in bytes.
 */
export type Metric = (Trend | Counter | Value) & About;

/** The unit of a metric: a count has none, a share is 0…1, `cores` are cores' worth of CPU. */
export type Unit = "ms" | "ns" | "/s" | "count" | "bytes" | "share" | "cores";

/** Title, unit and better direction of a metric; null: neither direction is better. */
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

/** A count, and its share of all scheduled items. */
interface Counter extends Figure {
  readonly kind: "counter";
  readonly threshold?: Gated<number>;
}

/** One number. */
interface Value extends Figure {
  readonly kind: "value";
  readonly threshold?: Gated<number>;
}

/** A metric as used by thresholds. */
export interface Gated<Reading> {
  /** Its meaning, in a sentence. */
  readonly meaning: string;
  readonly now: (standing: Standing) => Reading;
}

/** Inputs of thresholds at one moment. */
export interface Standing {
  readonly recorders: readonly Recorder[];
  readonly ledger: Ledger;
  /** Per second. */
  readonly throughput: number;
  readonly highWater: number;
  readonly queries: Histogram;
  /** Figures of the workload only, requests included. */
  readonly own: { readonly fetch?: { readonly ok: number; readonly retries: number } } | undefined;
  /** Durations of a phase of requests; absent: there are none. */
  readonly phase: ((phase: Phase) => Histogram) | undefined;
}

/** Reading of a metric from a result. */
interface Figure {
  /** Fields that may follow the name; "" where it stands alone. */
  readonly fields: readonly string[];
  /** The only workload in which it is measured. */
  readonly workload?: "message" | "fetch";
  /** null: nothing was measured. */
  readonly read: (one: CaseResult, field: string) => number | null;
  /** Reading over time: of one interval, for a trend its 99th percentile. Absent: samples do not hold it. */
  readonly ofSample?: (sample: Sample) => number | null;
}

/** Percentiles kept in results. */
const PERCENTILES = ["p(50)", "p(75)", "p(90)", "p(95)", "p(99)", "p(99.9)"] as const;

/** A distribution; an absent one has no values. */
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

/** A count, and its share of all scheduled items. */
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

/** The cores available to a case, and the use of each. */
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

/** Lateness of the event loop's turns. */
export const LOOP_DELAY: Value = {
  kind: "value",
  fields: ["med", "p(50)", "p(99)", "max"],
  read({ process: { eventLoop } }, field) {
    const { p50, p99, max } = eventLoop.delayMs;
    return known(field === "max" ? max : field === "p(99)" ? p99 : p50);
  },
};

/** Shortest measurement with a rate, in milliseconds: below it the ends weigh more than the time between. */
export const LEAST_SPAN_MS = 50;

/** A part of the sojourn, merged over the recorders of all threads. */
export function recorded(part: LatencyPart | "wellDone" | "failures"): (standing: Standing) => Histogram {
  return ({ recorders }) => {
    const merged = new Histogram();
    for (const recorder of recorders) merged.merge(recorder[part]);
    return merged;
  };
}

/** A phase of requests. */
export function ofRequests(phase: Phase): (standing: Standing) => Histogram {
  return (standing) => standing.phase?.(phase) ?? new Histogram();
}
