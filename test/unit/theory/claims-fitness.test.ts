import { expect, test } from "bun:test";
import type { CaseResult } from "../../../src/telemetry/result.ts";
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
