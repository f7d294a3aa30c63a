import { describe, expect, test } from "bun:test";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { headline } from "../../../src/views/report/headline.ts";
import { caseResult } from "../../support/results.ts";

function done(
  mode: string,
  throughput: number,
  predicted: number | null,
  explanation: string,
  change: Partial<CaseResult> = {},
): CaseResult {
  const one = caseResult({ mode: mode as "sync", processed: 1000 });
  return { ...one, throughput, offeredRate: 275, predicted: { ...one.predicted, throughput: predicted }, explanation, ...change };
}

const CORE = "One core is the limit: it was computing all the time.";
const CORES = "Computing took longer. All cores are the limit: they were computing.";
const THREE = [done("sync", 120, 125, CORE), done("async", 119, 125, CORE), done("parallel", 236, 249, CORES)];

describe("the outcome of a run in a line", () => {
  test("which mode did most, what was predicted, and what limited each, those alike together", () => {
    expect(headline(THREE)).toBe(
      "parallel did most: 236/s of 249 predicted (limit: all cores); sync 120/s of 125, async 119/s of 125 (limit: one core)",
    );
  });

  test("modes that did as much but for noise are not ranked", () => {
    expect(headline(THREE.slice(0, 2))).toBe(
      "sync and async did as much, but for noise: sync 120/s of 125 predicted, async 119/s of 125 (limit: one core)",
    );
  });

  test("without a prediction or a limit only what was done is told", () => {
    expect(headline([done("sync", 10, null, "No single limit shows."), done("parallel", 20, null, "")])).toBe(
      "parallel did most: 20/s; sync 10/s",
    );
  });

  test("the arrivals of work of unknown time are no prediction", () => {
    const unknown = (mode: string, throughput: number) => {
      const one = done(mode, throughput, 300, "");
      return { ...one, predicted: { ...one.predicted, capacity: null } };
    };
    expect(headline([unknown("sync", 90), unknown("async", 299)])).toBe("async did most: 299/s; sync 90/s");
  });

  test("what was disturbed has its sign", () => {
    const disturbed = { otherCores: 1, stealMs: 0, calibrationOff: 0, reason: "Others." };
    const cases = THREE.map((one) => (one.mode === "sync" ? { ...one, disturbed } : one));
    expect(headline(cases as CaseResult[])).toContain("sync 120/s† of 125");
  });

  test("there is none of one mode, of a sweep, or of cases that did not come to their end", () => {
    expect(headline(THREE.slice(0, 1))).toBeNull();
    expect(headline([...THREE, ...THREE])).toBeNull();
    expect(headline(THREE.map((one, i) => (i > 0 ? { ...one, status: "failed" } : one)))).toBeNull();
  });
});
