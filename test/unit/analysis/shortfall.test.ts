import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { shortfallOf } from "../../../src/analysis/shortfall.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { rounds } from "../../support/campaign.ts";
import { caseResult } from "../../support/results.ts";

const expected = (over: object = {}, mode: "sync" | "async" | "parallel" = "sync", workers = 2) => ({
  mode,
  workers,
  cores: 2,
  scenario: scenarioSchema.parse({ title: "x", work: { kind: "cpu", time: "5ms" }, ...over }),
});

/** A second of one thread: so many done at so many milliseconds each, so long kept by queries and reads, so busy. */
function second(done: number, serviceMs: number, { queryMs = 0, readMs = 0, busy = 1 } = {}) {
  const one = caseResult({ mode: "sync", processed: done, serviceMean: serviceMs });
  return {
    ...one,
    durationMs: 1000,
    throughput: done,
    sourceBlocked: { ...one.sourceBlocked, queryMs, readMs },
    process: {
      ...one.process,
      eventLoop: { ...one.process.eventLoop, busy },
      threads: [
        { name: "worker-0", utilization: 1 },
        { name: "worker-1", utilization: 0.5 },
      ],
    },
  };
}

describe("P1-E2 the shortfall from what a thread could have done", () => {
  test("of work that takes longer than asked is that work's", () => {
    expect(shortfallOf(second(100, 10), expected())?.causes).toEqual({ work: 100, reads: 0, queries: 0, overhead: 0, idle: 0 });
  });

  test("of queries is theirs", () => {
    expect(shortfallOf(second(180, 5, { queryMs: 100 }), expected())?.causes).toMatchObject({ work: 0, queries: 20, overhead: 0, idle: 0 });
  });

  test("of a thread that rests is idleness", () => {
    expect(shortfallOf(second(100, 5, { busy: 0.5 }), expected())?.causes).toMatchObject({ work: 0, overhead: 0, idle: 100 });
  });

  test("of what a busy thread did besides is the lab's own", () => {
    expect(shortfallOf(second(180, 5), expected())?.causes).toMatchObject({ work: 0, overhead: 20, idle: 0 });
  });

  test("of reads is what they took beyond what was asked", () => {
    const read = expected({ source: { latency: "5ms" } });
    expect(shortfallOf(second(80, 5, { readMs: 600 }), read)).toMatchObject({ capacity: 100, causes: { reads: 20, idle: 0, overhead: 0 } });
  });

  test("of Workers is of as many threads", () => {
    expect(shortfallOf(second(300, 5), expected({}, "parallel"))).toMatchObject({
      capacity: 400,
      causes: { work: 0, overhead: 0, idle: 100 },
    });
  });

  test("whatever was measured, the causes add up to it", () => {
    const figures = fc.tuple(
      fc.integer({ min: 1, max: 400 }),
      fc.double({ min: 0.1, max: 20, noNaN: true }),
      fc.nat(500),
      fc.nat(500),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(figures, fc.constantFrom("sync", "async", "parallel"), ([done, service, queryMs, readMs, busy], mode) => {
        const told = shortfallOf(second(done, service, { queryMs, readMs, busy }), expected({}, mode));
        if (told === null) return false;
        const sum = Object.values(told.causes).reduce((all, cause) => all + cause, 0);
        expect(sum).toBeCloseTo(told.capacity - told.throughput, 6);
        return told.causes.overhead >= 0;
      }),
      { numRuns: rounds(500) },
    );
  });

  test.each([
    ["waits overlap", { work: { kind: "io", time: "5ms" } }, "sync"],
    ["the work takes no time", { work: { kind: "none" } }, "sync"],
    ["a batch costs by itself", { work: { kind: "cpu", time: "5ms", perBatch: "1ms" } }, "sync"],
    ["it is handed to a helper", { async: { offload: "batch" } }, "async"],
    ["reads overlap", { source: { latency: "5ms" } }, "async"],
  ] as const)("is not told where %s", (_, over, mode) => {
    expect(shortfallOf(second(100, 5), expected(over, mode))).toBeNull();
  });

  test("is not told of more Workers than cores", () => {
    expect(shortfallOf(second(100, 5), expected({}, "parallel", 4))).toBeNull();
  });
});
