import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { explainFailures, explainHandlers } from "../../src/analysis/explain/flow.ts";
import type { RunnerResult } from "../../src/engine/protocol.ts";
import { planCases } from "../../src/plan/plan.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import type { Mode } from "../../src/scenario/schema.ts";
import { YamlFile } from "../../src/scenario/yaml-file.ts";
import { imbalance } from "../../src/telemetry/ledger.ts";
import { flowDemand } from "../../src/theory/flow.ts";
import { predict } from "../../src/theory/predict.ts";
import { draw } from "../../src/workloads/flow/lab.ts";
import { patience } from "../support/campaign.ts";
import { runHere } from "../support/case.ts";
import { ROOT, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(patience(60_000));

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const ITEMS = 60;

function planOf(flow: object, mode: Mode, more: object = {}) {
  const scenario = {
    title: "x",
    workload: "flow",
    modes: [mode],
    load: { executor: "bursts", size: ITEMS },
    async: { concurrency: 20 },
    flow,
    ...more,
  };
  const { points } = resolveScenario(YamlFile.parse("x", JSON.stringify(scenario)), join(folder, "x.yaml"));
  const plan = planCases(points, 2)[0];
  if (plan === undefined) throw new Error("unreachable");
  return plan;
}

async function run(flow: object, mode: Mode, more: object = {}) {
  const { result, samples } = await runHere(planOf(flow, mode, more));
  expect(imbalance(result.ledger)).toBe(0);
  expect(result.littlesLaw.relativeError).toBeLessThan(1e-6);
  return { result, samples };
}

const FLOWS = {
  "event-bus": { kind: "event-bus", failureRate: 0.1, work: { kind: "cpu", time: "20us" } },
  "data-pipeline": {
    kind: "data-pipeline",
    stages: 2,
    failureRate: 0.4,
    retry: { max: 1, baseDelay: "1ms" },
    work: { kind: "mixed", time: "100us" },
  },
  "reactive-stream": { kind: "reactive-stream", failureRate: 0.1, work: { kind: "io", time: "100us", distribution: "exponential" } },
  "message-queue": {
    kind: "message-queue",
    groups: 2,
    durability: "process",
    order: "key",
    failureRate: 0.1,
    work: { kind: "sleep", time: "20us" },
  },
  orchestrator: {
    kind: "orchestrator",
    parts: {
      a: { kind: "event-bus" },
      b: { kind: "data-pipeline", failureRate: 0.2, fallback: true },
      c: { kind: "message-queue", failureRate: 0.1 },
    },
  },
} as const;

describe.each(Object.entries(FLOWS))("F workload flow, %s", (kind, flow) => {
  test("every mode takes the same items through, and the same ones fail", async () => {
    const results: RunnerResult[] = [];
    for (const mode of ["sync", "async", "parallel"] as const) {
      const { result, samples } = await run(flow, mode);
      results.push(result);
      expect(result.ledger).toMatchObject({ scheduled: ITEMS, dropped: { newest: 0, oldest: 0 }, unfinished: 0 });
      const names = Object.keys(result.flow?.parts ?? {});
      expect(names).toEqual("parts" in flow ? Object.keys(flow.parts) : [kind]);
      for (const { flow: sample } of samples) for (const part of sample?.parts ?? []) expect(names).toContain(part.name);
    }
    expect(new Set(results.map(({ ledger }) => ledger.failed)).size).toBe(1);
    expect(results[0]?.ledger.failed).toBeGreaterThan(0);
    expect(results[0]?.failures.every(({ reason }) => /planted failure|a subscriber failed/.test(reason))).toBe(true);
  });
});

test("F a module makes its own flow; one that gives no function fails every item with a sentence", async () => {
  const file = join(folder, "mine.ts");
  writeFileSync(
    file,
    `import { EventBus } from ${JSON.stringify(join(ROOT, "src/flows.ts"))};\nexport default (flows, lab) => { const bus = flows.register(new EventBus({ name: "mine" })); bus.subscribe("x", ({ data }) => lab.handle(data, 0)); return (item) => bus.publish("x", item); };`,
  );
  expect((await run({ module: file }, "async")).result).toMatchObject({
    ledger: { processed: ITEMS },
    flow: { parts: { mine: { published: ITEMS } } },
  });
  const none = join(folder, "none.ts");
  writeFileSync(none, "export default () => 5;");
  expect((await run({ module: none }, "async")).result.failures).toEqual([
    { reason: "the flow module gave no function that takes items", count: ITEMS },
  ]);
});

test("F-3 what fails at a subscriber of a stream is in its statistics", async () => {
  const { result } = await run({ kind: "reactive-stream", subscribers: 1, failureRate: 0.3, work: { kind: "none" } }, "async");
  expect(result.ledger.failed).toBeGreaterThan(0);
  expect(result.flow?.parts["reactive-stream"]).toMatchObject({ subscribers: [{ failed: result.ledger.failed }] });
});

test("F planted failures are spread evenly and independently of mode", () => {
  let below = 0;
  for (let index = 0; index < 20_000; index++) if (draw(7, index, index % 3) < 0.3) below++;
  expect(below / 20_000).toBeCloseTo(0.3, 1);
  expect(draw(1, 2, 3)).toBe(draw(1, 2, 3));
});

describe("F theory of flows", () => {
  const expected = (flow: object, mode: Mode, rate = 100) => {
    const { scenario, workers } = planOf(flow, mode, { load: { executor: "constant-arrival-rate", rate, duration: "2s" } });
    return predict({ mode, scenario, workers, cores: 2 });
  };

  test("handlers in turn, at once, and one item at a time", () => {
    const work = { kind: "io", time: "2ms" };
    expect(expected({ kind: "event-bus", subscribers: 3, work }, "sync").capacity).toBeCloseTo(1000 / 6, 6);
    expect(expected({ kind: "event-bus", subscribers: 3, work }, "async").capacity).toBeCloseTo(20 * 500, 6);
    expect(expected({ kind: "reactive-stream", subscribers: 3, work }, "async").capacity).toBeCloseTo(500, 6);
    expect(expected({ kind: "message-queue", consumers: 2, concurrency: 2, groups: 5, work }, "async").capacity).toBeCloseTo(2000, 6);
    expect(expected({ kind: "data-pipeline", stages: 3, work: { kind: "cpu", time: "1ms" } }, "parallel").capacity).toBeCloseTo(
      2000 / 3,
      6,
    );
    expect(expected({ kind: "event-bus" }, "async")).toMatchObject({ capacity: null, throughput: 100, bottleneck: "overhead" });
  });

  test("retries are a geometric series, and what fails does not come through", () => {
    const part = planOf({ kind: "message-queue", failureRate: 0.5, retry: { max: 2 } }, "async").scenario.flow;
    expect(flowDemand(part as never)).toEqual({ calls: 1.75, inTurn: 1.75, lanes: 1 / 1.75, success: 0.875 });
    expect(
      expected({ kind: "event-bus", subscribers: 2, failureRate: 0.1, work: { kind: "io", time: "1ms" } }, "async").throughput,
    ).toBeCloseTo(81, 0);
  });

  test("explanations name the part, its handlers, and what became of failures", () => {
    const explained = (flow: object, mode: Mode, throughput: number) =>
      explainHandlers({ mode, throughput } as never, planOf(flow, mode).scenario, 2);
    const work = { kind: "io", time: "2ms" };
    expect(explained({ kind: "event-bus", subscribers: 3, work }, "sync", 160)).toBe(
      "One handler at a time: 3 calls for each item take 6.00 ms in turn, and 1 ÷ 6.00 ms is 167/s; 160 items/s went through.",
    );
    expect(explained({ kind: "data-pipeline", stages: 3, work }, "async", 480)).toContain(
      "each stage works on 1 at a time, 2.00 ms each, and 1 ÷ 2.00 ms is 500/s",
    );
    expect(explained({ kind: "message-queue", consumers: 4, work }, "parallel", 3500)).toContain(
      "each group works on 8 at a time, 4 in each of 2 threads, 2.00 ms each, and 8 ÷ 2.00 ms is 4.00 k/s; 3.50 k items/s went through. More consumers, or more Workers, would help.",
    );
    expect(explained({ kind: "event-bus", work }, "async", 480)).toBe(null);
    const parts = {
      bus: { kind: "event-bus", failed: 5, delivered: 100 },
      calm: { kind: "event-bus", failed: 0, delivered: 9 },
      stream: { kind: "reactive-stream", subscribers: [{ failed: 1, offered: 4 }] },
      line: { kind: "data-pipeline", fed: 10, failed: 1, stages: [{ retries: 3, refused: 2, fallbacks: 4 }] },
      queue: { kind: "message-queue", consumers: [{ retried: 6, dead: 1, acknowledged: 3 }] },
    };
    expect(explainFailures({ parts } as never)).toBe(
      "By parts: bus: 5 of 100 deliveries failed in their handlers; stream: 1 of 4 values failed in their subscribers; " +
        "line: 1 of 10 items failed, with 3 retries, 2 calls refused by its open circuit breaker and 4 fallbacks; queue: 1 of 4 messages was given up, with 6 retries.",
    );
    expect(explainFailures(undefined)).toBe("");
  });
});
