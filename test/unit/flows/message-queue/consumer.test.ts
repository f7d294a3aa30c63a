import { afterAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type FlowFailure, MessageQueue } from "../../../../src/flows/index.ts";
import { MemoryStore } from "../../../../src/flows/message-queue/memory/store.ts";
import type { LeaseRequest } from "../../../../src/flows/message-queue/store.ts";
import { temporaryFolder } from "../../../support/cli.ts";
import { quiet } from "../../../support/flow-oddities.ts";
import { VirtualTimers } from "../../../support/virtual-timers.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const file = () => join(folder, `${++files}.db`);

const inMemory = {
  groups: ["default"],
  order: "none",
  capacity: Number.POSITIVE_INFINITY,
  maxAttempts: 5,
  rememberMs: 86_400_000,
} as const;

describe("consumers of a message queue", () => {
  test("a consumer leases more messages at a time while they are done quickly, and fewer once they are not", async () => {
    const timers = new VirtualTimers();
    const asked: number[] = [];
    class Observed extends MemoryStore {
      override lease(group: string, request: LeaseRequest, now: number) {
        const got = super.lease(group, request, now);
        if (got.messages.length > 0) asked.push(request.max);
        return got;
      }
    }
    const queue = new MessageQueue<number>("q", new Observed(inMemory), { timers, ...quiet });
    let slow = false;
    let handled = 0;
    for (let i = 0; i < 3; i++) await timers.run(queue.sendAll(Array.from({ length: 1000 }, (_, n) => n)));
    queue.consume(() => {
      if (++handled === 1100) slow = true;
      return slow && handled % 50 === 0 ? new Promise<void>((resolve) => timers.after(10, resolve)) : undefined;
    });
    await timers.advance(2000);
    expect(handled).toBe(3000);
    expect(asked.slice(0, 5)).toEqual([1, 2, 4, 8, 16]);
    expect(Math.max(...asked)).toBe(1000);
    expect(asked.at(-1)).toBeLessThan(200);
    await timers.run(queue.stop());
  });

  test.each(["in memory", "in a file"])("handlers that hold the thread for longer than a lease lose no message, %s", async (where) => {
    const file = where === "in a file" ? { file: join(folder, "held.db") } : {};
    const queue = MessageQueue.open<number>("q", { visibilityMs: 60, ...file, ...quiet });
    const seen: number[] = [];
    await queue.sendAll(Array.from({ length: 20 }, (_, n) => n));
    const done = Promise.withResolvers<void>();
    queue.consume(
      async ({ value }) => {
        seen.push(value);
        const until = performance.now() + 15;
        while (performance.now() < until);
      },
      { onSettled: (messages) => messages.some(({ id }) => id === 20) && done.resolve() },
    );
    await done.promise;
    expect(seen).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(queue.stats().consumers[0]).toMatchObject({ acknowledged: 20, dead: 0, lost: 0 });
    await queue.stop();
  });

  test("a message whose leases have run out too often is counted by the consumer, settled as dead and reported", async () => {
    const timers = new VirtualTimers();
    const failures: FlowFailure[] = [];
    const store = new MemoryStore({ ...inMemory, maxAttempts: 2 });
    const onFailure = (failure: FlowFailure) => failures.push(failure);
    const queue = new MessageQueue<string>("q", store, { timers, visibilityMs: 100, maxAttempts: 2, onFailure });
    await timers.run(queue.send("poison"));
    // As consumers that are killed while they work on it.
    for (let i = 0; i < 2; i++) {
      expect(store.lease("default", { max: 1, until: timers.wall() + 100, token: 1 }, timers.wall()).messages.length).toBe(1);
      await timers.advance(101);
    }
    const settledAs: object[] = [];
    queue.consume(() => {}, { onSettled: (messages) => settledAs.push(...messages) });
    await timers.advance(1);
    expect(settledAs).toEqual([{ id: 1, end: "dead" }]);
    expect(queue.stats().consumers[0]).toMatchObject({ dead: 1, acknowledged: 0 });
    expect(failures.map(({ subject, error }) => [subject, String(error)])).toEqual([["poison", "GiveUp: its lease ran out 2 times"]]);
    await timers.run(queue.stop());
  });

  test("a consumer goes on as the same one when its queue is stopped and started", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers, ...quiet });
    const got: number[] = [];
    const consumer = queue.consume(({ value }) => got.push(value), { name: "c" });
    await timers.run(queue.stop());
    queue.start();
    await timers.run(queue.send(1));
    await timers.advance(1);
    expect(consumer.stats()).toMatchObject({ name: "c", acknowledged: 1 });
    expect(got).toEqual([1]);
    await timers.run(queue.stop());
  });

  test("a consumer that was stopped by itself stays stopped when its queue is started again", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers, ...quiet });
    const got: number[] = [];
    const consumer = queue.consume(({ value }) => got.push(value), { name: "c" });
    await timers.run(consumer.stop(100));
    await timers.run(queue.send(2));
    await timers.run(queue.stop());
    queue.start();
    await timers.advance(1);
    expect([got, queue.stats().consumers]).toEqual([[], []]);
    await timers.run(queue.stop());
  });

  test("a store that fails once makes its queue degraded until it works again", async () => {
    const timers = new VirtualTimers();
    class FailingOnce extends MemoryStore {
      private failed = false;
      override extend(...lease: Parameters<MemoryStore["extend"]>) {
        if (this.failed) return super.extend(...lease);
        this.failed = true;
        throw new Error("locked");
      }
    }
    const queue = new MessageQueue<number>("q", new FailingOnce(inMemory), { timers, visibilityMs: 300, ...quiet });
    queue.consume(() => new Promise((resolve) => timers.after(250, () => resolve(null))));
    await timers.run(queue.send(1));
    await timers.advance(110);
    expect(queue.health()).toMatchObject({ status: "degraded" });
    await timers.advance(200);
    expect(queue.health()).toEqual({ status: "up" });
    await timers.run(queue.stop());
  });

  test("a consumer that is stopped while it leases begins nothing and releases what came", async () => {
    for (let i = 0; i < 10; i++) {
      const place = file();
      const queue = MessageQueue.open<number>("q", { file: place });
      await queue.sendAll([1, 2, 3]);
      let [begun, ended] = [0, 0];
      queue.consume(async () => {
        begun++;
        await Bun.sleep(5);
        ended++;
      });
      for (let turns = 0; turns < i; turns++) await Promise.resolve();
      await queue.stop({ deadlineMs: 500 });
      const again = MessageQueue.open<number>("q", { file: place });
      expect([begun, (await again.depth()).leased]).toEqual([ended, 0]);
      await again.stop();
    }
  });

  test("consumers with slow handlers share the messages evenly", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers, ...quiet });
    await timers.run(queue.sendAll(Array.from({ length: 60 }, (_, n) => n)));
    const by = [0, 0, 0];
    for (const who of [0, 1, 2]) {
      queue.consume(() => {
        by[who] = (by[who] ?? 0) + 1;
        return new Promise<void>((resolve) => timers.after(20, resolve));
      });
    }
    await timers.advance(450);
    expect(by).toEqual([20, 20, 20]);
    await timers.run(queue.stop());
  });

  test("handlers that hold the thread let timers run between messages", async () => {
    const queue = MessageQueue.open<number>("q", quiet);
    await queue.sendAll(Array.from({ length: 400 }, (_, n) => n));
    let seen = 0;
    let seenAtTick = 0;
    setTimeout(() => {
      seenAtTick = seen;
    }, 5);
    await new Promise<void>((resolve) => {
      queue.consume(async () => {
        const until = performance.now() + 0.5;
        while (performance.now() < until);
        if (++seen === 400) resolve();
      });
    });
    expect(seenAtTick).toBeGreaterThan(0);
    expect(seenAtTick).toBeLessThan(400);
    await queue.stop();
  });

  test("a consumer that stops itself begins nothing more, and others get at once what it had leased", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers, ...quiet });
    await timers.run(queue.sendAll(Array.from({ length: 100 }, (_, n) => n)));
    const first: number[] = [];
    const second: number[] = [];
    const one = queue.consume(
      ({ value }) => {
        first.push(value);
        if (first.length === 3) void one.stop(0);
      },
      { batch: 100 },
    );
    queue.consume(({ value }) => void second.push(value));
    await timers.advance(100);
    expect(first).toEqual([0, 1, 2]);
    expect(second).toHaveLength(97);
    await timers.run(queue.stop());
  });

  test("a wall clock that jumps forward or back does not stall a consumer", async () => {
    const timers = new VirtualTimers();
    let ahead = 0;
    const wall = timers.wall.bind(timers);
    timers.wall = () => wall() + ahead;
    const queue = MessageQueue.open<number>("q", { timers, ...quiet });
    await timers.run(queue.sendAll(Array.from({ length: 30 }, (_, n) => n)));
    let seen = 0;
    queue.consume(() => {
      if (++seen === 2) ahead = 60_000;
      return new Promise<void>((resolve) => timers.after(20, resolve));
    });
    await timers.advance(800);
    expect(seen).toBe(30);
    ahead = -3_600_000;
    await timers.run(queue.send(99));
    await timers.advance(50);
    expect(seen).toBe(31);
    await timers.run(queue.stop());
  });

  test("an `onSettled` that rejects is reported as a failure of its consumer", async () => {
    const timers = new VirtualTimers();
    const failures: string[] = [];
    const queue = MessageQueue.open<number>("q", { timers, onFailure: ({ place }) => void failures.push(place) });
    const rejects = async () => {
      throw new Error("rejected");
    };
    queue.consume(() => {}, { name: "c", onSettled: rejects });
    await timers.run(queue.send(1));
    await timers.advance(10);
    expect(failures).toEqual(["c, onSettled"]);
    await timers.run(queue.stop());
  });
});
