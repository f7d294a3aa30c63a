import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
});
