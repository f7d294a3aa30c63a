import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runScenario } from "../../src/index.ts";
import { planCases, runOrder } from "../../src/plan/plan.ts";
import { loadScenarioFile } from "../../src/scenario/load.ts";
import type { RunResult } from "../../src/telemetry/result.ts";
import { lab, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(120_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

describe("P1-E1 sweeps", () => {
  test("every combination is a case in every mode, run in an order shuffled by the seed, told in the order of the file", async () => {
    const file = join(folder, "swept.yaml");
    writeFileSync(
      file,
      "title: swept\nmodes: [sync, async]\nload: { executor: bursts, size: 10 }\nwork: { kind: none }\nsweep:\n  load.size: [10, 20]\n  batch.size: [1, 5]\n",
    );
    const out = join(folder, "out");
    const { code, stdout, stderr } = await lab(["run", file, "--headless", "--json", "-", "--out", out]);
    expect(code).toBe(0);
    const { cases } = JSON.parse(stdout) as RunResult;
    expect(cases.map(({ mode, params, ledger }) => [mode, params["load.size"], params["batch.size"], ledger.processed])).toEqual(
      [10, 20].flatMap((size) => [1, 5].flatMap((batch) => ["sync", "async"].map((mode) => [mode, size, batch, size]))),
    );
    const order = [...stderr.matchAll(/\[(\d+)\/8 [^\]]*\] completed/g)].map(([, number]) => Number(number));
    expect(order.length).toBe(8);
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
    const { points } = loadScenarioFile(file);
    expect(runOrder(planCases(points, 2)).map((index) => index + 1)).toEqual(order);
    const summary = readFileSync(join(out, "summary.txt"), "utf8");
    expect(summary).toContain("load.size down, batch.size across");
    expect(summary).toContain("★");
    expect(existsSync(join(out, "result.json"))).toBe(true);
  });

  test("load.rate: 80% is a share of what a probe measures in the first mode, the same for all modes", async () => {
    const { cases } = await runScenario({
      title: "share",
      modes: ["sync", "async"],
      load: { executor: "constant-arrival-rate", rate: "50%", duration: "600ms" },
      work: { kind: "sleep", time: "4ms" },
    });
    for (const { status, rate, offeredRate, tape } of cases) {
      expect([status, rate?.asked, rate?.probedMode]).toEqual(["completed", "50%", "sync"]);
      expect(rate?.capacity).toBeGreaterThan(180);
      expect(rate?.capacity).toBeLessThan(251);
      expect(Math.abs((offeredRate ?? 0) / ((rate?.capacity ?? 0) / 2) - 1)).toBeLessThan(0.02);
      expect(tape.hash).toBe(cases[0]?.tape.hash as string);
    }
  });

  test("load.rate: 80% of what requests can do is the same for all modes, however they divide what is in flight", async () => {
    const { cases } = await runScenario({
      title: "share of requests",
      workload: "fetch",
      modes: ["async", "parallel"],
      load: { executor: "constant-arrival-rate", rate: "80%", duration: "200ms" },
      fetch: { target: { mock: { latency: "20ms" } }, tiles: { zoom: 5, count: 200 }, concurrency: { max: 8 } },
      parallel: { workers: 2 },
    });
    expect(cases.map(({ rate }) => [rate?.asked, rate?.probedMode])).toEqual([
      ["80%", "async"],
      ["80%", "async"],
    ]);
    expect(cases[1]?.tape.hash).toBe(cases[0]?.tape.hash as string);
  });
});
