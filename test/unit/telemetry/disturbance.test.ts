import { describe, expect, test } from "bun:test";
import { disturbanceOf, isDisturbed } from "../../../src/telemetry/disturbance.ts";
import type { FetchFigures } from "../../../src/telemetry/fetch-figures.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { caseResult } from "../../support/results.ts";

/** A case of a second as an earlier version wrote it: without a word of what disturbed it. */
function older(utilizations: readonly number[], cpuMs: number, change: Partial<CaseResult> = {}): CaseResult {
  const { disturbed: _, ...one } = caseResult({ mode: "sync" });
  const cores = utilizations.map((utilization, core) => ({ core, utilization }));
  return { ...one, cores, process: { ...one.process, cpuMs }, durationMs: 1000, ...change };
}

describe("what disturbed a case", () => {
  test("is what its result says, also where that is nothing", () => {
    const said = { otherCores: 0.4, stealMs: 0, calibrationOff: 0, reason: "Others." };
    expect(disturbanceOf({ ...older([1, 1], 100), disturbed: said })).toBe(said);
    expect(isDisturbed({ ...older([1, 1], 100), disturbed: null })).toBe(false);
  });

  test("of an older file, is what its cores were used for beyond its own CPU time", () => {
    expect(disturbanceOf(older([1, 0.9], 300))).toEqual({
      otherCores: expect.closeTo(1.6, 9),
      stealMs: null,
      calibrationOff: 0,
      reason: "Other programs used 1.60 of the machine's 2 cores on average.",
    });
    expect(disturbanceOf(older([0.9], 300))?.reason).toBe("Other programs used 0.60 of the machine's 1 core on average.");
  });

  test.each([
    ["a quiet machine", older([0.9, 0.2], 1000)],
    ["a console that draws", older([0.9, 0.35], 1000)],
    ["a few ticks of a short run", older([1, 0], 3, { durationMs: 25 })],
    ["a case without figures of its cores", older([], 0)],
    ["a case that took no time", older([1, 1], 0, { durationMs: 0 })],
    ["a server of the lab's own, which is one thread", older([1, 1], 900, { fetch: { server: {} } as FetchFigures })],
  ])("of an older file, is nothing where the lab can have used it itself: %s", (_, result) => {
    expect(disturbanceOf(result)).toBeNull();
  });

  test("of an older file with a server of the lab's own, is what no one thread can have used", () => {
    expect(isDisturbed(older([1, 1], 200, { fetch: { server: {} } as FetchFigures }))).toBe(true);
    expect(isDisturbed(older([1, 1], 900, { fetch: { server: null } as FetchFigures }))).toBe(true);
  });
});
