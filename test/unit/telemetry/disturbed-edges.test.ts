import { describe, expect, test } from "bun:test";
import { BOUNDS, disturbanceOf, judgeDisturbance } from "../../../src/telemetry/disturbance.ts";
import { type MachineUse, throttledBetween } from "../../../src/telemetry/machine-use.ts";
import { caseResult } from "../../support/results.ts";

const quiet: MachineUse = {
  spanMs: 1000,
  utilization: [0.5, 0.5],
  numbers: [0, 1],
  cores: 2,
  otherCores: 0,
  stealMs: 0,
  wantedMs: 1000,
  labMs: 1000,
  throttled: null,
  noiseMs: 0,
};
const work = { askedMs: 100, roundsPerMs: 1, slowerBy: 0, slowerByError: 0, takenAwayMs: null };
const reason = (change: Partial<MachineUse>) => judgeDisturbance({ ...quiet, ...change }, null, null)?.disturbed.reason ?? null;

describe("where a case begins to count as disturbed", () => {
  test("other programs: more cores than the bound, beyond what ticks may be off", () => {
    expect(reason({ otherCores: BOUNDS.otherCores })).toBeNull();
    expect(reason({ otherCores: BOUNDS.otherCores + 0.001 })).toStartWith("Other programs used 0.20 of the machine's 2 cores");
    expect(reason({ otherCores: BOUNDS.otherCores + 0.03, noiseMs: 30 })).toBeNull();
    expect(reason({ otherCores: BOUNDS.otherCores + 0.031, noiseMs: 30 })).not.toBeNull();
  });

  test("other programs, on the cores that the lab may run on", () => {
    expect(reason({ otherCores: 1, cores: 1 })).toStartWith("Other programs used 1.00 of the 1 of 2 cores that the lab may run on");
  });

  test("the host: more than its share of the time that cores were wanted", () => {
    expect(reason({ stealMs: 10 })).toBeNull();
    expect(reason({ stealMs: 11 })).toStartWith("The host of this virtual machine kept 11.0 ms from its cores, 1.1 %");
    expect(reason({ stealMs: 11, wantedMs: 1100 })).toBeNull();
    expect(reason({ stealMs: 11, noiseMs: 1 })).toBeNull();
  });

  test("the host, where cores were wanted less: of one core's time", () => {
    expect(reason({ stealMs: 10, wantedMs: 1 })).toBeNull();
  });

  test("a quota: more than its share of the time that the lab wanted cores", () => {
    const throttled = (throttledMs: number, labMs: number | null) => reason({ throttled: { group: "/g", throttledMs }, labMs });
    expect(throttled(10, 0)).toBeNull();
    expect(throttled(10.1, 0)).toContain("kept threads from their cores for 10.1 ms, 1.0 % of the time they were wanted");
    expect(throttled(20, 1980)).toBeNull();
    expect(throttled(20, 1970)).not.toBeNull();
    expect(throttled(10.1, null)).not.toBeNull();
  });

  test("computing: slower or faster than the bound beyond two standard errors", () => {
    const judged = (slowerBy: number, slowerByError = 0) =>
      judgeDisturbance(quiet, { ...work, slowerBy, slowerByError }, null)?.disturbed.reason ?? null;
    expect([judged(BOUNDS.calibration), judged(-BOUNDS.calibration)]).toEqual([null, null]);
    expect(judged(0.03)).toStartWith("Computing took 3.0 % more CPU time than asked: the cores were slower");
    expect(judged(-0.03)).toStartWith("Computing took 3.0 % less CPU time than asked: the cores were faster");
    expect(judged(0.03, 0.005)).toBeNull();
    expect(judged(0.03, 0.0049)).not.toBeNull();
  });

  test("calibration, where the case has computed too little to tell", () => {
    const calibration = (checkRatio: number) => ({ roundsPerMs: 1, checkRatio, cached: false });
    expect(judgeDisturbance(quiet, null, calibration(1.0199))).toBeNull();
    expect(judgeDisturbance(quiet, null, calibration(0.97))?.disturbed.calibrationOff).toBeCloseTo(0.03, 9);
    expect(judgeDisturbance(quiet, work, calibration(2))).toBeNull();
  });

  test("an older file: more than the bound, beyond what its own processes and ticks may have had", () => {
    const { disturbed: _, ...old } = caseResult({
      mode: "sync",
      cores: [0, 1, 2, 3, 4, 5].map((core) => ({ core, utilization: core / 10 })),
    });
    const judged = (cpuMs: number) => disturbanceOf({ ...old, durationMs: 1000, process: { ...old.process, cpuMs } });
    // 1.5 cores in all, of which 0.06 may be the console's, 0.03 ticks, and 0.2 are allowed.
    expect(judged(1500 - 290.1)).not.toBeNull();
    expect(judged(1500 - 289.9)).toBeNull();
    expect(disturbanceOf({ ...old, durationMs: 0 })).toBeNull();
  });
});

describe("time that quotas kept threads from cores between two looks", () => {
  test("is that of all groups, under the name of the one that did most", () => {
    const before = [
      { group: "/a", throttledMs: 5 },
      { group: "/b", throttledMs: 7 },
    ];
    const after = [
      { group: "/a", throttledMs: 6 },
      { group: "/b", throttledMs: 10 },
    ];
    expect(throttledBetween(before, after)).toEqual({ group: "/b", throttledMs: 4 });
  });

  test("is never less than nothing, and nothing of a group that was not there before", () => {
    expect(
      throttledBetween(
        [{ group: "/a", throttledMs: 9 }],
        [
          { group: "/a", throttledMs: 3 },
          { group: "/n", throttledMs: 8 },
        ],
      ),
    ).toEqual({
      group: "/a",
      throttledMs: 0,
    });
  });

  test("is not known where one of the looks saw nothing", () => {
    expect([throttledBetween(null, []), throttledBetween([], null), throttledBetween([], [])]).toEqual([null, null, null]);
  });
});
