import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Channel } from "../../../src/flows/index.ts";
import { rounds } from "../../support/campaign.ts";

describe("channels", () => {
  test("values leave in the order in which they came, and every writer is let in", async () => {
    const channel = new Channel<number>(1);
    channel.offer(0);
    const writers = [channel.put(1), channel.put(2), channel.put(3)];
    const read = [await channel.next(), await channel.next(), await channel.next(), await channel.next()];
    expect(read.map(({ value }) => value)).toEqual([0, 1, 2, 3]);
    expect(await Promise.all(writers)).toEqual([true, true, true]);
    const last = channel.next();
    channel.close();
    expect((await last).done).toBe(true);
  });

  /** Numbers put and read in some order, and what a list with room for as many would have done. */
  const steps = fc.array(fc.constantFrom("offer", "put", "read"), { maxLength: 30, size: "max" });
  const rules = fc.constantFrom("block" as const, "drop-oldest" as const, "drop-newest" as const, "latest" as const);

  test("hold no more than their capacity, and lose none but what their rule drops", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), rules, steps, async (capacity, overflow, asked) => {
        let told = 0;
        const channel = new Channel<number>(
          capacity,
          overflow,
          () => {},
          (count) => {
            told += count;
          },
        );
        const most = overflow === "latest" ? 1 : capacity;
        const kept: number[] = [];
        const waiting: number[] = [];
        const refused: number[] = [];
        const expected: number[] = [];
        const got: number[] = [];
        let readers = 0;
        let dropped = 0;
        const give = (value: number, waits: boolean) => {
          if (readers > 0) {
            readers--;
            expected.push(value);
          } else if (kept.length < most && waiting.length === 0) kept.push(value);
          else if (overflow === "block") (waits ? waiting : refused).push(value);
          else {
            dropped++;
            if (overflow === "drop-newest") return false;
            kept.shift();
            kept.push(value);
          }
          return !refused.includes(value);
        };
        for (const [value, step] of asked.entries()) {
          const roomy = readers > 0 || (kept.length < most && waiting.length === 0);
          expect(channel.hasRoom).toBe(roomy);
          if (step === "offer") expect(channel.offer(value)).toBe(give(value, false));
          else if (step === "put") {
            give(value, true);
            void channel.put(value);
          } else {
            const first = kept.shift();
            if (first === undefined) readers++;
            else expected.push(first);
            const next = waiting.shift();
            if (next !== undefined) kept.push(next);
            void channel.next().then(({ value: read }) => read !== undefined && got.push(read));
          }
          expect(channel.length).toBe(kept.length);
        }
        channel.close();
        await Promise.resolve();
        expect([got, channel.dropped, told]).toEqual([expected, dropped, dropped]);
      }),
      { numRuns: rounds(100) },
    );
  });

  test("a writer that waits for room is let in alone, and whoever comes after it once more has left", async () => {
    const channel = new Channel<number>(1);
    channel.offer(0);
    const through: string[] = [];
    void channel.room().then(() => through.push("room"));
    void channel.put(1).then(() => through.push("put"));
    await channel.next();
    await Promise.resolve();
    expect([through, channel.length]).toEqual([["room"], 0]);
  });

  test("that are closed take nothing more, refuse who waits, and end once they are empty", async () => {
    const channel = new Channel<number>(1);
    channel.offer(0);
    const waiting = channel.put(1);
    channel.close();
    expect([await waiting, channel.offer(2), await channel.put(3), channel.hasRoom]).toEqual([false, false, false, true]);
    expect([await channel.next(), await channel.next()]).toEqual([
      { done: false, value: 0 },
      { done: true, value: undefined },
    ]);
  });

  test("that fail reject each reader that waits, or the first once they are empty", async () => {
    const outcomes = (reads: readonly Promise<unknown>[]) =>
      Promise.all(
        reads.map((read) =>
          read.then(
            () => "read",
            (error: Error) => error.message,
          ),
        ),
      );
    const filled = new Channel<number>(1);
    filled.offer(0);
    filled.fail(new Error("broken"));
    expect(await outcomes([filled.next(), filled.next(), filled.next()])).toEqual(["read", "broken", "read"]);
    const empty = new Channel<number>(1);
    const reads = [empty.next(), empty.next()];
    empty.fail(new Error("broken"));
    expect(await outcomes([...reads, empty.next()])).toEqual(["broken", "broken", "read"]);
  });
});
