import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { NO_HEADERS } from "../../src/flows/headers.ts";
import {
  type FlowFailure,
  GiveUp,
  MessageQueue,
  type MessageQueueOptions,
  QueueError,
  type QueueStore,
  type StoreOptions,
} from "../../src/flows/index.ts";
import { MemoryStore } from "../../src/flows/message-queue/memory/store.ts";
import { SqliteStore } from "../../src/flows/message-queue/sqlite/store.ts";
import { patience, rounds } from "../support/campaign.ts";
import { temporaryFolder } from "../support/cli.ts";
import { RedisStores } from "../support/redis-queue.ts";
import { HAS_REDIS } from "../support/redis-server.ts";
import { VirtualTimers } from "../support/virtual-timers.ts";

setDefaultTimeout(patience(60_000));

const folder = temporaryFolder();
const redis = new RedisStores();
beforeAll(() => redis.start());
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await redis.stop();
});
let files = 0;
const newFile = () => join(folder, `q${++files}.db`);

const OPTIONS: StoreOptions = { groups: ["a", "b"], order: "none", capacity: 100, maxAttempts: 3, rememberMs: 1000 };

interface Kind {
  readonly kind: string;
  readonly store: (options: StoreOptions) => QueueStore;
  readonly queue: () => Pick<MessageQueueOptions, "file" | "durability" | "redis">;
  readonly runs: number;
  /** How long sequences of acts are: of `max`, up to what is asked for; of `small`, about ten. */
  readonly size: "max" | "small";
}

const KINDS: readonly Kind[] = [
  { kind: "in memory", store: (options) => new MemoryStore(options), queue: () => ({}), runs: 200, size: "max" },
  ...(["process", "power"] as const).map((durability) => ({
    kind: `on SQLite, ${durability}`,
    store: (options: StoreOptions) =>
      new SqliteStore({ ...options, file: newFile(), durability, busyMs: 1000, maxBytes: Number.POSITIVE_INFINITY }),
    queue: () => ({ file: newFile(), durability }),
    runs: 25,
    size: "small" as const,
  })),
  ...(HAS_REDIS
    ? [
        {
          kind: "in Redis",
          // These tests have the time.
          store: (options: StoreOptions) => redis.store(options, redis.newName(), new VirtualTimers()),
          queue: () => ({ redis: redis.newName() }),
          runs: 10,
          size: "small" as const,
        },
      ]
    : []),
];
if (!HAS_REDIS) test.skip("F-4 a queue's store in Redis (needs redis-server)", () => {});

const message = (value: unknown, change: object = {}) => ({
  value,
  terms: { key: null, priority: 0, delayMs: 0, idempotencyKey: null, headers: NO_HEADERS, ...change },
});
const nothing = { acknowledged: [], again: [], dead: [], released: [] };

/** What a store must do, told as simply as can be: a list of messages per group, looked through from its beginning. */
class Model {
  private readonly messages: {
    id: number;
    key: string | null;
    priority: number;
    attempt: number;
    state: "free" | "leased" | "dead" | "gone";
    at: number;
    token: number;
  }[] = [];
  private last = 0;

  constructor(
    private readonly ordered: boolean,
    private readonly maxAttempts: number,
  ) {}

  send(key: string | null, priority: number, delay: number, now: number): void {
    this.messages.push({ id: ++this.last, key, priority, attempt: 0, state: "free", at: delay > 0 ? now + delay : 0, token: 0 });
  }

  private here() {
    return this.messages.filter(({ state }) => state === "free" || state === "leased");
  }

  private expire(now: number): void {
    for (const each of this.here()) {
      if (each.state !== "leased" || each.at > now) continue;
      each.state = each.attempt >= this.maxAttempts ? "dead" : "free";
      each.at = 0;
    }
  }

  lease(max: number, until: number, token: number, now: number): number[] {
    this.expire(now);
    const free = this.here().filter(({ state, at }) => state === "free" && at <= now);
    const first = (key: string | null) => this.here().find((other) => other.key === key);
    const heads = free.filter((each) => !this.ordered || each.key === null || first(each.key) === each);
    const taken = heads.sort((a, b) => b.priority - a.priority || a.id - b.id).slice(0, max);
    if (this.ordered) {
      for (const head of [...taken]) {
        if (head.key === null) continue;
        for (const next of this.here().filter(({ key, id }) => key === head.key && id > head.id)) {
          if (taken.length >= max || next.state !== "free" || next.at > now) break;
          taken.push(next);
        }
      }
    }
    for (const each of taken) Object.assign(each, { state: "leased", at: until, token, attempt: each.attempt + 1 });
    return taken.map(({ id }) => id);
  }

  end(token: number, id: number, attempt: number, how: "acknowledged" | "dead" | "again" | "released" | "postponed", at: number): boolean {
    const each = this.messages.find(
      (other) => other.id === id && other.state === "leased" && other.token === token && other.attempt === attempt,
    );
    if (each === undefined) return false;
    if (how === "acknowledged") each.state = "gone";
    else if (how === "dead") each.state = "dead";
    else {
      each.state = "free";
      each.at = how === "released" ? 0 : at;
      if (how !== "again") each.attempt--;
    }
    return true;
  }

  count(state: string): number {
    return this.messages.filter((each) => each.state === state).length;
  }
}

describe.each([...KINDS])("F-4 a queue's store $kind", ({ store: open, runs, size }) => {
  test("does what a plain list would do, whatever is asked of it", async () => {
    const act = fc.oneof(
      fc.record({
        do: fc.constant("send" as const),
        key: fc.constantFrom(null, "x", "y"),
        priority: fc.constantFrom(0, 0, 1, -2),
        delay: fc.constantFrom(0, 0, 5),
      }),
      fc.record({
        do: fc.constant("lease" as const),
        group: fc.constantFrom("a", "b"),
        max: fc.integer({ min: 1, max: 4 }),
        token: fc.constantFrom(1, 2),
      }),
      fc.record({
        do: fc.constant("end" as const),
        group: fc.constantFrom("a", "b"),
        which: fc.nat(20),
        how: fc.constantFrom("acknowledged" as const, "dead" as const, "again" as const, "released" as const, "postponed" as const),
      }),
      fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 12 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom("none" as const, "key" as const), fc.array(act, { maxLength: 60, size }), async (order, acts) => {
        const store = open({ ...OPTIONS, order });
        const models = new Map(OPTIONS.groups.map((group) => [group, new Model(order === "key", OPTIONS.maxAttempts)]));
        const leases: { group: string; token: number; id: number; attempt: number }[] = [];
        let now = 1000;
        for (const each of acts) {
          if (each.do === "wait") now += each.ms;
          else if (each.do === "send") {
            const priority = order === "key" && each.key !== null ? 0 : each.priority;
            await store.send([message(leases.length, { key: each.key, priority, delayMs: each.delay })], now);
            for (const model of models.values()) model.send(each.key, priority, each.delay, now);
          } else if (each.do === "lease") {
            const { group, token, max } = each;
            const model = models.get(group) as Model;
            const before = model.count("dead");
            const { messages: leased, dead } = await store.lease(group, { max, token, until: now + 20 }, now);
            expect(leased.map(({ id }) => id)).toEqual(model.lease(max, now + 20, token, now));
            expect(dead.length).toBe(model.count("dead") - before);
            for (const { id, attempt } of leased) leases.push({ group, token, id, attempt });
          } else {
            const held = leases.filter(({ group }) => group === each.group);
            const lease = held[each.which % Math.max(1, held.length)];
            if (lease === undefined) continue;
            const { group, token, id, attempt } = lease;
            const { how } = each;
            // Who tries a message of a key again, or puts one back, puts back the later ones it holds.
            const later =
              order === "key" && how !== "acknowledged" && how !== "dead"
                ? held.filter((other) => other.token === token && other.id > id)
                : [];
            const ref = { id, attempt, ...(how === "released" ? {} : { delayMs: 3 }), reason: "no" };
            const settlement = { ...nothing, [how === "postponed" ? "released" : how]: [ref] };
            settlement.released = [...settlement.released, ...later] as never;
            const lost = await store.settle(group, token, settlement, now);
            const model = models.get(group);
            const expected = [ref].filter(() => model?.end(token, id, attempt, how, now + 3) === false).map((each) => each.id);
            for (const other of later) if (model?.end(token, other.id, other.attempt, "released", 0) === false) expected.push(other.id);
            expect([...lost].sort()).toEqual(expected.sort());
          }
        }
        for (const [group, model] of models) {
          const depth = await store.depth(group);
          expect(depth.leased + depth.ready + depth.delayed + depth.behind).toBe(model.count("free") + model.count("leased"));
          expect([depth.dead, (await store.deadLetters(group, 100)).length]).toEqual([model.count("dead"), model.count("dead")]);
        }
        await store.close();
      }),
      { numRuns: rounds(runs) },
    );
  });

  test("an idempotency key is taken in once, until it is forgotten", async () => {
    const store = open(OPTIONS);
    const keyed = message("v", { idempotencyKey: "k" });
    expect(await store.send([keyed, keyed, message("w")], 0)).toEqual([
      { id: 1, duplicate: false },
      { id: 1, duplicate: true },
      { id: 2, duplicate: false },
    ]);
    expect(await store.send([keyed], 999)).toEqual([{ id: 1, duplicate: true }]);
    expect(await store.send([keyed], 1000)).toEqual([{ id: 3, duplicate: false }]);
    await store.close();
  });

  test("an idempotency key is remembered for its time, and no longer, whatever is sent meanwhile", async () => {
    const store = open(OPTIONS);
    const keyed = (key: string) => message("v", { idempotencyKey: key });
    await store.send([keyed("k")], 0);
    await store.send([keyed("l")], 500);
    expect(await store.send([keyed("k"), keyed("l")], 999)).toEqual([
      { id: 1, duplicate: true },
      { id: 2, duplicate: true },
    ]);
    expect(await store.send([keyed("m")], 1000)).toEqual([{ id: 3, duplicate: false }]);
    expect(await store.send([keyed("l"), keyed("k")], 1499)).toEqual([
      { id: 2, duplicate: true },
      { id: 4, duplicate: false },
    ]);
    await store.close();
  });

  test("no more are lent than are asked for, however many of a key there are", async () => {
    const store = open({ ...OPTIONS, order: "key" });
    await store.send(
      ["x", "x", "x", "y", "x"].map((key) => message(key, { key })),
      0,
    );
    const lent = async (max: number, token: number) => (await store.lease("a", { max, token, until: 100 }, 0)).messages.map(({ id }) => id);
    expect([await lent(1, 1), await lent(1, 2), await lent(1, 3)]).toEqual([[1], [4], []]);
    const other = async (max: number) => (await store.lease("b", { max, token: 1, until: 100 }, 0)).messages.map(({ id }) => id);
    expect(await other(3)).toEqual([1, 4, 2]);
    await store.close();
  });

  test("takes all in or nothing: what does not fit is refused with a sentence", async () => {
    const store = open({ ...OPTIONS, capacity: 3 });
    await store.send([message(1), message(2)], 0);
    expect(await store.room()).toBe(1);
    expect(async () => store.send([message(3), message(4)], 0)).toThrow(
      new QueueError("full", "the queue is full: 3 messages are waiting or at work in group a"),
    );
    expect(await store.room()).toBe(1);
    expect(await store.fullest()).toBe("a");
    const [first] = (await store.lease("a", { max: 1, token: 1, until: 10 }, 0)).messages;
    await store.settle("a", 1, { ...nothing, acknowledged: [{ id: first?.id ?? 0, attempt: 1 }] }, 0);
    // The other group still has both.
    expect(await store.room()).toBe(1);
    await store.close();
  });

  test("leases are lengthened; the state of a task is known in each group", async () => {
    const store = open(OPTIONS);
    await store.send([message("v"), message("later", { delayMs: 50 })], 0);
    await store.lease("a", { max: 5, token: 1, until: 10 }, 0);
    expect(await store.extend("a", 1, [{ id: 1, attempt: 1 }], 30)).toEqual([]);
    expect(await store.extend("a", 2, [{ id: 1, attempt: 1 }], 30)).toEqual([1]);
    expect(await store.lease("a", { max: 5, token: 2, until: 40 }, 20)).toEqual({ messages: [], dead: [] });
    expect(await store.nextAt("a")).toBe(30);
    expect([await store.stateOf("a", 1), await store.stateOf("b", 1), await store.stateOf("a", 2), await store.stateOf("a", 3)]).toEqual([
      "working",
      "waiting",
      "delayed",
      "unknown",
    ]);
    expect((await store.lease("a", { max: 5, token: 2, until: 60 }, 30)).messages).toMatchObject([{ id: 1, attempt: 2 }]);
    await store.settle("a", 2, { ...nothing, acknowledged: [{ id: 1, attempt: 2 }] }, 31);
    expect(await store.stateOf("a", 1)).toBe("done");
    await store.close();
  });

  test("dead letters are kept with their reason and can be made available again", async () => {
    const store = open(OPTIONS);
    await store.send([message({ n: 1 }, { key: "k" })], 5);
    await store.lease("a", { max: 1, token: 1, until: 10 }, 6);
    await store.settle("a", 1, { ...nothing, dead: [{ id: 1, attempt: 1, reason: "broken" }] }, 7);
    expect(await store.deadLetters("a", 10)).toEqual([{ id: 1, value: { n: 1 }, key: "k", attempts: 1, reason: "broken", at: 7 }]);
    expect([await store.stateOf("a", 1), await store.stateOf("b", 1)]).toEqual(["dead", "waiting"]);
    expect([await store.redrive("a", [7], 8), await store.redrive("a", "all", 8)]).toEqual([0, 1]);
    const again = await store.lease("a", { max: 1, token: 1, until: 20 }, 9);
    expect(again.messages).toMatchObject([{ id: 1, attempt: 1, value: { n: 1 } }]);
    await store.close();
  });

  test("what dies of leases that ran out is told once, by the call that finds it", async () => {
    const store = open({ ...OPTIONS, maxAttempts: 1 });
    await store.send([message("v", { key: "k" })], 0);
    await store.lease("a", { max: 1, token: 1, until: 10 }, 0);
    const letter = { id: 1, value: "v", key: "k", attempts: 1, reason: "its lease ran out 1 times", at: 12 };
    expect(await store.lease("a", { max: 1, token: 2, until: 20 }, 12)).toEqual({ messages: [], dead: [letter] });
    expect(await store.lease("a", { max: 1, token: 2, until: 30 }, 13)).toEqual({ messages: [], dead: [] });
    await store.close();
  });

  test("what is made available again goes before what of its key was sent later, but for what is at work", async () => {
    const store = open({ ...OPTIONS, order: "key" });
    const ids = async (now: number, max = 1) =>
      (await store.lease("a", { max, token: 1, until: now + 100 }, now)).messages.map(({ id }) => id);
    const end = (how: object) => store.settle("a", 1, { ...nothing, ...how }, 1);
    await store.send([message("A", { key: "k" }), message("B", { key: "k" }), message("C", { key: "k" })], 0);
    expect(await ids(0)).toEqual([1]);
    await end({ dead: [{ id: 1, attempt: 1, reason: "no" }] });
    await store.redrive("a", "all", 1);
    expect(await ids(1)).toEqual([1]);
    expect(await ids(1)).toEqual([]);
    await end({ dead: [{ id: 1, attempt: 1, reason: "no" }] });
    expect(await ids(2)).toEqual([2]);
    await store.redrive("a", "all", 2);
    expect(await ids(2)).toEqual([]);
    await end({ acknowledged: [{ id: 2, attempt: 1 }] });
    expect(await ids(3, 5)).toEqual([1, 3]);
    await end({ acknowledged: [1, 3].map((id) => ({ id, attempt: 1 })) });
    expect(await store.depth("a")).toEqual({ ready: 0, delayed: 0, leased: 0, behind: 0, dead: 0 });
    await store.close();
  });

  test("one that is tried again while an earlier one of its key is at work stays behind it, its delay over or not", async () => {
    const store = open({ ...OPTIONS, order: "key" });
    await store.send([message(1, { key: "x" }), message(2, { key: "x" })], 0);
    const ids = async (now: number) => (await store.lease("a", { max: 9, token: 1, until: now + 100 }, now)).messages.map(({ id }) => id);
    expect(await ids(0)).toEqual([1, 2]);
    await store.settle("a", 1, { ...nothing, again: [{ id: 2, attempt: 1, delayMs: 3 }] }, 0);
    expect(await ids(10)).toEqual([]);
    await store.settle("a", 1, { ...nothing, acknowledged: [{ id: 1, attempt: 1 }] }, 10);
    expect(await ids(10)).toEqual([2]);
    await store.close();
  });

  test("one that is tried again lets an earlier one of its key go first that was made available again meanwhile", async () => {
    const store = open({ ...OPTIONS, order: "key" });
    await store.send([message(1, { key: "x" }), message(2, { key: "x" })], 0);
    const ids = async (now: number) => (await store.lease("a", { max: 9, token: 1, until: now + 100 }, now)).messages.map(({ id }) => id);
    expect(await ids(0)).toEqual([1, 2]);
    await store.settle("a", 1, { ...nothing, dead: [{ id: 1, attempt: 1, reason: "no" }] }, 0);
    await store.redrive("a", "all", 0);
    await store.settle("a", 1, { ...nothing, again: [{ id: 2, attempt: 1, delayMs: 3 }] }, 0);
    expect(await ids(1)).toEqual([1]);
    await store.settle("a", 1, { ...nothing, acknowledged: [{ id: 1, attempt: 1 }] }, 1);
    expect(await ids(3)).toEqual([2]);
    await store.close();
  });

  test("one whose lease runs out too often makes way at once for the next of its key, if that one's time has come", async () => {
    const store = open({ ...OPTIONS, order: "key", maxAttempts: 1 });
    await store.send([message(1, { key: "x" }), message(2, { key: "x", delayMs: 5 })], 0);
    await store.lease("a", { max: 1, token: 1, until: 10 }, 0);
    const { messages, dead } = await store.lease("a", { max: 1, token: 1, until: 20 }, 10);
    expect([dead.map(({ id }) => id), messages.map(({ id }) => id)]).toEqual([[1], [2]]);
    await store.close();
  });

  test("nothing of a key is lent that comes after one somebody is at", async () => {
    const store = open({ ...OPTIONS, order: "key" });
    await store.send(
      [1, 2, 3].map((value) => message(value, { key: "x" })),
      0,
    );
    await store.lease("a", { max: 2, token: 1, until: 10 }, 0);
    await store.extend("a", 1, [{ id: 2, attempt: 1 }], 100);
    expect((await store.lease("a", { max: 9, token: 2, until: 50 }, 20)).messages.map(({ id }) => id)).toEqual([1]);
    await store.close();
  });

  test("no limit is a number too", async () => {
    const store = open(OPTIONS);
    await store.send([message(1), message(2)], 0);
    const max = Number.POSITIVE_INFINITY;
    expect((await store.lease("a", { max, token: 1, until: 10 }, 0)).messages.length).toBe(2);
    await store.settle("a", 1, { ...nothing, dead: [1, 2].map((id) => ({ id, attempt: 1, reason: "no" })) }, 0);
    expect((await store.deadLetters("a", max)).length).toBe(2);
    await store.close();
  });

  test("a group that is dropped holds nobody up, and its number may be another's", async () => {
    const store = open({ ...OPTIONS, capacity: 2 });
    await store.send([message(1), message(2)], 0);
    await store.lease("a", { max: 2, token: 1, until: 10 }, 0);
    await store.settle("a", 1, { ...nothing, acknowledged: [1, 2].map((id) => ({ id, attempt: 1 })) }, 0);
    expect([await store.room(), await store.fullest()]).toEqual([0, "b"]);
    await store.dropGroup("b");
    expect(await store.room()).toBe(2);
    expect(await store.send([message(3)], 1)).toEqual([{ id: 3, duplicate: false }]);
    expect((await store.lease("a", { max: 2, token: 1, until: 10 }, 1)).messages.map(({ id }) => id)).toEqual([3]);
    expect(async () => store.depth("b")).toThrow('there is no group "b"; the groups are a');
    await store.close();
  });

  test("a group that is not there is named, with those that are", async () => {
    const store = open(OPTIONS);
    expect(async () => store.lease("c", { max: 1, token: 1, until: 1 }, 0)).toThrow('there is no group "c"; the groups are a, b');
    await store.close();
  });

  test("what a group holds is counted, listed and deleted by hand", async () => {
    const store = open({ ...OPTIONS, order: "key" });
    const sent = [message("A", { key: "k" }), message("B", { key: "k" }), message("C"), message("later", { delayMs: 50 }), message("D")];
    await store.send(sent, 7);
    const quiet = { ready: 3, delayed: 1, leased: 0, behind: 1, dead: 0, oldestSentAt: 7, paused: false };
    expect(await store.survey("a")).toEqual(quiet);
    await store.lease("a", { max: 1, token: 1, until: 20 }, 8);
    await store.settle("a", 1, { ...nothing, dead: [{ id: 1, attempt: 1, reason: "no" }] }, 9);
    await store.lease("a", { max: 1, token: 1, until: 20 }, 10);
    const all = { states: ["waiting", "delayed", "working", "dead"], after: 0, limit: 10 } as const;
    const listed = await store.list("a", all);
    expect(listed.map(({ id, value, state, attempts, reason }) => [id, value, state, attempts, reason])).toEqual([
      [1, "A", "dead", 1, "no"],
      [2, "B", "working", 1, null],
      [3, "C", "waiting", 0, null],
      [4, "later", "delayed", 0, null],
      [5, "D", "waiting", 0, null],
    ]);
    expect((await store.list("a", { ...all, after: 1, limit: 2 })).map(({ id }) => id)).toEqual([2, 3]);
    expect((await store.list("a", { ...all, states: ["delayed", "dead"] })).map(({ id }) => id)).toEqual([1, 4]);
    // What is at work stays, and what is not there is nothing.
    expect(await store.remove("a", [1, 2, 3, 9])).toEqual([1, 3]);
    expect(await store.depth("a")).toEqual({ ready: 1, delayed: 1, leased: 1, behind: 0, dead: 0 });
    expect([await store.unsettled("a"), await store.unsettled("b"), await store.room()]).toEqual([3, 5, 95]);
    await store.close();
  });

  test("one that is deleted makes way for the next of its key", async () => {
    const store = open({ ...OPTIONS, order: "key" });
    await store.send([message(1, { key: "x" }), message(2, { key: "x" })], 0);
    expect(await store.remove("a", [1])).toEqual([1]);
    expect((await store.lease("a", { max: 9, token: 1, until: 10 }, 0)).messages.map(({ id }) => id)).toEqual([2]);
    await store.close();
  });

  test("nothing is lent of a group that is paused", async () => {
    const store = open(OPTIONS);
    await store.send([message(1)], 0);
    await store.pause("a", true);
    const request = { max: 9, token: 1, until: 10 };
    expect([(await store.lease("a", request, 0)).messages.length, (await store.survey("a")).paused]).toEqual([0, true]);
    expect([(await store.lease("b", request, 0)).messages.length, (await store.survey("b")).paused]).toEqual([1, false]);
    await store.pause("a", false);
    expect((await store.lease("a", request, 0)).messages.length).toBe(1);
    await store.close();
  });

  test("one that replaces another takes its place where nobody has begun that one", async () => {
    const store = open({ ...OPTIONS, capacity: 3 });
    const keyed = (value: string, delayMs = 0) => message(value, { idempotencyKey: "k", replace: true, delayMs });
    expect(await store.send([keyed("first", 100)], 0)).toEqual([{ id: 1, duplicate: false }]);
    expect(await store.send([keyed("second", 100), message("x"), message("y")], 50)).toEqual(
      [2, 3, 4].map((id) => ({ id, duplicate: false })),
    );
    expect([await store.stateOf("a", 1), await store.stateOf("a", 2), await store.nextAt("a")]).toEqual(["done", "delayed", 150]);
    // It needs no room where it makes some.
    await store.send([keyed("third")], 60);
    expect(async () => store.send([message("z")], 60)).toThrow("the queue is full");
    const taken = async (group: string) =>
      (await store.lease(group, { max: 9, token: 1, until: 900 }, 70)).messages.map(({ id, value }) => [id, value]);
    expect(await taken("a")).toEqual([
      [3, "x"],
      [4, "y"],
      [5, "third"],
    ]);
    expect(async () => store.send([keyed("fourth")], 70)).toThrow("the queue is full");
    await store.settle("a", 1, { ...nothing, acknowledged: [3, 4].map((id) => ({ id, attempt: 1 })) }, 70);
    // Group a works at the third, group b never began it.
    await store.send([keyed("fourth")], 80);
    expect([await taken("a"), (await taken("b")).map(([, value]) => value)]).toEqual([[[6, "fourth"]], ["x", "y", "fourth"]]);
    expect(await store.send([message("again", { idempotencyKey: "k" })], 90)).toEqual([{ id: 6, duplicate: true }]);
    await store.close();
  });

  test("what is released may be given a delay, which is no attempt", async () => {
    const store = open({ ...OPTIONS, order: "key" });
    await store.send([message(1, { key: "x" }), message(2, { key: "x" }), message(3)], 0);
    await store.lease("a", { max: 9, token: 1, until: 100 }, 0);
    const back = [1, 2, 3].map((id) => ({ id, attempt: 1, ...(id === 2 ? {} : { delayMs: 20 }) }));
    expect(await store.settle("a", 1, { ...nothing, released: back }, 10)).toEqual([]);
    const taken = async (now: number) => (await store.lease("a", { max: 9, token: 1, until: 900 }, now)).messages;
    expect([await taken(20), await store.nextAt("a")]).toEqual([[], 30]);
    expect((await taken(30)).map(({ id, attempt }) => [id, attempt])).toEqual([
      [1, 1],
      [3, 1],
      [2, 1],
    ]);
    await store.close();
  });

  test("headers stay with their message, whatever becomes of it, and messages without have none", async () => {
    const store = open({ ...OPTIONS, maxAttempts: 2 });
    const headers = Object.freeze({ tenant: "a", "x\n#": 'ü "\u0001' });
    const value = { at: new Date(7), text: "#{}\n!" };
    await store.send([message(value, { headers }), message("#plain")], 0);
    const leased = async (now: number) => {
      const { messages } = await store.lease("a", { max: 9, token: 1, until: now + 10 }, now);
      return messages.map((each) => [each.value, each.headers, Object.isFrozen(each.headers)]);
    };
    const both = [
      [value, headers, true],
      ["#plain", {}, true],
    ];
    expect(await leased(0)).toEqual(both);
    expect((await store.lease("b", { max: 1, token: 1, until: 10 }, 0)).messages[0]?.headers).toEqual(headers);
    await store.settle("a", 1, { ...nothing, again: [1, 2].map((id) => ({ id, attempt: 1, delayMs: 5 })) }, 1);
    expect(await leased(6)).toEqual(both);
    // Both leases have run out twice.
    expect((await store.lease("a", { max: 9, token: 1, until: 30 }, 20)).dead.map((letter) => letter.value)).toEqual([value, "#plain"]);
    const listed = await store.list("a", { states: ["dead"], after: 0, limit: 9 });
    expect(listed.map((each) => [each.value, each.headers])).toEqual([
      [value, headers],
      ["#plain", {}],
    ]);
    expect((await store.deadLetters("a", 9)).map((letter) => letter.value)).toEqual([value, "#plain"]);
    await store.redrive("a", "all", 21);
    expect(await leased(22)).toEqual(both);
    expect((await store.lease("a", { max: 9, token: 1, until: 99 }, 22)).messages.every((each) => each.headers === NO_HEADERS)).toBe(true);
    await store.close();
  });

  test("notes are kept of what is leased to the one who tells, the latest of each kind, until their time", async () => {
    const store = open(OPTIONS);
    await store.send([message(1), message(2)], 0);
    await store.lease("a", { max: 9, token: 1, until: 100 }, 0);
    const note = (id: number, about: "progress" | "result", value: unknown, attempt = 1) => ({ id, attempt, about, value });
    await store.note?.("a", 1, [note(1, "progress", { of: new Date(5) }), note(2, "result", undefined)], 50, 1);
    // Neither another's message, nor that of an attempt that is over.
    await store.note?.("a", 2, [note(1, "progress", "stranger")], 50, 1);
    await store.note?.("a", 1, [note(1, "progress", "earlier", 2)], 50, 1);
    const noted = (id: number, about: "progress" | "result", now = 2, group = "a") => store.noted?.(group, id, about, now);
    expect(await noted(1, "progress")).toMatchObject({ value: { of: new Date(5) }, revision: 1 });
    expect([await noted(2, "result"), await noted(1, "result"), await noted(1, "progress", 2, "b")]).toMatchObject([
      { value: undefined, revision: 1 },
      null,
      null,
    ] as never);
    await store.note?.("a", 1, [note(1, "progress", 7)], 60, 2);
    await store.settle("a", 1, { ...nothing, acknowledged: [{ id: 1, attempt: 1 }] }, 3);
    await store.note?.("a", 1, [note(1, "progress", "too late")], 70, 3);
    expect(await noted(1, "progress", 59)).toMatchObject({ value: 7, revision: 2 });
    expect([await noted(1, "progress", 60), await noted(2, "result", 50)]).toEqual([null, null]);
    await store.close();
  });

  test("tokens of a bucket are everyone's: as many at once as it holds, then as many as come in a time", async () => {
    const store = open(OPTIONS);
    if (store.takeTokens === undefined) return;
    const rule = { perSecond: 100, burst: 3 };
    const take = (bucket: string, want: number, now: number, group = "a") => store.takeTokens?.(group, bucket, rule, want, now);
    expect([await take("x", 2, 0), await take("x", 2, 0)]).toEqual([
      { taken: 2, waitMs: 0 },
      { taken: 1, waitMs: 0 },
    ]);
    expect([await take("x", 2, 0), await take("x", 1, 4)]).toEqual([
      { taken: 0, waitMs: 10 },
      { taken: 0, waitMs: 6 },
    ]);
    expect([await take("x", 9, 10), await take("y", 9, 10), await take("x", 9, 10, "b"), await take("x", 9, 1000)]).toMatchObject([
      { taken: 1 },
      { taken: 3 },
      { taken: 3 },
      { taken: 3 },
    ] as never);
    await store.dropGroup("a");
    await store.close();
  });

  test("priorities age: a long wait counts as much as a step", async () => {
    const store = open({ ...OPTIONS, agingMs: 100 });
    const send = (id: string, priority: number, now: number) => store.send([message(id, { priority })], now);
    await send("low", 0, 1000);
    await send("high", 2, 1150);
    await send("lower", -1, 1000);
    await send("late and high", 2, 1201);
    const { messages } = await store.lease("a", { max: 9, token: 1, until: 2000 }, 1300);
    expect(messages.map(({ value, priority }) => [value, priority])).toEqual([
      ["high", 2],
      ["low", 0],
      ["late and high", 2],
      ["lower", -1],
    ]);
    await store.settle("a", 1, { ...nothing, released: [1, 4].map((id) => ({ id, attempt: 1 })) }, 1300);
    expect((await store.lease("a", { max: 9, token: 1, until: 2000 }, 1300)).messages.map(({ value }) => value)).toEqual([
      "low",
      "late and high",
    ]);
    await store.close();
  });
});

describe.each([...KINDS])("F-4 MessageQueue $kind", ({ queue: place, runs }) => {
  const open = <T>(changes: MessageQueueOptions = {}) => {
    const options = { onFailure: () => {}, ...place(), ...changes };
    return options.redis === undefined ? MessageQueue.open<T>("q", options) : redis.queue<T>(options);
  };

  test("every group gets every message, the consumers of a group share them", async () => {
    await using queue = open<number>({ groups: ["mail", "audit"] });
    const got = { mail: [] as number[], audit: [] as number[] };
    const done = Promise.withResolvers<void>();
    const take = (group: "mail" | "audit") => async (message: { value: number }) => {
      got[group].push(message.value);
      if (got.mail.length + got.audit.length === 400) done.resolve();
    };
    for (let i = 0; i < 3; i++) queue.consume(take("mail"), { group: "mail", batch: 7, concurrency: 2 });
    queue.consume(take("audit"), { group: "audit" });
    const numbers = Array.from({ length: 200 }, (_, i) => i);
    await Promise.all(numbers.map((n) => queue.send(n)));
    await done.promise;
    expect(got.mail.sort((a, b) => a - b)).toEqual(numbers);
    expect(got.audit.sort((a, b) => a - b)).toEqual(numbers);
  });

  test("a message that fails is tried again with backoff, then a dead letter; GiveUp is one at once", async () => {
    const timers = new VirtualTimers();
    const queue = open<string>({ timers, maxAttempts: 3, backoff: { backoff: "exponential", baseDelay: 100, jitter: "none" }, pollMs: 10 });
    const tries: [string, number, number][] = [];
    queue.consume(({ value, attempt }) => {
      tries.push([value, attempt, timers.now()]);
      if (value === "hopeless") throw new GiveUp("no hope");
      if (value === "poison" || attempt < 2) throw new Error(`attempt ${attempt}`);
    });
    await timers.run(Promise.all(["poison", "shaky", "hopeless"].map((value) => queue.send(value))));
    await timers.advance(2000);
    const of = (wanted: string) => tries.filter(([value]) => value === wanted).map(([, attempt]) => attempt);
    expect([of("poison"), of("shaky"), of("hopeless")]).toEqual([[1, 2, 3], [1, 2], [1]]);
    const times = tries.filter(([value]) => value === "poison").map(([, , at]) => at);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(100);
    expect((times[2] ?? 0) - (times[1] ?? 0)).toBeGreaterThanOrEqual(200);
    expect((await queue.deadLetters()).map(({ value, reason, attempts }) => [value, reason, attempts])).toEqual([
      ["hopeless", "no hope", 1],
      ["poison", "attempt 3", 3],
    ]);
    expect(queue.stats().consumers[0]).toMatchObject({ acknowledged: 1, retried: 3, dead: 2 });
    await timers.run(queue.stop());
  });

  test("priorities go first, delays wait for their time", async () => {
    const timers = new VirtualTimers();
    const queue = open<string>({ timers, pollMs: 10 });
    await timers.run(
      Promise.all([
        queue.send("plain"),
        queue.send("late", { delayMs: 500 }),
        queue.send("urgent", { priority: 5 }),
        queue.send("idle", { priority: -1 }),
      ]),
    );
    const got: [string, number][] = [];
    queue.consume(({ value }) => void got.push([value, timers.now()]));
    await timers.advance(400);
    expect(got.map(([value]) => value)).toEqual(["urgent", "plain", "idle"]);
    await timers.advance(200);
    expect(got[3]?.[0]).toBe("late");
    await timers.run(queue.stop());
  });

  test("keys keep their order through retries, crashes of handlers and many consumers; others overtake", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("a", "b", "c", "d", null), { minLength: 1, maxLength: 60 }),
        fc.array(fc.record({ concurrency: fc.integer({ min: 1, max: 4 }), batch: fc.integer({ min: 1, max: 9 }) }), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.nat(99),
        async (keys, consumers, seed) => {
          const timers = new VirtualTimers();
          const queue = open<number>({ timers, order: "key", maxAttempts: 4, backoff: { baseDelay: 5 }, pollMs: 3, visibilityMs: 50 });
          const sent = queue.sendAll(
            keys.map((_, i) => i),
            (i) => (keys[i] === null ? {} : { key: keys[i] as string }),
          );
          await timers.run(sent);
          const finished: number[] = [];
          const began: number[] = [];
          for (const options of consumers)
            queue.consume(async ({ value, attempt }) => {
              began.push(value);
              const luck = (value * 7 + attempt * 13 + seed) % 10;
              await new Promise<void>((resolve) => timers.after(luck, resolve));
              if (luck < 3) throw new Error("unlucky");
              finished.push(value);
            }, options);
          for (let i = 0; i < 400 && finished.length + (await queue.deadLetters("default", 999)).length < keys.length; i++)
            await timers.advance(10);
          const dead = new Set((await queue.deadLetters("default", 999)).map(({ value }) => value));
          expect(finished.length + dead.size).toBe(keys.length);
          for (const key of ["a", "b", "c", "d"]) {
            const mine = finished.filter((i) => keys[i] === key);
            expect(mine).toEqual([...mine].sort((a, b) => a - b));
            // None was begun before the one ahead of it was through, or dead.
            for (let i = 1; i < began.length; i++) {
              const value = began[i] as number;
              if (keys[value] !== key) continue;
              for (const before of began.slice(0, i)) if (keys[before] === key) expect(before).toBeLessThanOrEqual(value);
            }
          }
          await timers.run(queue.stop());
        },
      ),
      { numRuns: rounds(Math.ceil(runs / 5)) },
    );
  });

  test("a full queue makes senders wait, in their order, or says so", async () => {
    await using waits = open<number>({ capacity: 5, pollMs: 2 });
    const sends = Array.from({ length: 20 }, (_, i) => waits.send(i));
    await Promise.all(sends.slice(0, 5));
    expect((await waits.depth()).ready).toBe(5);
    const got: number[] = [];
    waits.consume(({ value }) => void got.push(value), { batch: 2 });
    await Promise.all(sends);
    while (got.length < 20) await new Promise((resolve) => setImmediate(resolve));
    expect(got).toEqual(Array.from({ length: 20 }, (_, i) => i));
    await using refuses = open<number>({ capacity: 2, whenFull: "reject" });
    const results = await Promise.allSettled([refuses.sendAll([1, 2]), refuses.sendAll([3])]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  });

  test("what is full takes in nothing more, says so, and can be emptied: retries and dead letters, too", async () => {
    const where = place();
    // A Redis that is full is one of its own: see queue-redis.test.ts.
    if (where.redis !== undefined) return;
    const timers = new VirtualTimers();
    const [limit, problem] = where.file === undefined ? [{ capacity: 50 }, "full"] : [{ maxBytes: 400_000 }, "disk full"];
    const backoff = { baseDelayMs: 5, jitter: "none" as const };
    const queue = open<string>({ ...where, timers, whenFull: "reject", pollMs: 5, maxAttempts: 2, backoff, ...limit });
    const fill = async (text: string) => (await timers.run(queue.send(text).catch((error) => error))) as { problem?: string };
    let sent = 0;
    let refused: { problem?: string } = {};
    while (refused.problem === undefined && sent < 1000) {
      refused = await fill(`${sent % 9 === 0 ? "dead" : sent % 5 === 0 ? "again" : "good"} ${"x".repeat(5000)}`);
      if (refused.problem === undefined) sent++;
    }
    expect([refused.problem, sent > 30, (await queue.depth()).ready]).toEqual([problem, true, sent]);
    let handled = 0;
    queue.consume(({ value, attempt }) => {
      if (value.startsWith("dead") || (value.startsWith("again") && attempt === 1)) throw new Error("no");
      handled++;
    });
    await timers.advance(500);
    const dead = Math.ceil(sent / 9);
    expect([handled, await queue.depth()]).toEqual([sent - dead, { ready: 0, delayed: 0, leased: 0, behind: 0, dead }]);
    expect([await fill("good again"), queue.health()]).toEqual([expect.objectContaining({ duplicate: false }), { status: "up" }]);
    await timers.advance(50);
    expect(handled).toBe(sent - dead + 1);
    await timers.run(queue.stop());
  });

  test("a handler that never returns: others go on, statistics say so, stop ends by its deadline, the message comes again", async () => {
    const timers = new VirtualTimers();
    const queue = open<number>({ timers, visibilityMs: 900, pollMs: 100 });
    await timers.run(queue.sendAll([0, 1, 2, 3]));
    const got: number[] = [];
    const aborted: number[] = [];
    const first = queue.consume(
      ({ value, signal }) => {
        if (value !== 0) return void got.push(value);
        signal.addEventListener("abort", () => aborted.push(value));
        return new Promise(() => {});
      },
      { concurrency: 2 },
    );
    await timers.advance(40_000);
    expect(got).toEqual([1, 2, 3]);
    expect(first.stats()).toMatchObject({ running: 1, acknowledged: 3, lost: 0 });
    expect(queue.health().detail).toStartWith("consumer 1 has been at one message for 40");
    expect(await queue.stateOf(1)).toBe("working");
    const stopping = first.stop(100);
    await timers.advance(100);
    await stopping;
    expect(aborted).toEqual([0]);
    const again: number[] = [];
    queue.consume(({ attempt }) => void again.push(attempt));
    await timers.advance(2000);
    expect(again).toEqual([2]);
    await timers.run(queue.stop());
  });

  test("what is sent wrongly is named", async () => {
    await using queue = open<number>({ order: "key" });
    expect(queue.send(1, { priority: 1.5 })).rejects.toThrow("priority: must be a whole number from -1000 to 1000, got 1.5");
    expect(queue.send(1, { delayMs: -1 })).rejects.toThrow("delayMs: must be 0 or more, got -1");
    expect(queue.send(1, { delayMs: 1e13 })).rejects.toThrow("delayMs: must be at most 1000000000000, got 10000000000000");
    const long = "k".repeat(1000);
    expect(queue.send(1, { key: long })).rejects.toThrow("key: must be a text of 1 to 512 characters, got 1000 characters");
    expect(queue.send(1, { key: "" })).rejects.toThrow("key: must be a text of 1 to 512 characters, got 0");
    expect(queue.send(1, { key: "k", priority: 1 })).rejects.toThrow("keeps its place");
    const failures: FlowFailure[] = [];
    queue.onFailure((failure) => failures.push(failure));
    expect(failures).toEqual([]);
  });

  test("a value arrives as it was sent, whatever its kind", async () => {
    await using queue = open<unknown>({ pollMs: 2 });
    const odd = Object.assign(new TypeError("boom", { cause: new Map([["at", 1]]) }), { code: "E_BOOM" });
    const values: readonly unknown[] = [
      { text: "\ud800", list: [1, null, undefined, true], none: undefined },
      { nan: Number.NaN, infinite: -Infinity, zero: -0, big: -(2n ** 70n) },
      new Date(5),
      new Map<unknown, unknown>([[{ key: 1 }, new Set([new Date(0)])]]),
      [new Uint8Array([1, 255]), new Float64Array([0.1]), new BigInt64Array([-1n]), new ArrayBuffer(2), Buffer.from("é")],
      [odd, /a"b/gu],
      [{ $date: 0 }, { $object: new Date(0) }],
      JSON.parse('{"__proto__":{"polluted":true},"other":1}'),
    ];
    await queue.sendAll(values);
    const got: unknown[] = [];
    const done = Promise.withResolvers<void>();
    queue.consume(({ value }) => got.push(value) === values.length && done.resolve());
    await done.promise;
    for (const [i, value] of values.entries()) expect(Bun.deepEquals(got[i], value, true)).toBe(true);
    expect((got[5] as [Error])[0].stack).toBe(odd.stack as string);
  });

  test("what no copy keeps is refused by its name and place, and nothing is sent", async () => {
    await using queue = open<unknown>();
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    const unfit: readonly (readonly [unknown, string])[] = [
      [() => {}, "a message cannot carry a function"],
      [{ items: [1, { by: Symbol("s") }] }, "a message cannot carry a symbol (at value.items[1].by)"],
      [{ at: new URL("http://a/") }, "a message cannot carry an instance of URL, which has no fields to copy (at value.at)"],
      [[Promise.resolve()], "a message cannot carry an instance of Promise, which has no fields to copy (at value[0])"],
      [loop, "a message cannot carry what is nested more than 500 deep or refers to itself"],
    ];
    for (const [value, sentence] of unfit) {
      expect(await queue.send(value).catch(String)).toBe(`QueueError: ${sentence}`);
      // Also behind another that is on its way.
      const other = queue.send(0);
      expect(await queue.sendAll([1, value, 3]).catch(String)).toBe(`QueueError: ${sentence}`);
      await other;
    }
    expect((await queue.depth()).ready).toBe(unfit.length);
  });

  test("the size of a message is limited by an option, in bytes as text", async () => {
    await using queue = open<unknown>({ maxMessageBytes: 20 });
    await queue.send("é".repeat(9));
    expect(await queue.send("é".repeat(10)).catch(String)).toBe("QueueError: a message may be 20 bytes as text, this one has 22");
    await queue.send([1, 2, 3, 4, 5, 6]);
    expect(await queue.send(new Uint8Array(20)).catch(({ problem }) => problem)).toBe("invalid");
  });

  test("sender, groups and attempts each have a copy of their own", async () => {
    const timers = new VirtualTimers();
    const queue = open<{ n: number; tags: string[] }>({ timers, groups: ["a", "b"], maxAttempts: 2, backoff: { baseDelay: 1 }, pollMs: 5 });
    const seen: [string, number, number][] = [];
    for (const group of ["a", "b"])
      queue.consume(
        ({ value, attempt }) => {
          seen.push([group, attempt, value.n + value.tags.length]);
          value.n += 10;
          value.tags.push(group);
          throw new Error("again");
        },
        { group },
      );
    const mine = { n: 1, tags: [] as string[] };
    const sent = queue.send(mine);
    mine.n = 7;
    await timers.run(sent);
    await timers.advance(100);
    expect(seen.map((each) => each.join(" ")).sort()).toEqual(["a 1 1", "a 2 1", "b 1 1", "b 2 1"]);
    const letters = await queue.deadLetters("a");
    (letters[0] as { value: { n: number } }).value.n = 99;
    expect([mine, (await queue.deadLetters("a"))[0]?.value]).toEqual([
      { n: 7, tags: [] },
      { n: 1, tags: [] },
    ]);
    await timers.run(queue.stop());
  });

  test("values are passed on as they are where that is asked for, which neither a file nor Redis can", async () => {
    const values = "shared" as const;
    if (Object.keys(place()).length > 0) return expect(() => open({ values })).toThrow("values: must be copied, got shared");
    await using queue = open<object>({ values });
    const mine = { call: () => {} };
    const got = Promise.withResolvers<object>();
    queue.consume(({ value }) => got.resolve(value));
    await queue.send(mine);
    expect(await got.promise).toBe(mine);
  });

  test("a handler is told the headers as they were when their message was sent, and hands its trace on", async () => {
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const options = { groups: ["first", "second"], backoff: { baseDelayMs: 1, jitter: "none" as const }, pollMs: 1 };
    await using queue = open<string>(options);
    await using answers = open<string>();
    const seen: string[] = [];
    const done = Promise.withResolvers<void>();
    answers.consume(({ value, headers }) => {
      seen.push(`${value} ${JSON.stringify(headers)}`);
      if (seen.length === 6) done.resolve();
    });
    for (const group of options.groups)
      queue.consume(
        async ({ value, headers, attempt }) => {
          expect(() => Object.assign(headers, { tenant: group })).toThrow();
          if (attempt === 1) throw new Error("later");
          await answers.send(`${group} ${value} ${headers["tenant"]}`, { headers: { of: group } });
        },
        { group },
      );
    const headers = { tenant: "a", traceparent };
    const sent = queue.send("one", { headers });
    headers.tenant = "changed";
    await sent;
    await queue.sendAll(["two", "three"], (value) => (value === "two" ? { headers } : {}));
    await done.promise;
    expect(seen.sort()).toEqual(
      options.groups.flatMap((of) => [
        `${of} one a ${JSON.stringify({ of, traceparent })}`,
        `${of} three undefined ${JSON.stringify({ of })}`,
        `${of} two changed ${JSON.stringify({ of, traceparent })}`,
      ]),
    );
  });

  test("what a handler returns is its message's result, for who waits here or elsewhere; its progress is told meanwhile", async () => {
    const where = place();
    const settings = { ...where, groups: ["work", "audit"], resultMs: 60_000, pollMs: 1, onFailure: () => {} };
    await using queue = open<number>(settings);
    const steps: (() => void)[] = [];
    const step = async () => {
      while (steps.length === 0) await Bun.sleep(1);
      steps.shift()?.();
    };
    queue.consume(async (held) => {
      for (let step = 1; step <= held.value; step++) {
        await new Promise<void>((resolve) => steps.push(resolve));
        await held.progress({ step });
      }
      return { total: held.value, at: new Date(7) };
    });
    queue.consume(({ value }) => value * 2, { group: "audit" });
    const seen: unknown[] = [];
    // From another process, as it were, where there is a file.
    const elsewhere = Object.keys(where).length === 0 ? null : open<number>(settings);
    const { id } = await queue.send(2);
    const result = (elsewhere ?? queue).result(id, { onProgress: (value) => seen.push(value) });
    expect(await queue.progress(id)).toBeUndefined();
    await step();
    while (seen.length === 0) await Bun.sleep(1);
    await step();
    expect(await result).toEqual({ total: 2, at: new Date(7) });
    expect(seen).toEqual([{ step: 1 }, { step: 2 }]);
    expect([await queue.progress(id), await queue.result(id, { group: "audit" })]).toEqual([{ step: 2 }, 4]);
    await elsewhere?.stop();
  });

  test("there is no result of what was given up, deleted, or is over; none where none are kept", async () => {
    const timers = new VirtualTimers();
    const failures: unknown[] = [];
    const onFailure = ({ error }: FlowFailure) => failures.push(error);
    const queue = open<string>({ timers, resultMs: 1000, maxMessageBytes: 30, pollMs: 10, maxAttempts: 1, onFailure });
    queue.consume((held) => {
      const { value } = held;
      if (value === "bad") throw new Error("no such mailbox");
      // Not waited for.
      void held.progress("nearly there");
      if (value === "odd") return { of: [1, () => {}] };
      return value === "long" ? Promise.resolve("x".repeat(40)) : Promise.resolve(value.length);
    });
    const ids = await timers.run(Promise.all(["bad", "odd", "long", "good"].map((value) => queue.send(value).then(({ id }) => id))));
    const [bad = 0, odd = 0, long = 0, good = 0] = ids;
    const late = await timers.run(queue.send("deleted", { delayMs: 99_999 }));
    const outcome = (id: number) => timers.run(queue.result(id).catch((error: unknown) => error));
    expect(await outcome(bad)).toMatchObject({ name: "DeadLetterError", letter: { id: bad, value: "bad", reason: "no such mailbox" } });
    const carries = "a message cannot carry a function (at value.of[1])";
    expect(failures.map(String)).toContain(`QueueError: ${carries}`);
    expect(await outcome(odd)).toMatchObject({ problem: "invalid", message: `the result of message ${odd} could not be kept: ${carries}` });
    expect(String(await outcome(long))).toEndWith("could not be kept: a message may be 30 bytes as text, this one has 42");
    await timers.run(queue.cancel(late.id));
    expect(String(await outcome(late.id))).toContain(`there is no result of message ${late.id}`);
    expect(await outcome(good)).toBe(4);
    expect(await timers.run(queue.progress(good))).toBe("nearly there");
    await timers.advance(1001);
    for (const id of [good, odd]) expect(String(await outcome(id))).toContain(`there is no result of message ${id}`);
    await timers.run(queue.stop());
    await using plain = open<number>();
    plain.consume((held) => held.progress(1));
    const { id } = await plain.send(1);
    expect(plain.result(id)).rejects.toThrow("result: needs the queue's option resultMs");
    expect(plain.progress(id)).rejects.toThrow("progress: needs the queue's option resultMs");
  });

  test("headers that are none, or too many, are named", async () => {
    await using queue = open<number>({ maxMessageBytes: 50 });
    for (const [headers, sentence] of [
      [{ a: 1 }, "headers.a: must be a text, got 1"],
      [["a"], "headers: must be an object of names and texts, got a"],
      [{ a: "ü".repeat(30) }, "headers: may be 50 bytes as text, these have 68"],
    ] as const)
      expect(await queue.send(1, { headers: headers as never }).catch(String)).toMatch(
        new RegExp(`^(RangeError|QueueError): ${sentence}$`),
      );
    expect((await queue.depth()).ready).toBe(0);
  });

  test("a message can be logged as JSON", async () => {
    await using queue = open<unknown>({ pollMs: 2 });
    const logged = Promise.withResolvers<string>();
    queue.consume((message) => logged.resolve(JSON.stringify(message)));
    await queue.send({ n: 2n, at: new Date(0) }, { key: "k", idempotencyKey: "once" });
    expect(JSON.parse(await logged.promise)).toMatchObject({
      ...{ id: 1, value: { n: { $bigint: "2" }, at: { $date: 0 } }, group: "default", key: "k", priority: 0, attempt: 1 },
      idempotencyKey: "once",
    });
  });

  test("a sender gives up by its signal: while it waits, and before it begins", async () => {
    await using queue = open<number>({ capacity: 1, pollMs: 2 });
    await queue.send(0);
    const [gone, stays] = [new AbortController(), new AbortController()];
    const rejected = Promise.allSettled([
      queue.send(1, { signal: gone.signal }),
      queue.sendAll([2, 3], { signal: gone.signal }),
      queue.send(4, { signal: AbortSignal.abort("before") }),
    ]);
    const waiting = queue.send(5, { signal: stays.signal });
    await new Promise((resolve) => setImmediate(resolve));
    gone.abort("client left");
    expect((await rejected).map((each) => (each as PromiseRejectedResult).reason)).toEqual(["client left", "client left", "before"]);
    const got: number[] = [];
    queue.consume(({ value }) => got.push(value));
    await waiting;
    stays.abort("too late");
    while (got.length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect([got, queue.stats().sent]).toEqual([[0, 5], 2]);
  });

  test.each([1, 5])("the lease of a living consumer does not run out where the thread is held, maxAttempts %i", async (maxAttempts) => {
    const timers = new VirtualTimers();
    const queue = open<string>({ timers, visibilityMs: 120, maxAttempts, pollMs: 10 });
    const begun: string[] = [];
    const handle = ({ value }: { value: string }) => {
      begun.push(value);
      if (value === "holds") timers.hold(300);
      return new Promise((resolve) => timers.after(value === "long" ? 600 : 1, () => resolve(null)));
    };
    const consumers = [queue.consume(handle, { concurrency: 2 }), queue.consume(handle)];
    await timers.run(queue.sendAll(["long", "holds", "other", "another"]));
    await timers.advance(200);
    timers.hold(1000);
    await timers.run(queue.send("last"));
    await timers.advance(2000);
    expect(begun.sort()).toEqual(["another", "holds", "last", "long", "other"]);
    expect(consumers.map((consumer) => consumer.stats()["lost"])).toEqual([0, 0]);
    expect(await queue.depth()).toEqual({ ready: 0, delayed: 0, leased: 0, behind: 0, dead: 0 });
    await timers.run(queue.stop());
  });

  test.each([3_600_000, -3_600_000])("a wall clock set by %i ms ends no lease and holds up no retry", async (ms) => {
    const timers = new VirtualTimers();
    const queue = open<string>({ timers, pollMs: 10, backoff: { baseDelay: 100, jitter: "none" } });
    const begun: [string, number][] = [];
    queue.consume(
      ({ value, attempt }) => {
        begun.push([value, timers.now()]);
        if (value === "fails" && attempt === 1) throw new Error("once");
        return new Promise((resolve) => timers.after(value === "long" ? 500 : 1, () => resolve(null)));
      },
      { concurrency: 2 },
    );
    await timers.run(queue.sendAll(["long", "fails"]));
    await timers.run(queue.send("later", { delayMs: 200 }));
    await timers.advance(20);
    timers.setWall(ms);
    await timers.run(queue.send("next"));
    await timers.advance(1000);
    const of = (value: string) => begun.filter(([each]) => each === value).map(([, at]) => at);
    expect([of("long").length, of("next").length, of("fails").length]).toEqual([1, 1, 2]);
    expect((of("fails")[1] ?? 0) - (of("fails")[0] ?? 0)).toBeWithin(100, 130);
    expect(of("later")[0]).toBeWithin(200, 230);
    await timers.run(queue.stop());
  });

  test("orderly stops burn no attempts: a handler that ends at its signal is settled or put back", async () => {
    const timers = new VirtualTimers();
    const queue = open<string>({ timers, visibilityMs: 1000, maxAttempts: 2, pollMs: 5 });
    const attempts: number[] = [];
    queue.consume(
      async ({ value, attempt, signal }) => {
        attempts.push(attempt);
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        // Cleaning up takes a while.
        await new Promise<void>((resolve) => timers.after(5, resolve));
        if (value === "throws") throw signal.reason;
      },
      { concurrency: 2 },
    );
    await timers.run(queue.sendAll(["throws", "ends"]));
    for (let round = 0; round < 4; round++) {
      await timers.advance(10);
      const from = timers.now();
      await timers.run(queue.stop({ deadlineMs: 40 }));
      expect(timers.now() - from).toBeLessThanOrEqual(40);
      queue.start();
    }
    await timers.advance(10);
    expect(attempts).toEqual([1, 1, 1, 1, 1, 1]);
    expect(await queue.depth()).toMatchObject({ leased: 1, dead: 0 });
    await timers.run(queue.stop({ deadlineMs: 40 }));
  });

  test("a caller waits for a message to be settled, and for all of them", async () => {
    const timers = new VirtualTimers();
    const queue = open<string>({ timers, groups: ["a", "b"], maxAttempts: 1, pollMs: 5 });
    const [good, bad] = await timers.run(queue.sendAll(["good", "bad"]));
    const told: string[] = [];
    const note = (what: string) => (end: unknown) => told.push(`${what} ${end instanceof Error ? end.name : end}`);
    void queue.settled(good?.id ?? 0, { group: "a" }).then(note("good in a"));
    void queue.settled(good?.id ?? 0).then(note("good"));
    void queue.settled(bad?.id ?? 0).then(note("bad"));
    void queue.drained().then(note("drained"));
    void queue.settled(99).catch(note("99"));
    void queue.drained({ signal: AbortSignal.abort("no time") }).catch(note("aborted"));
    const handle = ({ value }: { value: string }) => {
      if (value === "bad") throw new Error("no");
    };
    await timers.advance(20);
    queue.consume(handle, { group: "a" });
    await timers.advance(20);
    expect(told.sort()).toEqual(["99 RangeError", "aborted no time", "good in a done"]);
    queue.consume(handle, { group: "b" });
    await timers.advance(20);
    expect(told.slice(3).sort()).toEqual(["bad dead", "drained undefined", "good done"]);
    const late = queue.settled((await timers.run(queue.send("good", { delayMs: 1000 }))).id).catch(note("late"));
    await timers.run(queue.stop());
    await late;
    expect(told.at(-1)).toBe("late Stopped");
  });

  test("statistics tell each group's depth, its oldest message, and what consumers did, those that were stopped too", async () => {
    const timers = new VirtualTimers();
    const queue = open<number>({ timers, groups: ["a", "b"], maxAttempts: 2, backoff: { baseDelay: 10, jitter: "none" }, pollMs: 5 });
    await timers.run(queue.sendAll([1, 2, 3]));
    const consumer = queue.consume(
      ({ value }) => {
        if (value === 2) throw new Error("no");
      },
      { group: "a" },
    );
    await timers.advance(100);
    await timers.run(consumer.stop());
    await queue.pause("b");
    await timers.advance(400);
    // A store that takes its time to answer is looked at for the next who asks.
    queue.stats();
    await timers.advance(0);
    const { groups, acknowledged, retried, dead, lost } = queue.stats();
    expect({ acknowledged, retried, dead, lost }).toEqual({ acknowledged: 2, retried: 1, dead: 1, lost: 0 });
    const empty = { ready: 0, delayed: 0, leased: 0, behind: 0, dead: 0, oldestMs: null, paused: false };
    expect(groups).toEqual([
      { ...empty, name: "a", dead: 1 },
      { ...empty, name: "b", ready: 3, oldestMs: expect.any(Number), paused: true },
    ]);
    expect(groups[1]?.oldestMs).toBeWithin(500, 600);
    await timers.run(queue.stop());
    expect(queue.stats().groups[1]?.ready).toBe(3);
  });

  test("messages are listed, cancelled, purged and redriven by what they hold; a paused group waits", async () => {
    const timers = new VirtualTimers();
    const queue = open<{ n: number }>({ timers, maxAttempts: 1, pollMs: 5, capacity: 6 });
    await timers.run(
      queue.sendAll(
        [1, 2, 3, 4, 5, 6].map((n) => ({ n })),
        ({ n }) => (n === 6 ? { delayMs: 5000 } : {}),
      ),
    );
    const waiting = timers.run(queue.send({ n: 7 }));
    expect((await queue.list({ limit: 2, after: 1 })).map(({ value }) => value.n)).toEqual([2, 3]);
    expect((await queue.list({ state: "delayed" })).map(({ value }) => value.n)).toEqual([6]);
    expect([await queue.cancel(6), await queue.cancel(6), await queue.cancel(99)]).toEqual([true, false, false]);
    await waiting;
    expect(await queue.purge({ where: ({ value }) => value.n === 2 })).toBe(1);
    expect(queue.list({ state: "gone" as never })).rejects.toThrow("state: must be waiting or delayed or working or dead, got gone");
    const seen: number[] = [];
    queue.consume(({ value }) => {
      seen.push(value.n);
      if (value.n % 2 === 1 && seen.length <= 5) throw new Error("odd");
    });
    await timers.advance(50);
    expect(seen).toEqual([1, 3, 4, 5, 7]);
    await queue.pause();
    expect(await queue.redrive("default", ({ value, reason }) => value.n > 2 && reason === "odd")).toBe(3);
    await timers.advance(50);
    expect(seen.length).toBe(5);
    await queue.resume();
    await timers.advance(50);
    expect(seen.slice(5)).toEqual([3, 5, 7]);
    expect(await queue.purge({ state: "dead" })).toBe(1);
    expect((await queue.depth()).dead).toBe(0);
    await timers.run(queue.stop());
  });

  test("a delayed message is replaced by the next with its key", async () => {
    const timers = new VirtualTimers();
    const queue = open<string>({ timers, pollMs: 5 });
    const got: [string, number][] = [];
    queue.consume(({ value }) => void got.push([value, timers.now()]));
    for (const text of ["a", "ab", "abc"]) {
      await timers.run(queue.send(text, { idempotencyKey: "draft", replace: true, delayMs: 100 }));
      await timers.advance(50);
    }
    await timers.advance(500);
    expect(got.map(([text]) => text)).toEqual(["abc"]);
    expect(got[0]?.[1]).toBeWithin(200, 215);
    expect(queue.send("x", { replace: true })).rejects.toThrow("replace: needs an idempotencyKey, which says what is replaced");
    await timers.run(queue.stop());
  });

  test.each(["group", "key"] as const)("a rate limit by %s: handlers begin no faster, and nothing is lost or tried again", async (by) => {
    const timers = new VirtualTimers();
    const rateLimits = { default: { max: 2, perMs: 100, by } };
    const where = place();
    const queue = open<string>({ ...where, timers, pollMs: 5, rateLimits });
    // In another process, as it were, where there is a file.
    const other = Object.keys(where).length === 0 ? queue : open<string>({ ...where, timers, pollMs: 5, rateLimits });
    const keys = [..."xxxxxxxxyyyy"];
    await timers.run(
      queue.sendAll(
        keys.map((key, i) => `${key}${i}`),
        (value) => ({ key: value.charAt(0) }),
      ),
    );
    const begun: { key: string; at: number; attempt: number }[] = [];
    for (const each of [queue, other])
      each.consume(({ value, attempt }) => void begun.push({ key: value.charAt(0), at: timers.now(), attempt }), { concurrency: 3 });
    await timers.advance(1000);
    const most = by === "group" ? begun : begun.filter(({ key }) => key === "x");
    for (const [i, { at }] of most.entries()) expect(at - (most[i - 3]?.at ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(45);
    expect([begun.length, begun.every(({ attempt }) => attempt === 1)]).toEqual([keys.length, true]);
    const last = Math.max(...begun.map(({ at }) => at));
    expect(last).toBeWithin(by === "group" ? 490 : 290, by === "group" ? 650 : 450);
    await timers.run(Promise.all([queue.stop(), other.stop()]));
  });

  test("schedules send on time, once for all who have them, while the queue runs", async () => {
    const timers = new VirtualTimers();
    const where = place();
    const [queue, other] = [open<string>({ ...where, timers, pollMs: 60_000 }), open<string>({ ...where, timers, pollMs: 60_000 })];
    const got: [string, number][] = [];
    queue.consume(({ value }) => void got.push([value, timers.wall()]));
    const schedules = [queue, ...(Object.keys(where).length === 0 ? [] : [other])].map((each) => {
      each.schedule("night", { cron: "0 3 * * *", timeZone: "UTC" }, "night");
      return each.schedule("hour", { everyMs: 3_600_000 }, (due) => `hour ${due.getUTCHours()}`);
    });
    expect(() => queue.schedule("hour", { everyMs: 1 }, "x")).toThrow('schedule: there is one with the name "hour" already');
    // 22:13:20 UTC on 14 November 2023.
    expect(schedules[0]?.nextAt).toBe(Date.UTC(2023, 10, 14, 23));
    await timers.advance(5 * 3_600_000);
    expect(got.map(([value]) => value).sort()).toEqual(["hour 0", "hour 1", "hour 2", "hour 23", "hour 3", "night"]);
    expect(got[0]?.[1]).toBeWithin(Date.UTC(2023, 10, 14, 23), Date.UTC(2023, 10, 14, 23, 2));
    for (const each of schedules) each.stop();
    timers.hold(3 * 86_400_000);
    await timers.advance(180_000);
    // Of three nights that were missed, the last is made up for.
    expect(got.slice(6).map(([value]) => value)).toEqual(["night"]);
    await timers.run(Promise.all([queue.stop(), other.stop()]));
    expect(timers.pending).toBe(0);
  });
});
