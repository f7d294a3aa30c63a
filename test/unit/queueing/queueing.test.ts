import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Deque } from "../../../src/kernel/deque.ts";
import { arrange, BATCH_ORDERS, type BatchOrder } from "../../../src/queueing/arrange.ts";
import { Batcher, batchRule } from "../../../src/queueing/batcher.ts";
import { BoundedQueue, type Overflow } from "../../../src/queueing/bounded-queue.ts";
import { Item, ItemPool } from "../../../src/queueing/item.ts";

function item(index: number): Item {
  const made = new Item();
  made.index = index;
  return made;
}

describe("P2-R2 bounded queue", () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant("offer" as const), shard: fc.nat(2), wait: fc.nat(5) }),
    fc.record({ type: fc.constant("take" as const), shard: fc.nat(2), wait: fc.nat(5) }),
    fc.record({ type: fc.constant("offerAll" as const), shard: fc.nat(2), wait: fc.nat(5), count: fc.nat(5), from: fc.nat(5) }),
    fc.record({ type: fc.constant("takeInto" as const), shard: fc.nat(2), wait: fc.nat(5), count: fc.nat(5) }),
  );

  test("behaves like lists with one capacity, and its figures like a straightforward count", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom<Overflow>("block", "drop-newest", "drop-oldest"),
        fc.array(step, { maxLength: 80, size: "max" }),
        (capacity, overflow, steps) => {
          const queue = new BoundedQueue(capacity, overflow, 3);
          const model: number[][] = [[], [], []];
          const depth = () => model.reduce((sum, shard) => sum + shard.length, 0);
          let now = 0;
          let area = 0;
          let full = 0;
          let high = 0;
          let next = 0;
          for (const step of steps) {
            const { type, shard, wait } = step;
            now += wait;
            area += depth() * wait;
            full += depth() >= capacity ? wait : 0;
            if (type === "take") {
              expect(queue.take(shard, now)?.index).toBe(model[shard]?.shift() as number);
            } else if (type === "takeInto") {
              const list = [item(-1)];
              queue.takeInto(list, step.count, shard, now);
              expect(list.slice(1).map(({ index }) => index)).toEqual(model[shard]?.splice(0, step.count) ?? []);
              expect(list.slice(1).every(({ dequeued }) => dequeued === now)).toBe(true);
            } else if (type === "offerAll") {
              const from = Math.min(step.from, step.count);
              const items = Array.from({ length: step.count }, (_, i) => item(next + i));
              next += step.count;
              const fitting = Math.min(capacity - depth(), step.count - from);
              expect(queue.offerAll(items, from, shard, now)).toBe(from + fitting);
              const put = items.slice(from, from + fitting);
              model[shard]?.push(...put.map(({ index }) => index));
              expect(put.every(({ taken }) => taken === now)).toBe(true);
            } else {
              const outcome = queue.offer(item(next), shard, now);
              if (depth() < capacity) {
                expect(outcome).toBe("queued");
                model[shard]?.push(next);
              } else if (overflow === "drop-oldest") {
                expect(outcome).toBe("dropped-oldest");
                const oldest = model.filter((list) => list.length > 0).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0))[0];
                expect(queue.displaced?.index).toBe(oldest?.shift() as number);
                model[shard]?.push(next);
              } else {
                expect(outcome).toBe(overflow === "block" ? "full" : "dropped-newest");
              }
              next++;
            }
            high = Math.max(high, depth());
            expect([queue.depth, queue.highWater, queue.hasRoom]).toEqual([depth(), high, depth() < capacity]);
            expect(queue.depthOf(shard)).toBe(model[shard]?.length ?? 0);
          }
          expect(queue.highWater).toBeLessThanOrEqual(capacity);
          expect(queue.meanDepth(now)).toBeCloseTo(now > 0 ? area / now : 0, 9);
          expect(queue.full).toBe(full);
        },
      ),
    );
  });

  test("startObserving forgets figures and keeps items", () => {
    const queue = new BoundedQueue(2, "block");
    queue.offer(item(0), 0, 0);
    queue.offer(item(1), 0, 0);
    queue.take(0, 10);
    queue.startObserving(10);
    expect([queue.meanDepth(20), queue.highWater, queue.full, queue.depth]).toEqual([1, 1, 0, 1]);
  });

  test("an unlimited queue takes everything", () => {
    const queue = new BoundedQueue(Number.POSITIVE_INFINITY, "block");
    for (let i = 0; i < 20_000; i++) expect(queue.offer(item(i), 0, 0)).toBe("queued");
    expect([queue.depth, queue.take(0, 1)?.index]).toEqual([20_000, 0]);
  });
});

describe("P2-R3 batcher", () => {
  test("never an empty batch, never too large, never late, first in first out", () => {
    fc.assert(
      fc.property(
        fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
        fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        fc.array(fc.record({ wait: fc.nat(15), arrivals: fc.nat(6) }), { maxLength: 60, size: "max" }),
        (size, timeout, rounds) => {
          const rule = batchRule({ size, timeout });
          const queue = new BoundedQueue(Number.POSITIVE_INFINITY, "block");
          const batcher = new Batcher(queue, 0, rule);
          const seen: number[] = [];
          let now = 0;
          let next = 0;
          let first = 0;
          const release = () => {
            const batch = batcher.release([]);
            expect(batch.length).toBeGreaterThan(0);
            expect(batch.length).toBeLessThanOrEqual(rule.size);
            seen.push(...batch.map(({ index }) => index));
          };
          for (const { wait, arrivals } of rounds) {
            now += wait * 1000;
            for (let i = 0; i < arrivals; i++) queue.offer(item(next++), 0, now);
            for (;;) {
              const before = batcher.items.length;
              const ready = batcher.collect(now, false);
              if (before === 0) first = now;
              if (!ready) break;
              expect(batcher.items.length === rule.size || now >= first + rule.timeout).toBe(true);
              release();
            }
            if (batcher.items.length > 0) expect(batcher.dueAt).toBe(first + rule.timeout);
            else expect(batcher.dueAt).toBe(Number.POSITIVE_INFINITY);
          }
          while (batcher.collect(now, true)) release();
          expect(batcher.collect(now + 1e12, true)).toBe(false);
          expect(seen).toEqual(Array.from({ length: next }, (_, i) => i));
        },
      ),
    );
  });

  test("neither size nor timeout is one by one; only timeout has no size limit", () => {
    expect(batchRule({})).toEqual({ size: 1, timeout: Number.POSITIVE_INFINITY });
    expect(batchRule({ timeout: 10 })).toEqual({ size: Number.POSITIVE_INFINITY, timeout: 10_000 });
    expect(batchRule({ size: 5 }).size).toBe(5);
  });
});

describe("ring and pool", () => {
  test("a ring is a queue at any size", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat()), { maxLength: 200, size: "max" }), (steps) => {
        const ring = new Deque<number>(2);
        const model: number[] = [];
        for (const value of steps) {
          if (value === null) expect(ring.shift()).toBe(model.shift() as number);
          else {
            ring.push(value);
            model.push(value);
          }
          expect([ring.length, ring.peek()]).toEqual([model.length, model[0] as number]);
        }
      }),
    );
  });

  test("items come back empty", () => {
    const pool = new ItemPool();
    const one = pool.take();
    one.payload = "secret";
    pool.give(one);
    expect(pool.take()).toBe(one);
    expect(one.payload).toBeNull();
    expect(pool.take()).not.toBe(one);
  });
});

describe("a ring", () => {
  test("is a list that leaves at its front, whatever is done to it", () => {
    const act = fc.oneof(
      fc.record({ do: fc.constant("push" as const), n: fc.nat(9) }),
      fc.record({ do: fc.constant("shift" as const) }),
      fc.record({ do: fc.constant("take" as const), n: fc.nat(9) }),
      fc.record({ do: fc.constant("putFirst" as const), list: fc.array(fc.nat(9), { maxLength: 4 }) }),
      fc.record({ do: fc.constant("clear" as const) }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60, size: "max" }), (acts) => {
        const ring = new Deque<number>(2);
        let list: number[] = [];
        for (const each of acts) {
          if (each.do === "push") {
            ring.push(each.n);
            list.push(each.n);
          } else if (each.do === "shift") expect(ring.shift()).toBe(list.shift());
          else if (each.do === "take") {
            expect(ring.take((n) => n === each.n)).toEqual(list.filter((n) => n === each.n));
            list = list.filter((n) => n !== each.n);
          } else if (each.do === "putFirst") {
            ring.putFirst(each.list);
            list = [...each.list, ...list];
          } else {
            ring.clear();
            list = [];
          }
          expect([[...ring], ring.length, ring.peek()]).toEqual([list, list.length, list[0]]);
        }
      }),
    );
  });
});

describe("the order in which a batch is worked", () => {
  const keyed = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 60 }).map((keys) => keys.map((key, place) => ({ key, place })));
  const ordered = (items: readonly { key: number; place: number }[], order: BatchOrder) => {
    const batch = [...items];
    arrange(batch, ({ key }) => key, order);
    return batch;
  };

  test("loses and doubles nothing, and keeps the items of a key as they came", () => {
    fc.assert(
      fc.property(keyed, fc.constantFrom(...BATCH_ORDERS), (items, order) => {
        const batch = ordered(items, order);
        expect(new Set(batch)).toEqual(new Set(items));
        expect(batch).toHaveLength(items.length);
        for (const key of new Set(items.map((item) => item.key)))
          expect(batch.filter((item) => item.key === key)).toEqual(items.filter((item) => item.key === key));
      }),
    );
  });

  test("arrival changes nothing, key works one key after another, round-robin one of each in turn", () => {
    const items = [1, 1, 2, 1, 3, 2].map((key, place) => ({ key, place }));
    const keys = (order: BatchOrder) => ordered(items, order).map(({ key }) => key);
    expect(keys("arrival")).toEqual([1, 1, 2, 1, 3, 2]);
    expect(keys("key")).toEqual([1, 1, 1, 2, 2, 3]);
    expect(keys("round-robin")).toEqual([1, 2, 3, 1, 2, 1]);
  });
});
