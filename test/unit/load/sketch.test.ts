import { describe, expect, test } from "bun:test";
import { sketchArrivals } from "../../../src/load/sketch.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";

const sketch = (load: object, spans = 4) => sketchArrivals(scenarioSchema.parse({ title: "t", load }).load, 1, spans);

describe("a sketch of arrivals", () => {
  test("of a constant rate is that rate in each span", () => {
    const found = sketch({ executor: "constant-arrival-rate", rate: 100, duration: "4s" });
    expect(found?.untilMs).toBe(4000);
    expect(found?.perSecond).toEqual([100, 100, 100, 100]);
  });

  test("of a ramp rises", () => {
    const found = sketch({ executor: "ramping-arrival-rate", startRate: 0, stages: [{ target: 400, duration: "4s" }] });
    const [first = 0, second = 0, third = 0, fourth = 0] = found?.perSecond ?? [];
    expect(first < second && second < third && third < fourth).toBe(true);
    expect(first + second + third + fourth).toBeCloseTo(800, -1);
  });

  test("of bursts stands where they are", () => {
    const found = sketch({ executor: "bursts", size: 10, every: "1s", count: 3 });
    expect(found).toEqual({ untilMs: 2000, perSecond: [20, 0, 20, 20] });
  });

  test.each([
    [{ executor: "constant-vus", vus: 2, duration: "1s" }],
    [{ executor: "shared-iterations", vus: 2, iterations: 10 }],
    [{ executor: "constant-arrival-rate", rate: "max", duration: "1s" }],
    [{ executor: "replay", file: "x.ndjson" }],
  ])("of %p there is none", (load) => {
    expect(sketch(load)).toBeNull();
  });

  test("of a tape that is very long its beginning is looked at", () => {
    const found = sketch({ executor: "constant-arrival-rate", rate: 1_000_000, duration: "10s" });
    expect(found?.untilMs).toBeLessThan(400);
    expect(found?.perSecond[0]).toBeCloseTo(1_000_000, -4);
  });
});
