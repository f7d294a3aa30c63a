import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type CoreTimes, parseProcStat, tickNoiseMs, timesFromSystem, utilization } from "../../../src/telemetry/cores.ts";

function times(busy: number, total: number): CoreTimes {
  return { core: 0, busy, total, idle: total - busy, interrupts: 0, stolen: null };
}

describe("how busy a core was", () => {
  test("is the share of the time between two looks", () => {
    expect(utilization(times(100, 1000), times(130, 1100))).toBe(0.3);
  });

  test("is never below 0 or above 1, whatever the system says", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), fc.nat(), (a, b, c, d) => {
        const busy = utilization(times(a, b), times(c, d));
        expect(busy).toBeGreaterThanOrEqual(0);
        expect(busy).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("is nothing where there is no look before, or no time between", () => {
    expect(utilization(undefined, times(5, 10))).toBe(0);
    expect(utilization(times(5, 10), times(6, 10))).toBe(0);
  });
});

describe("what the system tells of its cores", () => {
  const text = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 2 4 8 16 32 64 128 0 0\ncpu7 0 0 0 5 0 0 0 0 0 0\nintr 5\ncpu8 1 1 1 1\n";

  test("of /proc/stat: each core in milliseconds, the sum of all and what follows left out", () => {
    expect(parseProcStat(text)).toEqual([
      { core: 0, busy: (1 + 2 + 4 + 32 + 64 + 128) * 10, total: 255 * 10, idle: 240, interrupts: 960, stolen: 1280 },
      { core: 7, busy: 0, total: 50, idle: 50, interrupts: 0, stolen: 0 },
    ]);
  });

  test("columns that an old kernel does not have are nothing", () => {
    expect(parseProcStat("cpu0 1 2 4 8\n")).toEqual([{ core: 0, busy: 70, total: 150, idle: 80, interrupts: 0, stolen: 0 }]);
  });

  test("of systems without /proc: everything but idling is busy, and nothing is known of the host", () => {
    const cpu = { model: "", speed: 0, times: { user: 1, nice: 2, sys: 4, irq: 8, idle: 16 } };
    expect(timesFromSystem([cpu])).toEqual([{ core: 0, busy: 15, total: 31, idle: 16, interrupts: 8, stolen: null }]);
  });

  test("ticks of six counters are off by three ticks at most", () => {
    expect(tickNoiseMs(6)).toBe(30);
    expect(tickNoiseMs(24)).toBe(60);
  });
});
