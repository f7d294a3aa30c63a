import { describe, expect, test } from "bun:test";
import { Failures } from "../../../../src/flows/failures.ts";
import { type ScheduleRule, Schedules } from "../../../../src/flows/message-queue/schedules.ts";
import { VirtualTimers } from "../../../support/virtual-timers.ts";

const START = 1_700_000_000_000;

/** Schedules beside what they send: the value, and for when by its idempotency key, in milliseconds since the start. */
function schedules(fails: (tries: number) => boolean = () => false) {
  const timers = new VirtualTimers();
  const failures = new Failures("q", timers, () => {});
  const sent: [value: unknown, due: number, at: number][] = [];
  let tries = 0;
  const all = new Schedules(timers, failures, {
    check: () => {},
    send: async (value, { idempotencyKey }) => {
      if (fails(++tries)) throw new Error("full");
      const due = Date.parse(String(idempotencyKey).split(" ")[2] ?? "");
      sent.push([value, due - START, timers.wall() - START]);
      return { id: 1, duplicate: false } as never;
    },
  });
  const add = (rule: ScheduleRule, value: unknown = "x", name = "s") => all.add(name, rule, value, {});
  const times = () => sent.map(([, due, at]) => [due, at]);
  return { timers, failures, all, add, sent, times };
}

describe("a schedule", () => {
  test("sends at every period, counted from 1970, with the time at which it is due", async () => {
    const { timers, add, sent } = schedules();
    await timers.advance(300);
    const each = add({ everyMs: 1000 }, (due: Date) => due.getTime() - START);
    expect(each.nextAt).toBe(START + 1000);
    await timers.advance(2000);
    expect(sent).toEqual([
      [1000, 1000, 1000],
      [2000, 2000, 2000],
    ]);
    expect(each.nextAt).toBe(START + 3000);
  });

  test("that is far off is looked for again after half a minute, since the wall clock may be set", async () => {
    const { timers, add, times } = schedules();
    add({ everyMs: 100_000 });
    timers.setWall(70_000);
    await timers.advance(29_999);
    expect(times()).toEqual([]);
    await timers.advance(1);
    expect(times()).toEqual([[100_000, 100_000]]);
  });

  test("makes up for the last time of those that were missed, and for no other", async () => {
    const { timers, add, times } = schedules();
    const each = add({ everyMs: 1000 });
    timers.hold(5500);
    await timers.advance(0);
    expect(times()).toEqual([[5000, 5500]]);
    expect(each.nextAt).toBe(START + 6000);
    await timers.advance(500);
    expect(times().slice(1)).toEqual([[6000, 6000]]);
  });

  test("goes by the clock that was set back", async () => {
    const { timers, add, times } = schedules();
    const each = add({ everyMs: 10_000 });
    timers.setWall(-30_000);
    // The look that would have found it due finds the clock back.
    await timers.advance(10_000);
    expect([times(), each.nextAt]).toEqual([[], START - 10_000]);
    await timers.advance(10_000);
    expect(times()).toEqual([[-10_000, -10_000]]);
  });

  test("tries again after a second what could not be sent, for the same time, and reports it", async () => {
    const { timers, add, times, failures } = schedules((tries) => tries <= 2);
    const each = add({ everyMs: 10_000 });
    await timers.advance(10_000);
    expect([times(), each.nextAt, failures.count, failures.latest[0]?.place]).toEqual([[], START + 10_000, 1, "schedule s"]);
    await timers.advance(2000);
    expect([times(), failures.count]).toEqual([[[10_000, 12_000]], 2]);
    expect(each.nextAt).toBe(START + 20_000);
  });

  test("sends nothing once it is stopped, and its name is free again", async () => {
    const { timers, add, times } = schedules();
    const each = add({ everyMs: 1000 });
    each.stop();
    expect(each.nextAt).toBeNull();
    add({ everyMs: 1000 });
    await timers.advance(1000);
    expect(times()).toHaveLength(1);
    expect(() => add({ everyMs: 5 })).toThrow('schedule: there is one with the name "s" already');
  });

  test("sends nothing while all pause, and from the next time on once they start", async () => {
    const { timers, all, add, times } = schedules();
    all.pause();
    add({ everyMs: 1000 });
    await timers.advance(2500);
    expect([times(), timers.pending]).toEqual([[], 0]);
    all.start();
    await timers.advance(500);
    expect(times()).toEqual([[3000, 3000]]);
  });

  test("that was stopped while it sends goes on no more", async () => {
    const timers = new VirtualTimers();
    let answer = () => {};
    const all = new Schedules(timers, new Failures("q", timers), {
      check: () => {},
      send: () =>
        new Promise((resolve) => {
          answer = () => resolve({ id: 1, duplicate: false } as never);
        }),
    });
    const each = all.add("s", { everyMs: 1000 }, "x", {});
    await timers.advance(1000);
    each.stop();
    answer();
    await timers.advance(0);
    expect([each.nextAt, timers.pending]).toEqual([null, 0]);
  });

  test("of a pattern that has no next time is never due", async () => {
    const { timers, add, times } = schedules();
    const each = add({ cron: "0 0 30 2 *", timeZone: "UTC" });
    expect([each.nextAt, timers.pending]).toEqual([null, 0]);
    await timers.advance(100_000);
    expect(times()).toEqual([]);
  });
});
