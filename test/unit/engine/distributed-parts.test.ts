import { describe, expect, test } from "bun:test";
import { ClockComparison } from "../../../src/engine/executor/distributed/clock-comparison.ts";
import { type ListedWorker, PROTOCOL, readListed, readObject } from "../../../src/engine/executor/distributed/protocol.ts";
import { readRecord } from "../../../src/engine/executor/distributed/record.ts";
import { RedisSilence } from "../../../src/engine/executor/distributed/redis-silence.ts";
import { RunHost } from "../../../src/engine/executor/distributed/run-host.ts";
import { BatchLog } from "../../../src/engine/worker/batch-log.ts";
import { WorkGate } from "../../../src/engine/worker/work-gate.ts";
import { Item } from "../../../src/queueing/item.ts";

const BEAT = { protocol: PROTOCOL, name: "a", cores: 2, slots: 3, machine: "m", pid: 1, run: null, cpuMs: 0 };

describe("a silence of Redis", () => {
  test("grows from look to look, by no more than two intervals of looking at a time", () => {
    const silence = new RedisSilence();
    silence.begin(1e9);
    silence.look(1.1e9);
    expect(silence.current).toBe(0.1e9);
    silence.look(1.4e9);
    expect([silence.current, silence.longest]).toEqual([0.3e9, 0.3e9]);
    silence.look(9e9);
    expect(silence.current).toBe(0.5e9);
  });

  test("ends with an answer, and the longest is kept", () => {
    const silence = new RedisSilence();
    silence.begin(0);
    silence.answered(0.2e9);
    expect([silence.current, silence.longest]).toEqual([0, 0.2e9]);
    silence.look(0.3e9);
    expect([silence.current, silence.longest]).toEqual([0.1e9, 0.2e9]);
    silence.end();
    silence.look(0.5e9);
    expect([silence.current, silence.longest, silence.ended]).toEqual([0, 0.2e9, true]);
  });
});

test("the round trip to a clock is the median of those that were made, in whatever order", () => {
  for (const spans of [
    [1, 5, 9],
    [9, 1, 5],
    [5, 9, 1],
    [1, 9, 5],
    [9, 5, 1],
  ]) {
    const comparison = new ClockComparison();
    for (const [i, span] of spans.entries()) comparison.add(1e6 * i, 1e6 * i + (500 * span) / 2, 1e6 * i + 500 * span);
    expect(comparison.roundTrip).toBe(2500);
  }
  expect(new ClockComparison().roundTrip).toBe(0);
});

describe("the gate before the work", () => {
  test("lets in as many batches as are allowed, and the next when one is done", async () => {
    let most = 1;
    const gate = new WorkGate(() => most);
    const entered: number[] = [];
    const enter = (number: number) => gate.enter().then((may) => may && entered.push(number));
    const waiting = [1, 2, 3, 4].map(enter);
    await Promise.resolve();
    await waiting[0];
    expect(entered).toEqual([1]);
    gate.leave(10);
    await waiting[1];
    expect(entered).toEqual([1, 2]);
    most = 2;
    gate.leave(20);
    await waiting[3];
    expect(entered).toEqual([1, 2, 3, 4]);
  });

  test("knows the usual time of a batch: the first one's, and then a fifth of each", () => {
    const gate = new WorkGate(() => 9);
    expect(gate.batchTime).toBe(0);
    gate.leave(100);
    expect(gate.batchTime).toBe(100);
    gate.leave(200);
    expect(gate.batchTime).toBe(120);
  });

  test("lets nobody in once it ends, nor those that wait; halting leaves those at work", async () => {
    const gate = new WorkGate(() => 1);
    expect(await gate.enter()).toBe(true);
    const [waiting, leaving] = [gate.enter(), gate.nextLeave()];
    gate.end(false);
    await leaving;
    expect([await waiting, await gate.enter(), gate.halted]).toEqual([false, false, false]);
    gate.end(true);
    expect(gate.halted).toBe(true);
  });
});

describe("the log of a batch", () => {
  const items = (...indices: readonly number[]) => indices.map((index) => Object.assign(new Item(), { index }));

  test("has one stretch for items in a row that were worked together, each for its part of the time", () => {
    const log = new BatchLog();
    log.processedTogether(items(9, 1, 2, 4, 5, 6, 99), 1, 6, 100, 150);
    expect(log.stretches).toEqual([
      { first: 1, count: 2, began: 100, ended: 120, reason: null },
      { first: 4, count: 3, began: 120, ended: 150, reason: null },
    ]);
    expect(log.processedTotal).toBe(5);
    log.begin();
    expect([log.stretches, log.processedTotal]).toEqual([[], 5]);
  });

  test("has those worked alone with how they ended, and what they add to the figures", () => {
    const log = new BatchLog(({ index }) => (index === 1 ? { bytes: 7 } : undefined));
    const [one, two] = items(1, 2) as [Item, Item];
    log.processed(one, 10, 20);
    log.failed(two, 30, 20, "no");
    expect(log.stretches).toEqual([
      { first: 1, count: 1, began: 10, ended: 20, reason: null, figures: { bytes: 7 } },
      { first: 2, count: 1, began: 20, ended: 30, reason: "no" },
    ]);
    expect(log.processedTotal).toBe(1);
  });
});

describe("what comes from Redis is read where it is what it should be", () => {
  test("an entry in the list of workers", () => {
    const entry = (change: object = {}, at: unknown = 5, id = "x") => readListed(id, `${at} ${JSON.stringify({ ...BEAT, ...change })}`);
    expect(entry()).toEqual({ id: "x", at: 5, beat: BEAT });
    expect(entry({}, 5, "x".repeat(100))).not.toBeNull();
    for (const none of [entry({ name: 5 }), entry({ slots: 0 }), entry({ cores: 0 }), entry({ cores: undefined }), entry({}, "x")])
      expect(none).toBeNull();
    expect([entry({}, 5, "x".repeat(101)), readListed("x", JSON.stringify(BEAT)), readListed("x", ` ${JSON.stringify(BEAT)}`)]).toEqual([
      null,
      null,
      null,
    ]);
  });

  test("an object with the fields that it has to have", () => {
    expect(readObject<{ a: number }>('{"a":1,"b":2}', ["a"])).toEqual({ a: 1, b: 2 } as never);
    for (const none of ['{"b":2}', "null", "5", "[", 5, null]) expect(readObject<{ a: number }>(none, ["a"])).toBeNull();
  });

  test("a record of a batch", () => {
    const whole = ["h", 0, 1, 5, [0, 10_000, 1, 2], [3, 1, 1, 2, "no", { bytes: 7 }]];
    expect(readRecord(JSON.stringify(whole))).toEqual({
      ...{ host: "h", partition: 0, claimed: true, dequeued: 5 },
      stretches: [
        { first: 0, count: 10_000, began: 1, ended: 2, reason: null },
        { first: 3, count: 1, began: 1, ended: 2, reason: "no", figures: { bytes: 7 } },
      ],
    });
    expect(readRecord('["h",0,0,5]')).toEqual({ host: "h", partition: 0, claimed: false, dequeued: 5, stretches: [] });
    const bad = [
      [5, 0, 1, 5],
      ["h", -1, 1, 5],
      ["h", 0.5, 1, 5],
      ["h", 0, 1, null],
      ["h", 0, 1, 5, [0, 10_001, 1, 2]],
      ["h", 0, 1, 5, [-1, 1, 1, 2]],
      ["h", 0, 1, 5, [0, "1", 1, 2]],
      ["h", 0, 1, 5, [0, 1, null, 2]],
      ["h", 0, 1, 5, [0, 1, 1, null]],
      ["h", 0, 1, 5, [0, 1, 1, 2, 5]],
      ["h", 0, 1, 5, 7],
      { host: "h" },
    ];
    for (const one of bad) expect({ one, read: readRecord(JSON.stringify(one)) }).toEqual({ one, read: null });
    expect(readRecord("[")).toBeNull();
  });
});

describe("a worker of a run", () => {
  const listed = (at: number, cpuMs = 0): ListedWorker => ({ id: "x", at, beat: { ...BEAT, cpuMs } });
  const OWN = { before: { offset: 0, error: 1e6 }, after: { offset: 3e6, error: 1e6 }, error: 2e6, startMs: 500 };
  const REPORT = { host: "x", offset: 1e6, error: 4e6, startSkew: 7e6, cpuMs: 900, slots: [] };
  /** One that has begun, heard of each half second up to an instant. */
  const begun = (until: number) => {
    const host = new RunHost("x", listed(0, 100));
    host.begin();
    for (let now = 500; now <= until; now += 500) host.heard(listed(until === now ? now : 0, 100), now);
    return host;
  };

  test("uses the cores that its CPU time says, between its last two signs of life", () => {
    const host = new RunHost("x", listed(0, 100));
    expect(host.sample).toEqual({ name: "a", cores: 2, slots: 3, processed: 0, coresUsed: null, status: "ok" });
    host.heard(listed(1000, 600), 1000);
    expect(host.sample.coresUsed).toBe(0.5);
    // Nothing new was heard.
    host.heard(listed(1000, 600), 1500);
    expect(host.sample.coresUsed).toBe(0.5);
    host.heard(listed(2000, 500), 2000);
    expect(host.sample.coresUsed).toBe(0);
  });

  test("is lost after 3.5 s without one, and late when it is back", () => {
    const host = new RunHost("x", listed(0));
    host.heard(listed(0), 3500);
    expect(host.status).toBe("ok");
    host.heard(listed(0), 3501);
    expect([host.status, host.sample.coresUsed]).toEqual(["lost", null]);
    host.heard(listed(3600), 3700);
    expect([host.status, host.silent]).toEqual(["late", false]);
  });

  test("was silent where more than two seconds of signs are missing, of what was looked at", () => {
    const silences = (at: number) => {
      const host = begun(0);
      for (const now of [500, 1000, 1500, 2000]) host.heard(listed(0), now);
      host.heard(listed(at), 2500);
      host.report = REPORT;
      return host.figures({ ...OWN, startMs: 0 }).silences;
    };
    expect([silences(2000), silences(2001)]).toEqual([[], [{ fromMs: 0, toMs: 2001 }]]);
    // Looks far apart miss signs that were given.
    const apart = begun(0);
    apart.heard(listed(0), 500);
    apart.heard(listed(3000), 3000);
    apart.report = REPORT;
    expect(apart.figures(OWN).silences).toEqual([]);
  });

  test("ends with a report, and with clocks compared before and after", () => {
    const host = begun(0);
    host.answered({ type: "ready", offset: 2e6, error: 3e6 });
    host.processed = 12;
    host.report = REPORT;
    expect([host.ready, host.figures(OWN)]).toEqual([
      true,
      {
        ...{ name: "a", cores: 2, slots: 3, processed: 12, status: "ok", silences: [] },
        ...{ clockOffsetMs: -2, clockErrorMs: 8, clockDriftMs: 4, startSkewMs: 7, cpuMs: 800 },
      },
    ]);
  });

  test("is lost without one, and silent since its last sign", () => {
    const host = begun(1000);
    expect(host.figures(OWN)).toMatchObject({ status: "lost", cpuMs: null, clockOffsetMs: null, silences: [{ fromMs: 500, toMs: null }] });
    expect(host.ready).toBe(false);
  });

  test("has taken part though it can do no more", () => {
    const host = begun(0);
    host.answered({ type: "ready", offset: 2e6, error: 3e6 });
    host.answered({ type: "failed", reason: "x" });
    expect(host.ready).toBe(true);
    const never = begun(0);
    never.answered({ type: "refused", reason: "x" });
    expect(never.ready).toBe(false);
  });
});
