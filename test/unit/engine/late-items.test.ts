import { describe, expect, test } from "bun:test";
import { LateItems } from "../../../src/engine/executor/distributed/late-items.ts";
import type { Sample } from "../../../src/telemetry/sample.ts";
import { addSample, isIncomplete, joined, spansOf } from "../../../src/telemetry/series.ts";
import { snapshot } from "../../support/results.ts";

const MS = 1e6;

describe("items that workers tell of after the sample of their interval", () => {
  test("are counted by that interval, with when the last of them came", () => {
    const late = new LateItems();
    // Before the first sample nothing is late, nor at its very end.
    late.record(0, 100 * MS, 10, 100 * MS);
    expect(late.next(100)).toEqual([]);
    // 20 ms each: one ended before that sample, one with it, three after it.
    late.record(60 * MS, 160 * MS, 5, 170 * MS);
    expect(late.next(200)).toEqual([{ t: 100, items: 2, ms: 70 }]);
    expect(late.next(300)).toEqual([]);
    late.record(150 * MS, 350 * MS, 2, 360 * MS);
    late.record(80 * MS, 90 * MS, 1, 380 * MS);
    late.record(50 * MS, 90 * MS, 2, 390 * MS);
    expect(late.next(400).toSorted((a, b) => a.t - b.t)).toEqual([
      { t: 100, items: 3, ms: 290 },
      { t: 300, items: 1, ms: 60 },
    ]);
  });

  test("are neither lost nor counted twice, whenever they come", () => {
    const late = new LateItems();
    const ended = new Map<number, number>();
    let told = 0;
    for (let second = 1; second <= 20; second++) {
      // Each second ten items come that ended evenly over the last three.
      late.record((second - 3) * 1e9, second * 1e9, 10, second * 1e9);
      for (const { t, items } of late.next(second * 1000)) {
        ended.set(t, (ended.get(t) ?? 0) + items);
        told += items;
      }
    }
    // A third of ten came in time.
    expect(told).toBe(6 + 6 * 18);
    expect(Math.max(...ended.values())).toBeLessThanOrEqual(10);
  });
});

describe("a series", () => {
  const streams = { inStreams: 0, claims: 0, redeliveries: 0, hosts: [] };
  const sample = (t: number, earlier?: readonly { readonly t: number; readonly items: number; readonly ms: number }[]): Sample =>
    snapshot(t, { distributed: earlier === undefined ? streams : { ...streams, earlier } });
  const seriesOf = (...samples: readonly Sample[]) => {
    const series: Sample[] = [];
    for (const one of samples) addSample(series, one);
    return series;
  };
  const lateOf = (series: readonly Sample[]) => series.map((one) => one.distributed?.late ?? null);

  test("has a sample marked whose items came later, with how many and when it was whole", () => {
    const told = [
      { t: 100, items: 5, ms: 20 },
      { t: 200, items: 2, ms: 120 },
    ];
    const series = seriesOf(sample(100), sample(200), sample(300, told), sample(400, [{ t: 200, items: 1, ms: 150 }]));
    expect(lateOf(series)).toEqual([{ items: 5, ms: 20 }, { items: 3, ms: 150 }, null, null]);
    expect(series.every(({ distributed }) => distributed?.earlier === undefined)).toBe(true);
    // Whole before the next sample was, or not.
    expect(spansOf(series).map(isIncomplete)).toEqual([false, true, false, false]);
  });

  test("leaves out what belongs to no sample of it: the warm-up's, and what is no interval", () => {
    const told = [100, 150, 900].map((t) => ({ t, items: 1, ms: 50 }));
    expect(lateOf(seriesOf(sample(200), sample(300, told)))).toEqual([null, null]);
  });

  test("whose samples were merged has them marked as a whole, as of their common end", () => {
    const series = seriesOf(sample(100), sample(200), sample(300, [{ t: 100, items: 4, ms: 90 }]));
    expect(joined(spansOf(series.slice(0, 2))).distributed?.late).toBeUndefined();
    addSample(
      series,
      sample(400, [
        { t: 100, items: 1, ms: 250 },
        { t: 200, items: 7, ms: 130 },
      ]),
    );
    const merged = joined(spansOf(series.slice(0, 2)));
    expect(merged.distributed?.late).toEqual({ items: 12, ms: 150 });
    const halves = [sample(50), merged, ...series.slice(2)];
    addSample(halves, sample(500, [{ t: 100, items: 1, ms: 400 }]));
    expect(lateOf(halves)[1]).toEqual({ items: 13, ms: 300 });
  });
});
