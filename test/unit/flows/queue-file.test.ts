import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MessageQueue, type MessageQueueOptions, QueueError, type QueueProblem } from "../../../src/flows/index.ts";
import { temporaryFolder } from "../../support/cli.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = () => join(folder, `f${++files}.db`);
const open = (file: string, options: MessageQueueOptions = {}) =>
  MessageQueue.open<unknown>("q", { file, onFailure: () => {}, busyMs: 50, ...options });

function problemOf(work: () => unknown): QueueProblem | unknown {
  try {
    work();
    return "none";
  } catch (error) {
    if (!(error instanceof QueueError)) return error;
    expect(error.message).not.toContain("SQLiteError");
    return error.problem;
  }
}

/** A queue file with so many messages. */
async function filled(count: number, options: MessageQueueOptions = {}): Promise<string> {
  const file = newFile();
  const queue = open(file, options);
  await queue.sendAll(Array.from({ length: count }, (_, n) => ({ n, text: "x".repeat(100) })));
  await queue.stop();
  return file;
}

describe("F-4 what can be wrong with a queue's file", () => {
  test("it is there again when it is opened again, groups and all", async () => {
    const file = await filled(3, { groups: ["a", "b"] });
    const queue = open(file, { groups: ["b", "c"] });
    await queue.send("new");
    expect((await Promise.all(["a", "b", "c"].map((group) => queue.depth(group)))).map(({ ready }) => ready)).toEqual([4, 4, 1]);
    await queue.stop();
  });

  test("a group that another process drops is not taken for the one that gets its number", async () => {
    const file = await filled(0, { groups: ["a", "b"] });
    const one = open(file, { groups: ["a", "b"] });
    const other = open(file, { groups: ["a"] });
    await other.dropGroup("b");
    const third = open(file, { groups: ["a", "c"] });
    await third.send("for c");
    expect(one.depth("b")).rejects.toThrow('there is no group "b"; the groups are a, c');
    const told: unknown[] = [];
    one.onFailure(({ error }) => told.push(String(error)));
    const consumer = one.consume((message) => told.push(message.value), { group: "b" });
    while (told.length === 0) await Bun.sleep(1);
    expect(told[0]).toContain('there is no group "b"');
    expect(await third.depth("c")).toMatchObject({ ready: 1, leased: 0 });
    await consumer.stop(0);
    for (const queue of [one, other, third]) await queue.stop();
  });

  test("garbage, another program's database, a later layout: refused, and left as they are", async () => {
    const garbage = newFile();
    writeFileSync(garbage, "this is no database, though it is long enough to be looked at as one".repeat(100));
    const foreign = newFile();
    const other = new Database(foreign);
    other.run("CREATE TABLE theirs (x)");
    other.close();
    const later = await filled(2);
    const db = new Database(later);
    db.run("PRAGMA user_version = 7");
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    db.close();
    for (const [file, problem] of [
      [garbage, "damaged"],
      [foreign, "foreign"],
      [later, "version"],
    ] as const) {
      const before = readFileSync(file);
      expect(problemOf(() => open(file))).toBe(problem);
      expect(readFileSync(file).equals(before)).toBe(true);
    }
    expect(() => open(later)).toThrow(/is laid out as version 7, this library knows version 1; it was left as it is$/);
  });

  test("a page that was overwritten is named as damage, not as an empty queue", async () => {
    const file = await filled(500);
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 4096, 4096 * 12);
    writeFileSync(file, bytes);
    expect(
      problemOf(() => {
        open(file);
      }),
    ).toBe("damaged");
  });

  test("a file that is locked: a sentence, nothing changed, and all well once it is free", async () => {
    const file = await filled(2);
    const queue = open(file);
    const holder = new Database(file);
    holder.run("BEGIN IMMEDIATE");
    const error = await queue.send("x").catch((caught: unknown) => caught);
    expect(error).toMatchObject({ problem: "locked" });
    expect((error as Error).message).toContain("is locked by another process; nothing was changed, try again");
    expect(queue.health().status).toBe("degraded");
    holder.run("ROLLBACK");
    holder.close();
    await queue.send("x");
    expect([queue.health().status, (await queue.depth()).ready]).toEqual(["up", 3]);
    await queue.stop();
  });

  test("consumers outlast a lock: they go on once the file is free", async () => {
    const file = await filled(5);
    const holder = new Database(file);
    const queue = open(file, { pollMs: 5 });
    holder.run("BEGIN IMMEDIATE");
    const done = Promise.withResolvers<void>();
    let handled = 0;
    queue.consume(() => {
      if (++handled === 5) done.resolve();
    });
    while (queue.health().status !== "degraded") await Bun.sleep(5);
    holder.run("ROLLBACK");
    holder.close();
    await done.promise;
    await queue.stop();
  });

  test("no room on the disk: what was safe stays, the rest is refused, room made is used", async () => {
    const file = newFile();
    const queue = open(file, { maxBytes: 600_000 });
    const text = "y".repeat(1000);
    let safe = 0;
    let error: unknown = null;
    while (error === null && safe < 100_000) {
      try {
        await queue.sendAll(Array.from({ length: 20 }, () => ({ text })));
        safe += 20;
      } catch (caught) {
        error = caught;
      }
    }
    expect(error).toMatchObject({ problem: "disk full" });
    expect(safe).toBeGreaterThan(100);
    expect((await queue.depth()).ready).toBe(safe);
    const done = Promise.withResolvers<void>();
    let handled = 0;
    queue.consume(() => {
      if (++handled === safe) done.resolve();
    });
    await done.promise;
    await queue.send({ text });
    await queue.stop();
    const db = new Database(file, { readonly: true });
    expect(db.query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
    db.close();
  });

  test("a folder that is not there, a folder in its place, another order: each said", async () => {
    mkdirSync(join(folder, "sub"));
    expect(problemOf(() => open(join(folder, "nowhere", "q.db")))).toBe("unusable");
    expect(problemOf(() => open(join(folder, "sub")))).toBe("unusable");
    const file = await filled(1);
    expect(problemOf(() => open(file, { order: "key" }))).toBe("invalid");
    expect((await (async () => open(file).depth())()).ready).toBe(1);
  });

  test("what cannot be carried, or too much of it, is one sender's problem", async () => {
    const queue = open(newFile());
    const results = await Promise.allSettled([
      queue.send("good"),
      queue.send(() => {}),
      queue.send("also good"),
      queue.send("z".repeat(2_000_000)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected"]);
    expect((results[3] as PromiseRejectedResult).reason.message).toContain("1000000");
    expect((await queue.depth()).ready).toBe(2);
    await queue.stop();
    expect(queue.send("late")).rejects.toMatchObject({ problem: "closed" });
  });

  test.each([1, 20])(
    "a file filled up to its limit is emptied, %i at a time, within the limit, and is small again afterwards",
    async (batch) => {
      const file = newFile();
      const limit = 8_000_000;
      const filling = open(file, { maxBytes: limit });
      const text = "x".repeat(5000);
      let sent = 0;
      while ((await filling.sendAll(Array(50).fill(text)).catch((error) => error.problem)) !== "disk full") sent += 50;
      while ((await filling.send(text).catch((error) => error.problem)) !== "disk full") sent++;
      await filling.stop();
      expect([sent > 1000, statSync(file).size <= limit]).toEqual([true, true]);
      const queue = open(file, { maxBytes: limit, pollMs: 2 });
      const done = Promise.withResolvers<void>();
      let [handled, refused] = [0, 0];
      queue.consume(
        ({ attempt }) => {
          // Retries and dead letters take room, too.
          if (attempt === 1 && handled % 9 === 0 && refused++ < 200) throw new Error("later");
          if (++handled === sent) done.resolve();
        },
        { batch },
      );
      await done.promise;
      expect(queue.health()).toEqual({ status: "up" });
      await queue.stop();
      expect(statSync(file).size).toBeLessThan(limit / 10);
    },
  );

  test("another process's lock does not hold the thread: others have their turn, and leases go on", async () => {
    const file = await filled(0);
    const queue = open(file, { busyMs: 5000, visibilityMs: 100, pollMs: 5, maxAttempts: 1 });
    let begun = 0;
    queue.consume(async () => {
      begun++;
      await Bun.sleep(300);
    });
    await queue.send("long");
    while (begun === 0) await Bun.sleep(1);
    const holder = new Database(file);
    holder.run("BEGIN IMMEDIATE");
    const sending = queue.send("x");
    let ticks = 0;
    for (; ticks < 100; ticks++) await Bun.sleep(2);
    expect(Bun.peek.status(sending)).toBe("pending");
    holder.run("ROLLBACK");
    holder.close();
    await sending;
    while ((await queue.stateOf(2)) !== "done") await Bun.sleep(5);
    expect([begun, (await queue.depth()).dead, queue.health().status]).toEqual([2, 0, "up"]);
    await queue.stop();
  });

  test("a file that is removed, or replaced, while it is open is told: nothing is acknowledged into it", async () => {
    for (const replaced of [false, true]) {
      const file = await filled(1);
      const queue = open(file);
      const other = replaced ? await filled(2) : null;
      for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
      if (other !== null) renameSync(other, file);
      const sentence = `was ${replaced ? "replaced" : "removed"} while it was open; stop and start the queue`;
      expect(queue.health().detail).toEndWith(sentence);
      const error = await queue.send("lost").catch((caught: unknown) => caught);
      expect(error).toMatchObject({ problem: "replaced" });
      expect((error as Error).message).toEndWith(sentence);
      await queue.stop();
      queue.start();
      await queue.send("kept");
      expect([(await queue.depth()).ready, queue.health().status]).toEqual([replaced ? 3 : 1, "up"]);
      await queue.stop();
    }
  });

  test("all that open a fresh file in one moment succeed", async () => {
    const file = newFile();
    const code = `
      import { MessageQueue } from ${JSON.stringify(join(import.meta.dir, "../../../src/flows/index.ts"))};
      self.onmessage = async () => {
        const queue = MessageQueue.open("q", { file: ${JSON.stringify(file)} });
        await queue.send(1);
        await queue.stop();
        postMessage("done");
      };
      postMessage("ready");`;
    const url = URL.createObjectURL(new Blob([code], { type: "application/typescript" }));
    const workers = Array.from({ length: 6 }, () => new Worker(url));
    const told = () =>
      Promise.all(
        workers.map((worker) => {
          const { promise, resolve, reject } = Promise.withResolvers<unknown>();
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
          return promise;
        }),
      );
    await told();
    const done = told();
    for (const worker of workers) worker.postMessage(0);
    await done;
    for (const worker of workers) worker.terminate();
    const queue = open(file);
    expect((await queue.depth()).ready).toBe(workers.length);
    await queue.stop();
  });

  test("those who open a file after the wall clock was set keep the time of those who opened it before", async () => {
    const file = await filled(1);
    const db = new Database(file);
    const [{ boot } = { boot: null }] = db.query<{ boot: string }, []>("SELECT boot FROM clock").all();
    // As if the clock had been an hour behind then.
    db.run("UPDATE clock SET anchor = anchor - 3600000");
    db.close();
    const queue = open(file);
    const got = Promise.withResolvers<number>();
    queue.consume(({ sentAt, value }) => value === "new" && got.resolve(sentAt));
    await queue.send("new");
    const behind = boot === null ? 0 : 3_600_000;
    expect(Math.abs(Date.now() - behind - (await got.promise))).toBeLessThan(60_000);
    await queue.stop();
  });
});
