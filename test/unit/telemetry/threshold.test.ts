import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Histogram } from "../../../src/kernel/histogram.ts";
import { EMPTY_LEDGER } from "../../../src/telemetry/ledger.ts";
import { type Standing, THRESHOLD_METRICS } from "../../../src/telemetry/metrics.ts";
import { Recorder } from "../../../src/telemetry/recorder.ts";
import { judge, parseThreshold, type Threshold } from "../../../src/telemetry/threshold.ts";

const histogram = new Histogram();
for (let ms = 1; ms <= 100; ms++) histogram.record(ms * 1e6);

const recorder = new Recorder();
recorder.sojourn.merge(histogram);

const standing: Standing = {
  recorders: [recorder],
  ledger: { ...EMPTY_LEDGER, scheduled: 1000, dropped: { newest: 20, oldest: 5 } },
  throughput: 200,
  highWater: 7,
  queries: histogram,
  own: undefined,
  phase: () => histogram,
};
const judged = (metric: "sojourn_ms" | "dropped" | "throughput", expression: string) => judge(parsed(metric, expression), standing);

function parsed(metric: (typeof THRESHOLD_METRICS)[number], expression: string): Threshold {
  const threshold = parseThreshold(metric, expression);
  if (typeof threshold === "string") throw new Error(threshold);
  return threshold;
}

describe("thresholds", () => {
  test("compare the figure they name", () => {
    expect(judged("sojourn_ms", "avg<50.6")).toEqual({ value: 50.5, ok: true });
    expect(judged("sojourn_ms", " min >= 1 ")).toEqual({ value: 1, ok: true });
    expect(judged("sojourn_ms", "max!=100")).toEqual({ value: 100, ok: false });
    expect(judged("sojourn_ms", "count===100")).toEqual({ value: 100, ok: true });
    expect(judged("sojourn_ms", "med>51").ok).toBe(false);
    expect(judged("sojourn_ms", "p(99.9)<=100").ok).toBe(true);
    expect(judged("sojourn_ms", "p( 90 )<89").ok).toBe(false);
    expect(judged("dropped", "rate<0.026")).toEqual({ value: 0.025, ok: true });
    expect(judged("dropped", "count==2_5")).toEqual({ value: 25, ok: true });
    expect(judged("throughput", "value>2e2")).toEqual({ value: 200, ok: false });
  });

  test("on a percentile that too few items bear are judged by what was measured, and say how few bear it", () => {
    expect(judged("sojourn_ms", "p(99)<50")).toMatchObject({ ok: false, tooFew: 1 });
    expect(judged("sojourn_ms", "p(90)<95")).toMatchObject({ ok: true, tooFew: 10 });
    expect(judged("sojourn_ms", "med<60")).toMatchObject({ ok: true, tooFew: 50 });
    expect(judged("sojourn_ms", "p(40)<60")).not.toHaveProperty("tooFew");
    expect(judged("sojourn_ms", "p(100)<=100")).toEqual({ value: 100, ok: true });
  });

  test("a distribution without values breaks none", () => {
    const empty = { ...standing, recorders: [] };
    expect(judge(parsed("sojourn_ms", "p(99)>1000"), empty)).toEqual({ value: 0, ok: true, measured: false });
    expect(judge(parsed("sojourn_ms", "count>0"), empty).ok).toBe(false);
  });

  test("a number that is not finite is refused: it could never fail, or never hold", () => {
    for (const number of ["1e400", "-1e400", "9".repeat(400), "1_0e308"])
      for (const metric of THRESHOLD_METRICS) {
        const word = typeof parseThreshold(metric, "count<1") === "string" ? "value" : "count";
        expect(parseThreshold(metric, `${word}<${number}`)).toBe("must compare with a number that can be held (at most 1.8e308)");
      }
    expect(parsed("sojourn_ms", "p(99)<1e308").limit).toBe(1e308);
    for (const word of ["Infinity", "NaN", ".inf", "1e309ms"]) expect(parseThreshold("sojourn_ms", `p(99)<${word}`)).toStartWith("must ");
  });

  test("any text is read or refused with a sentence", () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^(p\(\d+\)|[a-z]+) ?[<>=!]{1,3} ?\d*$/));
    fc.assert(
      fc.property(fc.constantFrom(...THRESHOLD_METRICS), texts, (metric, text) => {
        const threshold = parseThreshold(metric, text);
        if (typeof threshold === "string") expect(threshold).toStartWith("must ");
        else expect(Number.isFinite(judge(threshold, standing).value)).toBe(true);
      }),
    );
  });
});
