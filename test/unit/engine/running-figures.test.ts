import { describe, expect, test } from "bun:test";
import { RunningFigures } from "../../../src/engine/runner/running-figures.ts";
import { Histogram } from "../../../src/kernel/histogram.ts";
import type { Recorder } from "../../../src/telemetry/recorder.ts";

/** A thread's recorder after so many items, each of which took so many milliseconds. */
function recorded(count: number, ms: number): Recorder {
  const sojourn = new Histogram();
  for (let i = 0; i < count; i++) sojourn.record(ms * 1e6);
  return { sojourn, counts: () => ({ measured: count }) } as unknown as Recorder;
}

const none = () => 0;

describe("figures of a case so far", () => {
  test("are rates since the end of the warm-up, and the percentiles that enough items bear", () => {
    const figures = new RunningFigures().at(3e9, 1e9, [recorded(1200, 5)], (now) => now / 1e9);
    expect(figures).toEqual({ p50: expect.closeTo(5, 1), p95: expect.closeTo(5, 1), p99: null, throughput: 600, cpu: 3 });
  });

  test("are of all threads together", () => {
    const { p50, p95, throughput } = new RunningFigures().at(2e9, 0, [recorded(700, 1), recorded(500, 9)], none);
    expect([p50, p95, throughput]).toEqual([expect.closeTo(1, 1), expect.closeTo(9, 1), 600]);
  });

  test("are found anew after a quarter of a second, and stay meanwhile", () => {
    const running = new RunningFigures();
    const threads = [recorded(100, 1)];
    const throughputs = [1e9, 1.249e9, 1.25e9].map((now) => running.at(now, 0, threads, none).throughput);
    expect(throughputs).toEqual([100, 100, 80]);
  });

  test("of a moment are no more than what was measured in it", () => {
    expect(new RunningFigures().at(1e9, 1e9, [recorded(1, 1)], none)).toMatchObject({ throughput: expect.closeTo(1e9, 0), p50: null });
  });
});
