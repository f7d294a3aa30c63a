import { describe, expect, test } from "bun:test";
import { explain } from "../../../src/analysis/explain.ts";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import type { Disturbance, MeasuredCase } from "../../../src/telemetry/result.ts";
import { caseResult } from "../../support/results.ts";

const OTHERS: Disturbance = {
  otherCores: 1.7,
  stealMs: 0,
  calibrationOff: 0,
  reason: "Other programs used 1.70 of the machine's 2 cores.",
};
const CORES = [0.98, 1].map((utilization, core) => ({ core, utilization }));
const WORKLOADS = {
  message: { work: { kind: "cpu", time: "1us" } },
  flow: { workload: "flow", flow: { kind: "event-bus" } },
  fetch: { workload: "fetch", fetch: { target: { mock: {} } } },
};

/** Half of its messages waited long, on a thread that had a core for a quarter of the time. */
function starved(mode: Mode, disturbed: Disturbance | null | undefined): MeasuredCase {
  const threads = [{ name: "main", utilization: 0.25 }, ...(mode === "parallel" ? [{ name: "worker-0", utilization: 0.1 }] : [])];
  const one = caseResult({ mode, threads, cores: CORES, sojournP99: 400, serviceMean: 0.01 });
  const { disturbed: _, ...older } = one;
  const latency = {
    ...one.latency,
    sojourn: { ...one.latency.sojourn, mean: 90 },
    service: { ...one.latency.service, p99: 0.02, mean: 0.01 },
  };
  return { ...older, latency, process: { ...one.process, cpuMs: 280 }, ...(disturbed === undefined ? {} : { disturbed }) };
}

describe("what the machine did beside a case", () => {
  const modes: readonly Mode[] = ["sync", "async", "parallel"];
  const all = modes.flatMap((mode) => Object.entries(WORKLOADS).map(([workload, change]) => [workload, mode, change] as const));

  test.each(all)("is told first, in figures, and nothing is blamed by exclusion: %s in %s", (_, mode, change) => {
    const scenario = scenarioSchema.parse({ title: "x", modes: [mode], ...change });
    for (const disturbed of [OTHERS, undefined]) {
      const text = explain(starved(mode, disturbed), scenario);
      expect(text).toMatch(/^Other programs used 1\.7\d? of the machine's 2 cores and the case itself 0\.28: /);
      expect(text).not.toMatch(/at times|The work itself|arrivals are the limit|batch is what/);
    }
    expect(explain(starved(mode, null), scenario)).not.toContain("Other programs used");
  });

  test("does not hide a thread that was seen to compute all the time", () => {
    const one = caseResult({ mode: "sync", threads: [{ name: "main", utilization: 0.99 }], busy: 0.99, cores: CORES });
    const text = explain({ ...one, disturbed: OTHERS }, scenarioSchema.parse({ title: "x", modes: ["sync"] }));
    expect(text).toMatch(/^Other programs used 1\.70 .* One core is the limit/);
  });

  test("how long they kept its computing from a core is told, where it is long", () => {
    const scenario = scenarioSchema.parse({ title: "x", modes: ["sync"] });
    const text = (takenAwayMs: number | null) => {
      const one = caseResult({ mode: "sync", cores: CORES });
      const work = { askedMs: 2000, roundsPerMs: 1, slowerBy: 0.01, slowerByError: 0.001, takenAwayMs };
      return explain({ ...one, disturbed: OTHERS, process: { ...one.process, work } }, scenario);
    };
    expect(text(640)).toContain(" Computing of 2.02 s in all was kept from a core for another 640 ms.");
    for (const little of [39, null]) expect(text(little)).not.toContain("kept from a core");
  });

  test("computing that had no core though nobody else used it was limited; of threads more than cores that is nothing", () => {
    const scenario = scenarioSchema.parse({ title: "x", modes: ["sync"] });
    const text = (takenAwayMs: number, threads: number) => {
      const one = caseResult({ mode: "sync", cores: CORES, threads: Array(threads).fill({ name: "main", utilization: 0.5 }) });
      const work = { askedMs: 2000, roundsPerMs: 1, slowerBy: 0, slowerByError: 0.001, takenAwayMs };
      return explain({ ...one, process: { ...one.process, work } }, scenario);
    };
    expect(text(900, 1)).toMatch(
      /^The system kept its computing from a core for 900 ms beside 2\.00 s that it took, .* container does that\./,
    );
    expect(text(190, 1)).not.toContain("The system kept");
    expect(text(900, 3)).not.toContain("The system kept");
  });

  test("is told before little that was done", () => {
    const one = { ...starved("sync", OTHERS), throughput: 0 };
    expect(explain(one, scenarioSchema.parse({ title: "x", modes: ["sync"] }))).toMatch(/^Other programs used .* Too little was done/);
  });

  test("a core that was slower is told, and what held the case back all the same", () => {
    const slower = { otherCores: 0.01, stealMs: 0, calibrationOff: 0.05, reason: "The core was 5 % slower." };
    const one = caseResult({ mode: "sync", threads: [{ name: "main", utilization: 0.99 }], busy: 0.99, cores: CORES });
    const text = explain({ ...one, disturbed: slower }, scenarioSchema.parse({ title: "x", modes: ["sync"] }));
    expect(text).toMatch(/^The core was 5 % slower\. One core is the limit/);
  });
});
