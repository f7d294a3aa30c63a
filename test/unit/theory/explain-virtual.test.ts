import { describe, expect, test } from "bun:test";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import { growsAllAlong, keepsPace } from "../../../src/telemetry/pace.ts";
import { explain } from "../../../src/theory/explain.ts";
import { grewAllAlong } from "../../support/claims/claim.ts";
import { virtualCase } from "../../support/claims/generate.ts";
import { caseResult, sample } from "../../support/results.ts";

/** What is said of a case that was run on a virtual clock, with two Workers on two cores. */
async function saidOf(mode: Mode, asked: object): Promise<string> {
  const { result, scenario } = await virtualCase({ mode, scenario: scenarioSchema.parse({ title: "x", ...asked }), workers: 2, cores: 2 });
  return explain(result, scenario);
}

const steady = (rate: number, duration = "4s") => ({ executor: "constant-arrival-rate", rate, duration });

describe("a line that grows all along", () => {
  const atCapacity = { load: steady(200), keys: { count: 1000 }, work: { kind: "io", time: "5150us" } };

  test("is the limit's doing, however little more comes than is done", async () => {
    expect(await saidOf("async", atCapacity)).toStartWith("The number of processors is the limit: 1 at a time ÷ 5.15 ms is 194/s;");
    expect(await saidOf("sync", atCapacity)).toStartWith("One message at a time is the limit: each takes 5.15 ms");
  });

  test("is seen by the checker, which looks at what came and what was done", async () => {
    const scenario = scenarioSchema.parse({ title: "x", ...atCapacity });
    expect(grewAllAlong(await virtualCase({ mode: "async", scenario, workers: 2, cores: 2 }))).toBe(true);
    const less = scenarioSchema.parse({ title: "x", ...atCapacity, load: steady(190) });
    expect(grewAllAlong(await virtualCase({ mode: "async", scenario: less, workers: 2, cores: 2 }))).toBe(false);
  });

  const series = (p50: (i: number) => number | null) => Array.from({ length: 20 }, (_, i) => sample(100 * (i + 1), { p50: p50(i) }));

  test("is a trend of what messages take, beyond chance and beyond what one takes by itself", () => {
    expect(
      growsAllAlong(
        series((i) => 5 + 2 * i),
        5,
      ),
    ).toBe(true);
    expect(
      growsAllAlong(
        series((i) => 5 + 0.2 * i),
        5,
      ),
    ).toBe(false);
    expect(
      growsAllAlong(
        series((i) => (i % 2 === 0 ? 5 : 50)),
        5,
      ),
    ).toBe(false);
    expect(
      growsAllAlong(
        series((i) => 100 - 2 * i),
        5,
      ),
    ).toBe(false);
    expect(
      growsAllAlong(
        series((i) => (i < 5 ? 5 : null)),
        5,
      ),
    ).toBeNull();
  });
});

describe("what the end of a short run adds", () => {
  const batches = { keys: { count: 1000 }, work: { kind: "cpu", time: "500us", perBatch: "2ms" }, load: steady(1700, "1s") };

  test("is no sign that the thread is the limit: the last batch's turn", async () => {
    for (const timeout of ["10ms", "100ms"])
      expect(await saidOf("async", { ...batches, batch: { size: 100, timeout } })).toStartWith("The arrivals are the limit");
  });

  test("is left out of the pace at which things were done", () => {
    const base = caseResult({ mode: "async" });
    const late = { ...base, throughput: 94, offeredRate: 100, durationMs: 1000 };
    expect(keepsPace(late)).toBe(false);
    expect(keepsPace({ ...late, latency: { ...late.latency, batch: { ...late.latency.batch, p50: 60 } } })).toBe(true);
  });

  test("of a thread that is full is not told as if less was done than came", async () => {
    const said = await saidOf("async", { ...batches, batch: { size: 50, timeout: "1ms" } });
    expect(said).toContain("Predicted was another limit (arrivals), at 92 % of what can be done, and all that came was done.");
  });
});

describe("bursts", () => {
  const bursts = {
    load: { executor: "bursts", size: 5000, every: "2s", count: 3 },
    keys: { count: 1000 },
    work: { kind: "cpu", time: "200us" },
  };

  test("that are done before the next comes are the limit themselves", async () => {
    expect(await saidOf("async", { ...bursts, queue: { capacity: 10_000, overflow: "drop-newest" } })).toStartWith(
      "The arrivals are the limit: 5.00 k come at once, and each waits for those before it, 500 ms at the median",
    );
  });

  test("that a short queue has no place for are its doing", async () => {
    expect(await saidOf("async", { ...bursts, queue: { capacity: 10, overflow: "drop-newest" } })).toStartWith(
      "The queue is the limit: its 10 places overflowed when arrivals came close together",
    );
  });
});
