import { describe, expect, test } from "bun:test";
import { BELL_BYTES, ring } from "../../../src/kernel/bell.ts";
import { stampClock, wallClock } from "../../../src/kernel/clock.ts";
import { LoopTime } from "../../../src/kernel/loop-time.ts";
import { VirtualTime } from "../../../src/kernel/virtual-time.ts";

describe("virtual time", () => {
  test("who slept until the same instant wakes together, as on a real loop: what one sets going comes after the other", async () => {
    const time = new VirtualTime();
    const told: string[] = [];
    const first = time.sleepUntil(5).then(async () => {
      told.push("first");
      await null;
      await null;
      told.push("after it");
    });
    const second = time.sleepUntil(5).then(() => told.push("second"));
    await time.run(Promise.all([first, second]));
    expect(told).toEqual(["first", "second", "after it"]);
  });

  test("wakes sleepers in order, without waiting", async () => {
    const time = new VirtualTime();
    const woken: string[] = [];
    const sleep = async (name: string, at: number) => {
      await time.sleepUntil(at);
      woken.push(`${name} ${time.now()}`);
    };
    await time.run(Promise.all([sleep("late", 3600e9), sleep("early", 5), sleep("middle", 70)]));
    expect(woken).toEqual(["early 5", "middle 70", "late 3600000000000"]);
    expect(time.idle).toBe(3600e9);
  });

  test("blocking and spending move the clock; who slept through it is late", async () => {
    const time = new VirtualTime();
    const late: number[] = [];
    time.onLate = (by) => late.push(by);
    const work = (async () => {
      await time.turn();
      time.blockUntil(10);
      time.spend(5);
    })();
    await time.run(Promise.all([work, time.sleepUntil(8)]));
    expect(time.now()).toBe(15);
    expect(late).toEqual([7]);
  });

  test("says so when everything waits for nothing", async () => {
    const time = new VirtualTime();
    await expect(time.run(new Promise<void>(() => {}))).rejects.toThrow("nothing is due");
  });

  test("looks are asked before the clock moves", async () => {
    const time = new VirtualTime();
    let wake: (() => void) | null = null;
    time.watch(() => {
      const woke = wake !== null;
      wake?.();
      wake = null;
      return woke;
    });
    const work = new Promise<void>((resolve) => {
      wake = resolve;
    });
    await time.run(work);
    expect(time.now()).toBe(0);
  });
});

describe("loop time", () => {
  test("sleepers wake in order and not early; waiting counts as idle", async () => {
    const time = new LoopTime();
    const from = time.now();
    const order: number[] = [];
    await Promise.all([60, 20, 40].map((ms) => time.sleepUntil(from + ms * 1e6).then(() => order.push(ms))));
    expect(order).toEqual([20, 40, 60]);
    expect(time.now() - from).toBeGreaterThanOrEqual(60e6);
    expect(time.idle).toBeGreaterThan(1e6);
  });

  test("blockUntil does not return early and startAt moves t = 0", () => {
    const time = new LoopTime({ now: () => performance.now() * 1e6 });
    time.startAt(performance.now() * 1e6);
    expect(time.now()).toBeLessThan(50e6);
    const at = time.now() + 2e6;
    time.blockUntil(at);
    expect(time.now()).toBeGreaterThanOrEqual(at);
  });

  test("a rest ends at the instant, or about another that comes first; neither is early", () => {
    const time = new LoopTime();
    const never = () => false;
    for (const [at, about] of [
      [2e6, 9e9],
      [9e9, 2e6],
      [2e6, 2.1e6],
    ] as const) {
      const from = time.now();
      time.rest(from + at, never, from + about);
      expect(time.now() - from).toBeGreaterThanOrEqual(Math.min(at, about));
      expect(time.now() - from).toBeLessThan(1e9);
    }
  });

  test("who sleeps until about an instant does not wake before it, and in order with who sleeps exactly", async () => {
    const time = new LoopTime();
    const from = time.now();
    const order: string[] = [];
    await Promise.all([
      time.sleepAbout(from + 20e6).then(() => order.push(`about ${time.now() >= from + 20e6}`)),
      time.sleepUntil(from + 10e6).then(() => order.push(`exactly ${time.now() >= from + 10e6}`)),
      time.sleepAbout(from + 30e6).then(() => order.push(`late ${time.now() >= from + 30e6}`)),
    ]);
    expect(order).toEqual(["exactly true", "about true", "late true"]);
  });

  test("closed, it forgets who waits, and leaves the bell to the next", async () => {
    for (const open of [true, false]) {
      const bell = new Int32Array(new SharedArrayBuffer(BELL_BYTES));
      // It stands still meanwhile: whoever waited for an instant to close would wait for ever.
      let now = 0;
      const clock = { now: () => now };
      const time = new LoopTime(clock, bell, open);
      let woken = 0;
      const wake = () => woken++;
      void time.sleepUntil(30e6).then(wake);
      if (open) await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
      await time.close();
      expect(Atomics.load(bell, 1)).toBe(0);
      now = 100e6;
      const next = new LoopTime(clock, bell, open);
      await next.sleepUntil(next.now());
      await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
      expect(woken).toBe(0);
    }
  });

  test("a ring from another thread ends the wait", async () => {
    const bell = new Int32Array(new SharedArrayBuffer(BELL_BYTES));
    const time = new LoopTime(undefined, bell);
    const url = URL.createObjectURL(
      new Blob([
        `self.onmessage = ({ data }) => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5); Atomics.add(data, 0, 1); Atomics.notify(data, 0); }`,
      ]),
    );
    const worker = new Worker(url);
    worker.postMessage(bell);
    let rung = false;
    time.watch(() => {
      if (Atomics.load(bell, 0) === 0 || rung) return false;
      rung = true;
      return true;
    });
    const from = time.now();
    while (!rung && time.now() - from < 2e9) await time.sleepUntil(time.now() + 20e6);
    expect(rung).toBe(true);
    worker.terminate();
    ring(bell);
    expect(Atomics.load(bell, 0)).toBe(2);
  });
});

describe("stamps", () => {
  test("are the time itself, until more than 64 fall into one tick of the kernel; never ahead, behind by less than a tick", () => {
    const TICK = 4;
    let time = 1000;
    let read = 0;
    const stamp = stampClock(
      () => Math.floor(time / TICK) * TICK,
      () => {
        read++;
        return time;
      },
    );
    for (let i = 0; i < 64; i++, time += 0.01) expect(stamp()).toBe(time);
    for (let i = 0; i < 5000; i++, time += 0.003) {
      const behind = time - stamp();
      expect(behind >= 0 && behind < TICK).toBe(true);
    }
    expect(read).toBeLessThan(1000);
    time += 3600_000;
    expect(stamp()).toBe(time);
    expect(stampClock(null, () => 5)()).toBe(5);
  });

  test("of this machine agree with its clock", () => {
    const stamp = stampClock();
    for (let i = 0; i < 2000; i++) {
      const before = wallClock();
      const at = stamp();
      expect(at <= wallClock() && before - at < 20).toBe(true);
    }
  });
});
