import { describe, expect, test } from "bun:test";
import { Channel } from "../../../src/flows/index.ts";

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
});
