import { describe, expect, test } from "bun:test";
import { GroupPace } from "../../../../src/flows/message-queue/consumer/group-pace.ts";
import { type Buckets, GroupLimit } from "../../../../src/flows/message-queue/rate-limits.ts";
import { bucketsOf, SharedBuckets } from "../../../../src/flows/message-queue/shared-buckets.ts";
import type { QueueStore, Tokens } from "../../../../src/flows/message-queue/store.ts";
import { TokenBuckets } from "../../../../src/resilience/token-bucket.ts";
import { settled } from "../../../support/virtual-timers.ts";

/** Shared buckets over a store that answers as it is told, and what it was asked. */
function shared(perSecond: number, ...answers: readonly (Tokens | Promise<Tokens> | Error)[]) {
  const asked: [name: string, want: number, now: number][] = [];
  const takeTokens = (_: string, name: string, __: unknown, want: number, now: number) => {
    const answer = answers[asked.length];
    asked.push([name, want, now]);
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error("not expected");
    return answer;
  };
  const store = { takeTokens } as unknown as QueueStore;
  return { asked, store, buckets: new SharedBuckets("g", { perSecond, burst: 10 }, () => store) };
}

describe("buckets that several processes share", () => {
  test("are asked for what comes in 20 ms, and no more often than that is used up", () => {
    const { asked, buckets } = shared(150, { taken: 3, waitMs: 0 }, { taken: 1, waitMs: 0 });
    expect([1, 2, 3, 4].map((now) => buckets.take("a", now))).toEqual([0, 0, 0, 0]);
    expect(asked).toEqual([
      ["a", 3, 1],
      ["a", 3, 4],
    ]);
  });

  test("are asked for one where less comes, and empty ones say for how long", () => {
    const { asked, buckets } = shared(10, { taken: 0, waitMs: 70 });
    expect(buckets.take("a", 5)).toBe(70);
    expect(asked).toEqual([["a", 1, 5]]);
  });

  test("are each by itself", () => {
    const { buckets } = shared(100, { taken: 2, waitMs: 0 }, { taken: 0, waitMs: 9 });
    expect([buckets.take("a", 0), buckets.take("b", 0), buckets.take("a", 0)]).toEqual([0, 9, 0]);
  });

  test("of which the answer takes its time hold back until it is there", async () => {
    const { asked, buckets } = shared(100, Promise.resolve({ taken: 2, waitMs: 0 }), Promise.resolve({ taken: 0, waitMs: 40 }));
    expect([buckets.take("a", 0), buckets.isAsked("a"), buckets.take("a", 1)]).toEqual([10, true, 10]);
    await settled();
    expect([buckets.isAsked("a"), buckets.take("a", 2), buckets.take("a", 3)]).toEqual([false, 0, 0]);
    expect(buckets.take("a", 4)).toBe(10);
    await settled();
    // Asked at 4 ms, when there was none for 40 more.
    expect([buckets.take("a", 5), buckets.take("a", 43)]).toEqual([39, 1]);
    expect(asked).toHaveLength(2);
  });

  test("of a store that fails let nothing begin, and are asked again", async () => {
    const { asked, buckets } = shared(100, new Error("gone"), Promise.reject(new Error("gone")), { taken: 1, waitMs: 0 });
    expect([buckets.take("a", 0), buckets.take("a", 10)]).toEqual([10, 10]);
    await settled();
    expect(buckets.take("a", 20)).toBe(0);
    expect(asked).toHaveLength(3);
  });

  test("are those of this process alone where the store shares none", () => {
    const limit = { max: 2, perMs: 100 };
    expect(bucketsOf("g", limit, () => shared(1).store)).toBeInstanceOf(SharedBuckets);
    const own = bucketsOf("g", limit, () => ({}) as QueueStore);
    expect(own).toBeInstanceOf(TokenBuckets);
    expect([own.take("a", 0), own.take("a", 0), own.take("a", 0), own.take("a", 50)]).toEqual([0, 0, 50, 0]);
  });
});

describe("the limit of a group", () => {
  const limited = (by: "group" | "key", buckets?: Buckets) => {
    const names: string[] = [];
    const take = (name: string) => {
      names.push(name);
      return 0;
    };
    return { names, limit: new GroupLimit({ max: 4, perMs: 100, by }, buckets ?? { take }) };
  };

  test("is one of all its messages, or one of each key and of those without", () => {
    const [group, key] = [limited("group"), limited("key")];
    for (const { limit } of [group, key]) for (const each of ["a", null, "none"]) limit.take(each, 0);
    expect([group.names, key.names]).toEqual([
      ["group", "group", "group"],
      ["key a", "none", "key none"],
    ]);
  });

  test("has messages that are put back come one after another", () => {
    const { limit } = limited("key");
    expect([limit.delay("a", 10.5, 0), limit.delay("a", 10.5, 0), limit.delay("b", 10, 0), limit.delay("a", 3, 30)]).toEqual([
      11, 36, 10, 31,
    ]);
    // Long after what was promised.
    expect(limit.delay("a", 5, 1000)).toBe(5);
  });

  test("has them come at once again where only an answer is awaited", () => {
    const { limit } = limited("key", { take: () => 10, isAsked: () => true });
    expect([limit.delay("a", 9.2, 0), limit.delay("a", 9.2, 0)]).toEqual([10, 10]);
  });
});

describe("the pace of a consumer", () => {
  const paced = (by: "group" | "key", waits: readonly number[]) => {
    const left = [...waits];
    return new GroupPace(new GroupLimit({ max: 4, perMs: 100, by }, { take: () => left.shift() ?? 0 }));
  };

  test("holds all up where the limit is the group's, until one may begin", () => {
    const pace = paced("group", [0, 30]);
    expect([pace.holdsAll(100), pace.holdsAll(100), pace.wait(100), pace.wait(125), pace.wait(200)]).toEqual([false, true, 30, 5, 1]);
    expect(pace.delay("a", 100)).toBe(0);
  });

  test("delays single messages where it is the key's, and holds nothing else up", () => {
    const pace = paced("key", [0, 30]);
    expect([pace.holdsAll(100), pace.delay("a", 100), pace.delay("a", 100)]).toEqual([false, 0, 30]);
  });
});
