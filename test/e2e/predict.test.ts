import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { main } from "../../src/cli/program.ts";
import type { Prediction } from "../../src/telemetry/prediction.ts";
import { truthRow, truthTable } from "../bench/truth.ts";
import { heard, lab } from "../support/cli.ts";
import { caseResult, runResult } from "../support/results.ts";

setDefaultTimeout(60_000);

interface Predicted {
  readonly cases: readonly { readonly mode: string; readonly params: Record<string, unknown>; readonly predicted: Prediction }[];
}

describe("predict", () => {
  test("says what is expected of every case, without running any", async () => {
    const { code, stdout } = await lab(["predict", "throughput-limits", "--json"]);
    expect(code).toBe(0);
    const { cases } = JSON.parse(stdout) as Predicted;
    expect(cases.map(({ mode, params }) => [mode, params["load.rate"]])).toEqual(
      [10, 50, 100, 150, 180, 220, 300, 500, 1000].map((rate) => ["sync", rate]),
    );
    for (const { predicted } of cases) expect(predicted.capacity).toBe(200);
    expect(cases[0]?.predicted).toMatchObject({ model: "D/D/1", sojournMean: 5, bottleneck: "arrivals" });
    expect(cases[0]?.predicted.steadyState).toEqual({ model: "D/D/1", sojournMean: 5, sojournP99: 5, band: [5, 5] });
    expect(cases[8]?.predicted.steadyState).toBeNull();
    expect(cases[8]?.predicted.throughput).toBeCloseTo(200, 0);
  });

  test("with where the line settles, and between which means nine of ten runs lie", async () => {
    const { stdout } = await lab(["predict", "throughput-limits", "--set", "load.arrivals=poisson"]);
    expect(stdout).toContain("settles at (9 of 10 runs)");
    expect(stdout).toMatch(/sync load\.rate 100 .* M\/D\/1 +7\.50 ms \(6\.\d+ ms to 8\.\d+ ms\)/);
    expect(stdout).toContain("sojourn and p99: of the run's own arrivals and service times, simulated.");
  });

  test("of machines that are not here, a thousand cores in seconds", async () => {
    const from = performance.now();
    const { code, stdout } = await lab([
      "predict",
      "first-look",
      "--cores",
      "1024",
      "--mode",
      "parallel",
      "--rate",
      "100000",
      "-d",
      "3s",
      "--json",
    ]);
    expect(code).toBe(0);
    expect(performance.now() - from).toBeLessThan(15_000);
    const { cases } = JSON.parse(stdout) as Predicted;
    expect(cases[0]?.predicted.capacity).toBe(128_000);
    expect(cases[0]?.predicted.throughput ?? 0).toBeGreaterThan(50_000);
  });

  test("as a table, for rates yet to be found too; and refuses what is no number of cores", async () => {
    const table = await lab(["predict", "queries-under-load", "--cores", "2"]);
    expect(table.stdout).toContain("Queries beside messages, on 2 cores");
    expect(table.stdout).toMatch(/parallel queries\.rate 100\s+400\s+16\d/);
    expect(await lab(["predict", "first-look", "--rate", "max", "--json"])).toMatchObject({ code: 0 });
    for (const bad of ["0", "x", "1.5"]) expect((await lab(["predict", "first-look", "--cores", bad])).code).toBe(2);
    expect((await lab(["predict", "firstlook"])).stderr).toContain("first-look");
  });

  test("of several hosts, in mode distributed unless another is asked for, with the round trip that is told", async () => {
    const said = await heard(async () => {
      expect(await main(["predict", "first-look", "--hosts", "3", "--cores", "4"])).toBe(0);
      for (const flags of [
        ["--hosts", "0"],
        ["--hosts", "x"],
        ["--hosts", "2", "--round-trip", "soon"],
      ])
        expect(await main(["predict", "first-look", ...flags])).toBe(2);
    });
    expect(said).toContain("on 3 hosts, each 4 cores");
    expect(said).toMatch(/^distributed +1\.[345]\d k/m);
    // What redis: auto would start is no matter of hosts.
    const started = await heard(async () => {
      expect(await main(["predict", "first-look", "--hosts", "3", "--cores", "4", "--set", "distributed.workers=2"])).toBe(0);
    });
    expect(started).toMatch(/^distributed +1\.[345]\d k/m);
    const together = await heard(async () => {
      expect(await main(["predict", "first-look", "--hosts", "3", "--cores", "4", "--workers", "2"])).toBe(0);
    });
    expect(together).toMatch(/^distributed +2\d\d /m);
    expect(said).toContain('--round-trip: must be a duration such as 0.5ms, got "soon"');
  });

  test("the same, seen from inside", async () => {
    const said = await heard(async () => {
      expect(await main(["predict", "hot-key", "--cores", "2"])).toBe(0);
      expect(await main(["predict", "hot-key", "--json"])).toBe(0);
    });
    expect(said).toContain("hot key");
  });
});

describe("bench --truth", () => {
  test("tells the range of measured over predicted, and of saturated cases over capacity", () => {
    const saturated = { ...caseResult({ mode: "sync" }), throughput: 196, offeredRate: 500 };
    const predicted = { ...saturated.predicted, throughput: 200, capacity: 200, bottleneck: "cpu" };
    const calm = { ...caseResult({ mode: "async" }), throughput: 99, offeredRate: 100 };
    const result = runResult([{ ...saturated, predicted }, calm]);
    const row = truthRow(
      "mine",
      { ...result, thresholds: [{ case: 0, metric: "failed", expression: "count==0", value: 0, ok: true }] },
      12.3,
    );
    expect(row).toMatchObject({ cases: 2, throughput: [0.98, 0.99], saturated: [0.98, 0.98], thresholds: [1, 1] });
    expect(truthTable([row])).toContain("| mine | 2 | 0.980 … 0.990 | 0.980 | 0.00 % | 1 of 1 | 12 s |");
    expect(truthTable([truthRow("calm", runResult([calm]), 1)])).toContain("| calm | 1 | 0.990 | – |");
  });
});
