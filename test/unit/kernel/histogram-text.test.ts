import { describe, expect, test } from "bun:test";
import { decodeFromCompressedBase64 } from "hdr-histogram-js";
import { Histogram } from "../../../src/kernel/histogram.ts";
import { histogramText, KeptHistogram } from "../../../src/kernel/histogram-text.ts";

/** Times as of a log-normal distribution, from 1 µs to seconds, without chance. */
function times(count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const share = ((i * 7919) % count) / count;
    return Math.round(2e6 * Math.exp(1.5 * Math.log((share + 1e-7) / (1 - share))));
  });
}

function histogramOf(values: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

const SHARES = [0.01, 0.5, 0.9, 0.99, 0.999, 0.9999];

describe("a histogram as text", () => {
  const values = times(50_000);
  const sorted = values.toSorted((a, b) => a - b);
  const text = histogramText(histogramOf(values));

  test("is read by HdrHistogram's own library, with percentiles within 0.2 %", () => {
    const read = decodeFromCompressedBase64(text);
    expect([read.totalCount, read.numberOfSignificantValueDigits]).toEqual([values.length, 3]);
    for (const share of SHARES) {
      const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
      expect(Math.abs(read.getValueAtPercentile(share * 100) / exact - 1)).toBeLessThan(0.002);
    }
  });

  test("is read back with the percentiles of the histogram, and the number of values up to each", () => {
    const histogram = histogramOf(values);
    const read = KeptHistogram.read(text);
    expect(read?.count).toBe(values.length);
    for (const share of SHARES) {
      expect(read?.at(share).value).toBe(histogram.percentile(share));
      expect(read?.at(share).total).toBe(histogram.ranksAt(histogram.percentile(share)).through);
    }
  });

  test("is compact: far less than its buckets", () => {
    expect(text.length).toBeLessThan(20_000);
    expect(histogramText(histogramOf(new Array(1000).fill(5e6))).length).toBeLessThan(120);
  });

  test("holds nothing, one value, many of one, and times beyond the last bucket", () => {
    expect(KeptHistogram.read(histogramText(new Histogram()))).toMatchObject({ values: [], count: 0 });
    expect(KeptHistogram.read(histogramText(new Histogram()))?.at(0.5)).toEqual({ value: 0, total: 0 });
    for (const [value, count] of [
      [0, 1],
      [1, 3],
      [2047, 200],
      [2048, 40_000],
      [1e9, 5],
    ] as const) {
      const histogram = new Histogram();
      histogram.recordMany(value, count);
      const kept = histogramText(histogram);
      expect(KeptHistogram.read(kept)).toMatchObject({ count, counts: [count] });
      expect(decodeFromCompressedBase64(kept).totalCount).toBe(count);
    }
    expect(KeptHistogram.read(histogramText(histogramOf([1, 2 ** 50])))?.count).toBe(2);
  });

  test.each(["", "AAAA", text.slice(0, 40), text.slice(0, -20), text.replace("H", "I"), "no base64 \u0000"])("%p is none", (other) => {
    expect(KeptHistogram.read(other)).toBeNull();
  });
});
