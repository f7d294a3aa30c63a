import { describe, expect, test } from "bun:test";
import { changeVerdict, roundsNeeded, smallestDetectable } from "../../../src/analysis/verdict.ts";

describe("a verdict by an interval against a margin of 1 %", () => {
  test.each([
    [1.011, 1.2, "better", "worse"],
    [0.8, 0.989, "worse", "better"],
    [0.99, 1.01, "same", "same"],
    [0.989, 1.01, "cannot tell", "cannot tell"],
    [0.99, 1.011, "cannot tell", "cannot tell"],
    [1.01, 1.2, "cannot tell", "cannot tell"],
    [0.8, 0.99, "cannot tell", "cannot tell"],
    [0.9, 1.1, "cannot tell", "cannot tell"],
  ] as const)("%d to %d is %s where more is better, %s where less is", (low, high, more, less) => {
    expect([changeVerdict({ low, high }, 0.01, "more"), changeVerdict({ low, high }, 0.01, "less")]).toEqual([more, less]);
  });

  test("without an interval it cannot tell", () => {
    expect(changeVerdict(null, 0.01, "more")).toBe("cannot tell");
  });
});

describe("rounds that would tell", () => {
  test("grow with the square of half the interval against the margin", () => {
    const interval = { low: 0.98, high: 1.02 };
    expect(smallestDetectable(interval)).toBeCloseTo(0.02, 12);
    expect(roundsNeeded(interval, 1, 8, 0.0101)).toBe(32);
    expect(roundsNeeded(interval, 1, 8, 0.005)).toBe(128);
  });

  test("within the margin already, are by the distance of the ratio from its edge, and more than there were", () => {
    expect(roundsNeeded({ low: 1.001, high: 1.015 }, 1.008, 8, 0.01)).toBe(98);
    expect(roundsNeeded({ low: 1.009, high: 1.019 }, 1.014, 8, 0.01)).toBe(13);
    expect(roundsNeeded({ low: 0.9999, high: 1.02 }, 1.016, 8, 0.02)).toBe(51);
    expect(roundsNeeded({ low: 0.991, high: 1.0101 }, 1.0005, 20, 0.01)).toBe(21);
    expect(roundsNeeded({ low: 0.995, high: 1.0101 }, 1, 8, 0.01)).toBe(9);
  });

  test("none would do for a ratio at the edge itself", () => {
    expect(roundsNeeded({ low: 0.995, high: 1.005 }, 1, 8, 0)).toBeNull();
  });
});
