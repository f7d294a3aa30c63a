import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { conclude } from "../../../src/analysis/conclude.ts";
import { explain } from "../../../src/analysis/explain.ts";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import { judgeDisturbance } from "../../../src/telemetry/disturbance.ts";
import type { CpuLimits } from "../../../src/telemetry/machine.ts";
import type { MachineUse } from "../../../src/telemetry/machine-use.ts";
import type { CaseResult, MeasuredCase } from "../../../src/telemetry/result.ts";
import { predict } from "../../../src/theory/predict.ts";
import { Cores } from "../../../src/theory/simulate/cores.ts";
import { rounds } from "../../support/campaign.ts";
import { caseResult } from "../../support/results.ts";

const QUOTA = { quotaMs: 50, periodMs: 100, group: "/a" };

/** When threads that begin to compute together are done, from one change to the next: a thread ends, the ration is used up, a period begins. */
function stepped(works: readonly number[], cores: number, { quota, period }: { quota: number; period: number }, from: number): number[] {
  const left = [...works];
  const ends = works.map(() => 0);
  let now = from;
  for (let periodEnd = from + period, ration = quota; left.some((work) => work > 0); ) {
    const running = left.flatMap((work, i) => (work > 0 ? [i] : []));
    const rate = Math.min(running.length, cores);
    const share = rate / running.length;
    const first = Math.min(...running.map((i) => left[i] ?? 0)) / share;
    const span = Math.min(periodEnd - now, ration > 0 ? Math.min(first, ration / rate) : period);
    for (const i of ration > 0 ? running : []) {
      left[i] = Math.max(0, (left[i] ?? 0) - span * share);
      if ((left[i] ?? 0) < 1e-6) left[i] = 0;
      ends[i] = now + span;
    }
    now += span;
    ration = Math.max(0, ration - (ration > 0 ? span * rate : 0));
    if (ration < 1e-6) ration = 0;
    if (periodEnd - now > 1e-6) continue;
    now = periodEnd;
    periodEnd += period;
    ration = quota;
  }
  return ends;
}

describe("cores whose time is rationed", () => {
  test("a lone thread runs until the ration is used up, and goes on in the next period", () => {
    const cores = new Cores(4, { quota: 30, period: 100 });
    expect(cores.alone(20, 0)).toBe(20);
    expect(cores.alone(20, 20)).toBe(110);
    // The ration of 100 to 200 has 20 left, and of whole periods each gives 30.
    expect(cores.alone(20 + 3 * 30 + 5, 110)).toBe(505);
    // What was not used of a period is not kept for the next.
    expect(cores.alone(30, 705)).toBe(735);
    expect(cores.alone(0, 740)).toBe(740);
  });

  test("threads end as they do when every change is stepped through", () => {
    const works = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 });
    const ration = fc
      .integer({ min: 10, max: 100 })
      .chain((period) => fc.record({ period: fc.constant(period), quota: fc.integer({ min: 1, max: 3 * period }) }));
    fc.assert(
      fc.property(works, fc.integer({ min: 1, max: 4 }), ration, fc.integer({ min: 0, max: 3 }), (each, count, rationed, periods) => {
        const from = periods * rationed.period;
        const cores = new Cores(count, rationed);
        for (const [thread, work] of each.entries()) cores.begin(thread, work, from);
        const ends = each.map(() => 0);
        for (let now = cores.next; now < Number.POSITIVE_INFINITY; now = cores.next) ends[cores.end(now)] = now;
        const expected = stepped(each, count, rationed, from);
        for (const [i, end] of ends.entries()) expect(Math.abs(end - (expected[i] ?? 0))).toBeLessThanOrEqual(1e-3);
      }),
      { numRuns: rounds(100) },
    );
  });
});

describe("predictions under a quota", () => {
  const scenarioOf = (change: object) =>
    scenarioSchema.parse({
      title: "x",
      load: { executor: "constant-arrival-rate", rate: 275, duration: "4s" },
      work: { kind: "cpu", time: "8ms" },
      ...change,
    });
  const predicted = (mode: Mode, change: object = {}, quota = QUOTA, cores = 2) =>
    predict({ mode, scenario: scenarioOf(change), workers: 2, cores, quota });

  test.each(["sync", "async", "parallel"] as const)("half a core does half of what one does, and is named: %s", (mode) => {
    const { capacity, throughput, bottleneck, model, steadyState, drawn } = predicted(mode, { gracefulStop: "1s" });
    expect(capacity).toBeWithin(62.5, 63);
    expect(throughput).toBeWithin(62, 63);
    expect({ bottleneck, model, steadyState, drawn }).toEqual({
      bottleneck: "cpu quota",
      model: "simulation",
      steadyState: null,
      drawn: null,
    });
  });

  test("a core and a half is more than one Worker uses, and less than two do", () => {
    const quota = { ...QUOTA, quotaMs: 150 };
    expect(predicted("sync", {}, quota)).toMatchObject({ bottleneck: "cpu", capacity: 125 });
    expect(predicted("parallel", { keys: { count: 1000 } }, quota).throughput).toBeWithin(182, 190);
  });

  test("work that only waits takes none of it", () => {
    const io = { work: { kind: "io", time: "8ms" }, async: { concurrency: 10 }, keys: { count: 1000 } };
    expect(predicted("async", io)).toEqual(predict({ mode: "async", scenario: scenarioOf(io), workers: 2, cores: 2 }));
  });

  test("of less than the ration a message waits only where a period's end cuts it", () => {
    const { sojournMean, throughput } = predicted("sync", { load: { executor: "constant-arrival-rate", rate: 25, duration: "20s" } });
    expect(throughput).toBeCloseTo(25, 0);
    expect(sojournMean).toBeCloseTo(8, 5);
  });

  test("no mode is predicted to do more than cores without a quota, at any quota", () => {
    const some = fc.record({ quotaMs: fc.integer({ min: 1, max: 400 }), periodMs: fc.integer({ min: 1, max: 200 }) });
    fc.assert(
      fc.property(some, fc.constantFrom("sync", "async", "parallel"), (quota, mode) => {
        const load = { load: { executor: "constant-arrival-rate", rate: 275, duration: "1s" }, gracefulStop: "10ms" };
        const [free, held] = [
          predict({ mode, scenario: scenarioOf(load), workers: 2, cores: 2 }),
          predicted(mode, load, { ...quota, group: "/" }),
        ];
        expect(held.throughput ?? 0).toBeLessThanOrEqual((free.throughput ?? 0) * 1.02);
        expect(held.capacity ?? 0).toBeGreaterThanOrEqual((held.throughput ?? 0) * (1 - 1e-9));
      }),
      { numRuns: rounds(25) },
    );
  });
});

const CORES = [0.98, 0.1, 0.1, 0.1].map((utilization, core) => ({ core, utilization }));
const HALF: CpuLimits = { machineCores: 4, cores: null, quota: QUOTA };
const PINNED: CpuLimits = { machineCores: 4, cores: [0], quota: null };
const USE: MachineUse = {
  spanMs: 4000,
  utilization: [0.5, 0, 0, 0],
  numbers: [0, 1, 2, 3],
  cores: 4,
  otherCores: 0,
  stealMs: 0,
  wantedMs: 2000,
  labMs: 1960,
  throttled: { group: "/a", throttledMs: 2000 },
  noiseMs: 10,
};

describe("what is said of a case that may not use all of its machine", () => {
  const scenario = (mode: Mode) => scenarioSchema.parse({ title: "x", modes: [mode], work: { kind: "cpu", time: "8ms" } });
  const told = (one: MeasuredCase, limits: CpuLimits) => explain({ ...one, limits }, scenario(one.mode as Mode));

  test("that a quota kept threads from cores comes first, with which and how much; the case is disturbed", () => {
    const judged = judgeDisturbance(USE, null, null, HALF);
    const reason =
      "A limit on CPU time (quota 50 ms per 100 ms of cgroup /a, of which the lab used 98 %) kept threads from their cores for 2.00 s, 50 % of the time they were wanted.";
    expect(judged).toMatchObject({ disturbed: { throttledMs: 2000, reason }, warning: `${reason} Raise the quota, or ask for less.` });
    const one = caseResult({ mode: "sync", cores: CORES, unfinished: 40, processed: 60 });
    const text = told({ ...one, disturbed: judged?.disturbed ?? null }, HALF);
    expect(text).toStartWith(reason);
    expect(text).toContain(
      "The simulation of this tape on the 0.5 of 4 cores that it may use (quota 50 ms per 100 ms of cgroup /a) expects",
    );
  });

  test("of two causes the quota is told first", () => {
    const judged = judgeDisturbance({ ...USE, otherCores: 1.5 }, null, null, HALF);
    const text = told({ ...caseResult({ mode: "sync", cores: CORES }), disturbed: judged?.disturbed ?? null }, HALF);
    expect(text).toMatch(
      /^A limit on CPU time .* they were wanted\. Other programs used 1\.50 of the machine's 4 cores and the case itself/,
    );
  });

  test("little of it, or of another group than the one whose quota is known", () => {
    expect(judgeDisturbance({ ...USE, throttled: { group: "/a", throttledMs: 40 } }, null, null, HALF)).toBeNull();
    expect(judgeDisturbance({ ...USE, throttled: null }, null, null, HALF)).toBeNull();
    expect(judgeDisturbance(USE, null, null)?.disturbed.reason).toStartWith("A limit on CPU time (quota of cgroup /a) kept");
  });

  test("other programs on cores that it may not use are none of it", () => {
    const judged = judgeDisturbance({ ...USE, throttled: null, otherCores: 0.5, cores: 1 }, null, null, PINNED);
    expect(judged?.disturbed.reason).toBe("Other programs used 0.50 of the 1 of 4 cores that the lab may run on, on average.");
  });

  test("more Workers are not advised on the one core that is left, nor another mode", () => {
    const threads = [
      { name: "main", utilization: 0.1 },
      { name: "worker-0", utilization: 0.97 },
    ];
    const parallel = told(caseResult({ mode: "parallel", threads, cores: CORES, dropped: 40, processed: 60 }), PINNED);
    expect(parallel).toContain(
      "Only more cores (it may use 1 of 4 cores (affinity or a cpuset leaves core 0)), or less work per message, would help.",
    );
    const sync = told(
      caseResult({ mode: "sync", threads: [{ name: "main", utilization: 0.98 }], busy: 0.99, cores: CORES, dropped: 40, processed: 60 }),
      PINNED,
    );
    expect(sync).toContain("Only less work, or more cores, would help.");
    expect(sync).not.toContain("parallel mode");
  });

  test("a second Worker uses what is left of a core and a half", () => {
    const limits = { ...HALF, quota: { ...QUOTA, quotaMs: 150 } };
    const threads = [
      { name: "main", utilization: 0.1 },
      { name: "worker-0", utilization: 0.97 },
    ];
    const one = told(caseResult({ mode: "parallel", threads, cores: CORES, dropped: 40, processed: 60 }), limits);
    expect(one).toContain("More Workers would help: it may use 1.5 of 4 cores (quota 150 ms per 100 ms of cgroup /a).");
    const two = [...threads, { name: "worker-1", utilization: 0.5 }].map(({ name }) => ({
      name,
      utilization: name === "main" ? 0.01 : 0.74,
    }));
    const both = told(caseResult({ mode: "parallel", threads: two, cores: CORES, dropped: 40, processed: 60 }), limits);
    expect(both).toContain("All cores are the limit: the 2 Workers were computing 99 % of what the 1.5 of 4 cores that it may use");
  });

  test("laws of scaling are of the cores that it may use", () => {
    const at = (workers: number): CaseResult => {
      const threads = Array.from({ length: workers }, (_, i) => ({ name: `worker-${i}`, utilization: 0.9 }));
      const one = caseResult({ mode: "parallel", threads, cores: CORES });
      return {
        ...one,
        params: { "parallel.workers": workers },
        throughput: 100 * Math.min(workers, 2),
        process: { ...one.process, cpuMs: 1800 },
        limits: { ...PINNED, cores: [0, 1] },
      };
    };
    const text = conclude([1, 2, 3, 4].map(at), scenario("parallel")).join(" ");
    expect(text).toContain("on the 2 of 4 cores that it may use (affinity or a cpuset leaves cores 0-1)");
    expect(text).toContain("with no more Workers than there are cores");
  });
});
