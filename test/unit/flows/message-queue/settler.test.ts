import { describe, expect, test } from "bun:test";
import { type SettleReport, Settler } from "../../../../src/flows/message-queue/consumer/settler.ts";
import type { Settlement } from "../../../../src/flows/message-queue/store.ts";
import { VirtualTimers } from "../../../support/virtual-timers.ts";

/** A settler with a store and results that take a time, which fail when asked to. */
function settling() {
  const timers = new VirtualTimers();
  const settled: number[][] = [];
  const reports: SettleReport[] = [];
  let now = 0;
  let most = 0;
  const state = { failures: 0 };
  const slowly = async () => {
    most = Math.max(most, ++now);
    await new Promise<void>((resolve) => timers.after(1, resolve));
    now--;
  };
  const store = {
    async settle(_group: string, _token: number, { acknowledged }: Settlement) {
      await slowly();
      if (state.failures-- > 0) throw new Error("the store is away");
      settled.push(acknowledged.map(({ id }) => id));
      return [];
    },
  };
  const on = { settled: (one: SettleReport) => reports.push(one), results: slowly, done: () => {}, failed: () => {} };
  const settler = new Settler({ group: "g", token: 1 }, store as never, timers, timers as never, on);
  const end = (id: number) => {
    settler.results.push({ id } as never);
    settler.acknowledged.push({ id, attempt: 1 });
    settler.soon();
  };
  return { timers, settled, reports, settler, end, state, most: () => most };
}

describe("outcomes of a consumer", () => {
  test("that come while others are being settled are settled after them, each once, and never two lots at a time", async () => {
    const { timers, settled, reports, settler, end, most } = settling();
    settler.acknowledged.push({ id: 1, attempt: 1 });
    settler.results.push({ id: 1 } as never);
    const first = settler.settleNow();
    for (const id of [2, 3]) end(id);
    await timers.run(first);
    await timers.run(settler.settleRest());
    expect(settled).toEqual([[1], [2, 3]]);
    expect(reports.flatMap(({ acknowledged }) => acknowledged.map(({ id }) => id))).toEqual([1, 2, 3]);
    expect(most()).toBe(1);
  });

  test("that could not be settled are collected again, with what came meanwhile", async () => {
    const { timers, settled, settler, end, state } = settling();
    state.failures = 1;
    settler.acknowledged.push({ id: 1, attempt: 1 });
    const failing = settler.settleNow().catch((error: unknown) => String(error));
    end(2);
    expect(await timers.run(failing)).toContain("the store is away");
    await timers.run(settler.settleRest());
    expect(settled.flat().sort()).toEqual([1, 2]);
  });
});
