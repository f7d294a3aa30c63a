import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { WorkMeter, type WorkSums, workFigures } from "../../../src/engine/work/work-meter.ts";

const PER_MS = 500_000;
const MS = 1e6;

interface CoreSketch {
  /** CPU time over asked time. */
  readonly slower?: number;
  /** Wall time that others take in the n-th piece, in nanoseconds. */
  readonly taken?: (piece: number) => number;
  /** What it costs to read either clock. */
  readonly clockCost?: number;
  readonly cpuCost?: number;
  readonly tellsCpu?: boolean;
}

/** A thread that computes pieces on a core, and the meter that watches it. */
function thread({ slower = 1, taken = () => 0, clockCost = 30, cpuCost = 600, tellsCpu = true }: CoreSketch = {}) {
  let wall = 1e9;
  let cpu = 5e9;
  let pieces = 0;
  let chain = 1;
  const spend = (ns: number) => {
    wall += ns;
    cpu += ns;
  };
  const clock = {
    now: () => {
      spend(clockCost);
      return wall;
    },
  };
  const readCpu = () => {
    spend(cpuCost);
    return tellsCpu ? cpu : null;
  };
  const burn = (rounds: number, seed: number) => {
    spend((rounds / PER_MS) * MS * slower);
    wall += taken(pieces++);
    return seed + 1;
  };
  const meter = new WorkMeter(PER_MS, clock, readCpu).prepare();
  const work = (ms: number, count: number) => {
    for (let i = 0; i < count; i++) chain = meter.run(burn, Math.round(ms * PER_MS), chain);
  };
  return { meter, work, now: () => wall, chain: () => chain, figures: () => workFigures([meter.total], PER_MS) };
}

describe("how computing went", () => {
  test("as asked, on a core as it was calibrated, whatever the pieces and the clocks cost", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.0501, max: 50, noNaN: true }), fc.integer({ min: 0, max: 3000 }), (ms, cpuCost) => {
        const one = thread({ cpuCost });
        const count = Math.ceil(Math.max(200 / ms, 20));
        one.work(ms, count);
        const { slowerBy = 1, askedMs = 0 } = one.figures() ?? {};
        expect(Math.abs(slowerBy)).toBeLessThan(0.001);
        expect(askedMs / (count * ms)).toBeCloseTo(1, 3);
        expect(one.chain()).toBe(count + 1);
      }),
      { numRuns: 50 },
    );
  });

  test.each([0.06, 0.2, 5])("a slower core shows in CPU time: pieces of %f ms", (ms) => {
    const one = thread({ slower: 1.07 });
    one.work(ms, 1000 / ms);
    expect(one.figures()).toMatchObject({ slowerBy: expect.closeTo(0.07, 3), roundsPerMs: expect.closeTo(PER_MS / 1.07, -3) });
    expect(one.figures()?.slowerByError).toBeLessThan(0.001);
  });

  test("a core that is taken away shows in wall time, and does not look slower", () => {
    const one = thread({ slower: 1.01, taken: (piece) => (piece % 4 === 0 ? 3 * MS : 0) });
    one.work(5, 100);
    expect(one.figures()).toMatchObject({ slowerBy: expect.closeTo(0.01, 3), takenAwayMs: expect.closeTo(75, 0), askedMs: 500 });
  });

  test("of pieces too short for it, what was taken away is not known, and does not count as slower", () => {
    const one = thread({ taken: (piece) => (piece % 101 === 100 ? 3 * MS : 0) });
    one.work(0.1, 5000);
    expect(one.figures()).toMatchObject({ slowerBy: expect.closeTo(0, 3), takenAwayMs: null });
  });

  test("a core that became much slower is noticed in short pieces, too", () => {
    const one = thread({ slower: 3 });
    one.work(0.1, 10_000);
    expect(one.figures()?.slowerBy).toBeCloseTo(2, 2);
  });

  test("where nobody tells CPU time, goes by the wall clock", () => {
    const one = thread({ slower: 1.05, tellsCpu: false });
    one.work(5, 100);
    expect(one.figures()).toMatchObject({ slowerBy: expect.closeTo(0.05, 3), takenAwayMs: null });
  });

  test("what comes before its beginning does not count", () => {
    const one = thread();
    one.work(5, 20);
    one.meter.begin(one.now() + 100 * MS);
    one.work(5, 60);
    expect(one.figures()?.askedMs ?? 0).toBeWithin(190, 201);
  });

  test("pieces so short that beginning them counts are left out, longer ones among them are not", () => {
    const short = thread();
    short.work(0.04, 5000);
    expect(short.figures()).toBeNull();
    const mixed = thread({ slower: 1.05 });
    for (let i = 0; i < 100; i++) {
      mixed.work(0.01, 100);
      mixed.work(2, 1);
    }
    expect(mixed.figures()).toMatchObject({ slowerBy: expect.closeTo(0.05, 4), askedMs: expect.closeTo(300, 6) });
  });

  test("too little of it tells nothing", () => {
    for (const [ms, count] of [
      [5, 3],
      [1, 15],
      [100, 9],
    ] as const) {
      const one = thread();
      one.work(ms, count);
      expect(one.figures()).toBeNull();
    }
    expect(workFigures([], PER_MS)).toBeNull();
  });

  test("threads add up, and their error shrinks as pieces do in number", () => {
    const [fast, slow] = [thread({ slower: 0.98 }), thread({ slower: 1.02, taken: () => MS })];
    fast.work(5, 100);
    slow.work(5, 100);
    const sums: WorkSums[] = [fast.meter.total, slow.meter.total];
    expect(workFigures(sums, PER_MS)).toMatchObject({
      askedMs: 1000,
      slowerBy: expect.closeTo(0, 4),
      slowerByError: expect.closeTo(0.02 / Math.sqrt(200), 5),
      takenAwayMs: expect.closeTo(100, 0),
    });
  });
});
