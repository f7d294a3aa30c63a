import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { calibrate, undisturbedMean } from "../../../src/engine/calibration.ts";
import { burn } from "../../../src/engine/work/effort.ts";
import { VirtualTime } from "../../../src/kernel/virtual-time.ts";
import { temporaryFolder } from "../../support/cli.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TRUE = 590_000;
/** What `calibrate` lets the compiler warm up with comes in pieces of this many rounds; those it measures are longer. */
const WARM_UP = 20_000;

interface MachineSketch {
  /** Rounds in a millisecond of CPU time, of the n-th measured piece. */
  readonly speed?: (piece: number) => number;
  /** Wall time over CPU time of the n-th measured piece: 2 where others take every second slice. */
  readonly shared?: (piece: number) => number;
  /** Times as long over what comes right after a rest. */
  readonly rested?: number;
}

/** A machine with a wall clock, a CPU clock of its thread, and a core to compute on. */
function machine({ speed = () => TRUE, shared = () => 1, rested = 1 }: MachineSketch = {}) {
  const time = new VirtualTime();
  let cpu = 0;
  let pieces = 0;
  let idle = 0;
  const compute = (rounds: number, chain: number) => {
    if (rounds > WARM_UP) pieces++;
    const took = (rounds * 1e6 * (time.idle > idle ? rested : 1)) / speed(pieces);
    idle = time.idle;
    cpu += took;
    time.spend(took * shared(pieces));
    return chain;
  };
  return { time, compute, cpu: () => cpu, pieces: () => pieces };
}

let files = 0;
const newFile = () => join(folder, `calibration-${files++}.json`);

function remember(roundsPerMs: number): string {
  const file = newFile();
  const name = `${cpus()[0]?.model ?? "unknown"} × ${cpus().length}, Bun ${Bun.version}`;
  writeFileSync(file, JSON.stringify({ machine: name, roundsPerMs }));
  return file;
}

const kept = (file: string) => (JSON.parse(readFileSync(file, "utf8")) as { roundsPerMs: number }).roundsPerMs;
const close = (value: number) => expect.closeTo(value, -2);

describe("calibration by CPU time", () => {
  test("finds the rate of a core that others take every second slice of, at once", () => {
    const { time, compute, cpu, pieces } = machine({ shared: () => 2 });
    const file = newFile();
    expect(calibrate(time, file, compute, cpu)).toEqual({
      roundsPerMs: close(TRUE),
      checkRatio: expect.closeTo(1, 6),
      cached: false,
      clock: "thread",
    });
    expect(kept(file)).toBeCloseTo(TRUE, -2);
    expect(pieces()).toBeLessThan(200);
  });

  test("is the same whenever and however much others take", () => {
    const shares = fc.array(fc.double({ min: 1, max: 20, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(shares, (taken) => {
        const { time, compute, cpu } = machine({ shared: (piece) => taken[piece % taken.length] ?? 1 });
        expect(calibrate(time, newFile(), compute, cpu).roundsPerMs).toBeCloseTo(TRUE, -2);
      }),
      { numRuns: 20 },
    );
  });

  test("is of a core that rests half of the time", () => {
    const { time, compute, cpu } = machine({ rested: 1.02 });
    const file = newFile();
    expect(calibrate(time, file, compute, cpu).roundsPerMs * 1.02).toBeCloseTo(TRUE, -2);
    expect(time.idle / time.now()).toBeCloseTo(0.5, 1);
    const from = time.now();
    expect(calibrate(time, file, compute, cpu)).toMatchObject({ cached: true, checkRatio: expect.closeTo(1, 6) });
    expect((time.now() - from) / 1e6).toBeLessThan(400);
  });

  test("a rate that others' use would have contradicted is confirmed", () => {
    const { time, compute, cpu } = machine({ shared: (piece) => (piece % 3 === 0 ? 3 : 1) });
    expect(calibrate(time, remember(TRUE), compute, cpu)).toMatchObject({ roundsPerMs: close(TRUE), cached: true, clock: "thread" });
  });

  test.each([
    [1, true],
    [1.01, true],
    [0.985, true],
    [1.1, false],
    [0.4, false],
  ])("a core at %f of the time it took: the cached rate follows by a fifth, or is measured anew (cached: %p)", (pace, cached) => {
    const { time, compute, cpu } = machine({ speed: () => TRUE / pace, shared: () => 1.7 });
    const file = remember(TRUE);
    const found = calibrate(time, file, compute, cpu);
    expect(found.cached).toBe(cached);
    expect(found.roundsPerMs / (cached ? TRUE / (1 + 0.2 * (pace - 1)) : TRUE / pace)).toBeCloseTo(1, 4);
    expect(found.checkRatio).toBeCloseTo((found.roundsPerMs * pace) / TRUE, 4);
    expect(kept(file)).toBe(found.roundsPerMs);
  });

  test("a core that changes its speed between measurement and check is measured anew", () => {
    const { time, compute, cpu, pieces } = machine({ speed: (piece) => (piece <= 160 ? TRUE / 2 : TRUE) });
    expect(calibrate(time, newFile(), compute, cpu)).toMatchObject({ roundsPerMs: close(TRUE), checkRatio: expect.closeTo(1, 6) });
    expect(pieces()).toBeGreaterThan(300);
  });

  test("a core that was slow for a moment is not measured anew", () => {
    const { time, compute, cpu } = machine({ speed: (piece) => (piece <= 20 ? TRUE / 1.2 : TRUE) });
    expect(calibrate(time, remember(TRUE), compute, cpu)).toMatchObject({ cached: true, roundsPerMs: close(TRUE) });
  });

  test("a core that never settles is told by the check, and nobody else begins with its rate", () => {
    let slower = TRUE;
    const { time, compute, cpu, pieces } = machine({ speed: (piece) => (slower = TRUE / (1 + piece / 500)) });
    const file = newFile();
    const { checkRatio, roundsPerMs } = calibrate(time, file, compute, cpu);
    expect(checkRatio).toBeGreaterThan(1.02);
    expect(roundsPerMs).toBeGreaterThan(1.02 * slower);
    expect(existsSync(file)).toBe(false);
    expect(pieces()).toBeLessThan(600);
  });

  test("a real core: found, kept, and confirmed at the next start", () => {
    const file = newFile();
    const first = calibrate(undefined, file);
    expect(first).toMatchObject({ cached: false, clock: "thread" });
    const from = performance.now();
    burn(Math.round(first.roundsPerMs * 20), 1);
    expect(performance.now() - from).toBeGreaterThan(10);
    expect(kept(file)).toBe(first.roundsPerMs);
  });
});

describe("pieces that were disturbed all the same", () => {
  test("do not count: a few that take longer by a twentieth or more, since their caches were taken", () => {
    const { time, compute, cpu } = machine({ speed: (piece) => (piece % 8 === 0 ? TRUE / 1.3 : TRUE) });
    expect(calibrate(time, newFile(), compute, cpu)).toMatchObject({ roundsPerMs: close(TRUE), checkRatio: expect.closeTo(1, 6) });
  });
});

describe("calibration by the wall clock, where the system tells no CPU time", () => {
  test("says so, and is right on a core that nobody shares", () => {
    const { time, compute } = machine();
    for (const cpu of [undefined, null, () => null]) {
      expect(calibrate(time, newFile(), compute, cpu)).toMatchObject({ roundsPerMs: close(TRUE), clock: "wall" });
    }
  });

  test("a core that others share while it is measured and leave for the check is measured anew", () => {
    const { time, compute } = machine({ shared: (piece) => (piece <= 160 ? 2 : 1) });
    expect(calibrate(time, newFile(), compute)).toMatchObject({ roundsPerMs: close(TRUE), checkRatio: expect.closeTo(1, 6) });
  });

  test("interruptions do not count, whatever a core's speeds are", () => {
    const speeds = fc.array(fc.double({ min: 0.95, max: 1.2, noNaN: true }), { minLength: 1, maxLength: 60 });
    const interruptions = fc.array(fc.double({ min: 2, max: 1e6, noNaN: true }), { maxLength: 20 });
    fc.assert(
      fc.property(speeds, interruptions, (times, long) => {
        const some = long.slice(0, Math.floor((times.length - 1) / 2));
        const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
        expect(undisturbedMean([...some, ...times])).toBeCloseTo(mean, 9);
      }),
    );
    expect(undisturbedMean([])).toBe(0);
  });
});

describe("what calibration keeps", () => {
  test("a cache that is wrong, poisoned or unwritable does no harm", () => {
    const { time, compute, cpu } = machine();
    const cache = newFile();
    calibrate(time, cache, compute, cpu);
    for (const text of ["{", '{"roundsPerMs":1e308}', readFileSync(cache, "utf8").replace(/"roundsPerMs":[\d.]+/, '"roundsPerMs":5000')]) {
      writeFileSync(cache, text);
      expect(calibrate(time, cache, compute, cpu).roundsPerMs / TRUE).toBeCloseTo(1, 4);
    }
    mkdirSync(join(folder, "dir.json"), { recursive: true });
    expect(calibrate(time, join(folder, "dir.json"), compute, cpu).cached).toBe(false);
  });
});
