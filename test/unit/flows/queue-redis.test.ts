import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { NO_HEADERS } from "../../../src/flows/headers.ts";
import { MessageQueue, type MessageQueueOptions } from "../../../src/flows/index.ts";
import { RedisStore } from "../../../src/flows/message-queue/redis/store.ts";
import { RedisConnection } from "../../../src/kernel/redis/connection.ts";
import { RedisError } from "../../../src/kernel/redis/error.ts";
import type { RedisPort } from "../../../src/kernel/redis/port.ts";
import { realTimers } from "../../../src/kernel/timers.ts";
import { HAS_REDIS, RedisServer } from "../../support/redis-server.ts";

const problemOf = (work: Promise<unknown>) => work.then(String, (error) => `${error.problem}: ${error.message}`);

test("F-4 the options of a queue in Redis are checked", async () => {
  const open = (options: MessageQueueOptions) => () => MessageQueue.open("q", { redis: "redis://127.0.0.1:1", ...options });
  expect(open({ file: "q.db" })).toThrow("file: is for a queue in a file, not in Redis");
  expect(open({ durability: "power" })).toThrow("durability: is for a queue in a file, not in Redis");
  expect(open({ values: "shared" })).toThrow("values: must be copied, got shared");
  expect(open({ redis: "q.db" })).toThrow('a Redis address must be a URL such as redis://127.0.0.1:6379, got "q.db"');
});

describe.skipIf(!HAS_REDIS)("F-4 a queue in Redis (needs redis-server)", () => {
  let server: RedisServer;
  let admin: RedisConnection;
  beforeAll(async () => {
    server = await RedisServer.start("--appendonly", "yes", "--appendfsync", "always");
    admin = new RedisConnection(server.url);
  });
  afterAll(async () => {
    admin.close();
    await server.stop();
  });
  const open = <T>(name: string, options: MessageQueueOptions = {}) =>
    MessageQueue.open<T>(name, { redis: server.url, onFailure: () => {}, ...options });

  test("a consumer hears at once of what others send, and asks for nothing meanwhile", async () => {
    await using sender = open<number>("heard");
    await using receiver = open<number>("heard", { pollMs: 60_000 });
    const got: number[] = [];
    let arrived = Promise.withResolvers<void>();
    receiver.consume(({ value }) => {
      got.push(value);
      arrived.resolve();
    });
    await sender.send(1);
    await arrived.promise;
    await sender.depth();
    await Bun.sleep(50);
    await admin.send("CONFIG", ["RESETSTAT"]);
    await Bun.sleep(300);
    const asked = String(await admin.send("INFO", ["commandstats"]));
    expect(asked).not.toContain("cmdstat_evalsha");
    for (const options of [{}, { delayMs: 20 }]) {
      arrived = Promise.withResolvers<void>();
      await sender.send(2, options);
      await arrived.promise;
    }
    await sender.pause();
    await sender.send(3);
    await Bun.sleep(50);
    expect(got).toEqual([1, 2, 2]);
    arrived = Promise.withResolvers<void>();
    await sender.resume();
    await arrived.promise;
    expect(got).toEqual([1, 2, 2, 3]);
  });

  test("Redis is killed and started again: nothing acknowledged is lost, senders wait, consumers go on, health says so", async () => {
    await using queue = open<number>("restarted");
    await using other = open<number>("restarted", { pollMs: 60_000 });
    const sent: number[] = [];
    const handled = new Set<number>();
    other.consume(({ value }) => void handled.add(value), { concurrency: 5 });
    for (let n = 0; n < 50; n++) sent.push(await queue.send(n).then(() => n));
    let waits: Promise<unknown> = Promise.resolve();
    await server.restart({
      whileDown: async () => {
        while (other.health().status !== "degraded") await Bun.sleep(5);
        expect(other.health().detail).toContain(server.url);
        waits = queue.send(50);
      },
    });
    await waits;
    sent.push(50);
    for (let n = 51; n < 60; n++) await queue.send(n).then(() => sent.push(n));
    for (let looks = 0; looks < 500 && handled.size < sent.length; looks++) await Bun.sleep(20);
    expect([...handled].sort((a, b) => a - b)).toEqual(sent);
    for (let looks = 0; looks < 500 && other.health().status !== "up"; looks++) await Bun.sleep(20);
    expect(other.health().status).toBe("up");
  });

  test("a call whose answer is lost is done once, and asked again for its answer", async () => {
    const connection = new RedisConnection(server.url);
    let losses = 0;
    const port: RedisPort = {
      trouble: null,
      send: (command, args) => connection.send(command, args),
      run: async (script, keys, args) => {
        const reply = await connection.run(script, keys, args);
        if (losses-- > 0) throw new RedisError("interrupted", "lost");
        return reply;
      },
      close: () => connection.close(),
    };
    const options = { groups: ["a"], order: "none", capacity: 9, maxAttempts: 1, rememberMs: 1000 } as const;
    const store = new RedisStore({ ...options, queue: "lossy", port, bellPort: null });
    const message = (value: number) => ({
      value,
      terms: { key: null, priority: 0, delayMs: 0, idempotencyKey: null, headers: NO_HEADERS },
    });
    const now = store.clock.now();
    const lease = (token: number, ms = 10_000) => store.lease("a", { max: 2, token, until: now + ms }, now);
    await store.send([message(0)], now);
    losses = 1;
    expect(await store.send([message(1), message(2)], now)).toEqual([2, 3].map((id) => ({ id, duplicate: false })));
    losses = 2;
    expect(await problemOf(lease(7))).toBe("interrupted: lost");
    expect((await lease(8)).messages.map(({ id }) => id)).toEqual([3]);
    expect((await lease(7)).messages.map(({ id, attempt }) => [id, attempt])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    losses = 1;
    const nothing = { acknowledged: [], again: [], dead: [], released: [] };
    expect(await store.settle("a", 7, { ...nothing, acknowledged: [1, 2].map((id) => ({ id, attempt: 1 })) }, now)).toEqual([]);
    expect(await store.depth("a")).toMatchObject({ ready: 0, leased: 1 });
    expect((await lease(7)).messages).toEqual([]);
    await store.close();
  });

  test("one lease holds no more than some megabytes, one message at least, and the rest is not touched", async () => {
    const value = "x".repeat(950_000);
    for (const order of ["none", "key"] as const) {
      const options = { groups: ["a"], order, capacity: 99, maxAttempts: 1, rememberMs: 1000, queue: `large ${order}` };
      await using queue = open<string>(options.queue, { groups: ["a"], order });
      const store = new RedisStore({ ...options, port: new RedisConnection(server.url), bellPort: null });
      await queue.sendAll(Array(6).fill(value), { key: "k" });
      const lease = async (max: number, ms = 10_000) => {
        const now = store.clock.now();
        return store.lease("a", { max, token: 1, until: now + ms }, now);
      };
      const first = await lease(Number.POSITIVE_INFINITY);
      expect(first.messages.map(({ id, value }) => [id, String(value).length])).toEqual([1, 2, 3, 4].map((id) => [id, 950_000]));
      expect(await store.depth("a")).toMatchObject(order === "key" ? { ready: 0, behind: 2, leased: 4 } : { ready: 2, leased: 4 });
      const acknowledged = first.messages.map(({ id, attempt }) => ({ id, attempt }));
      await store.settle("a", 1, { acknowledged, again: [], dead: [], released: [] }, store.clock.now());
      const second = await lease(5, 1);
      expect(second.messages.map(({ id, attempt }) => [id, attempt])).toEqual([5, 6].map((id) => [id, 1]));
      await store.close();
    }
  });

  test("the dead letters of one lease are no more than some megabytes; the next one finds the rest", async () => {
    await using queue = open<string>("large letters", { maxAttempts: 1 });
    const options = { groups: ["default"], order: "none", capacity: 99, maxAttempts: 1, rememberMs: 1000, queue: "large letters" } as const;
    const store = new RedisStore({ ...options, port: new RedisConnection(server.url), bellPort: null, timers: { ...realTimers } });
    const lease = (now: number) => store.lease("default", { max: 4, token: 1, until: now + 1 }, now);
    await queue.sendAll(Array(6).fill("x".repeat(900_000)));
    const now = Date.now() + 10_000;
    for (const count of [4, 2]) expect((await lease(now)).messages).toHaveLength(count);
    const found = [await lease(now + 2), await lease(now + 2)].map(({ dead }) => dead.map(({ id }) => id));
    expect(found).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
    await store.close();
  });

  test("what Redis has lost that it had acknowledged is named, and no id is given twice", async () => {
    await using queue = open<number>("forgetful");
    await queue.sendAll([1, 2, 3]);
    await admin.send("HSET", ["lab-tui:queue:{forgetful}", "last", "1"]);
    expect(await queue.send(4)).toEqual({ id: 4, duplicate: false });
    expect(queue.health()).toEqual({
      status: "degraded",
      detail: "Redis has lost messages 2 to 3 of the queue forgetful, which it had acknowledged: see appendfsync",
    });
    expect((await queue.list()).map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  });

  test("a full Redis takes in nothing more, by name, and can be emptied", async () => {
    await using queue = open<string>("full");
    await queue.sendAll(Array.from({ length: 300 }, (_, n) => `${n} ${"x".repeat(1000)}`));
    await admin.send("CONFIG", ["SET", "maxmemory", "1"]);
    expect(await problemOf(queue.send("more"))).toBe(
      `memory full: ${server.url} is full: its memory reached maxmemory and it evicts nothing; what it holds is kept`,
    );
    expect(queue.health().status).toBe("degraded");
    let [handled, failed] = [0, false];
    queue.consume(() => {
      if (!failed) {
        failed = true;
        throw new Error("once");
      }
      handled++;
    });
    await queue.drained();
    expect([handled, (await queue.depth()).dead]).toEqual([300, 0]);
    await admin.send("CONFIG", ["SET", "maxmemory", "0"]);
    expect(await problemOf(queue.send("more"))).toContain("[object");
  });

  test("what cannot be a queue, or no longer is the one that was opened, is named", async () => {
    await using nobody = MessageQueue.open("q", { redis: "redis://:secret@127.0.0.1:1", onFailure: () => {} });
    const waits = problemOf(nobody.send(1));
    while (nobody.health().status === "up") await Bun.sleep(5);
    expect(nobody.health().detail).toStartWith("no Redis answers at redis://:…@127.0.0.1:1");
    await nobody.stop();
    expect(await waits).toStartWith("closed: the queue q in Redis is closed");
    await using first = open("named", { order: "key" });
    await first.send(1, { key: "k" });
    await using wrongOrder = open("named");
    expect(await problemOf(wrongOrder.send(1))).toBe(
      'invalid: the queue named in Redis keeps order "key" and cannot be opened with another',
    );
    await using wrongAging = open("named", { order: "key", agingMs: 5 });
    expect(await problemOf(wrongAging.send(1))).toBe(
      "invalid: the queue named in Redis keeps agingMs 0 (0: none) and cannot be opened with another",
    );
    await admin.send("SET", ["lab-tui:queue:{other}", "mine"]);
    await using foreign = open("other");
    expect(await problemOf(foreign.send(1))).toBe(
      "foreign: the key of the queue other in Redis holds something else; it was left as it is",
    );
    for (const kind of ["groups", "live:default", "bell", "known"]) {
      await admin.send("SET", [`lab-tui:queue:{taken}:${kind}`, "mine"]);
      await using taken = open("taken");
      expect(await problemOf(taken.send(1, { idempotencyKey: kind }))).toBe(
        "foreign: a key of the queue taken in Redis holds something else; it was left as it is",
      );
      expect(await admin.send("KEYS", ["lab-tui:queue:{taken}*"])).toEqual([`lab-tui:queue:{taken}:${kind}`]);
      await admin.send("DEL", [`lab-tui:queue:{taken}:${kind}`]);
    }
    await admin.send("HSET", ["lab-tui:queue:{newer}", "layout", "2", "born", "x"]);
    await using newer = open("newer");
    expect(await problemOf(newer.send(1))).toStartWith("version: the queue newer in Redis is laid out as version 2");
    await admin.send("DEL", ["lab-tui:queue:{named}"]);
    expect(await problemOf(first.send(2, { key: "k" }))).toBe(
      "replaced: the queue named in Redis was removed while it was open; stop and start the queue",
    );
    expect(first.health()).toMatchObject({ status: "degraded" });
    await first.stop();
    first.start();
    expect(await first.send(3, { key: "k" })).toMatchObject({ duplicate: false });
  });
});
