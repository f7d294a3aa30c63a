import { describe, expect, test } from "bun:test";
import { QueryDispatcher } from "../../../src/engine/queries/dispatcher.ts";
import { QueryServer } from "../../../src/engine/queries/http-server.ts";
import { openMetrics } from "../../../src/engine/queries/metrics.ts";
import { QuerySchedule } from "../../../src/engine/queries/schedule.ts";
import { Thresholds } from "../../../src/engine/runner/thresholds.ts";
import { Histogram } from "../../../src/kernel/histogram.ts";
import { VirtualTime } from "../../../src/kernel/virtual-time.ts";
import { EMPTY_LEDGER } from "../../../src/telemetry/ledger.ts";
import { Recorder } from "../../../src/telemetry/recorder.ts";

const plan = { gap: 10, until: 35, keys: 5, seed: 1, warmup: 0 };

describe("P1-R3 queries", () => {
  test("fall due at even distances, the last not after the last arrival", () => {
    const schedule = new QuerySchedule(plan);
    const asked: number[] = [];
    for (let due = schedule.nextDue; due !== Number.POSITIVE_INFINITY; due = schedule.nextDue) {
      asked.push(due);
      expect(schedule.take()).toBeLessThan(5);
    }
    expect(asked).toEqual([0, 10, 20, 30]);
    const stopped = new QuerySchedule(plan);
    stopped.stop();
    expect(stopped.nextDue).toBe(Number.POSITIVE_INFINITY);
  });

  test("a desk takes what is due; what has to wait is answered when its answer is there, or never", async () => {
    const time = new VirtualTime();
    const desk = new QueryDispatcher(time, plan, null, () => null);
    time.blockUntil(10);
    let later = (_: { json: string | null; age: number }) => {};
    let gone = () => {};
    const views = [
      () => ({ json: "{}", age: 3 }),
      () =>
        new Promise<{ json: string | null; age: number }>((resolve) => {
          later = resolve;
        }),
      () =>
        new Promise<{ json: string | null; age: number }>((_, reject) => {
          gone = () => reject(new Error("gone"));
        }),
    ];
    const reader = { state: () => (views.shift() ?? (() => ({ json: null, age: 0 })))(), list: () => ({ json: "[]", age: 0 }) };
    const waiting = desk.serve(10, reader);
    expect([desk.book.sent, desk.book.answered, desk.nextDue, desk.settled]).toEqual([2, 1, 20, false]);
    time.blockUntil(25);
    later({ json: "{}", age: 0 });
    await waiting;
    expect([desk.book.answered, desk.book.latency.max]).toEqual([2, 15]);
    const lost = desk.serve(40, reader);
    gone();
    await lost;
    expect([desk.book.sent, desk.book.answered, desk.settled]).toEqual([4, 3, true]);
  });

  test("the HTTP face asks through its ring and gives back what it is told", async () => {
    const bell = new Int32Array(new SharedArrayBuffer(8));
    const face = new QueryServer(0, bell, null);
    try {
      await face.ready();
      const time = new VirtualTime();
      const desk = new QueryDispatcher(time, null, face, (name) => (name === "known" ? 3 : null));
      const reader = { state: (key: number) => ({ json: `{"key":${key}}`, age: 2e6 }), list: () => ({ json: '["known"]', age: 0 }) };
      const get = async (path: string) => {
        const asking = fetch(face.url + path);
        while (!desk.asked) await Bun.sleep(1);
        expect(desk.hasWork(0)).toBe(true);
        desk.serve(0, reader);
        const response = await asking;
        return [response.status, await response.text(), response.headers.get("x-state-age-ms")];
      };
      expect(await get("/workers/known")).toEqual([200, '{"key":3}', "2.000"]);
      expect((await get("/workers/nobody"))[0]).toBe(404);
      expect((await get("/workers"))[1]).toBe('["known"]');
      await face.settle(true);
      face.begin(1);
      const figures = { scheduled: 9, processed: 7, failed: 1, rejected: 0, dropped: 0, unfinished: 1, depth: 1 };
      face.status({ mode: "sync", healthy: false, seconds: 1, throughput: 7, p50Ms: 2, p99Ms: 3, ...figures });
      // Its thread hears of it in its own time.
      let health = await fetch(`${face.url}/healthz`);
      while (health.status === 200) health = await fetch(`${face.url}/healthz`);
      expect([health.status, ((await health.json()) as { status: string }).status]).toEqual([503, "degraded"]);
      const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
      const taken = new QueryServer(other.port, bell, null);
      await expect(taken.ready()).rejects.toThrow("cannot be listened on");
      await taken.close();
      other.stop(true);
    } finally {
      await face.close();
    }
  });

  test("metrics are OpenMetrics, with nothing to tell before the first sample", () => {
    expect(openMetrics(null)).toBe("# EOF\n");
    const counts = { scheduled: 9, processed: 7, failed: 1, rejected: 0, dropped: 0, unfinished: 1, depth: 1 };
    const text = openMetrics({ mode: "sync", healthy: true, seconds: 1, throughput: 7, p50Ms: 2, p99Ms: 3, ...counts });
    expect(text).toContain(
      '# TYPE lab_processed counter\n# HELP lab_processed Messages processed to their end.\nlab_processed_total{mode="sync"} 7\n',
    );
    expect(text).toContain('lab_sojourn_p99_seconds{mode="sync"} 0.003\n');
  });

  test("are told without a percentile that too few items bear", () => {
    const counts = { scheduled: 9, processed: 7, failed: 1, rejected: 0, dropped: 0, unfinished: 1, depth: 1 };
    const text = openMetrics({ mode: "sync", healthy: true, seconds: 1, throughput: 7, p50Ms: 2, p99Ms: null, ...counts });
    expect(text).toContain("lab_sojourn_p50_seconds");
    expect(text).not.toContain("p99");
  });
});

describe("thresholds at the end and on the way", () => {
  const recorder = new Recorder();
  for (let i = 1; i <= 10; i++) recorder.processed({ key: 0, sequence: i, due: 0, taken: 0, dequeued: 0 }, 0, i * 1e6);
  const standing = {
    recorders: [recorder],
    ledger: { ...EMPTY_LEDGER, scheduled: 100, processed: 60, failed: 10, dropped: { newest: 20, oldest: 10 } },
    throughput: 60,
    highWater: 7,
    queries: new Histogram(),
    own: undefined,
    phase: undefined,
  };
  const rule = (threshold: string, abort = false) => ({ threshold, abortOnFail: abort, delayAbortEval: 1000 });

  test("read their figures from recorders and ledger", () => {
    const gate = new Thresholds({
      sojourn_ms: [rule("max<=10"), rule("avg<5")],
      dropped: [rule("count==30"), rule("rate<0.2")],
      failed: [rule("rate<=0.1")],
      throughput: [rule("value>50")],
      high_water: [rule("value<7")],
      query_ms: [rule("p(99)<1")],
    });
    expect(gate.verdicts(standing).map(({ ok, value }) => [ok, Number(value.toFixed(3))])).toEqual([
      [true, 10],
      [false, 5.5],
      [true, 30],
      [false, 0.3],
      [true, 0.1],
      [true, 60],
      [false, 7],
      [true, 0],
    ]);
  });

  test("end a case only if they say so, and not before their delay", () => {
    const gate = new Thresholds({ throughput: [rule("value>100", true)], dropped: [rule("count==0")] });
    // The fastest took 1 ms: what was on its way at first is a fiftieth of half a second.
    expect(gate.broken(510e6 - 1, () => standing)).toBeNull();
    expect(gate.broken(510e6, () => standing)).toContain("throughput value>100 was broken (60)");
    expect(new Thresholds().broken(1e9, () => standing)).toBeNull();
  });

  test("not by a figure that will be another in the end", () => {
    const ends = (metric: string, threshold: string) => new Thresholds({ [metric]: [rule(threshold, true)] }, 1e9);
    expect(ends("throughput", "value>100").broken(1.2e9, () => standing)).toBeNull();
    expect(ends("throughput", "value>100").broken(1.6e9, () => standing)).toContain("was broken");
    const slow = new Recorder();
    slow.processed({ key: 0, sequence: 1, due: 0, taken: 0, dequeued: 0 }, 0, 400e6);
    const begun = (at: number, recorders: Recorder[]) => ends("throughput", "value>100").broken(at, () => ({ ...standing, recorders }));
    expect([begun(5.4e9, [slow]), begun(5.9e9, [new Recorder()])]).toEqual([null, null]);
    expect([begun(5.6e9, [slow]), begun(6.1e9, [new Recorder()])].join()).toMatch(/was broken.*was broken/);
    const undone = { ...standing, ledger: { ...standing.ledger, unfinished: 5 } };
    expect(ends("unfinished", "count==0").broken(5e9, () => undone)).toBeNull();
  });
});
