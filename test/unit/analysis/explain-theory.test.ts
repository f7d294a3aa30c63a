import { describe, expect, test } from "bun:test";
import { explain } from "../../../src/analysis/explain.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import type { MeasuredCase } from "../../../src/telemetry/result.ts";
import { caseResult } from "../../support/results.ts";

const SAID = "Receiving, queueing and holding messages took 13 % of what the work could have had.";

/** A thread that could do 500/s and lost 65/s of it to its messages, where so many a second were expected and done. */
function explained(done: number, predicted: number, overhead = 65, disturbed: object | null = null): string {
  const base = caseResult({ mode: "async", processed: 2000, serviceMean: 2 });
  const causes = { work: 0, reads: 0, queries: 0, overhead, idle: 0 };
  const result = {
    ...base,
    durationMs: 4000,
    throughput: done,
    predicted: { ...base.predicted, throughput: predicted, sojournMean: 1000 },
    shortfall: { capacity: 500, throughput: done, causes },
    disturbed,
    series: [],
  };
  return explain(result as MeasuredCase, scenarioSchema.parse({ title: "x", work: { kind: "cpu", time: "2ms" } }));
}

describe("the cost of handling messages", () => {
  test("is named where less was done than predicted", () => expect(explained(435, 500)).toContain(SAID));
  test("is not where as much was done", () => expect(explained(480, 500)).not.toContain("Receiving"));
  test("is not where other programs had a part in it", () => {
    expect(explained(435, 500, 65, { otherCores: 1, stealMs: 0, calibrationOff: 0, reason: "Others." })).not.toContain("Receiving");
  });
  test("is not where it was small", () => expect(explained(435, 500, 24)).not.toContain("Receiving"));
});
