import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { studentBound } from "../../../src/kernel/student.ts";
import { fitAmdahl, fitUsl, type ScalePoint, scaleRate, tellAmdahl, tellUsl } from "../../../src/theory/scaling.ts";

const at = (points: readonly (readonly [number, number])[]): ScalePoint[] => points.map(([n, rate]) => ({ n, rate }));

/** SPEC SDM91 on a SPARCcenter 2000: N. J. Gunther, Guerrilla Capacity Planning, and the R package `usl`. */
const SDM91 = at([
  [1, 64.9],
  [18, 995.9],
  [36, 1652.4],
  [72, 1853.2],
  [108, 1828.9],
  [144, 1775],
  [216, 1702.2],
]);
/** A ray tracer on up to 64 processors: the same book and package. */
const RAY_TRACER = at([
  [1, 20],
  [4, 78],
  [8, 130],
  [12, 170],
  [16, 190],
  [20, 200],
  [24, 210],
  [28, 230],
  [32, 260],
  [48, 280],
  [64, 310],
]);
/** MySQL on a Cisco UCS, 1 to 32 threads: B. Schwartz, Practical Scalability Analysis with the Universal Scalability Law. */
const CISCO = [
  955.16, 1878.91, 2688.01, 3548.68, 4315.54, 5130.43, 5931.37, 6531.08, 7219.8, 7867.61, 8278.71, 8646.7, 9047.84, 9426.55, 9645.37,
  9897.24, 10097.6, 10240.5, 10532.39, 10798.52, 11151.43, 11518.63, 11806, 12089.37, 12075.41, 12177.29, 12211.41, 12158.93, 12155.27,
  12118.04, 12140.4, 12074.39,
].map((rate, i) => ({ n: i + 1, rate }));

const off = (value = 0, expected: number) => Math.abs(value / expected - 1);

describe("the universal scalability law", () => {
  test.each([
    ["SPEC SDM91", SDM91, { single: 89.9952, contention: 0.0277285, coherency: 0.0001044 }, 96.5],
    ["a ray tracer", RAY_TRACER, { single: 21.848843, contention: 0.057771, coherency: 0 }, null],
    ["Cisco", CISCO, { single: 995.6486, contention: 0.02671591, coherency: 7.690945e-4 }, 35.57],
  ] as const)("is fitted to %s as published", (_, points, published, peak) => {
    const fit = fitUsl(points);
    expect(off(fit?.single, published.single)).toBeLessThan(1e-4);
    expect(off(fit?.contention, published.contention)).toBeLessThan(1e-4);
    if (published.coherency > 0) expect(off(fit?.coherency, published.coherency)).toBeLessThan(1e-3);
    else expect(fit?.coherency).toBe(0);
    if (peak === null) expect(fit?.peak).toBeNull();
    else expect(off(fit?.peak ?? 0, peak)).toBeLessThan(1e-3);
  });

  test("its intervals come from the published standard errors of SPEC SDM91 and Student's t of 4 degrees of freedom", () => {
    const { single, contention, coherency } = fitUsl(SDM91)?.intervals ?? {};
    const half = (interval = { low: 0, high: 0 }) => (interval.high - interval.low) / 2 / 2.776445;
    expect(off(half(single), 14.2134894)).toBeLessThan(1e-4);
    expect(off(half(contention), 0.0091217)).toBeLessThan(1e-4);
    expect(off(half(coherency), 0.0000199)).toBeLessThan(3e-3);
  });

  test("no curve near the one that is fitted leaves less", () => {
    const laws = fc.record({
      single: fc.double({ min: 1e-3, max: 1e7, noNaN: true }),
      contention: fc.double({ min: 0, max: 1.5, noNaN: true }),
      coherency: fc.double({ min: 0, max: 0.05, noNaN: true }),
    });
    const noise = fc.array(fc.double({ min: -0.2, max: 0.2, noNaN: true }), { minLength: 5, maxLength: 9 });
    fc.assert(
      fc.property(laws, noise, (law, off) => {
        const points = off.map((share, i) => ({ n: 2 ** i, rate: scaleRate(law, 2 ** i) * (1 + share) }));
        const left = (shape: typeof law) => points.reduce((sum, { n, rate }) => sum + (rate - scaleRate(shape, n)) ** 2, 0);
        const fit = fitUsl(points);
        if (fit === null) return false;
        const least = left(fit) * (1 - 1e-9) - 1e-18 * left({ single: 0, contention: 0, coherency: 0 });
        return [0.98, 0.999, 1.001, 1.02].every(
          (factor) =>
            left({ ...fit, single: fit.single * factor }) >= least &&
            left({ ...fit, contention: fit.contention * factor + (factor > 1 ? 1e-6 : 0) }) >= least &&
            left({ ...fit, coherency: fit.coherency * factor + (factor > 1 ? 1e-8 : 0) }) >= least,
        );
      }),
    );
  });

  test("is found again from its own points, as Amdahl's is", () => {
    const points = (law: Parameters<typeof scaleRate>[0]) => [1, 2, 4, 8, 16, 32].map((n) => ({ n, rate: scaleRate(law, n) }));
    const amdahl = fitAmdahl(points({ single: 200, contention: 0.05, coherency: 0 }));
    expect(amdahl?.single).toBeCloseTo(200, 6);
    expect(amdahl?.contention).toBeCloseTo(0.05, 9);
    const usl = fitUsl(points({ single: 500, contention: 0.03, coherency: 0.002 }));
    expect(usl?.contention).toBeCloseTo(0.03, 9);
    expect(usl?.coherency).toBeCloseTo(0.002, 9);
    expect(usl?.peak).toBeCloseTo(Math.sqrt(0.97 / 0.002), 6);
    expect(usl?.explained).toBeCloseTo(1, 9);
  });

  test("never has a share below zero", () => {
    const better = fitUsl([1, 2, 4, 8].map((n) => ({ n, rate: 100 * n ** 1.1 })));
    expect([better?.contention, better?.coherency, better?.peak]).toEqual([0, 0, null]);
  });

  test("has no peak far beyond what was measured", () => {
    const law = { single: 100, contention: 0.1, coherency: 1e-6 };
    const fit = fitUsl([1, 2, 4, 8, 16].map((n) => ({ n, rate: scaleRate(law, n) })));
    expect(fit?.coherency).toBeCloseTo(1e-6, 9);
    expect(fit?.peak).toBeNull();
  });
});

describe("a law is told", () => {
  const ideal = at([
    [1, 125],
    [2, 250],
    [3, 250],
    [4, 250],
  ]);

  test("of the points that have cores to run on", () => {
    const points = [1, 2, 3, 4, 8, 16].map((n) => ({ n, rate: 100 * Math.min(n, 4) }));
    const { fit } = tellAmdahl(points, { cores: 4 });
    expect(fit?.contention).toBeCloseTo(0, 9);
    expect(fit?.points.map(({ n }) => n)).toEqual([1, 2, 3, 4]);
  });

  test("not of as many points as it has parameters, nor with an R² of them", () => {
    expect(fitAmdahl(ideal, { cores: 2 })?.explained).toBeNull();
    expect(fitAmdahl(ideal, { cores: 2 })?.intervals).toBeNull();
    expect(tellAmdahl(ideal, { cores: 2 }).why).toBe("2 points with no more Workers than there are cores are too few");
    expect(tellUsl(ideal.slice(0, 3)).why).toBe("3 points are too few");
    expect(tellAmdahl(ideal, { cores: 1 }).why).toBe("1 point with no more Workers than there are cores is too few");
    expect([fitAmdahl(ideal.slice(0, 1)), fitUsl(ideal.slice(0, 2)), fitAmdahl([])]).toEqual([null, null, null]);
  });

  test("not where its curve explains less than nine tenths of the variation, nor where nothing varies", () => {
    const wild = at([
      [1, 203],
      [2, 248],
      [3, 394],
      [4, 163],
    ]);
    expect(tellAmdahl(wild).why).toMatch(/^its curve does not go through the points \(R² 0\.\d\d\)$/);
    expect(tellAmdahl(ideal.map(({ n }) => ({ n, rate: 100 }))).why).toBe("the throughput is the same at every point");
  });

  test("whatever the points are, in numbers that can be told", () => {
    const points = fc.array(fc.record({ n: fc.integer({ min: 0, max: 1024 }), rate: fc.double({ min: 0, max: 1e9 }) }), { maxLength: 12 });
    fc.assert(
      fc.property(points, fc.option(fc.integer({ min: 1, max: 64 }), { nil: undefined }), (any, cores) => {
        for (const { fit } of [tellAmdahl(any, cores === undefined ? {} : { cores }), tellUsl(any, cores === undefined ? {} : { cores })]) {
          if (fit === null) continue;
          const largest = Math.max(...fit.points.map(({ n }) => n));
          expect(fit.explained).toBeGreaterThanOrEqual(0.9);
          expect(fit.points.length).toBeGreaterThan(2);
          expect(largest).toBeLessThanOrEqual(cores ?? 1024);
          for (const value of [fit.single, fit.contention, fit.coherency]) expect(value).toBeGreaterThanOrEqual(0);
          for (const { low, high } of Object.values(fit.intervals ?? {})) expect(Number.isFinite(low + high) && low <= high).toBe(true);
          if (fit.peak !== null) expect(fit.peak).toBeLessThanOrEqual(4 * largest);
        }
      }),
    );
  });
});

test("Student's t as it stands in tables", () => {
  for (const [freedom, bound] of [
    [1, 12.7062],
    [2, 4.30265],
    [3, 3.18245],
    [4, 2.77645],
    [10, 2.22814],
    [29, 2.04523],
    [1000, 1.96234],
  ] as const) {
    expect(off(studentBound(0.95, freedom), bound)).toBeLessThan(1e-5);
  }
  expect(off(studentBound(0.99, 5), 4.03214)).toBeLessThan(1e-5);
  expect(studentBound(0.95, 0)).toBe(Number.POSITIVE_INFINITY);
});
