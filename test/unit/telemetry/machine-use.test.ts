import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { Random } from "../../../src/kernel/random.ts";
import { parseProcStat } from "../../../src/telemetry/cores.ts";
import { descendantsOf } from "../../../src/telemetry/descendants.ts";
import { calibrationNote, judgeDisturbance } from "../../../src/telemetry/disturbance.ts";
import type { Calibration } from "../../../src/telemetry/machine.ts";
import { cpuOf, type MachineReading, MachineWatch, usedBetween } from "../../../src/telemetry/machine-use.ts";
import type { WorkFigures } from "../../../src/telemetry/result.ts";

/** Two cores at the start of a span: what they did before does not matter. */
const BEFORE = [5000, 7000];

interface Second {
  /** Milliseconds of each core in the span; the rest it idles. */
  readonly busy: readonly number[];
  readonly interrupts?: number;
  readonly stolen?: number;
  readonly labMs?: number | null;
  readonly spanMs?: number;
}

const ticks = (ms: number) => Math.floor(ms / 10);

/** What /proc/stat says before and after a span in which the first core had interrupts and was kept from its work, too. */
function span({ busy, interrupts = 0, stolen = 0, labMs = 0, spanMs = 1000 }: Second): [MachineReading, MachineReading] {
  const line = (core: number, user: number, idle: number, irq: number, steal: number) =>
    `cpu${core} ${ticks(user)} 0 0 ${ticks(idle)} 0 ${ticks(irq)} 0 ${ticks(steal)} 0 0`;
  const first = BEFORE.slice(0, busy.length).map((ms, core) => line(core, ms, ms, ms, ms));
  const second = first.map((_, core) => {
    const before = BEFORE[core] ?? 0;
    const [used, own] = [busy[core] ?? 0, core === 0 ? 1 : 0];
    const idle = spanMs - used - own * (interrupts + stolen);
    return line(core, before + used, before + idle, before + own * interrupts, before + own * stolen);
  });
  const read = (lines: readonly string[]) => parseProcStat(`cpu  1 2 3\n${lines.join("\n")}\nintr 5`);
  return [
    { at: 100, cores: read(first), labMs: labMs === null ? null : 40 },
    { at: 100 + spanMs, cores: read(second), labMs: labMs === null ? null : 40 + labMs },
  ];
}

describe("what a machine was used for", () => {
  test("is the busy share of each core, and what the lab has not used itself", () => {
    const use = usedBetween(...span({ busy: [500, 900], labMs: 450 }));
    expect(use.utilization).toEqual([0.5, 0.9]);
    expect(use).toMatchObject({ spanMs: 1000, cores: 2, otherCores: expect.closeTo(0.95, 9), stealMs: 0, wantedMs: 1400 });
  });

  test("interrupts are no program's, nor is what the host keeps", () => {
    const use = usedBetween(...span({ busy: [500, 0], interrupts: 100, stolen: 200, labMs: 500 }));
    expect(use).toMatchObject({ otherCores: 0, stealMs: 200, wantedMs: 700 });
  });

  test("by others is never more than there are cores, whatever the counters say", () => {
    const [before, after] = span({ busy: [600, 900], labMs: 100 });
    const back = { ...after, cores: after.cores.map((core) => ({ ...core, idle: core.idle - 4000 })) };
    expect(usedBetween(before, back).otherCores).toBe(2);
    expect(usedBetween(before, { ...after, labMs: -9000 }).otherCores).toBe(2);
  });

  test("goes by how long cores idled, not by what ticks happened to see", () => {
    // Programs that run between two ticks are in nobody's column.
    const [before, after] = span({ busy: [600, 0], labMs: 100 });
    const unseen = { ...after, cores: after.cores.map((core) => ({ ...core, busy: 0, total: core.idle })) };
    expect(usedBetween(before, unseen).otherCores).toBeCloseTo(0.5, 9);
  });

  test("of cores that the lab may not use nothing counts", () => {
    const readings = span({ busy: [300, 1000], labMs: 300 });
    expect(usedBetween(...readings, new Set([0]))).toMatchObject({ cores: 1, otherCores: 0, utilization: [0.3, 1] });
    expect(usedBetween(...readings, new Set([1])).otherCores).toBeCloseTo(0.7, 9);
  });

  test("is not known where a helper's share is not, and never below nothing", () => {
    expect(usedBetween(...span({ busy: [500, 500], labMs: null })).otherCores).toBeNull();
    expect(usedBetween(...span({ busy: [10, 10], labMs: 600 })).otherCores).toBe(0);
    const [before] = span({ busy: [1] });
    expect(usedBetween(before, before).otherCores).toBeNull();
  });

  test("a core that came or went meanwhile is left out", () => {
    const [before, after] = span({ busy: [500, 800], labMs: 500 });
    expect(usedBetween({ ...before, cores: before.cores.slice(0, 1) }, after)).toMatchObject({ cores: 1, otherCores: 0 });
  });

  test("the columns are user nice system idle iowait irq softirq steal", () => {
    expect(parseProcStat("cpu  9 9\ncpu0 1 2 3 4 5 6 7 8 9 9\ncpu3 1\nintr 5\ncpu9 1")).toEqual([
      { core: 0, busy: 270, total: 360, idle: 90, interrupts: 130, stolen: 80 },
      { core: 3, busy: 10, total: 10, idle: 0, interrupts: 0, stolen: 0 },
    ]);
  });

  test("a process's CPU time, whatever it is called", () => {
    const stat = "7 (a) b 1 2 (c)) S 1 7 7 0 -1 4194304 1 2 3 4 50 25 8 4 20 0 1 0 99 1 1";
    expect(cpuOf(stat)).toEqual({ ownMs: 750, childrenMs: 120 });
    expect([cpuOf(null), cpuOf("")]).toEqual([null, null]);
  });

  test.skipIf(process.platform !== "linux")("this machine: what this process computes is not others'", () => {
    const watch = new MachineWatch([process.pid]);
    const files = () => readdirSync("/proc/self/fd").length;
    watch.read();
    const opened = files();
    const first = watch.read();
    // By its own CPU clock: others may have the core meanwhile. Ticks of the kernel are 10 ms.
    const from = process.cpuUsage();
    while (process.cpuUsage(from).user + process.cpuUsage(from).system < 40_000);
    const second = watch.read();
    expect((second.labMs ?? 0) - (first.labMs ?? 0)).toBeGreaterThan(10);
    expect(usedBetween(first, second).utilization.length).toBeGreaterThan(0);
    expect(files()).toBe(opened);
  });

  test.skipIf(process.platform !== "linux")("this machine: what a helper computes is the lab's", async () => {
    const child = Bun.spawn([process.execPath, "-e", "for (const until = Date.now() + 5000; Date.now() < until; );"]);
    const [alone, helped] = [new MachineWatch([]), new MachineWatch([child.pid])];
    const helperMs = () => (helped.read().labMs ?? 0) - (alone.read().labMs ?? 0);
    const before = helperMs();
    while (helperMs() - before < 50) await Bun.sleep(20);
    child.kill("SIGKILL");
    await child.exited;
    expect(helped.read().labMs).not.toBeNull();
  });

  test.skipIf(process.platform !== "linux")(
    "what programs compute that come and go is the lab's, while they run and afterwards",
    async () => {
      const watch = new MachineWatch(() => descendantsOf("self"));
      const before = watch.read().labMs ?? 0;
      const child = Bun.spawn(["/bin/sh", "-c", "sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; sleep 100' & wait"], {
        detached: true,
      });
      while ((watch.read().labMs ?? 0) - before < 50) await Bun.sleep(10);
      process.kill(-child.pid, "SIGKILL");
      await child.exited;
      expect(descendantsOf("self")).not.toContain(child.pid);
      expect(watch.read().labMs ?? 0).toBeGreaterThan(before);
    },
  );

  test("one that is gone has used what it had", () => {
    const child = Bun.spawnSync(["true"]);
    const watch = new MachineWatch([child.pid]);
    expect(watch.read().labMs).toBeNull();
  });
});

describe("a disturbed case", () => {
  const WORK: WorkFigures = { askedMs: 900, roundsPerMs: 1, slowerBy: 0, slowerByError: 0.001, takenAwayMs: 0 };
  const CALIBRATION: Calibration = { roundsPerMs: 1, checkRatio: 1, cached: false, clock: "thread" };
  const judged = (second: Second, work: WorkFigures | null = null, calibration: Calibration | null = null) =>
    judgeDisturbance(usedBetween(...span(second)), work, calibration);

  test("has others on its cores, its host's or its calibration's fault, each by name and with what to do", () => {
    expect(judged({ busy: [900, 500], labMs: 900 })).toEqual({
      disturbed: {
        otherCores: expect.closeTo(0.5, 9),
        stealMs: 0,
        throttledMs: null,
        calibrationOff: 0,
        reason: "Other programs used 0.50 of the machine's 2 cores on average.",
      },
      warning: "Other programs used 0.50 of the machine's 2 cores on average. Run it again when they are idle.",
    });
    expect(judged({ busy: [500, 0], stolen: 80, labMs: 500 })?.disturbed.reason).toBe(
      "The host of this virtual machine kept 80.0 ms from its cores, 8.0 % of the time they were wanted.",
    );
    expect(judged({ busy: [900, 0], labMs: 900 }, { ...WORK, slowerBy: 0.041 }, CALIBRATION)?.disturbed).toMatchObject({
      calibrationOff: 0.041,
      reason: "Computing took 4.1 % more CPU time than asked: the cores were slower than when it was calibrated.",
    });
    expect(judged({ busy: [900, 0], labMs: 900 }, { ...WORK, slowerBy: -0.041 }, CALIBRATION)?.disturbed).toMatchObject({
      calibrationOff: 0.041,
      reason: expect.stringContaining("4.1 % less CPU time than asked"),
    });
    expect(judged({ busy: [9, 0], labMs: 9 }, null, { ...CALIBRATION, checkRatio: 1.05 })?.disturbed).toMatchObject({
      calibrationOff: expect.closeTo(0.05, 9),
      reason: "Computing could not be calibrated: at the last check it took 1.05 × the time asked.",
    });
  });

  test("all that disturbed it is told", () => {
    const reason = judged({ busy: [300, 700], stolen: 100, labMs: 300 }, { ...WORK, slowerBy: 0.1 })?.disturbed.reason;
    expect(reason).toMatch(/^Other programs .* The host .* Computing took 10\.0 % more/);
  });

  test.each([
    ["a quiet machine", { busy: [900, 20], labMs: 900 }],
    ["others within the bound", { busy: [900, 190], labMs: 900 }],
    ["a tick of a short run", { busy: [90, 30], labMs: 90, spanMs: 100 }],
    ["two ticks kept by the host", { busy: [500, 0], stolen: 20, labMs: 500 }],
    ["what a helper uses", { busy: [900, 900], labMs: 1800 }],
    ["what nobody knows", { busy: [900, 900], labMs: null }],
  ] satisfies [string, Second][])("is not what is within the bounds: %s", (_, second) => {
    expect(judged(second, WORK, CALIBRATION)).toBeNull();
  });

  test("a calibration by the wall clock is told, one by CPU time or by an earlier version is not", () => {
    expect(calibrationNote({ ...CALIBRATION, clock: "wall" })).toContain("calibrated by the wall clock");
    const { clock: _, ...older } = CALIBRATION;
    for (const one of [CALIBRATION, older, null]) expect(calibrationNote(one)).toBeNull();
  });

  test("a check that failed says nothing of work that took its time, nor one that might have by chance", () => {
    expect(judged({ busy: [900, 0], labMs: 900 }, { ...WORK, slowerBy: 0.019 }, { ...CALIBRATION, checkRatio: 1.2 })).toBeNull();
    expect(judged({ busy: [900, 0], labMs: 900 }, { ...WORK, slowerBy: 0.03, slowerByError: 0.01 })).toBeNull();
  });

  test("ticks do not make one: every core idles but one, which the lab has, and each counter is cut to a tick at either end", () => {
    const random = new Random(7, "ticks");
    let called = 0;
    for (let round = 0; round < 3000; round++) {
      const spanMs = 50 + 3000 * random.unit();
      const share = random.unit();
      const phases = Array.from({ length: 1 + Math.floor(64 * random.unit()) }, () => 10 * random.unit());
      const cores = (elapsed: number) =>
        phases.map((phase, core) => {
          const idle = 10 * Math.floor((phase + (core === 0 ? (1 - share) * elapsed : elapsed)) / 10);
          return { core, busy: 0, total: idle, idle, interrupts: 0, stolen: 0 };
        });
      const use = usedBetween({ at: 0, cores: cores(0), labMs: 0 }, { at: spanMs, cores: cores(spanMs), labMs: share * spanMs });
      if (judgeDisturbance(use, null, null) !== null) called++;
    }
    expect(called).toBeLessThan(3);
  });
});
