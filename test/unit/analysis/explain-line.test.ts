import { describe, expect, test } from "bun:test";
import { explain } from "../../../src/analysis/explain.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import type { MeasuredCase } from "../../../src/telemetry/result.ts";
import { caseResult, sample } from "../../support/results.ts";

const base = caseResult({ mode: "parallel" });
const part = (mean: number) => ({ ...base.latency.sojourn, mean, p50: mean, p75: mean, p90: mean, p95: mean, p99: 2 * mean });
const workers = [0.3, 0.3, 0.3].map((utilization, i) => ({ name: `worker-${i}`, utilization }));

/** Messages of 2 ms each, in batches of 10, that wait so long in their batch, which a Worker's line is a part of. */
function explained(batch: number, change: object = {}, asked: object = {}): string {
  const latency = { ...base.latency, batch: part(batch), service: part(2), sojourn: part(batch + 2) };
  const process = { ...base.process, threads: [{ name: "main", utilization: 0.05 }, ...workers] };
  const cores = [0, 1, 2, 3].map((core) => ({ core, utilization: 0.3 }));
  const result = { ...base, latency, process, cores, disturbed: null, series: [], intakeRate: 400, throughput: 400, durationMs: 2000 };
  const scenario = scenarioSchema.parse({
    title: "x",
    work: { kind: "sleep", time: "2ms" },
    batch: { size: 10, timeout: "20ms" },
    ...asked,
  });
  return explain({ ...result, batches: { count: 80, meanSize: 10 }, ...change } as MeasuredCase, scenario);
}

describe("a line in front of a Worker, which is a part of the time in the batch", () => {
  test("is the arrivals' doing no more than any other: what a batch takes to fill and to be worked is", () => {
    expect(explained(40)).not.toContain("No single limit shows");
    expect(explained(400)).toStartWith(
      "No single limit shows: all 100 messages were processed at 400 messages/s, with a median sojourn time of 402 ms, of the work 2.00 ms.",
    );
  });

  test("is found where messages take longer and longer, though one sample is far from the others", () => {
    const series = Array.from({ length: 20 }, (_, i) =>
      sample(100 * (i + 1), {
        offered: 500,
        processed: 400,
        depth: 0,
        p50: i === 19 ? 90_000 : 20 + 20 * i,
        p99: i === 19 ? 91_000 : 30 + 20 * i,
      }),
    );
    expect(explained(200, { series, offeredRate: 500, throughput: 400 })).not.toContain("The arrivals are the limit");
  });

  test("is no wait for the batch to go, which it does at its timeout", () => {
    // 10 at 15 a second for each of 3 Workers take 1.8 s to fill, and go after 20 ms.
    const slow = { intakeRate: 15, throughput: 15, batches: { count: 80, meanSize: 9.9 } };
    const text = explained(700, slow);
    expect(text).not.toContain("was waiting for it to go");
    expect(explained(700, slow, { batch: { size: 10 } })).toStartWith(
      "The batch is what takes time: of 702 ms on average, 691 ms was waiting",
    );
  });
});

test("keys that are used alike have no busiest, of which several would help", () => {
  const keyed = (keys: object) => {
    const asked = { keys, work: { kind: "mixed", time: "1063us" }, batch: { timeout: "4ms" }, async: { concurrency: 1 } };
    const threads = [0.05, 0, 0.789].map((utilization, i) => ({ name: i === 0 ? "main" : `worker-${i}`, utilization }));
    const latency = { ...base.latency, queue: part(5), batch: part(70), service: part(1.063), sojourn: part(76) };
    const ledger = { ...base.ledger, scheduled: 2, processed: 2 };
    const figures = { latency, ledger, offeredRate: 1693, intakeRate: 928, throughput: 928, process: { ...base.process, threads } };
    return explained(70, { ...figures, batches: { count: 17, meanSize: 17.6 } }, asked);
  };
  const alike = keyed({ count: 2, distribution: "round-robin" });
  expect(alike).toStartWith("The keys are the limit: a Worker takes one message after another");
  expect(alike).not.toContain("in place of the busiest");
});

describe("work in mode async", () => {
  const onLoop = (change: object, asked: object) => {
    const threads = [{ name: "main", utilization: 0.6 }];
    const process = { ...base.process, threads, eventLoop: { ...base.process.eventLoop, busy: 0.6 } };
    return explained(0, { mode: "async", process, ...change }, asked);
  };

  test("that costs the helper its batch for each message is not held back by the number of processors", () => {
    const latency = { ...base.latency, queue: part(14), batch: part(15), service: part(6.7), sojourn: part(36) };
    const ledger = { ...base.ledger, scheduled: 2000, processed: 1820, dropped: { newest: 0, oldest: 180 } };
    const figures = { latency, ledger, offeredRate: 328, intakeRate: 326, throughput: 297, batches: { count: 182, meanSize: 10 } };
    const told = (perBatch: string) =>
      onLoop(figures, {
        work: { kind: "mixed", time: "2482us", perBatch },
        batch: { size: 10 },
        async: { concurrency: 2, offload: "message" },
        load: { executor: "constant-arrival-rate", rate: 328, duration: "6s" },
      });
    expect(told("100us")).toStartWith("The number of processors is the limit");
    expect(told("2607us")).not.toContain("The number of processors");
  });

  test("that holds the loop lets no batch go for as long as the one before it takes, and no longer", () => {
    const latency = { ...base.latency, schedule: part(13), queue: part(8), batch: part(118), service: part(1.95), sojourn: part(141) };
    const figures = { latency, intakeRate: 499, throughput: 499, offeredRate: 510, batches: { count: 27, meanSize: 29.6 } };
    const text = onLoop(figures, { work: { kind: "cpu", time: "1840us", perBatch: "4262us" }, batch: { timeout: "16ms" } });
    // 16 ms and 29.6 × 1.95 ms, of the 90 ms that its turn leaves.
    expect(text).toStartWith("The batch is what takes time: of 141 ms on average, 73.7 ms was waiting for it to go");
  });
});
