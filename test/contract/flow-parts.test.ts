import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { AsyncLocalStorage } from "node:async_hooks";
import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  DataPipeline,
  EventBus,
  MessageQueue,
  type MessageQueueOptions,
  type Part,
  ReactiveStream,
  Stopped,
  TimedOut,
} from "../../src/flows/index.ts";
import { patience } from "../support/campaign.ts";
import { temporaryFolder } from "../support/cli.ts";
import { quiet } from "../support/flow-oddities.ts";
import { RedisStores } from "../support/redis-queue.ts";
import { HAS_REDIS } from "../support/redis-server.ts";
import { VirtualTimers } from "../support/virtual-timers.ts";

/** What an application may count on, whichever part it gives something to: a row each, asked of every implementation. */

setDefaultTimeout(patience(60_000));

const folder = temporaryFolder();
const redis = new RedisStores();
beforeAll(() => redis.start());
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await redis.stop();
});
let files = 0;

// biome-ignore lint/suspicious/noExplicitAny: each row gives values of its own
type Handle = (value: any, signal: AbortSignal | undefined) => unknown;

interface Rule {
  readonly timers: VirtualTimers;
  readonly concurrency?: number;
  /** Longest that the handler may take. */
  readonly timeoutMs?: number;
  /** Room for one more than what is at work. */
  readonly tight?: boolean;
}

/** A part with one handler. */
interface Rig {
  readonly part: Part;
  readonly give: (value: unknown, signal?: AbortSignal) => unknown;
  /** What was dropped for want of room, by its statistics. */
  readonly dropped: () => number;
}

interface Kind {
  readonly kind: string;
  readonly rig: (handle: Handle, rule: Rule) => Rig;
  /** Its handlers run in the async context of whoever gives something; else in none: what is given leaves the process. */
  readonly keepsContext?: false;
  /** The handler gets the same object; else a copy. */
  readonly copies?: true;
  /** Whoever gives something can give it up by a signal. */
  readonly isRevocable?: false;
  /** The handler is told by a signal that it is to end. */
  readonly signals?: false;
}

const where = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });

const busOf =
  (give: "emit" | "publish"): Kind["rig"] =>
  (handle, { timers, tight, timeoutMs, concurrency = 1 }) => {
    const bus = new EventBus<{ a: unknown }>({ timers, ...quiet });
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    bus.subscribe("a", ({ data }, { signal }) => handle(data, signal), { concurrency, ...limit, ...(tight === true ? { buffer: 1 } : {}) });
    return {
      part: bus,
      give: (value, signal) => (give === "emit" ? bus.emit("a", value) : bus.publish("a", value, where(signal))),
      dropped: () => bus.stats().dropped,
    };
  };

const pipelineOf: Kind["rig"] = (handle, { timers, tight, timeoutMs, concurrency = 1 }) => {
  const limit = timeoutMs === undefined ? {} : { timeoutMs };
  const pipeline = DataPipeline.of<unknown>("p", { timers, ...quiet })
    .stage("s", (value, { signal }) => handle(value, signal), { concurrency, ...limit, ...(tight === true ? { buffer: 1 } : {}) })
    .discard();
  return { part: pipeline, give: (value, signal) => pipeline.process(value, where(signal)), dropped: () => 0 };
};

const streamOf: Kind["rig"] = (handle, { timers, tight }) => {
  const stream = ReactiveStream.of<unknown>("s", { timers, ...quiet });
  stream.subscribe((value) => handle(value, undefined), tight === true ? { buffer: 1 } : {});
  return { part: stream, give: (value) => stream.emit(value), dropped: () => stream.stats().subscribers[0]?.dropped ?? 0 };
};

const queueOf =
  (place: () => MessageQueueOptions): Kind["rig"] =>
  (handle, { timers, tight, timeoutMs, concurrency = 1 }) => {
    const room = tight === true ? { capacity: 2 } : {};
    const options: MessageQueueOptions = { timers, pollMs: 5, visibilityMs: 3000, ...quiet, ...room, ...place() };
    const queue = options.redis === undefined ? MessageQueue.open<unknown>("q", options) : redis.queue<unknown>(options);
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    queue.consume(({ value, signal }) => handle(value, signal), { concurrency, ...limit });
    return { part: queue, give: (value, signal) => queue.send(value, where(signal)), dropped: () => 0 };
  };

const KINDS: readonly Kind[] = [
  { kind: "a bus, emitted", rig: busOf("emit"), isRevocable: false },
  { kind: "a bus, published", rig: busOf("publish") },
  { kind: "a pipeline", rig: pipelineOf },
  { kind: "a stream", rig: streamOf, isRevocable: false, signals: false },
  { kind: "a queue in memory", rig: queueOf(() => ({})), copies: true },
  ...(["process", "power"] as const).map((durability) => ({
    kind: `a queue on SQLite, ${durability}`,
    rig: queueOf(() => ({ file: join(folder, `q${++files}.db`), durability })),
    keepsContext: false as const,
    copies: true as const,
  })),
  ...(HAS_REDIS
    ? [
        {
          kind: "a queue in Redis",
          rig: queueOf(() => ({ redis: redis.newName() })),
          keepsContext: false as const,
          copies: true as const,
        },
      ]
    : []),
];

const NAMES = ["ann", "bob", "cem", "dee", "eve"] as const;
const caller = new AsyncLocalStorage<string>();
const wait = (timers: VirtualTimers, ms: number) => new Promise<void>((resolve) => void timers.after(ms, resolve));
/** What comes of what was given, so that no rejection goes unheard. */
const outcome = (given: unknown) =>
  Promise.resolve(given).then(
    () => "well",
    (error: unknown) => error,
  );

describe.each([...KINDS])("F flows, $kind", ({ rig, keepsContext = true, copies = false, isRevocable = true, signals = true }) => {
  test("AsyncLocalStorage: a handler is in its giver's context, or in none, and never in another's", async () => {
    const timers = new VirtualTimers();
    const seen: [string, string | undefined, string | undefined][] = [];
    const handle: Handle = async (name: string) => {
      const before = caller.getStore();
      await wait(timers, name === "bob" ? 20 : 3);
      seen.push([name, before, caller.getStore()]);
    };
    const { part, give } = rig(handle, { timers, concurrency: 2 });
    const given = NAMES.map((name) => caller.run(name, () => outcome(give(name))));
    await timers.advance(300);
    expect(await Promise.all(given)).toEqual(NAMES.map(() => "well"));
    expect(seen.sort()).toEqual(NAMES.map((name) => (keepsContext ? [name, name, name] : [name, undefined, undefined])));
    await timers.run(part.stop());
  });

  test("payload kinds: each arrives as what it was, the same object or a copy", async () => {
    const timers = new VirtualTimers();
    const values: readonly unknown[] = [
      { text: "\ud800é", list: [1, null, true], none: undefined, big: -(2n ** 70n), nan: Number.NaN, zero: -0 },
      [new Date(5), new Map<unknown, unknown>([[{ k: 1 }, new Set([1])]]), /a"b/gu, new Uint8Array([1, 255]), Buffer.from("é")],
      new TypeError("boom", { cause: new RangeError("inner") }),
      ["", 0, false, null],
    ];
    const got: unknown[] = [];
    const { part, give } = rig((value) => void got.push(value), { timers });
    const given = values.map((value) => outcome(give(value)));
    await timers.advance(100);
    await Promise.all(given);
    expect(got.length).toBe(values.length);
    for (const [i, value] of values.entries()) expect([Bun.deepEquals(got[i], value, true), got[i] === value]).toEqual([true, !copies]);
    await timers.run(part.stop());
  });

  test("abort reasons: whoever gives up gets its own reason, and what was not begun is not", async () => {
    if (!isRevocable) return;
    const timers = new VirtualTimers();
    const begun: number[] = [];
    const { part, give } = rig((n) => wait(timers, 50).then(() => void begun.push(n)), { timers, tight: true });
    const [gone, reason] = [new AbortController(), new Error("client left")];
    const given = [1, 2].map((n) => outcome(give(n)));
    await timers.advance(10);
    const waiting = [3, 4].map((n) => outcome(give(n, gone.signal)));
    const before = outcome(give(5, AbortSignal.abort("before")));
    await timers.advance(10);
    gone.abort(reason);
    expect(await Promise.all([...waiting, before])).toEqual([reason, reason, "before"]);
    await timers.advance(300);
    expect([await Promise.all(given), begun]).toEqual([
      ["well", "well"],
      [1, 2],
    ]);
    await timers.run(part.stop());
  });

  test("abort reasons: a handler's signal says that its time is up, or that it was stopped", async () => {
    if (!signals) return;
    for (const [rule, kind] of [
      [{ timeoutMs: 30 }, TimedOut],
      [{}, Stopped],
    ] as const) {
      const timers = new VirtualTimers();
      const reasons: unknown[] = [];
      const handle: Handle = (_, signal) =>
        new Promise<void>((resolve) => {
          signal?.addEventListener("abort", () => {
            reasons.push(signal.reason);
            resolve();
          });
        });
      const { part, give } = rig(handle, { timers, ...rule });
      void outcome(give(1));
      await timers.advance(40);
      await timers.run(part.stop({ deadlineMs: 40 }));
      expect(reasons.length).toBeGreaterThan(0);
      expect(reasons[0]).toBeInstanceOf(kind);
    }
  });

  test("full: what finds no room waits or is counted as dropped, and room comes again", async () => {
    const timers = new VirtualTimers();
    const [gate, done] = [Promise.withResolvers<void>(), [] as number[]];
    const handle: Handle = (n) => gate.promise.then(() => void done.push(n));
    const { part, give, dropped } = rig(handle, { timers, tight: true });
    const given = [1, 2, 3, 4, 5, 6].map((n) => outcome(give(n)));
    await timers.advance(50);
    expect(done).toEqual([]);
    gate.resolve();
    await timers.advance(300);
    expect(await Promise.all(given)).toEqual(given.map(() => "well"));
    expect(done.length + dropped()).toBe(6);
    expect(done.slice(0, 1)).toEqual([1]);
    given.push(outcome(give(7)));
    await timers.advance(50);
    expect([done.at(-1), await given.at(-1)]).toEqual([7, "well"]);
    await timers.run(part.stop());
  });

  test("stopped process: what was at work goes on, within its time; nothing is lost or done twice", async () => {
    const timers = new VirtualTimers();
    const [begun, ended] = [[] as number[], [] as number[]];
    const handle: Handle = async (n, signal) => {
      begun.push(n);
      await wait(timers, 100);
      if (signal?.aborted !== true) ended.push(n);
    };
    const { part, give } = rig(handle, { timers, concurrency: 2, timeoutMs: 1000 });
    const given = [1, 2, 3, 4, 5].map((n) => outcome(give(n)));
    await timers.advance(50);
    timers.hold(20_000);
    await timers.advance(2000);
    expect(await Promise.all(given)).toEqual(given.map(() => "well"));
    expect([begun, ended].map((list) => list.sort())).toEqual([
      [1, 2, 3, 4, 5],
      [1, 2, 3, 4, 5],
    ]);
    expect(part.health()).toEqual({ status: "up" });
    await timers.run(part.stop());
  });

  test.each([3_600_000, -3_600_000])("moved clock, by %i ms: nothing takes longer, ends sooner, or counts as stuck", async (ms) => {
    const timers = new VirtualTimers();
    const [begun, ended] = [[] as [number, number][], [] as [number, number][]];
    const handle: Handle = async (n) => {
      begun.push([n, timers.now()]);
      await wait(timers, 100);
      ended.push([n, timers.now()]);
    };
    const { part, give } = rig(handle, { timers, timeoutMs: 1000 });
    const given = [1, 2].map((n) => outcome(give(n)));
    await timers.advance(50);
    timers.setWall(ms);
    given.push(outcome(give(3)));
    await timers.advance(10);
    expect([part.health(), JSON.stringify(part.stats())]).toEqual([{ status: "up" }, expect.stringMatching(/"oldestMs":(5|6)\d\b/)]);
    await timers.advance(400);
    expect(await Promise.all(given)).toEqual(["well", "well", "well"]);
    expect([begun, ended].map((list) => list.map(([n]) => n))).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(ended.at(-1)?.[1]).toBeWithin(300, 340);
    expect(part.health()).toEqual({ status: "up" });
    await timers.run(part.stop());
  });
});
