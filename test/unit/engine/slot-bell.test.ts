import { expect, test } from "bun:test";
import { SlotBell } from "../../../src/engine/worker/bell.ts";
import type { RedisPort } from "../../../src/kernel/redis/port.ts";

test("those that wait for a ring share one call, hear it together, and wait no longer once it is cancelled", async () => {
  const calls: { readonly args: readonly string[]; readonly ring: (reply: null) => void }[] = [];
  const send = (_: string, args: readonly string[] = []) => new Promise((ring) => calls.push({ args, ring }));
  const bell = new SlotBell({ send } as unknown as RedisPort, "bell");
  const both = Promise.all([bell.wait(20), bell.wait(null)]);
  expect(calls.map(({ args }) => args)).toEqual([["bell", "0.02"]]);
  calls[0]?.ring(null);
  await both;
  const other = bell.wait(null);
  expect(calls[1]?.args).toEqual(["bell", "1"]);
  bell.cancel();
  await other;
  await bell.wait(null);
  expect(calls).toHaveLength(2);
});
