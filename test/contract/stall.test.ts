import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { Histogram } from "../../src/kernel/histogram.ts";
import { planCases } from "../../src/plan/plan.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import { YamlFile } from "../../src/scenario/yaml-file.ts";
import { stalledPercentile } from "../bench/stall.ts";
import { patience, rounds } from "../support/campaign.ts";
import { runHere } from "../support/case.ts";
import { temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(patience(60_000));

test("what requests at an even rate wait for a server that stands still once is what arithmetic says", () => {
  const stalls = fc.record({
    rate: fc.integer({ min: 50, max: 2000 }),
    durationMs: fc.integer({ min: 2000, max: 20_000 }),
    stallMs: fc.integer({ min: 100, max: 2000 }),
    from: fc.double({ min: 0, max: 1, noNaN: true }),
    share: fc.constantFrom(0.5, 0.9, 0.99, 0.999),
  });
  fc.assert(
    fc.property(stalls, ({ rate, durationMs, stallMs, from, share }) => {
      const begins = from * (durationMs - stallMs);
      const times = new Histogram();
      const every = 1000 / rate;
      for (let due = 0; due < durationMs - 1e-9; due += every) {
        const held = due >= begins && due < begins + stallMs;
        times.record(held ? (begins + stallMs - due) * 1e6 : 0);
      }
      // One arrival more or less, and the width of a bucket.
      expect(Math.abs(times.percentile(share) / 1e6 - stalledPercentile({ durationMs, stallMs }, share))).toBeLessThan(
        2.1 * every + 0.002 * stallMs,
      );
    }),
    { numRuns: rounds(200) },
  );
});

/** Answers at once, but holds all that it gets for a while after so many requests. */
function stallingServer(after: number, ms: number) {
  let heard = 0;
  let until = 0;
  return Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch() {
      if (++heard === after) until = performance.now() + ms;
      const left = until - performance.now();
      if (left > 0) await Bun.sleep(left);
      return new Response("ok");
    },
  });
}

test("at a rate the stall of a server is in the percentiles, in a closed loop it is not", async () => {
  const stall = { durationMs: 2000, stallMs: 500 };
  const p99 = async (load: object) => {
    const server = stallingServer(100, stall.stallMs);
    const fetch = { urls: [`http://127.0.0.1:${server.port}/`], concurrency: { max: 4 } };
    const whole = { title: "stall", workload: "fetch", modes: ["async"], load, fetch };
    const { scenario } = resolveScenario(YamlFile.parse("stall", JSON.stringify(whole)), join(temporaryFolder(), "stall"));
    const [plan] = planCases([{ params: {}, scenario }], 2);
    if (plan === undefined) throw new Error("unreachable");
    const { result } = await runHere(plan, undefined, { roundsPerMs: 1 });
    server.stop(true);
    return result.latency.sojourn;
  };
  const expected = stalledPercentile(stall, 0.99);
  const open = await p99({ executor: "constant-arrival-rate", rate: 200, duration: "2s" });
  // 480 ms, and what a busy machine adds.
  expect(open.count).toBe(400);
  expect(open.p99).toBeWithin(0.97 * expected, expected + 300);
  const closed = await p99({ executor: "constant-vus", vus: 4, duration: "2s" });
  expect(closed.max).toBeGreaterThan(0.9 * stall.stallMs);
  expect(closed.p99).toBeLessThan(0.5 * expected);
});
