import { describe, expect, test } from "bun:test";
import { type CHANGE_OPTIONS, changePoints } from "../../../src/analysis/change-points.ts";
import { studentBound, studentTail } from "../../../src/kernel/student.ts";

/** Series and answers of the tests of Apache Otava (tests/tigerbeetle_test.py, analysis_test.py, series_test.py, change_point_divisive_test.py). */
const TIGERBEETLE = JSON.parse(await Bun.file(`${import.meta.dir}/tigerbeetle.json`).text()) as readonly number[];

const indices = (values: readonly number[], change: Partial<typeof CHANGE_OPTIONS> = {}) =>
  changePoints(values, { window: 30, p: 0.001, magnitude: 0, ...change }).map(({ index }) => index);

describe("change points that Apache Otava publishes", () => {
  test.each([
    [0.01, 0.05, [15, 71]],
    [0.05, 0.05, [15, 71]],
    [0.1, 0.05, [10, 11, 15, 71, 363]],
    [0.2, 0.05, [10, 11, 15, 71]],
    [
      0.1,
      0,
      [
        3, 6, 10, 11, 15, 16, 28, 29, 35, 37, 39, 41, 44, 48, 49, 61, 71, 95, 117, 131, 142, 148, 165, 169, 192, 206, 212, 260, 265, 268,
        278, 282, 288, 305, 363,
      ],
    ],
    [0.01, 0, [15, 26, 61, 71, 95, 117, 131, 142, 148, 165, 169, 192, 212, 260]],
    [0.001, 0, [15, 61, 71, 95, 117, 131, 142, 148, 192, 212, 260]],
    [0.0001, 0, [71, 95, 117, 131, 142, 148, 192, 212]],
    [0.00001, 0, [71, 95, 131, 192, 212]],
  ])("of TigerBeetle's figures, p %d, magnitude %d", (p, magnitude, expected) => {
    expect(indices(TIGERBEETLE, { p, magnitude })).toEqual(expected);
  });

  test("of a step, of two, and of the two series of its documentation", () => {
    const step = [1.02, 0.95, 0.99, 1, 1.12, 1, 1.01, 0.98, 1.01, 0.96, 0.5, 0.51, 0.48, 0.48, 0.55, 0.5, 0.49, 0.51, 0.5, 0.49];
    expect(indices(step, { window: 10, p: 0.0001 })).toEqual([10]);
    const steps = [0.3, 2.4, 1.5, -0.9, -0.5, 99.7, 98.3, 99.1, 149, 149.7, 149.5, 149.1, 148.8, 150];
    expect(indices(steps, { window: 50, p: 0.01 })).toEqual([5, 8]);
    const one = [1.02, 0.95, 0.99, 1, 1.12, 0.9, 0.5, 0.51, 0.48, 0.48, 0.55];
    const two = [2.02, 2.03, 2.01, 2.04, 1.82, 1.85, 1.79, 1.81, 1.8, 1.76, 1.78];
    expect([indices(one), indices(two)]).toEqual([[6], [4]]);
    expect([indices(one, { magnitude: 0.2 }), indices(two, { magnitude: 0.2 })]).toEqual([[6], []]);
    expect(indices([0, 0, 0, 1, 1.12, 0.9, 0.5, 0.51, 0.48, 0.48, 0.55])).toEqual([3, 6]);
  });
});

describe("change points", () => {
  test("have the means before and after, up to the next", () => {
    const values = [...new Array(20).fill(10), ...new Array(20).fill(12), ...new Array(20).fill(9)].map(
      (value, i) => value + (i % 3) / 100,
    );
    expect(changePoints(values)).toMatchObject([
      { index: 20, before: expect.closeTo(10.01, 2), after: expect.closeTo(12.01, 2) },
      { index: 40, before: expect.closeTo(12.01, 2), after: expect.closeTo(9.01, 2) },
    ]);
  });

  test("are none of what stays, of nothing, and of what changes by less than matters", () => {
    expect([indices([]), indices([1]), indices([1, 2]), indices(new Array(40).fill(3))]).toEqual([[], [], [], []]);
    const small = Array.from({ length: 60 }, (_, i) => (i < 30 ? 100 : 101) + (i % 2) / 10);
    expect([changePoints(small), indices(small)]).toEqual([[], [30]]);
  });

  test("are found in long series, where windows overlap", () => {
    const steady = (length: number, level: number) => Array.from({ length }, (_, i) => level + ((i * 7) % 5) / 10);
    const values = [...steady(120, 100), ...steady(75, 110), ...steady(105, 95)];
    expect(changePoints(values).map(({ index }) => index)).toEqual([120, 195]);
  });
});

test.each([1, 2, 7, 58])("the tail of Student's t with %d degrees of freedom is what its quantile leaves", (freedom) => {
  for (const level of [0.5, 0.95, 0.999]) expect(studentTail(studentBound(level, freedom), freedom)).toBeCloseTo(1 - level, 9);
  expect(studentTail(Number.POSITIVE_INFINITY, freedom)).toBe(0);
});
