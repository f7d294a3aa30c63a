import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { paramsText } from "../../../src/telemetry/params.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { closingReport } from "../../../src/views/report/closing.ts";
import { COLOR_PAINTER, PLAIN_PAINTER } from "../../../src/views/report/painter.ts";
import { bestCase, bestLine, type Direction, isSweep, pointBeside, sweepPicture } from "../../../src/views/report/sweep.ts";
import { caseResult, runResult } from "../../support/results.ts";

function at(mode: "sync" | "async", params: Record<string, unknown>, throughput: number, p99 = 5): CaseResult {
  const one = caseResult({ mode });
  return { ...one, params, throughput, latency: { ...one.latency, sojourn: { ...one.latency.sojourn, p99 } } };
}

const rates = [10, 100, 1000].flatMap((rate) => [
  at("sync", { "load.rate": rate }, Math.min(rate, 120)),
  at("async", { "load.rate": rate }, rate),
]);
const grid = [1, 10].flatMap((size) =>
  ["1ms", "9ms"].map((timeout, i) => at("async", { "batch.size": size, "batch.timeout": timeout }, 100 * size + i)),
);

const withItems = (one: CaseResult, count: number) => ({
  ...one,
  latency: { ...one.latency, sojourn: { ...one.latency.sojourn, count, mean: 3 } },
});

describe("latencies that too few items bear, in pictures of sweeps", () => {
  const drawn = (cases: readonly CaseResult[]) => sweepPicture(runResult(cases), "latency", 80, 14, PLAIN_PAINTER).join("\n");

  test("a cell of a map says few, and what that is", () => {
    const map = drawn(grid.map((one, i) => withItems(one, i === 0 ? 5999 : 6000)));
    expect(map.match(/\bfew\b(?! items)/g)).toHaveLength(2);
    expect(map).toContain("few: too few items bear a p99 there");
  });

  test("where no point bears a p99 the mean is drawn, under its name", () => {
    expect(drawn(rates.map((one) => withItems(one, 100)))).toContain("Latency, mean of the sojourn time (too few items for a p99)");
  });
});

describe("pictures of sweeps", () => {
  test("the best of points of too few items has its mean, as in the chart", () => {
    const at = (rate: number, mean: number) => {
      const one = caseResult({ mode: "async", processed: 5 });
      const sojourn = { ...one.latency.sojourn, count: 5, mean };
      return { ...one, throughput: rate, offeredRate: rate, params: { "load.rate": rate }, latency: { ...one.latency, sojourn } };
    };
    expect(bestLine([at(100, 3), at(1000, 7)])).toStartWith("★ best: async, load.rate 1000: 1.00 k/s, mean 7.00 ms");
  });

  test("one field: a line per mode over the swept values, the prediction, the best marked", () => {
    const lines = sweepPicture(runResult(rates), "throughput", 80, 14, PLAIN_PAINTER);
    expect(lines[0]).toBe("Throughput, messages/s against load.rate    ── sync  ╌╌ async  ┄ predicted");
    expect(lines.length).toBe(14);
    expect(lines.at(-1)).toMatch(/^ +10 +100 +★1000$/);
    expect(lines.join("")).toContain("╌");
    for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(80);
    expect(bestLine(rates)).toBe("★ best: async, load.rate 1000: 1.00 k/s, p99 5.00 ms");
  });

  test("a line goes on behind a point that failed, and one point alone is drawn where it belongs", () => {
    const five = [1, 2, 3, 4, 5].map((rate) => at("sync", { "load.rate": rate }, 100));
    const failing = (...rates: number[]) =>
      five.map((one) => (rates.includes(one.params["load.rate"] as number) ? { ...one, status: "failed" as const } : one));
    const dashes = (...rates: number[]) => {
      const lines = sweepPicture(runResult(failing(...rates)), "throughput", 48, 10, PLAIN_PAINTER).slice(1, -1);
      return lines.map((line) => line.slice(8)).find((line) => line.includes("─")) ?? "";
    };
    expect(dashes()).toMatch(/^─{39} ?$/);
    expect(dashes(3)).toMatch(/^─{9} +─{9} ?$/);
    expect(dashes(1, 2, 3, 4)).toMatch(/^ {39}─$/);
    expect(dashes(1, 3, 5)).toMatch(/^ {9,10}─{1,2} +─{1,2} +$/);
  });

  test("two fields: a map per mode, readable without colour", () => {
    const lines = sweepPicture(runResult(grid), "throughput", 80, 14, PLAIN_PAINTER);
    expect(lines[0]).toBe("async: Throughput, messages/s; batch.size down, batch.timeout across");
    expect(lines[2]).toMatch(/^ +1 +100 +101/);
    expect(lines[3]).toMatch(/★█1\.00k|★█1\.0/);
    const painted = sweepPicture(runResult(grid), "latency", 80, 14, COLOR_PAINTER).join("\n");
    expect(Bun.stripANSI(painted)).toContain("Latency, p99 of the sojourn time");
    // Colour tells how much it is; a sign for it would only be a blot in the ink of the figure.
    expect(painted).not.toMatch(/[░▒▓█]/);
  });

  test("a map that would be wider than the screen goes on below, every value once", () => {
    const across = Array.from({ length: 17 }, (_, i) => 1000 + i);
    const wide = [1, 2].flatMap((size) => across.map((rate) => at("async", { "batch.size": size, "load.rate": rate }, size * rate)));
    const lines = sweepPicture(runResult(wide), "throughput", 60, 14, PLAIN_PAINTER).slice(1);
    for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(60);
    expect(lines.filter((line) => /^ +\d{4} /.test(line)).flatMap((line) => line.trim().split(/ +/))).toEqual(across.map(String));
  });

  test("the chosen point is in brackets, on a map and on a line", () => {
    const drawn = (cases: readonly CaseResult[], chosen: CaseResult | undefined) =>
      sweepPicture(runResult(cases), "throughput", 80, 14, PLAIN_PAINTER, chosen)
        .join("\n")
        .match(/\[.*?\]/g);
    expect(drawn(grid, grid[1])).toEqual(["[101]"]);
    expect(drawn(rates, rates[2])).toEqual(["[100]"]);
    expect(drawn(rates, undefined)).toBeNull();
  });

  test("three fields: a map for each value of the first", () => {
    const cube = ["a", "b"].flatMap((seed) => grid.map((one) => ({ ...one, params: { seed, ...one.params } })));
    const heads = sweepPicture(runResult(cube), "throughput", 80, 14, PLAIN_PAINTER).filter((line) => line.includes("down"));
    expect(heads.map((line) => line.split(":")[0])).toEqual(["async, seed a", "async, seed b"]);
  });

  test("a sweep in which everything failed has no best point, and no run without a sweep has a picture", () => {
    const failed = rates.map((one) => ({ ...one, status: "failed" as const }));
    expect(sweepPicture(runResult(failed), "throughput", 80, 14, PLAIN_PAINTER)).toEqual([]);
    expect([bestCase(failed), bestLine(failed)]).toEqual([null, ""]);
    expect([isSweep(runResult([caseResult({ mode: "sync" })])), isSweep(runResult(rates))]).toEqual([false, true]);
    expect(paramsText({ a: "5ms", b: [1] })).toBe("a 5ms, b [1]");
  });

  test("any figures can be drawn", () => {
    const value = fc.double({ min: 0, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 2, maxLength: 12 }), fc.integer({ min: 40, max: 150 }), (points, width) => {
        const cases = points.map(([throughput, p99], i) => at("sync", { x: i }, throughput, p99));
        for (const measure of ["throughput", "latency"] as const) {
          for (const line of sweepPicture(runResult(cases), measure, width, 12, PLAIN_PAINTER).slice(1)) {
            expect(Bun.stringWidth(line)).toBeLessThanOrEqual(width);
          }
        }
      }),
    );
  });

  test("the closing report holds pictures, conclusions, and thresholds with their case", () => {
    const result = {
      ...runResult(rates),
      conclusions: ["Something follows."],
      thresholds: [{ case: 1, metric: "dropped", expression: "count==0", value: 3, ok: false }],
    };
    const report = closingReport(result, 100);
    expect(report).toContain("→ Something follows.");
    expect(report).toContain("✗ async, load.rate 10: dropped count==0 (3)");
    expect(report).toContain("Latency, p99 of the sojourn time against load.rate");
  });
});

describe("from point to point of a sweep", () => {
  const walk = (cases: readonly CaseResult[], steps: readonly Direction[]) => {
    let at: CaseResult | null = null;
    const seen: (CaseResult | null)[] = [];
    for (const step of steps) {
      const next = pointBeside(runResult(cases), at, step);
      at = next ?? at;
      seen.push(next);
    }
    return seen;
  };

  test("the first step leads to the best, the others along the fields, and none beyond the picture", () => {
    const [a, b, c, d] = grid as [CaseResult, CaseResult, CaseResult, CaseResult];
    expect(bestCase(grid)).toBe(c);
    expect(walk(grid, ["up", "left", "right", "up", "left", "up", "down"])).toEqual([c, null, d, b, a, null, c]);
  });

  test("up and down lead to another mode where one field was swept, and to another map where more were", () => {
    expect(walk(rates, ["up", "up", "left", "down"])).toEqual([rates[5], rates[4], rates[2], rates[3]].map((one) => one ?? null));
    const cube = ["a", "b"].flatMap((seed) => grid.map((one) => ({ ...one, params: { seed, ...one.params }, throughput: 1 })));
    const rows = walk(cube, ["down", "down", "down", "down", "down"]).map((one) => one && [one.params["seed"], one.params["batch.size"]]);
    expect(rows).toEqual([["a", 1], ["a", 10], ["b", 1], ["b", 10], null]);
  });

  test("what failed is left out", () => {
    const cases = rates.map((one, i) => (i === 3 ? { ...one, status: "failed" as const } : one));
    expect(walk(cases, ["up", "left", "left"])).toEqual([cases[5], cases[1], null].map((one) => one ?? null));
  });
});
