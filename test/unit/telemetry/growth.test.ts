import { describe, expect, test } from "bun:test";
import { growsAllAlong, lineGrowth } from "../../../src/telemetry/pace.ts";
import { sample } from "../../support/results.ts";

/** Samples of a tenth of a second, with these medians and 99th percentiles. */
const took = (p50s: readonly (number | null)[], p99s: readonly (number | null)[] = p50s) =>
  p50s.map((p50, i) => sample(100 * (i + 1), { p50, p99: p99s[i] ?? null }));
const thirds = (first: number, middle: number, last: number) => [first, middle, last].flatMap((value) => new Array<number>(3).fill(value));
const none = new Array<number>(9).fill(0);

describe("by how much longer messages take, in milliseconds a second", () => {
  test("is from the middle third to the last, whatever came before", () => {
    expect(lineGrowth(took(thirds(0, 0, 6), none))).toBeCloseTo(6 / 0.3, 9);
    expect(lineGrowth(took(thirds(90, 0, 6), none))).toBeCloseTo(6 / 0.3, 9);
  });

  test("leaves out a twentieth of how long half of them take anyway", () => {
    expect(lineGrowth(took(thirds(0, 100, 105), none))).toBe(0);
    expect(lineGrowth(took(thirds(0, 100, 108), none))).toBeCloseTo(3 / 0.3, 9);
  });

  test("leaves out a quarter of how long the slowest take anyway", () => {
    expect(lineGrowth(took(none, thirds(0, 100, 125)))).toBe(0);
    expect(lineGrowth(took(none, thirds(0, 100, 128)))).toBeCloseTo(3 / 0.3, 9);
  });

  test("is never less than nothing", () => {
    expect(lineGrowth(took(thirds(9, 9, 1)))).toBe(0);
  });

  test("cannot be told of fewer than six samples in which something was done", () => {
    expect([lineGrowth(took([1, 2, 3, 4, 5])), lineGrowth(took([1, 2, 3, 4, 5, null, null]))]).toEqual([null, null]);
    expect(lineGrowth(took([1, 2, 3, 4, 5, 6]))).not.toBeNull();
  });
});

describe("growing all along", () => {
  const rising = Array.from({ length: 7 }, (_, i) => 10 * i);
  const flat = new Array<number>(7).fill(10);

  test("is rising by three times what a message takes by itself, as a rule or at its slowest", () => {
    expect([growsAllAlong(took(rising, flat), { p50: 20, p99: 1e9 }), growsAllAlong(took(rising, flat), { p50: 20.1, p99: 1e9 })]).toEqual([
      true,
      false,
    ]);
    expect([growsAllAlong(took(flat, rising), { p50: 1e9, p99: 20 }), growsAllAlong(took(flat, rising), { p50: 1e9, p99: 20.1 })]).toEqual([
      true,
      false,
    ]);
  });

  test("is seen beside one sample that is far from all others, and not made by one", () => {
    const own = { p50: 15, p99: 1e9 };
    const long = Array.from({ length: 15 }, (_, i) => 10 * i);
    const level = new Array<number>(15).fill(10);
    for (const at of [4, 7, 14]) expect(growsAllAlong(took(long.with(at, 10_000), level), own)).toBe(true);
    for (const at of [0, 7, 14]) expect(growsAllAlong(took(level.with(at, 10_000), level), own)).toBe(false);
  });

  test("is not falling, nor standing still, nor jumping to and fro", () => {
    const own = { p50: 0.1, p99: 0.1 };
    expect(growsAllAlong(took(rising.toReversed()), own)).toBe(false);
    expect(growsAllAlong(took(flat), own)).toBe(false);
    expect(growsAllAlong(took([0, 60, 0, 60, 0, 60, 30]), own)).toBe(false);
  });

  test("cannot be told of fewer than six samples in which something was done", () => {
    const own = { p50: 1, p99: 1 };
    expect([growsAllAlong(took(rising.slice(0, 5)), own), growsAllAlong(took([...rising.slice(0, 5), null]), own)]).toEqual([null, null]);
    expect(growsAllAlong(took(rising.slice(0, 6)), own)).toBe(true);
  });
});
