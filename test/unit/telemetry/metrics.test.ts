import { describe, expect, test } from "bun:test";
import { Histogram } from "../../../src/kernel/histogram.ts";
import { EMPTY_LEDGER } from "../../../src/telemetry/ledger.ts";
import { metricNamed, metricNames, type Standing, THRESHOLD_METRICS } from "../../../src/telemetry/metrics.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { judge, parseThreshold, thresholdPattern } from "../../../src/telemetry/threshold.ts";
import { caseResult, sample } from "../../support/results.ts";

const whole = caseResult({ mode: "async" });
const trend = { count: 60_000, mean: 1, stddev: 9, min: 2, max: 3, p50: 4, p75: 5, p90: 6, p95: 7, p99: 8, p99_9: 9 };

function figure(name: string, field: string, one: CaseResult): number | null {
  const found = metricNamed(name);
  if (found === null) throw new Error(`there is no figure ${name}`);
  return found.read(one, field);
}

/** A case in which every figure that stands alone has a value of its own. */
const told: CaseResult = {
  ...whole,
  durationMs: 200,
  throughput: 11,
  offeredRate: 12,
  intakeRate: 13,
  sourceBlockedMs: 14,
  ledger: { scheduled: 100, processed: 40, failed: 20, rejected: 10, dropped: { newest: 8, oldest: 7 }, unfinished: 15 },
  queue: { ...whole.queue, highWater: 21, meanDepth: 22, growthPerSecond: 23 },
  batches: { count: 3, meanSize: 24 },
  queries: { ...whole.queries, sent: 31, answered: 30 },
  process: {
    ...whole.process,
    cpuMs: 100,
    peakRssBytes: 33,
    peakOpenFiles: 34,
    eventLoop: { busy: 1, delayMs: { p50: 35, p99: 36, max: 37 } },
  },
  cores: [0.2, 0.9, 0.4].map((utilization, core) => ({ core, utilization })),
  serialization: { codec: "json", bytesPerMessage: 41, encodeNs: 42, decodeNs: 43, diskReadNs: null, diskWriteNs: null },
};

describe("figures of a case by name", () => {
  test.each([
    ["throughput", 11],
    ["offered_rate", 12],
    ["intake_rate", 13],
    ["duration_ms", 200],
    ["blocked_ms", 14],
    ["scheduled", 100],
    ["processed", 40],
    ["failed", 20],
    ["rejected", 10],
    ["dropped", 15],
    ["unfinished", 15],
    ["high_water", 21],
    ["mean_depth", 22],
    ["queue_growth", 23],
    ["batch_size", 24],
    ["queries_sent", 31],
    ["queries_answered", 30],
    ["cpu_ms", 100],
    ["cpu", 0.5],
    ["memory", 33],
    ["open_files", 34],
    ["message_bytes", 41],
    ["encode_ns", 42],
    ["decode_ns", 43],
  ])("%s is read where it was measured", (name, value) => {
    expect(figure(name, "", told)).toBe(value);
  });

  test("a counter's rate is its share of what was scheduled, and there is none where nothing was", () => {
    expect(figure("failed", "rate", told)).toBe(0.2);
    expect(figure("failed", "count", told)).toBe(20);
    expect(figure("failed", "rate", { ...told, ledger: { ...told.ledger, scheduled: 0 } })).toBeNull();
  });

  test("every field of a distribution is that of its summary", () => {
    const one = { ...whole, latency: { ...whole.latency, queue: trend } };
    const read = (field: string) => figure("queue_ms", field, one);
    expect(["avg", "min", "max", "med", "count"].map(read)).toEqual([1, 2, 3, 4, 60_000]);
    expect(["p(50)", "p(75)", "p(90)", "p(95)", "p(99)", "p(99.9)"].map(read)).toEqual([4, 5, 6, 7, 8, 9]);
    expect(metricNamed("queue_ms")?.fields.map(read)).not.toContain(null);
  });

  test("a percentile that too few items bear is not known", () => {
    const one = { ...whole, latency: { ...whole.latency, queue: { ...trend, count: 5999 } } };
    expect(["p(95)", "p(99)", "p(99.9)"].map((field) => figure("queue_ms", field, one))).toEqual([7, null, null]);
  });

  test("of an empty distribution only the count is known", () => {
    const one = { ...whole, latency: { ...whole.latency, queue: { ...trend, count: 0 } } };
    expect(figure("queue_ms", "avg", one)).toBeNull();
    expect(figure("queue_ms", "count", one)).toBe(0);
  });

  test("of a distribution that is not there nothing is known, the count neither", () => {
    expect(["avg", "count"].map((field) => figure("sojourn_failed_ms", field, whole))).toEqual([null, null]);
  });

  test("what older files say of all sojourns stands for those that ended well", () => {
    const { ok: _, ...old } = whole.latency;
    expect(figure("sojourn_ok_ms", "count", { ...whole, latency: { ...old, sojourn: trend } })).toBe(60_000);
    expect(figure("sojourn_ok_ms", "count", { ...whole, latency: { ...old, sojourn: trend, ok: { ...trend, count: 2 } } })).toBe(2);
  });

  test("cores are told by their mean, the idlest and the busiest", () => {
    expect(figure("cores", "avg", told)).toBeCloseTo(0.5, 12);
    expect(["min", "max"].map((field) => figure("cores", field, told))).toEqual([0.2, 0.9]);
  });

  test("no cores that were watched have no figure", () => {
    expect(["avg", "min", "max"].map((field) => figure("cores", field, { ...told, cores: [] }))).toEqual([null, null, null]);
  });

  test("how late the loop was", () => {
    expect(["med", "p(50)", "p(99)", "max"].map((field) => figure("loop_delay_ms", field, told))).toEqual([35, 35, 36, 37]);
  });

  test("cpu of a measurement too short to tell is not known", () => {
    expect(figure("cpu", "", { ...told, durationMs: 50 })).toBeNull();
    expect(figure("cpu", "", { ...told, durationMs: 51 })).toBe(100 / 51);
  });

  test("rates and batch sizes of nothing are not known", () => {
    const nothing = { ...told, ledger: { ...told.ledger, scheduled: 0 }, batches: { count: 0, meanSize: 0 } };
    expect(["throughput", "intake_rate", "batch_size"].map((name) => figure(name, "", nothing))).toEqual([null, null, null]);
  });

  test("what is absent, null or no number is not known", () => {
    expect(figure("offered_rate", "", { ...told, offeredRate: null })).toBeNull();
    expect(figure("mean_depth", "", { ...told, queue: { ...told.queue, meanDepth: Number.NaN } })).toBeNull();
    expect(figure("message_bytes", "", whole)).toBeNull();
  });

  test("a name that every object has is no figure", () => {
    expect(["toString", "constructor", "nope"].map(metricNamed)).toEqual([null, null, null]);
  });

  test("each workload has the figures that are measured in it", () => {
    const [message, fetch] = [metricNames("message"), metricNames("fetch")];
    expect(message).toContain("throughput");
    expect(message).toContain("query_ms");
    expect(message).not.toContain("in_flight");
    expect(fetch).toContain("throughput");
    expect(fetch).toContain("in_flight");
    expect(fetch).not.toContain("encode_ns");
  });
});

/** Where nothing was done yet. */
const START: Standing = {
  recorders: [],
  ledger: EMPTY_LEDGER,
  throughput: 0,
  highWater: 0,
  queries: new Histogram(),
  own: undefined,
  phase: undefined,
};

/** The names in the maps of thresholds of a text. */
function thresholdsNamed(text: string): string[] {
  const maps = [...text.matchAll(/^thresholds: \{(.*)\}/gm)].map(([, map = ""]) => map);
  return maps.flatMap((map) => [...map.matchAll(/(\w+): \[/g)].map(([, name = ""]) => name));
}

/** A figure that each kind of metric offers. */
const WORDS = { trend: "p(99)", counter: "rate", value: "value" } as const;

describe("metrics of thresholds", () => {
  test.each(THRESHOLD_METRICS.map((name) => [name] as const))(
    "%s is read, judged, known to editors and explained by its entry alone",
    (name) => {
      const metric = metricNamed(name);
      const expression = `${WORDS[metric?.kind ?? "value"]}<1`;
      const threshold = parseThreshold(name, expression);
      if (typeof threshold === "string") throw new Error(threshold);
      expect(judge(threshold, START)).toMatchObject({ value: 0, ok: true });
      expect(expression).toMatch(new RegExp(thresholdPattern(name)));
      expect(metric?.threshold?.meaning).toEndWith(".");
    },
  );

  test("those of requests are measured in workload fetch alone", () => {
    const elsewhere = metricNames("message");
    const own = ["fetch_ok", "retries", "connect_ms", "tls_ms", "first_byte_ms", "body_ms", "attempt_ms"];
    expect(THRESHOLD_METRICS.filter((name) => !elsewhere.includes(name)) as string[]).toEqual(own);
  });

  test("whatever the README's scenarios name is one", async () => {
    const named = thresholdsNamed(await Bun.file("README.md").text());
    expect(named).toContain("fetch_ok");
    expect(named.filter((name) => !(THRESHOLD_METRICS as readonly string[]).includes(name))).toEqual([]);
  });
});

describe("what is known of a metric beside its figure", () => {
  test.each([
    ["throughput", "/s", "more"],
    ["sojourn_ms", "ms", "less"],
    ["dropped", "count", "less"],
    ["fetch_ok", "count", "more"],
    ["memory", "bytes", "less"],
    ["cpu", "cores", "less"],
    ["encode_ns", "ns", "less"],
    ["offered_rate", "/s", null],
    ["batch_size", "count", null],
  ])("%s is in %p, and better is %p", (name, unit, better) => {
    expect(metricNamed(name)).toMatchObject({ unit, better });
  });

  test("no two metrics of a workload have one title", () => {
    const titles = metricNames("fetch").map((name) => metricNamed(name)?.title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  test.each([
    ["throughput", 7],
    ["offered_rate", 8],
    ["dropped", 9],
    ["mean_depth", 10],
    ["sojourn_ms", 11],
  ] as const)("a sample gives the course of %s", (name, value) => {
    const one = sample(100, { processed: 7, offered: 8, dropped: 9, depth: 10, p99: 11 });
    expect(metricNamed(name)?.ofSample?.(one)).toBe(value);
  });
});
