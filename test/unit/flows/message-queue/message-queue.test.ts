import { afterAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DataPipeline, GiveUp, MessageQueue } from "../../../../src/flows/index.ts";
import { temporaryFolder } from "../../../support/cli.ts";
import { quiet } from "../../../support/flow-oddities.ts";
import { settled, VirtualTimers } from "../../../support/virtual-timers.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const file = () => join(folder, `${++files}.db`);

describe("message queues", () => {
  test("options that are no numbers are refused at once", () => {
    for (const [options, part] of [
      [{ backoff: { baseDelay: Number.NaN } }, "backoff.baseDelay: must be a number of milliseconds, 0 or more, got NaN"],
      [{ backoff: { backoff: "cubic" } }, "backoff.backoff: must be exponential or linear or constant"],
      [{ backoff: { jitter: 2 } }, "backoff.jitter: must be none, full or a number from 0 to 1, got 2"],
      [{ rememberMs: -1 }, "rememberMs: must be more than 0"],
      [{ busyMs: Number.NaN }, "busyMs: must be a number of milliseconds"],
      [{ backoff: { maxDelayMs: -1 } }, "backoff.maxDelayMs: must be a number of milliseconds, 0 or more, got -1"],
      [{ maxMessageBytes: 0 }, "maxMessageBytes: must be a whole number of at least 1, got 0"],
      [{ whenFull: "drop" }, "whenFull: must be wait or reject, got drop"],
      [{ agingMs: Number.POSITIVE_INFINITY }, "agingMs: must be at most 1000000000000, got Infinity"],
      [{ rateLimits: { default: { max: Number.NaN, perMs: 1 } } }, "rateLimits.default.max: must be a whole number of at least 1, got NaN"],
      [{ rateLimits: { default: { max: Number.POSITIVE_INFINITY, perMs: 1 } } }, "rateLimits.default.max: must be at most 1000000000, got"],
      [{ rateLimits: { default: { max: 1, perMs: Number.NaN } } }, "rateLimits.default.perMs: must be more than 0 milliseconds, got NaN"],
      [{ rateLimits: { default: { max: 1, perMs: 1e13 } } }, "rateLimits.default.perMs: must be at most 1000000000000, got 1"],
      [{ rateLimits: { default: { max: 1, perMs: 0 } } }, "rateLimits.default.perMs: must be more than 0 milliseconds, got 0"],
      [{ rateLimits: { other: { max: 1, perMs: 1 } } }, 'rateLimits: there is no group "other"'],
    ] as const)
      expect(() => MessageQueue.open("q", options as never)).toThrow(part);
    const stage = (options: object) => () =>
      DataPipeline.of<number>("p")
        .stage("s", (x) => x, options)
        .discard()
        .start();
    expect(stage({ retry: { max: 1, maxDelay: -1 } })).toThrow("retry.maxDelay: must be");
    const queue = MessageQueue.open("q");
    for (const [rule, sentence] of [
      [{}, "schedule: needs `everyMs` or `cron`, and not both"],
      [{ everyMs: -5 }, "everyMs: must be more than 0 milliseconds, got -5"],
      [{ cron: "nonsense" }, "cron: "],
      [{ cron: "* * * * *", timeZone: "Nowhere/Else" }, "cron: "],
    ] as const)
      expect(() => queue.schedule("s", rule, 1)).toThrow(sentence);
    expect(() => queue.consume(() => {}, { concurrency: Number.NaN })).toThrow("concurrency: must be a whole number");
    expect(() => queue.consume(() => {}, { batch: 0 })).toThrow("batch: must be a whole number of at least 1, got 0");
    expect(queue.deadLetters("default", Number.NaN)).rejects.toThrow("limit: must be a whole number");
    expect(queue.send(1, { idempotencyKey: "x\ud800" })).rejects.toThrow("idempotencyKey: must be a text of whole characters");
  });

  test("a key goes on after the redrive of a dead letter, though a later message's lease runs out", async () => {
    for (const place of [{}, { file: file() }]) {
      const timers = new VirtualTimers();
      const queue = MessageQueue.open<number>("q", { ...place, timers, order: "key", visibilityMs: 100, pollMs: 10, ...quiet });
      await timers.run(queue.send(1, { key: "k" }));
      const first = queue.consume(({ value, attempt }) => {
        if (value === 1 && attempt === 1) throw new GiveUp("no");
        return new Promise(() => {});
      });
      await timers.advance(50);
      await timers.run(queue.send(2, { key: "k" }));
      await timers.advance(50);
      await timers.run(queue.redrive());
      await timers.run(first.stop(5));
      const got: number[] = [];
      queue.consume(({ value }) => void got.push(value));
      await timers.advance(2000);
      expect(got.sort()).toEqual([1, 2]);
      await timers.run(queue.stop());
    }
  });

  test("a group that another opener of the file adds gets every message from then on", async () => {
    const shared = file();
    await using a = MessageQueue.open<number>("a", { file: shared, groups: ["x"] });
    await using b = MessageQueue.open<number>("b", { file: shared, groups: ["x", "y"] });
    await a.send(1);
    expect((await b.depth("y")).ready).toBe(1);
  });

  test("a queue that is started again goes on with its messages and its consumers", async () => {
    for (const place of [{}, { file: file() }]) {
      const queue = MessageQueue.open<number>("q", { ...place, ...quiet });
      const got: number[] = [];
      queue.consume(({ value }) => void got.push(value));
      await queue.send(1);
      while (queue.stats().consumers[0]?.acknowledged !== 1) await settled();
      await queue.stop();
      queue.start();
      await queue.send(2);
      while (queue.stats().consumers[0]?.acknowledged !== 1) await settled();
      expect([got, queue.stats().consumers[0]?.lost, queue.health().status]).toEqual([[1, 2], 0, "up"]);
      await queue.stop();
    }
  });

  test("an `onSettled` that throws loses no message and leaves the queue healthy", async () => {
    for (const place of [{}, { file: file() }]) {
      const queue = MessageQueue.open<number>("q", { ...place, ...quiet });
      const got: number[] = [];
      queue.consume(({ value }) => void got.push(value), {
        onSettled: () => {
          throw new Error("mine");
        },
      });
      await queue.send(1);
      while (queue.stats().consumers[0]?.acknowledged !== 1) await settled();
      expect([got, queue.stats().consumers[0]?.lost, queue.health().status]).toEqual([[1], 0, "up"]);
      await queue.stop();
    }
  });

  test("messages of two thousand priorities come highest first", async () => {
    const queue = MessageQueue.open<number>("q");
    for (let i = 0; i < 2000; i++) await queue.send(i, { priority: (i % 1999) - 999 });
    const got: number[] = [];
    queue.consume(({ priority }) => void got.push(priority));
    while (got.length < 2000) await settled();
    expect(got).toEqual([...got].sort((a, b) => b - a));
    await queue.stop();
  });

  test("a queue that was stopped leaves no timer behind", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers, capacity: 1, pollMs: 4000, file: file(), ...quiet });
    await timers.run(queue.send(1));
    const second = queue.send(2).catch(() => {});
    await timers.advance(10);
    await timers.run(queue.stop());
    await second;
    expect(timers.pending).toBe(0);
  });

  test("the path of a file may not be empty", () => {
    expect(() => MessageQueue.open("q", { file: "" })).toThrow("file: must be a path");
  });
});
