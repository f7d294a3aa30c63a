import { describe, expect, test } from "bun:test";
import { keptUp } from "../../../src/engine/rates.ts";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { caseResult, sample } from "../../support/results.ts";
import { planOf } from "../../support/virtual-setup.ts";

const LOAD = { executor: "constant-arrival-rate", rate: 100, duration: "3s" };

/** Whether a rate held of which these are the figures; all that came in 3 s was done then, but for what is changed. */
function held(change: object, asked: object = {}, mode: Mode = "sync"): boolean | null {
  const one = caseResult({ mode });
  const scenario = scenarioSchema.parse({ title: "x", load: LOAD, ...asked });
  return keptUp(
    { ...one, durationMs: 3000, series: [], throughput: 100, offeredRate: 100, ...change } as CaseResult,
    planOf(scenario, mode),
  );
}

const ledger = (change: object) => ({ ledger: { ...caseResult({ mode: "sync" }).ledger, ...change } });
/** Arrivals at random: that the line is longer at the end may be chance. */
const RANDOM = { load: { ...LOAD, arrivals: "poisson" } };
/** Ten samples a second in each of which so many of a hundred were done. */
const done = (processed: number, seconds = 3, change: object = {}) =>
  Array.from({ length: 10 * seconds }, (_, i) => sample(100 * (i + 1), { offered: 100, processed, ...change }));

describe("a rate holds where what came was done", () => {
  test("but for one in a hundred", () => {
    expect([held(ledger({ processed: 99 })), held(ledger({ processed: 98 }))]).toEqual([true, false]);
    expect(held(ledger({ processed: 97, failed: 1, rejected: 1 }))).toBe(true);
  });

  test("to the end, and by itself", () => {
    expect(held(ledger({ processed: 99, unfinished: 1 }))).toBe(false);
    expect(held({ status: "aborted" })).toBe(false);
  });

  test("whatever became of a load that has no rate", () => {
    expect(held({ durationMs: 9000 }, { load: { executor: "bursts", size: 10 } })).toBe(true);
  });

  test("as fast as it came, where too few samples tell of the line", () => {
    expect([held({ throughput: 95 }), held({ throughput: 94 })]).toEqual([true, false]);
  });

  test("and what waits grows by no more than 10 ms in a second", () => {
    const growing = (ms: number) => done(100).map((each, i) => ({ ...each, p50: 1000 + (ms * i) / 10, p99: 1 }));
    // Less than a twentieth more is none.
    expect([held({ series: growing(60) }), held({ series: growing(70) })]).toEqual([true, false]);
  });

  test("while the load lasts: what is worked off after it is no line", () => {
    const late = done(100, 4).map((each) => ({ ...each, p50: each.t > 3000 ? 9000 : 5, p99: 10 }));
    expect(held({ series: late })).toBe(true);
  });
});

describe("of arrivals at random a rate holds", () => {
  test("where they were done a hundredth later; a tenth later it does not, and between them it may", () => {
    const ended = (durationMs: number) => held({ durationMs }, RANDOM);
    expect([3029, 3031, 3282, 3283].map(ended)).toEqual([true, null, null, false]);
  });

  test.each<[string, Mode, object, object]>([
    ["its read", "sync", { source: { latency: { min: "1ms", max: "30ms" } } }, {}],
    ["its batch", "async", { batch: { size: 10, timeout: "30ms" } }, {}],
    ["its work, and that of its batch", "async", {}, { batches: { count: 9, meanSize: 3 }, service: 10 }],
    ["its work by itself", "async", {}, { batches: { count: 0, meanSize: 0 }, service: 30 }],
  ])("after the last message's own time, that of %s", (_, mode, asked, { service = 0, ...change }: { readonly service?: number }) => {
    const { latency } = caseResult({ mode, serviceMean: service });
    const ended = (durationMs: number) => held({ latency, ...change, durationMs }, { ...RANDOM, ...asked }, mode);
    expect([3059, 3061].map(ended)).toEqual([true, null]);
  });

  test("whatever a batch's timeout is where each is worked by itself", () => {
    expect(held({ durationMs: 3031 }, { ...RANDOM, batch: { timeout: "30ms" } })).toBeNull();
  });

  test("where all but a hundredth was done when the load ended, however long the last of it took", () => {
    const late = (processed: number, change: object = {}) => held({ durationMs: 9000, series: done(processed, 4, change) }, RANDOM);
    expect([99.1, 98.9, 91, 90].map((processed) => late(processed))).toEqual([true, null, null, false]);
    // What was dropped is not waiting.
    expect(late(89.1, { dropped: 10 })).toBe(true);
  });

  test("by its end alone where some failed, which are not among those that were done", () => {
    const failed = { ...ledger({ processed: 99, failed: 1 }), series: done(100, 4) };
    expect([held({ ...failed, durationMs: 3029 }, RANDOM), held({ ...failed, durationMs: 9000 }, RANDOM)]).toEqual([true, false]);
    const rejected = { ...ledger({ processed: 99, rejected: 1 }), series: done(100, 4) };
    expect(held({ ...rejected, durationMs: 9000 }, RANDOM)).toBe(false);
  });

  test("over the load without its warm-up", () => {
    const ended = (durationMs: number) => held({ durationMs }, { ...RANDOM, warmup: "1s" });
    expect([2019, 2021].map(ended)).toEqual([true, null]);
  });

  test("the less surely, the fewer of them each Worker has: keys are dealt by chance, unless they take turns", () => {
    const ended = (keys: object, durationMs: number) => held({ durationMs }, { keys: { count: 1000, ...keys } }, "parallel");
    // √(½ ÷ 150) × 1.63 of two Workers.
    expect([ended({}, 3282), ended({}, 3283)]).toEqual([null, false]);
    expect(ended({ distribution: "round-robin" }, 9000)).toBe(true);
  });
});
