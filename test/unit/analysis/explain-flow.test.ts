import { describe, expect, test } from "bun:test";
import { explainFailures, explainHandlers } from "../../../src/analysis/explain/flow.ts";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import type { FlowFigures } from "../../../src/telemetry/flow-figures.ts";
import { caseResult } from "../../support/results.ts";

/** What is said of the handlers of a flow that did so many items a second, on two Workers in `parallel`. */
function handlers(flow: object, throughput: number, mode: Mode = "async", workers = 2): string | null {
  const scenario = scenarioSchema.parse({ title: "x", workload: "flow", flow });
  return explainHandlers({ ...caseResult({ mode }), throughput }, scenario, workers);
}

const work = { kind: "io", time: "10ms" };
const queue = { kind: "message-queue", work, consumers: 2, concurrency: 3 };
const pipeline = { kind: "data-pipeline", work, concurrency: 2, stages: 3 };

describe("the handlers of a flow are the limit", () => {
  test("one after another in sync, from 70 % of what they can do on", () => {
    expect(handlers(pipeline, 24, "sync")).toBe(
      "One handler at a time: 3 calls for each item take 30.0 ms in turn, and 1 ÷ 30.0 ms is 33.3/s; 24 items/s went through.",
    );
    expect(handlers(pipeline, 23, "sync")).toBeNull();
    const parts = { a: { kind: "event-bus", subscribers: 1, work }, b: { kind: "message-queue", groups: 2, work } };
    expect(handlers({ kind: "orchestrator", parts }, 30, "sync")).toStartWith("One handler at a time: 3 calls for each item take 30.0 ms");
    expect(handlers({ kind: "event-bus" }, 30, "sync")).toBeNull();
  });

  test("as many as a group has, or a stage, or a subscriber", () => {
    expect(handlers(queue, 420)).toBe(
      "The handlers of message-queue are the limit: each group works on 6 at a time, 10.0 ms each, and 6 ÷ 10.0 ms is 600/s; 420 items/s went through. More consumers would help, more cores would not.",
    );
    expect(handlers(queue, 419)).toBeNull();
    expect(handlers(pipeline, 200)).toBe(
      "The handlers of data-pipeline are the limit: each stage works on 2 at a time, 10.0 ms each, and 2 ÷ 10.0 ms is 200/s; 200 items/s went through. More concurrency in its stages would help, more cores would not.",
    );
    expect(handlers({ kind: "reactive-stream", work }, 100)).toBe(
      "The handlers of reactive-stream are the limit: each subscriber works on 1 at a time, 10.0 ms each, and 1 ÷ 10.0 ms is 100/s; 100 items/s went through. A quicker subscriber would help, more cores would not.",
    );
  });

  test("in each thread of its own, where there are several", () => {
    expect(handlers(queue, 1200, "parallel")).toBe(
      "The handlers of message-queue are the limit: each group works on 12 at a time, 6 in each of 2 threads, 10.0 ms each, and 12 ÷ 10.0 ms is 1.20 k/s; 1.20 k items/s went through. More consumers, or more Workers, would help.",
    );
    expect(handlers(queue, 600, "parallel", 1)).toContain("each group works on 6 at a time, 10.0 ms each,");
    expect(handlers(queue, 600, "parallel", 0)).toContain("each group works on 6 at a time, 10.0 ms each,");
  });

  test("the tightest of several parts, with its own work or with that of all", () => {
    const parts = { wide: queue, tight: { kind: "data-pipeline", concurrency: 1 } };
    expect(handlers({ kind: "orchestrator", work: { kind: "io", time: "5ms" }, parts }, 200)).toStartWith(
      "The handlers of tight are the limit: each stage works on 1 at a time, 5.00 ms each, and 1 ÷ 5.00 ms is 200/s;",
    );
  });

  test("of which retries leave less", () => {
    const tried = { ...queue, failureRate: 0.5, retry: { max: 1 } };
    expect(handlers(tried, 400)).toContain("6 ÷ 10.0 ms is 600/s, less with retries; 400 items/s went through.");
    expect(handlers({ ...tried, failureRate: 0 }, 600)).not.toContain("less with retries");
  });

  test("unless any number may be at work, they do nothing, or somebody else made them", () => {
    expect(handlers({ kind: "event-bus", work }, 1e6)).toBeNull();
    expect(handlers({ kind: "message-queue" }, 1e6)).toBeNull();
    expect(handlers({ kind: "message-queue", work, module: "./x.ts" }, 1e6)).toBeNull();
  });
});

describe("what failed in a flow is told by its parts", () => {
  const told = (part: object) => explainFailures({ parts: { it: part } } as unknown as FlowFigures);

  test.each<[string, object, string]>([
    ["deliveries of a bus", { kind: "event-bus", delivered: 100, failed: 3, dropped: 0 }, "3 of 100 deliveries failed in their handlers"],
    [
      "events that a bus dropped",
      { kind: "event-bus", delivered: 100, failed: 0, dropped: 1 },
      "none of 100 deliveries failed in their handlers, 1 was dropped",
    ],
    [
      "values of a stream",
      {
        kind: "reactive-stream",
        subscribers: [
          { failed: 1, offered: 50 },
          { failed: 2, offered: 50 },
        ],
      },
      "3 of 100 values failed in their subscribers",
    ],
    ["items of a pipeline", { kind: "data-pipeline", fed: 9, failed: 2, stages: [] }, "2 of 9 items failed"],
    [
      "retries, refusals and fallbacks of a pipeline",
      {
        kind: "data-pipeline",
        fed: 9,
        failed: 0,
        stages: [
          { retries: 1, refused: 1 },
          { retries: 1, fallbacks: 4 },
        ],
      },
      "none of 9 items failed, with 2 retries, 1 call refused by its open circuit breaker and 4 fallbacks",
    ],
    [
      "fallbacks alone",
      { kind: "data-pipeline", fed: 9, failed: 0, stages: [{ fallbacks: 1 }] },
      "none of 9 items failed, with 1 fallback",
    ],
    [
      "messages given up",
      {
        kind: "message-queue",
        consumers: [
          { retried: 3, dead: 1, acknowledged: 4 },
          { retried: 1, dead: 1, acknowledged: 4 },
        ],
      },
      "2 of 10 messages were given up, with 4 retries",
    ],
    [
      "messages tried again, none of which was given up",
      { kind: "message-queue", consumers: [{ retried: 1, dead: 0, acknowledged: 4 }] },
      "none of 4 messages was given up, with 1 retry",
    ],
  ])("%s", (_, part, text) => {
    expect(told(part)).toBe(`By parts: it: ${text}.`);
  });

  test.each<[string, object]>([
    ["a bus", { kind: "event-bus", delivered: 100, failed: 0, dropped: 0 }],
    ["a stream", { kind: "reactive-stream", subscribers: [{ failed: 0, offered: 50 }] }],
    ["a pipeline", { kind: "data-pipeline", fed: 9, failed: 0, stages: [{ retries: 0 }] }],
    ["a queue", { kind: "message-queue", consumers: [{ retried: 0, dead: 0, acknowledged: 4 }] }],
  ])("nothing, where nothing failed in %s", (_, part) => {
    expect(told(part)).toBe("");
  });

  test("nothing, where there is no flow", () => {
    expect(explainFailures(undefined)).toBe("");
  });
});
