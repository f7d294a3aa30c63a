import { describe, expect, test } from "bun:test";
import { WireMeter } from "../../../src/workloads/message/wire.ts";

/** What a message costs by a meter whose clock saw these spans and takes `reading` to be read, in nanoseconds. */
function costOf(spans: readonly number[], reading = 0): number {
  let at = 0;
  const meter = new WireMeter({
    now: () => {
      at += reading;
      return at;
    },
  });
  for (const span of spans) {
    const began = at;
    at += span;
    meter.add(began, 100);
  }
  const { timed, nanoseconds, bytes } = meter.cost;
  expect(timed).toBe(spans.length);
  expect(bytes).toBe(100 * spans.length);
  return nanoseconds / timed;
}

describe("what a format costs", () => {
  const even = Array.from({ length: 5000 }, (_, i) => 1e6 + (i % 2 === 0 ? 1e5 : -1e5));

  test("is the mean of what was timed, of many as of few, less what reading the clock takes", () => {
    for (const spans of [even, even.slice(0, 10)]) expect(Math.abs(costOf(spans) / 1e6 - 1)).toBeLessThan(0.01);
    expect(costOf([0, 0, 0])).toBe(0);
  });

  test("does not hold what reading the clock takes, and is no less than half of that", () => {
    expect([costOf([300, 300, 300], 40), costOf([0, 0], 40)]).toEqual([300, 20]);
  });

  test("leaves out those that were interrupted: they would be more than the run had time for", () => {
    expect(Math.abs(costOf(even.map((span, i) => (i % 100 === 0 ? 1e9 : span))) / 1e6 - 1)).toBeLessThan(0.01);
  });

  test("of nothing is nothing", () => {
    expect(new WireMeter().cost).toEqual({ timed: 0, nanoseconds: 0, bytes: 0, resolution: 0 });
  });
});
