import { describe, expect, test } from "bun:test";
import { mayHelp } from "../../../src/analysis/explain/advice.ts";
import { Facts } from "../../../src/analysis/explain/facts.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { predict } from "../../../src/theory/predict.ts";
import { caseResult } from "../../support/results.ts";

/** Asynchronous work of 10 ms, more of it than 2 places do, with the figures that theory foresees of it. */
function foreseen(asked: object, change: object = {}): Facts {
  const scenario = scenarioSchema.parse({
    title: "x",
    load: { executor: "constant-arrival-rate", rate: 400, duration: "2s" },
    ...{ keys: { count: 1000 }, work: { kind: "io", time: "10ms" }, async: { concurrency: 2 } },
    ...asked,
  });
  const predicted = predict({ mode: "async", scenario, workers: 1, cores: 2 });
  const base = caseResult({ mode: "async" });
  const sojourn = { ...base.latency.sojourn, mean: predicted.sojournMean ?? 0 };
  const latency = { ...base.latency, sojourn };
  return new Facts({ ...base, predicted, throughput: predicted.throughput ?? 0, latency, ...change }, scenario);
}

describe("what is said to help is tried on a simulation of the case", () => {
  test("more places help where they are what is short", () => {
    expect(mayHelp(foreseen({}), "async.concurrency")).toBe(true);
  });

  test("and do not where messages of one key wait for each other", () => {
    expect(mayHelp(foreseen({ keys: { count: 1 } }), "async.concurrency")).toBe(false);
  });

  test("more connections help nothing where reading takes no time to speak of", () => {
    expect(mayHelp(foreseen({ source: { latency: "10us" } }), "source.connections")).toBe(false);
  });

  test("more keys help one key", () => {
    expect(mayHelp(foreseen({ keys: { count: 1 } }), "keys.count")).toBe(true);
  });

  test("an earlier timeout is no help where a batch has gone before it", () => {
    const load = { executor: "constant-arrival-rate", rate: 400, duration: "2s" };
    const batched = { load, batch: { size: 2, timeout: "900ms" }, async: { concurrency: 10 } };
    expect(mayHelp(foreseen(batched), "batch.timeout")).toBe(false);
  });

  test("of figures that the simulation did not foresee it knows nothing", () => {
    expect(mayHelp(foreseen({ keys: { count: 1 } }, { throughput: 30 }), "async.concurrency")).toBe(true);
  });
});
