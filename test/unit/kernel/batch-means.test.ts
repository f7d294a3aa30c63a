import { describe, expect, test } from "bun:test";
import { BatchMeans, type MeanInterval } from "../../../src/kernel/batch-means.ts";
import { Random } from "../../../src/kernel/random.ts";

/** Parts with these means, of `count` items each. */
function intervalOf(means: readonly number[], count: (i: number) => number = () => 10): MeanInterval | null {
  const batches = new BatchMeans();
  let all = { count: 0, sum: 0 };
  means.forEach((mean, i) => {
    all = { count: all.count + count(i), sum: all.sum + mean * count(i) };
    batches.add(all.count, all.sum);
  });
  return batches.interval();
}

const normal = (random: Random) => Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());

/** A series about 10 in which each value keeps a share of the one before. */
function series(length: number, kept: number, seed: number): number[] {
  const random = new Random(seed, "series");
  let off = normal(random) / Math.sqrt(1 - kept ** 2);
  return Array.from({ length }, () => {
    off = kept * off + normal(random);
    return 10 + off;
  });
}

const covers = (one: MeanInterval | null) => one !== null && one.low <= 10 && 10 <= one.high;

describe("an interval from a single run", () => {
  test("is Student's of twenty batches, those parts left out that fill none", () => {
    const means = series(40, 0, 3);
    const found = intervalOf([500, ...means]);
    const batches = Array.from({ length: 20 }, (_, i) => ((means[2 * i] ?? 0) + (means[2 * i + 1] ?? 0)) / 2);
    const mean = batches.reduce((sum, value) => sum + value, 0) / 20;
    const variance = batches.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 19;
    // t(0.975, 19) = 2.0930.
    const half = 2.093024 * Math.sqrt(variance / 20);
    expect(found?.mean).toBeCloseTo(mean, 9);
    expect(found?.low).toBeCloseTo(mean - half, 5);
    expect(found?.high).toBeCloseTo(mean + half, 5);
  });

  test("weighs parts by their items", () => {
    const found = intervalOf(
      Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 1 : 4)),
      (i) => (i % 2 === 0 ? 30 : 10),
    );
    expect(found?.mean).toBeCloseTo(1.75, 9);
  });

  test("holds the mean in about 95 of 100 runs, whether or not neighbours are alike", () => {
    for (const kept of [0, 0.5, 0.8]) {
      const intervals = Array.from({ length: 1000 }, (_, seed) => intervalOf(series(600, kept, seed + 1)));
      const told = intervals.filter((one) => one !== null);
      expect(told.length).toBeGreaterThan(930);
      expect(told.filter(covers).length / told.length).toBeWithin(0.92, 0.98);
    }
  });

  test("is refused where the run is too short, or as long as what it waits for", () => {
    expect(intervalOf(series(9, 0, 1))).toBeNull();
    expect(intervalOf(series(10, 0, 1))).not.toBeNull();
    expect(intervalOf(Array.from({ length: 100 }, (_, i) => i))).toBeNull();
    const long = Array.from({ length: 200 }, (_, seed) => intervalOf(series(100, 0.99, seed + 1)));
    expect(long.filter((one) => one === null).length).toBeGreaterThan(140);
    expect(intervalOf(new Array(40).fill(1), () => 0)).toBeNull();
  });
});
