import { describe, expect, test } from "bun:test";
import type { RunEvent } from "../../../src/telemetry/events.ts";
import { playBack } from "../../../src/views/live/playback.ts";

const EVENT: RunEvent = { type: "stopping", now: false };

/** Plays events on a clock of its own; when each was told. `frozen`: spans in which time stands still. */
async function told(
  times: readonly number[],
  { frozen = [], leftAt = Number.POSITIVE_INFINITY }: { frozen?: readonly (readonly [from: number, to: number])[]; leftAt?: number } = {},
): Promise<readonly number[]> {
  let now = 0;
  const all: number[] = [];
  await playBack(
    times.map((at) => ({ at, event: EVENT })),
    () => all.push(now),
    {
      now: () => now,
      sleep: async (ms) => {
        now += ms;
      },
      frozen: () => frozen.some(([from, to]) => now >= from && now < to),
      left: () => now >= leftAt,
    },
  );
  return all;
}

describe("a playback", () => {
  test("tells events at their times, however close they are", async () => {
    expect(await told([0, 100, 1000])).toEqual([0, 100, 1000]);
    // An hour of samples, one a second, at 120 times the speed: thirty seconds.
    const hour = Array.from({ length: 3600 }, (_, i) => ((i + 1) * 1000) / 120);
    const all = await told(hour);
    expect(Math.max(...all.map((at, i) => at - (hour[i] ?? 0)))).toBeLessThanOrEqual(1);
  });

  test("stands still while it is frozen, late events too, and goes on from there", async () => {
    const [first = 0, second = 0] = await told([500, 1000], { frozen: [[200, 5000]] });
    expect(first).toBeWithin(5300 - 100, 5300 + 100);
    expect(second - first).toBeWithin(499, 501);
    expect(await told([0], { frozen: [[0, 70]] })).toEqual([70]);
  });

  test("ends when it is left", async () => {
    expect(await told([100, 200, 9000], { leftAt: 1000 })).toEqual([100, 200]);
  });
});
