import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RateSearch } from "../../../src/engine/rates.ts";

describe("the search for the highest rate", () => {
  test("finds any limit to within 5 %, from any start near it", () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e6, noNaN: true }), fc.double({ min: 0.3, max: 2, noNaN: true }), (limit, off) => {
        const search = new RateSearch(limit * off);
        for (let rate = search.next; rate !== null; rate = search.next) search.tried(rate, rate <= limit);
        expect(search.trials.length).toBeLessThanOrEqual(10);
        expect(search.low).toBeLessThanOrEqual(limit);
        expect(search.high).toBeGreaterThan(limit);
        expect(search.high / search.low).toBeLessThanOrEqual(1.06);
        expect(search.figures()).toMatchObject({ asked: "max", resolved: search.low });
      }),
    );
  });
});
