import { describe, expect, test } from "bun:test";
import { explain } from "../../../src/analysis/explain.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import type { FetchFigures } from "../../../src/telemetry/fetch-figures.ts";
import type { MeasuredCase } from "../../../src/telemetry/result.ts";
import { caseResult } from "../../support/results.ts";

const base = caseResult({ mode: "async" });
const summary = (ms: number) => ({ ...base.latency.service, count: 4000, mean: ms, p50: ms, p99: ms });
const FIGURES: FetchFigures = {
  ...{ requests: 4000, ok: 4000, degraded: 0, failed: 0, attempts: 4000, retries: 0, refusedByBreaker: 0, rateLimited: 0, deadLettered: 0 },
  ...{ resumed: 0, bytes: 0, byStatus: {}, byError: {}, byHost: {}, peakConcurrency: 100, connectionsOpened: 100, sent: 4000 },
  ...{ itemMs: 12, turnMs: 0, lineMs: 0, amplification: 1, rateTurns: [], server: null },
};

/** 4000 requests at once over 100 places; `cores`: share of each that is used, `main` of its own that the loop computes. */
function explained(
  {
    cores = [1, 0.98],
    main = 0.7,
    took = 12,
    throughput = 8300,
    ...change
  }: Record<string, unknown> & {
    readonly cores?: readonly number[];
    readonly main?: number;
    readonly took?: number;
    readonly throughput?: number;
  } = {},
  asked: { readonly latency?: string; readonly connections?: number; readonly concurrency?: object; readonly load?: object } = {},
  figures: Partial<FetchFigures> = {},
): string {
  const attempt = summary(took);
  const phases = { connect: attempt, tls: attempt, firstByte: attempt, body: attempt, attempt, reused: 4000 };
  const result = {
    ...base,
    disturbed: null,
    throughput,
    offeredRate: null,
    cores: cores.map((utilization, core) => ({ core, utilization })),
    process: { ...base.process, threads: [{ name: "main", utilization: main }] },
    latency: { ...base.latency, sojourn: summary(250), queue: summary(238), service: summary(12) },
    ledger: { ...base.ledger, scheduled: 4000, processed: 4000 },
    fetch: { ...FIGURES, itemMs: took, phases, ...figures },
    ...change,
  } as MeasuredCase;
  const scenario = scenarioSchema.parse({
    title: "x",
    workload: "fetch",
    load: asked.load ?? { executor: "once" },
    fetch: {
      target: { mock: { latency: asked.latency ?? "0ms" } },
      tiles: { zoom: 7, count: 4000 },
      concurrency: { max: 100, ...asked.concurrency },
      connections: { max: asked.connections ?? 100 },
    },
  });
  return explain(result, scenario);
}

describe("where attempts take far longer than the server is told to", () => {
  test("the cores are named where they are used up, and neither the places nor the connections", () => {
    const text = explained();
    expect(text).toStartWith(
      "The cores are the limit: the machine's 2 cores were 99 % used in all; half of the attempts took 12.0 ms and more, of which the server was told to take 0, and the rest is computing and waiting for a core. 8.30 k requests/s went through, 99.6 in flight on average; more at once would wait for the same cores.",
    );
    expect(explained({ took: 1.28, throughput: 7700 }, { connections: 10 }, { itemMs: 12.7, lineMs: 11.4 })).toStartWith(
      "The cores are the limit",
    );
  });

  test("computing is named where a core is free", () => {
    const text = explained({ cores: [0.9, 0.7] });
    expect(text).toStartWith("Computing is the limit: half of the attempts took 12.0 ms and more, of which the server was told to take 0;");
    expect(text).not.toContain("would help");
  });

  test("a server that keeps its pace leaves it to the places, however full the cores are of other things", () => {
    const text = explained({ took: 100.5, throughput: 990 }, { latency: "100ms" });
    expect(text).toStartWith("Concurrency is the limit: 100 in flight on one loop ÷ 101 ms is 990/s;");
    // Of 8 % of the time, which is computing or waiting for that, nothing follows.
    expect(explained({ took: 54, throughput: 1690 }, { latency: "50ms" })).toStartWith("Concurrency is the limit");
    expect(explained({ took: 59, throughput: 1690 }, { latency: "50ms" })).toStartWith("The cores are the limit");
  });

  test("one connection that never waits for another is the limit itself", () => {
    const text = explained({ took: 0.217, throughput: 4530 }, { connections: 1 }, { itemMs: 22, lineMs: 21.8 });
    expect(text).toStartWith("The connections are the limit: there is 1 connection");
  });

  test("more Workers are said to help only where a core is free for them", () => {
    expect(explained({ main: 0.97, cores: [0.97, 0.4] })).toContain("More Workers would help.");
    const full = explained({ main: 0.97 });
    expect(full).toContain("More Workers would find no core free: the machine's 2 cores were 99 % used in all.");
    expect(full).not.toContain("would help");
  });
});

describe("over workers of mode distributed", () => {
  const host = (name: string) => ({ name, status: "ok", cores: 2, slots: 1, processed: 2000 });
  const streams = (more: object = {}) => ({
    ...{ mode: "distributed", hosts: [host("a"), host("b")], main: 0.2, cores: [0.5, 0.4] },
    distributed: {
      server: "redis 8",
      partitions: 64,
      commits: 4000,
      refused: 0,
      claims: 0,
      redeliveries: 0,
      resent: 0,
      serverUse: 0.1,
      ...more,
    },
  });
  const settings = { latency: "100ms", concurrency: { max: 50 }, connections: 50 };

  test("the limits are those of all of them, which is said", () => {
    const text = explained({ ...streams(), took: 100.5, throughput: 990 }, settings);
    expect(text).toStartWith("Concurrency is the limit: 100 in flight over 2 workers ÷ 101 ms is 990/s;");
    expect(text).toContain("Larger fetch.concurrency.max and fetch.connections.max, or more workers, would help");
    expect(text).toEndWith("Limits are those of all 2 workers: each keeps to the scenario's by itself.");
    const one = explained({ ...streams(), hosts: [host("a")], took: 100.5, throughput: 495 }, settings);
    expect(one).toStartWith("Concurrency is the limit: 50 in flight over 1 worker");
    expect(one).not.toContain("Limits are those");
  });

  test("the runner, or Redis, is named where it is what all pass", () => {
    const busy = { ...streams(), took: 100.5, throughput: 990 };
    expect(explained({ ...busy, main: 0.95 }, settings)).toStartWith("The runner is the limit: it was computing 95 % of the time");
    expect(explained({ ...busy, ...streams({ serverUse: 0.9 }) }, settings)).toStartWith(
      "Redis is the limit: its one thread was computing 90 %",
    );
    expect(explained({ ...busy, ...streams({ serverUse: null }) }, settings)).toStartWith("Concurrency is the limit");
  });
});

test("a wave of requests that all take as long ends with none of them late", () => {
  const wave = (max: number) =>
    explained(
      {
        took: 12,
        throughput: 4000,
        cores: [0.4, 0.4],
        latency: { ...base.latency, sojourn: summary(250), queue: summary(238), service: { ...summary(12), max } },
      },
      { latency: "12ms", concurrency: { window: "waves" } },
    );
  expect(wave(40)).toStartWith("Waves: a wave ends with its slowest request, so of 100 places 48 were in use on average");
  expect(wave(12.5)).not.toContain("Waves");
});

describe("a limit that adapts", () => {
  const chaos = (queue: number, max: number) =>
    explained(
      {
        throughput: 108,
        took: 20,
        offeredRate: 150,
        latency: { ...base.latency, sojourn: summary(queue + 29), queue: summary(queue), service: summary(29) },
      },
      { latency: "20ms", concurrency: { max, adaptive: "aimd" }, load: { executor: "constant-arrival-rate", rate: 150, duration: "12s" } },
      { refusedByBreaker: 900, failed: 900, ok: 3100, itemMs: 36, peakConcurrency: 28, sent: 3100, attempts: 3400 },
    );

  test("is named beside what is refused, where most of the time is spent waiting for a place that it gives", () => {
    const text = chaos(96, 40);
    expect(text).toStartWith("What the server fails at is the limit");
    expect(text).toContain(
      "The adaptive limit (fetch.concurrency.adaptive) is what takes time: of 125 ms on average, 96.0 ms was waiting for one of the places it gave, 3.89 under way on average and 28 in flight at most of 40 allowed.",
    );
  });

  test("is not where hardly anything waits for a place, or all that are allowed are taken", () => {
    expect(chaos(5, 40)).not.toContain("adaptive");
    expect(chaos(96, 4)).not.toContain("is what takes time");
  });
});
