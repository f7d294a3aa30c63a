import { describe, expect, test } from "bun:test";
import { LOOK_MS, StandstillWatch, statesOf } from "../../../src/engine/run/standstill.ts";
import { disturbedByStop } from "../../../src/telemetry/disturbance.ts";

/** A console that looks at a case, on a clock of its own. */
class Watched {
  now = 0;
  cpu = 0;
  state = "S";
  t = 0;
  /** By how much the wall clock is off. */
  off = 0;
  readonly watch = new StandstillWatch(
    () => [this.state, "S"],
    () => this.now,
    () => this.cpu,
    () => 1e12 + this.now + this.off,
  );

  /** Everything goes on for so long; `telling`: the case tells of itself every so often. */
  run(ms: number, telling = 200): this {
    for (let passed = 0; passed < ms; passed += LOOK_MS) {
      this.now += LOOK_MS;
      this.cpu += 1;
      if (this.state === "S") this.t += LOOK_MS;
      this.watch.look();
      if (this.state === "S" && this.now % telling === 0) this.watch.heard(this.t);
    }
    return this;
  }

  /** The console stands still; the case with it, or not. */
  freeze(ms: number, withCase: boolean): this {
    const told: number[] = [];
    for (let passed = 0; passed < ms; passed += 200) {
      this.now += 200;
      if (withCase) continue;
      this.t += 200;
      told.push(this.t);
    }
    this.watch.look();
    for (const t of told) this.watch.heard(t);
    if (withCase) this.t += ms;
    return this;
  }
}

function watched(): Watched {
  const one = new Watched();
  one.watch.begin(0);
  return one.run(2000);
}

describe("who stood still while a case was measured", () => {
  test("nobody, as a rule, and not a console that was busy or a little late", () => {
    const one = watched();
    one.now += 900;
    one.watch.look();
    one.now += 5000;
    one.cpu += 4000;
    one.watch.look();
    expect(one.run(1000).watch.total).toEqual({ caseMs: 0, consoleMs: 0, setBackMs: 0 });
  });

  test("the case, while the console went on", () => {
    const one = watched();
    for (const state of ["T", "S", "t", "S"]) {
      one.state = state;
      one.run(1000);
    }
    expect(one.watch.total).toEqual({ caseMs: 2000, consoleMs: 0, setBackMs: 0 });
    one.state = "T";
    expect(one.watch.stopped).toBe(true);
  });

  test("the console, while the case went on", () => {
    const { caseMs, consoleMs } = watched().freeze(5000, false).run(1000).watch.total;
    expect(caseMs).toBe(0);
    expect(consoleMs).toBeCloseTo(5000, -3);
  });

  test("both, whether or not the case is still stopped when the console looks again", () => {
    const thawed = watched().freeze(4000, true).run(1000).watch.total;
    expect(thawed.caseMs).toBeCloseTo(4000, -3);
    const one = watched();
    one.state = "T";
    one.freeze(4000, true);
    one.state = "S";
    expect(one.run(1000).watch.total.caseMs).toBeCloseTo(4000, -3);
  });

  test("what was before the case, or in its warm-up, is none of it", () => {
    const one = new Watched();
    one.state = "T";
    one.run(1000);
    one.watch.begin(500);
    one.run(500);
    one.state = "S";
    expect(one.run(1000).watch.total).toEqual({ caseMs: 0, consoleMs: 0, setBackMs: 0 });
  });

  test("a wall clock that was set back is told, one that was set forward or is kept in step is not", () => {
    const one = watched();
    one.off -= 2000;
    one.run(1000);
    one.off += 3600e3;
    one.run(1000);
    for (let i = 0; i < 50; i++) {
      one.off -= 0.5;
      one.run(100);
    }
    expect(one.watch.total).toEqual({ caseMs: 0, consoleMs: 0, setBackMs: 2000 });
  });

  test.skipIf(process.platform !== "linux")("a process that is stopped says so, and one that is gone says nothing", async () => {
    const child = Bun.spawn(["sleep", "30"]);
    process.kill(child.pid, "SIGSTOP");
    for (const until = performance.now() + 5000; statesOf(child.pid)[0] !== "T" && performance.now() < until; ) await Bun.sleep(5);
    expect(statesOf(child.pid)).toEqual(["T"]);
    child.kill("SIGKILL");
    await child.exited;
    expect(statesOf(child.pid)).toEqual([""]);
  });
});

describe("a case in which somebody stood still", () => {
  test("is disturbed where it was the case, before anything else that disturbed it", () => {
    const others = {
      otherCores: 1,
      stealMs: 0,
      calibrationOff: 0,
      reason: "Other programs used 1.00 of the machine's 2 cores on average.",
    };
    const { disturbed, warnings } = disturbedByStop({ disturbed: others, warnings: ["a"] }, { caseMs: 2100, consoleMs: 0, setBackMs: 0 });
    expect(disturbed).toMatchObject({ otherCores: 1, stoppedMs: 2100 });
    expect(disturbed?.reason).toMatch(/^Processes of this case were stopped for about 2\.10 s .* Other programs used 1\.00/);
    expect(warnings).toEqual(["a", expect.stringMatching(/stopped for about 2\.10 s .* Run it again without a stop\.$/)]);
    expect(disturbedByStop({ warnings: [] }, { caseMs: 100, consoleMs: 0, setBackMs: 0 }).disturbed?.stoppedMs).toBe(100);
  });

  test("is disturbed where the clock was set back", () => {
    const { disturbed, warnings } = disturbedByStop({ disturbed: null, warnings: [] }, { caseMs: 0, consoleMs: 0, setBackMs: 3000 });
    expect(disturbed).toMatchObject({
      setBackMs: 3000,
      reason: expect.stringMatching(/^The clock of this system was set back by 3\.00 s/),
    });
    expect(warnings).toEqual([expect.stringContaining("Run it again while the clock is left alone.")]);
  });

  test("is told of, and not disturbed, where it was only the console", () => {
    const { disturbed, warnings } = disturbedByStop({ disturbed: null, warnings: [] }, { caseMs: 0, consoleMs: 3000, setBackMs: 0 });
    expect(disturbed).toBeNull();
    expect(warnings).toEqual([expect.stringMatching(/^The console stood still for about 3\.00 s .* nothing of it was lost\.$/)]);
    expect(disturbedByStop({ disturbed: null, warnings: [] }, { caseMs: 0, consoleMs: 0, setBackMs: 0 })).toEqual({
      disturbed: null,
      warnings: [],
    });
  });
});
