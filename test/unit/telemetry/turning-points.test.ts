import { describe, expect, test } from "bun:test";
import { TurningPoints } from "../../../src/telemetry/turning-points.ts";
import { sample } from "../../support/results.ts";

/** The turns that samples show, one after another. */
function turns(capacity: number | null, ...samples: readonly object[]): string[][] {
  const points = new TurningPoints(capacity);
  return samples.map((change) => points.next(sample(100, { depth: 0, ...change })));
}

const depths = (...values: readonly number[]) => values.map((depth) => ({ depth }));

describe("turns of events", () => {
  test("a queue is full from 95 % of its places on, and has room again below half of them", () => {
    expect(turns(100, ...depths(94, 95, 99, 50, 49, 94, 95))).toEqual([[], ["full"], [], [], ["room"], [], ["full"]]);
  });

  test("one without end never is", () => {
    expect(turns(null, ...depths(0, 1e6, 0))).toEqual([[], [], []]);
  });

  test("drops begin with the first, and end with the first interval that has none, or with the full queue", () => {
    const dropping = [{ dropped: 0 }, { dropped: 1 }, { dropped: 2 }, { dropped: 0 }];
    expect(turns(100, ...dropping)).toEqual([[], ["drops begin"], [], ["drops end"]]);
    const full = [{ depth: 95, dropped: 1 }, { depth: 95 }, { depth: 60 }, { depth: 40 }, { depth: 95 }];
    expect(turns(100, ...full)).toEqual([["full", "drops begin"], [], [], ["room", "drops end"], ["full"]]);
  });

  test("a breaker turns whenever its state is another", () => {
    const states = ["closed", "open", "open", "half-open", "closed"].map((breaker) => ({ fetch: { breaker } }));
    expect(turns(null, ...states)).toEqual([[], ["breaker"], [], ["breaker"], ["breaker"]]);
    expect(turns(null, {}, {})).toEqual([[], []]);
  });

  test("Redis is silent after more than a second without an answer", () => {
    const silences = [0, 1000, 1001, 5000, 1000].map((silentMs) => ({ distributed: { silentMs } }));
    expect(turns(null, ...silences)).toEqual([[], [], ["redis silent"], [], ["redis answers"]]);
  });
});
