import { describe, expect, test } from "bun:test";
import { LEAST_COMPARISONS, noiseFloor } from "../../../src/analysis/noise-floor.ts";

describe("the noise floor", () => {
  test("is the third quartile and three interquartile ranges of the sizes, whatever their signs", () => {
    // Sizes 1 … 8 per mille: quartiles 2.75 and 6.25 by R's quantile(), type 7.
    const changes = [1, -2, 3, -4, 5, -6, 7, -8].map((size) => size / 1000);
    expect(noiseFloor(changes)).toBeCloseTo(Math.expm1((6.25 + 3 * 3.5) / 1000), 12);
    expect(noiseFloor(changes.toReversed())).toBe(noiseFloor(changes));
  });

  test("is unknown from fewer than eight", () => {
    expect(LEAST_COMPARISONS).toBe(8);
    expect(noiseFloor(new Array(7).fill(0.01))).toBeNull();
    expect(noiseFloor(new Array(8).fill(0.01))).toBeCloseTo(Math.expm1(0.01), 12);
    expect(noiseFloor(new Array(8).fill(0))).toBe(0);
  });
});
