import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { HISTOGRAM_BYTES, Histogram } from "../../../src/kernel/histogram.ts";
import { HistogramInterval } from "../../../src/kernel/histogram-interval.ts";
import { CountIntegral } from "../../../src/telemetry/integral.ts";
import { droppedTotal, EMPTY_LEDGER, imbalance } from "../../../src/telemetry/ledger.ts";
import { RECORDER_BYTES, Recorder } from "../../../src/telemetry/recorder.ts";
import { rounds } from "../../support/campaign.ts";

const values = fc.array(fc.oneof(fc.nat(5000), fc.nat(2_000_000_000), fc.integer({ min: 0, max: 6e13 })), { minLength: 1, maxLength: 300 });

function exactPercentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length - 1e-9) - 1)] ?? 0;
}

describe("histogram", () => {
  test("percentiles are within 0.1 % of an exact sort, mean and deviation exact", () => {
    fc.assert(
      fc.property(values, (all) => {
        const histogram = new Histogram();
        for (const value of all) histogram.record(value);
        const sorted = [...all].sort((a, b) => a - b);
        for (const share of [0.5, 0.75, 0.9, 0.95, 0.99, 0.999]) {
          const exact = exactPercentile(sorted, share);
          expect(Math.abs(histogram.percentile(share) - exact)).toBeLessThanOrEqual(Math.max(0.5, exact * 0.001));
        }
        const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
        const deviation = all.length < 2 ? 0 : Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (all.length - 1));
        expect(Math.abs(histogram.mean - mean)).toBeLessThanOrEqual(mean * 1e-9 + 1e-6);
        expect(Math.abs(histogram.stddev - deviation)).toBeLessThanOrEqual(deviation * 1e-5 + mean * 1e-6 + 1e-6);
        expect([histogram.count, histogram.min, histogram.max]).toEqual([all.length, sorted[0] ?? 0, sorted.at(-1) ?? 0]);
      }),
    );
  });

  test("ranks count what lies in buckets up to a value, below the least and beyond the greatest too", () => {
    const histogram = new Histogram();
    expect(histogram.ranksAt(5)).toEqual({ before: 0, through: 0 });
    for (const value of [100, 100, 5000]) histogram.record(value);
    expect([1, 100, 101, 5000, 1e9].map((value) => histogram.ranksAt(value))).toEqual([
      { before: 0, through: 0 },
      { before: 0, through: 2 },
      { before: 2, through: 2 },
      { before: 2, through: 3 },
      { before: 3, through: 3 },
    ]);
  });

  test("merging is recording everything in one", () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const [left, right, both] = [new Histogram(), new Histogram(), new Histogram()];
        for (const value of a) left.record(value);
        for (const value of b) right.record(value);
        for (const value of [...a, ...b]) both.record(value);
        left.merge(right);
        left.merge(new Histogram());
        const [merged, whole] = [left.summary(), both.summary()];
        for (const key of Object.keys(whole) as (keyof typeof whole)[]) {
          expect(Math.abs(merged[key] - whole[key])).toBeLessThanOrEqual(Math.abs(whole[key]) * 1e-6 + whole.mean * 1e-6 + 1e-9);
        }
      }),
    );
  });

  test("many equal values at once count as each by itself; clearing empties", () => {
    const [one, many] = [new Histogram(), new Histogram()];
    for (const value of [5, 700, 12_345_678]) {
      for (let i = 0; i < 7; i++) one.record(value);
      many.recordMany(value, 7);
    }
    expect(many.summary()).toEqual(one.summary());
    many.clear();
    expect(many.summary()).toEqual(new Histogram().summary());
    one.record(-5);
    expect(one.min).toBe(0);
    one.record(2 ** 50);
    expect(one.max).toBe(2 ** 50);
  });

  test("lies in shared memory and can be seen from two sides", () => {
    const memory = new SharedArrayBuffer(HISTOGRAM_BYTES);
    const writer = new Histogram(memory);
    const reader = new Histogram(memory);
    writer.record(42);
    expect(reader.summary()).toEqual(writer.summary());
  });

  test("an interval holds only what came since the last look", () => {
    const histogram = new Histogram();
    const interval = new HistogramInterval([histogram]);
    for (let i = 0; i < 100; i++) histogram.record(1000);
    expect(interval.next()).toEqual({ count: 100, p50: 1000, p99: 1000 });
    for (let i = 0; i < 10; i++) histogram.record(2000);
    expect(interval.next()).toEqual({ count: 10, p50: 2000, p99: 2000 });
    expect(interval.next()).toEqual({ count: 0, p50: 0, p99: 0 });
  });

  test("an interval over several threads tells what one histogram of the new values would", () => {
    const value = fc.oneof(fc.nat(3000), fc.integer({ min: 1, max: 10 ** 10 }));
    const looks = fc.array(fc.array(fc.tuple(fc.nat(2), value), { maxLength: 60 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(looks, (all) => {
        const sources = [new Histogram(), new Histogram(), new Histogram()];
        const interval = new HistogramInterval(sources);
        for (const values of all) {
          const fresh = new Histogram();
          for (const [source, value] of values) {
            sources[source]?.record(value);
            fresh.record(value);
          }
          const { count, p50, p99 } = interval.next();
          expect(count).toBe(values.length);
          // The extremes are exact there, and the middle of their bucket here.
          for (const [mine, exact] of [
            [p50, fresh.percentile(0.5)],
            [p99, fresh.percentile(0.99)],
          ] as const)
            expect(Math.abs(mine - exact)).toBeLessThanOrEqual(exact / 1000 + 1);
        }
      }),
    );
  });
});

const passage = (key: number, sequence: number, due: number, taken: number, dequeued: number) => ({ key, sequence, due, taken, dequeued });

describe("recorder", () => {
  test("splits the sojourn item by item into schedule, queue, batch and service", () => {
    const recorder = new Recorder();
    recorder.processed(passage(3, 1, 100, 150, 170), 200, 260);
    const parts = (["schedule", "queue", "batch", "service", "sojourn"] as const).map((part) => recorder[part].mean);
    expect(parts).toEqual([50, 20, 30, 60, 160]);
    expect(recorder.counts()).toMatchObject({
      processed: 1,
      measured: 1,
      firstDue: 100,
      lastDone: 260,
      left: 1,
      leftInstants: 260,
      others: 0,
    });
  });

  test("items of a group are recorded as if each had been read off the clock at its place", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)), { minLength: 1, maxLength: 16 }), fc.nat(2), (gaps, warmup) => {
        const items = gaps.map(([due, taken, dequeued], i) => passage(i, 1, due, due + taken, due + taken + dequeued));
        const began = 20;
        const each = 4;
        const together = new Recorder(undefined, warmup);
        const apart = new Recorder(undefined, warmup);
        together.processedTogether(items, 0, items.length, began, began + each * items.length);
        for (const [i, one] of items.entries()) apart.processed(one, began + i * each, began + (i + 1) * each);
        const near = (a: object, b: object) => {
          for (const [key, value] of Object.entries(a))
            expect(Math.abs(value - ((b as Record<string, number>)[key] ?? Number.NaN))).toBeLessThan(1e-6);
        };
        near({ ...together.counts(), firstDue: 0 }, { ...apart.counts(), firstDue: 0 });
        expect(together.counts().firstDue).toBe(apart.counts().firstDue);
        for (const part of ["schedule", "queue", "batch", "service", "sojourn"] as const)
          near(together[part].summary(), apart[part].summary());
      }),
    );
  });

  test("counts but does not measure what fell due during warm-up", () => {
    const recorder = new Recorder(undefined, 1000);
    recorder.processed(passage(0, 1, 999, 999, 999), 1000, 2000);
    recorder.droppedNewest(passage(0, 2, 10, 0, 0), 20);
    expect(recorder.counts()).toMatchObject({ processed: 1, measured: 0, droppedNewest: 1, left: 0, leftInstants: 0 });
    expect(recorder.sojourn.count).toBe(0);
  });

  test("P1-S an item out of its key's order is found, whatever the key", () => {
    const recorder = new Recorder();
    recorder.processed(passage(5000, 1, 0, 0, 0), 0, 1);
    recorder.processed(passage(5000, 3, 0, 0, 0), 1, 2);
    recorder.failed(passage(5000, 2, 0, 0, 0), 3);
    recorder.processed(passage(1, 1, 0, 0, 0), 3, 4);
    expect(recorder.counts()).toMatchObject({ orderViolations: 1, processed: 3, failed: 1 });
  });

  test("what failed took its time too: it is in every latency, and its sojourns stand apart", () => {
    const recorder = new Recorder(undefined, 100);
    recorder.processed(passage(0, 1, 1000, 1010, 1030), 1040, 1100);
    recorder.failed(passage(0, 2, 2000, 2020, 2050), 2900, 2060);
    recorder.failed(passage(0, 3, 50, 60, 70), 90, 80);
    expect(recorder.counts()).toMatchObject({
      processed: 1,
      failed: 2,
      measured: 1,
      measuredFailed: 1,
      others: 0,
      left: 2,
      lastDone: 2900,
    });
    const sums = ([part]: readonly ["sojourn" | "schedule" | "queue" | "batch" | "service"]) => [recorder[part].count, recorder[part].sum];
    expect((["sojourn", "schedule", "queue", "batch", "service"] as const).map((part) => sums([part]))).toEqual([
      [2, 1000],
      [2, 30],
      [2, 50],
      [2, 20],
      [2, 900],
    ]);
    expect([recorder.failures.sum, recorder.wellDone.sum, recorder.wellDone.count]).toEqual([900, 100, 1]);
  });

  test("a histogram without the values of another is that of the rest", () => {
    const values = fc.array(fc.integer({ min: 0, max: 5e9 }), { maxLength: 60 });
    fc.assert(
      fc.property(values, values, (kept, gone) => {
        const [all, some, rest] = [new Histogram(), new Histogram(), new Histogram()];
        for (const value of kept) for (const one of [all, rest]) one.record(value);
        for (const value of gone) for (const one of [all, some]) one.record(value);
        const left = all.without(some);
        expect(left.count).toBe(rest.count);
        expect(Math.abs(left.mean - rest.mean)).toBeLessThanOrEqual(1e-6 * (1 + rest.mean));
        expect(Math.abs(left.stddev - rest.stddev)).toBeLessThanOrEqual(1e-3 * (1 + all.max));
        for (const share of [0.01, 0.5, 0.99, 1]) {
          const expected = rest.percentile(share);
          expect(Math.abs(left.percentile(share) - expected)).toBeLessThanOrEqual(0.002 * expected + 1);
        }
        expect(Math.abs(left.max - rest.max)).toBeLessThanOrEqual(0.002 * rest.max + 1);
      }),
      { numRuns: rounds(200) },
    );
  });

  test("every way out is counted apart", () => {
    const memory = new SharedArrayBuffer(RECORDER_BYTES);
    const recorder = new Recorder(memory);
    const one = passage(0, 1, 0, 0, 0);
    recorder.rejected(one, 1);
    recorder.droppedOldest(one, 2);
    recorder.abandoned(one, 3);
    recorder.busy(50);
    recorder.batchDone(4);
    const seen = new Recorder(memory).counts();
    expect(seen).toMatchObject({ rejected: 1, droppedOldest: 1, abandoned: 1, busy: 50, batches: 1, batched: 4, left: 3, leftInstants: 6 });
    expect(seen).toMatchObject({ others: 3, othersInside: 6 });
    expect(recorder.busyTotal).toBe(50);
  });
});

describe("ledger and integral", () => {
  test("a lost item shows", () => {
    const ledger = { ...EMPTY_LEDGER, scheduled: 10, processed: 5, dropped: { newest: 2, oldest: 1 } };
    expect([imbalance(ledger), imbalance({ ...ledger, unfinished: 2 }), droppedTotal(ledger)]).toEqual([2, 0, 3]);
  });

  test("the integral of a count is the area under its steps", () => {
    const integral = new CountIntegral();
    integral.add(50);
    integral.add(200, 3);
    expect([integral.count, integral.until(200), integral.until(300)]).toEqual([4, 150, 550]);
  });
});
