import { expect, test } from "bun:test";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import type { CaseResult, MeasuredCase } from "../../../src/telemetry/result.ts";
import { waited } from "../../support/claims/claim.ts";
import { fellBehind, surelyKept } from "../../support/claims/fitness.ts";
import { caseResult, sample } from "../../support/results.ts";

const base = caseResult({ mode: "sync" });

/** All of 480 a second was done, each of which took so long; `rises`: milliseconds by which half of them took longer from sample to sample. */
function ran(serviceMs: number, rises: number, change: object = {}): CaseResult {
  const series = Array.from({ length: 20 }, (_, i) =>
    sample(100 * (i + 1), { offered: 480, processed: 478, p50: 2 + rises * i, p99: 4 + rises * i }),
  );
  const latency = {
    ...base.latency,
    service: { ...base.latency.service, mean: serviceMs },
    sojourn: { ...base.latency.sojourn, mean: 2 + 10 * rises },
  };
  const predicted = { ...base.predicted, utilization: 0.9, sojournMean: 30 };
  const ledger = { ...base.ledger, scheduled: 960, processed: 960 };
  return { ...base, series, latency, predicted, ledger, throughput: 478, offeredRate: 480, durationMs: 2010, ...change } as CaseResult;
}

test("nobody can be sure that a thread kept up that had next to no time left, by what each took or by the prediction", () => {
  expect(surelyKept(ran(1.5, 0), [])).toBe(true);
  expect(surelyKept(ran(2.06, 0), [])).toBe(false);
  expect(surelyKept(ran(1.5, 0, { predicted: { ...base.predicted, utilization: 0.98 } }), [])).toBe(false);
});

test("a line that grows for a while is no falling behind where the prediction has it too, and time to spare", () => {
  expect(fellBehind(ran(1.9, 3), [])).toBe(false);
  for (const [utilization, sojournMean] of [
    [0.98, 30],
    [0.9, 20],
  ]) {
    expect(fellBehind(ran(1.9, 3, { predicted: { ...base.predicted, utilization, sojournMean } }), [])).toBe(true);
  }
});

test("something waited where messages took longer from quarter to quarter, or more came than there are places for", () => {
  const load = { executor: "constant-arrival-rate", rate: 480, duration: "2s" };
  const scenario = scenarioSchema.parse({ title: "x", load, work: { kind: "sleep", time: "2ms" } });
  const rising = (by: number, serviceMs = 2) => {
    const one = ran(serviceMs, 0, { offeredRate: 480, throughput: 480 });
    const series = one.series.map((each, i) => ({ ...each, p50: 40 + by * i, p99: 60 }));
    const latency = {
      ...one.latency,
      sojourn: { ...one.latency.sojourn, p99: 10 },
      service: { ...one.latency.service, mean: serviceMs, p99: 10 },
    };
    return { result: { ...one, series, latency } as MeasuredCase, scenario };
  };
  expect(waited(rising(0))).toBe(false);
  expect(waited(rising(0.4))).toBe(true);
  expect(waited(rising(0.2))).toBe(false);
  // 480 a second of 2.2 ms each are more than one at a time.
  expect(waited(rising(0, 2.2))).toBe(true);
});
