import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { crowding } from "../../../src/telemetry/phases.ts";
import type { Sample } from "../../../src/telemetry/sample.ts";
import { addSample, halved, joined, recent, spansOf, withoutStub, worst } from "../../../src/telemetry/series.ts";
import { sample } from "../../support/results.ts";

const level = fc.integer({ min: 0, max: 1000 });
const aSample = fc.record({ processed: level, offered: level, dropped: level, depth: level, inFlight: level, blockedMs: level });
/** Series of samples whose intervals are of any length. */
const aSeries = fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), aSample), { minLength: 1, maxLength: 9 }).map((steps): Sample[] => {
  let t = 0;
  return steps.map(([ms, change]) => {
    t += ms;
    return sample(t, change);
  });
});

/** Rate or level × time, added up. */
function integral(series: readonly Sample[], of: (one: Sample) => number): number {
  return spansOf(series).reduce((sum, { from, sample: one }) => sum + of(one) * (one.t - from), 0);
}

const MEANS: Readonly<Record<string, (one: Sample) => number>> = {
  offered: ({ offered }) => offered,
  processed: ({ processed }) => processed,
  dropped: ({ dropped }) => dropped,
  depth: ({ depth }) => depth,
  inFlight: ({ inFlight }) => inFlight,
};

describe("intervals of a series", () => {
  test("begin where the one before ended, the first where it is said", () => {
    const series = [sample(100), sample(150), sample(400)];
    expect(spansOf(series, 40).map(({ from }) => from)).toEqual([40, 100, 150]);
    expect(spansOf(series).map(({ from }) => from)).toEqual([0, 100, 150]);
  });
});

describe("neighbours joined into one sample", () => {
  test.each(Object.keys(MEANS))("have the same %s in all", (name) => {
    const of = MEANS[name] as (one: Sample) => number;
    fc.assert(
      fc.property(aSeries, (series) => {
        const whole = joined(spansOf(series));
        expect(whole.t).toBe(series.at(-1)?.t ?? 0);
        expect(of(whole) * whole.t).toBeCloseTo(integral(series, of), 6);
      }),
    );
  });

  test("were blocked for as long as all of them, and have the worst of their percentiles", () => {
    const series = [
      sample(100, { blockedMs: 3, p50: 9, p99: 20 }),
      sample(150, { blockedMs: 4, p50: null, p99: null }),
      sample(200, { blockedMs: 5, p50: 7, p99: 30 }),
    ];
    expect(joined(spansOf(series))).toMatchObject({ blockedMs: 12, p50: 9, p99: 30 });
  });

  test("have the mean of each core by time", () => {
    const series = [sample(100, { cores: [0.2, 1] }), sample(400, { cores: [0.6, 0] })];
    const [first = 0, second = 0] = joined(spansOf(series)).cores;
    expect([first, second]).toEqual([expect.closeTo(0.5, 9), expect.closeTo(0.25, 9)]);
  });

  test("know of others what was known, by the time in which it was", () => {
    const series = [sample(100, { otherCores: 1 }), sample(200, { otherCores: null }), sample(500, { otherCores: 2 })];
    expect(joined(spansOf(series)).otherCores).toBeCloseTo(1.75, 9);
    expect(joined(spansOf([sample(100, { otherCores: null }), sample(200, { otherCores: null })])).otherCores).toBeNull();
    expect(joined(spansOf([sample(100), sample(200)]))).not.toContainKey("otherCores");
  });

  test("were kept from cores for as long as is known of them", () => {
    const series = [sample(100, { throttledMs: 5 }), sample(200, { throttledMs: null }), sample(500, { throttledMs: 2 })];
    expect(joined(spansOf(series)).throttledMs).toBe(7);
    expect(joined(spansOf([sample(100, { throttledMs: null }), sample(200, { throttledMs: null })])).throttledMs).toBeNull();
    expect(joined(spansOf([sample(100), sample(200)]))).not.toContainKey("throttledMs");
  });

  test("of none there is no sample", () => {
    expect(() => joined([])).toThrow("nothing to join");
  });
});

describe("a series with half as many samples", () => {
  test("has the same counts in all, and ends where it did", () => {
    fc.assert(
      fc.property(aSeries, (series) => {
        const half = halved(series);
        expect([half.length, half.at(-1)?.t]).toEqual([Math.ceil(series.length / 2), series.at(-1)?.t]);
        for (const of of Object.values(MEANS)) expect(integral(half, of)).toBeCloseTo(integral(series, of), 6);
      }),
    );
  });
});

describe("a last interval that is much shorter than the others", () => {
  const ending = (ms: number) => [sample(100, { processed: 10 }), sample(200, { processed: 20 }), sample(200 + ms, { processed: 90 })];

  test("belongs to the one before when it is shorter than half of it", () => {
    expect(withoutStub(ending(49)).map(({ t }) => t)).toEqual([100, 249]);
    expect(withoutStub(ending(50)).map(({ t }) => t)).toEqual([100, 200, 250]);
  });

  test("loses nothing of what was done", () => {
    expect(integral(withoutStub(ending(10)), ({ processed }) => processed)).toBeCloseTo(1000 + 2000 + 900, 6);
  });

  test("of two samples there is none", () => {
    expect(withoutStub([sample(100), sample(101)]).length).toBe(2);
  });
});

describe("the last so many milliseconds", () => {
  const series = [100, 200, 300, 400].map((t, i) => sample(t, { processed: 10 * (i + 1) }));

  test("are the samples that lie in them", () => {
    expect(recent(series, 200)?.processed).toBeCloseTo(35, 9);
    expect(recent(series, 201)?.processed).toBeCloseTo(30, 9);
    expect(recent(series, 1)?.processed).toBe(40);
  });

  test("are all there is where there is less", () => {
    expect(recent(series, 1e6)?.processed).toBeCloseTo(25, 9);
  });

  test("of nothing are nothing", () => {
    expect(recent([], 100)).toBeNull();
  });
});

test("the worst of what is known is the largest, and of nothing nothing is known", () => {
  expect([worst([null, -3, -5, null]), worst([null]), worst([]), worst([0, null])]).toEqual([-3, null, null, 0]);
});

describe("the part of a run in which messages waited", () => {
  const quiet = (t: number) => sample(t, { p50: 1, depth: 0, offered: 10, processed: 10 });
  const busy = (t: number, change: Partial<Sample> = {}) => sample(t, { p50: 50, depth: 4, offered: 30, processed: 20, ...change });

  test("is the samples whose median is longer than what counts as long, and what they show together", () => {
    const crowd = crowding([quiet(100), busy(200), busy(300, { offered: 50, depth: 9, p50: 70 }), quiet(400)], 10);
    expect(crowd).toMatchObject({ ms: 200, share: 0.5, offered: 40, processed: 20, offeredMost: 50, depth: 9, p50: 60 });
  });

  test("begins beyond what counts as long, not at it", () => {
    expect(crowding([busy(100), busy(200)], 50)).toBeNull();
    expect(crowding([busy(100), busy(200)], 49)?.ms).toBe(200);
  });

  test("is not told of one sample, nor of none", () => {
    expect(crowding([quiet(100), busy(200), quiet(300)], 10)).toBeNull();
    expect(crowding([], 10)).toBeNull();
  });

  test("counts samples in which nothing was done though something waited", () => {
    const stuck = (depth: number, processed = 0) => sample(200, { p50: null, p99: null, depth, processed });
    expect(crowding([busy(100), stuck(1), quiet(300)], 10)?.ms).toBe(200);
    expect(crowding([busy(100), stuck(0.5), quiet(300)], 10)).toBeNull();
    expect(crowding([busy(100), stuck(1, 5), quiet(300)], 10)).toBeNull();
  });

  test("is a share of the time that the series is of: one that begins late began where its samples did", () => {
    const late = [1100, 1200, 1300, 1400].map((t) => (t < 1250 ? busy(t) : quiet(t)));
    expect(crowding(late, 10)).toMatchObject({ ms: 200, share: 0.5 });
  });
});

describe("items that are told of later", () => {
  /** Samples of mode distributed at 200 and 300 ms; the next says that two items ended in the interval until `t`, `ms` after its end. */
  const marked = (t: number, ms: number) => {
    const at = (end: number, change: object = {}) => sample(end, { distributed: { ...change } as never });
    const series = [at(200), at(300)];
    addSample(series, at(400, { earlier: [{ t, items: 2, ms }] }));
    expect(series.at(-1)?.distributed).toEqual({} as never);
    return series.slice(0, 2).map(({ distributed }) => distributed?.late ?? null);
  };

  test("mark the sample of their interval", () => {
    expect(marked(300, 50)).toEqual([null, { items: 2, ms: 50 }]);
    expect(marked(200, 150)).toEqual([{ items: 2, ms: 150 }, null]);
  });

  test("mark none of another mode's", () => {
    const series = [sample(200), sample(300)];
    addSample(series, sample(400, { distributed: { earlier: [{ t: 300, items: 2, ms: 50 }] } as never }));
    expect(series.slice(0, 2)).toEqual([sample(200), sample(300)]);
  });

  test("mark one that was merged, where they came after its end", () => {
    expect(marked(250, 51)).toEqual([null, { items: 2, ms: 1 }]);
    expect(marked(250, 50)).toEqual([null, null]);
  });

  test("mark none where their interval is in no sample: of the warm-up, or after the last", () => {
    expect([marked(100, 500), marked(199, 500), marked(301, 500)]).toEqual([
      [null, null],
      [null, null],
      [null, null],
    ]);
  });
});
