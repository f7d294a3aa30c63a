import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { countTerm, durationTerm, equation, rateTerm, secondsTerm } from "../../../src/kernel/equation.ts";
import { agreeing, counted, listed, outOf } from "../../../src/kernel/wording.ts";

describe("numbers in sentences", () => {
  test("a noun agrees with its number as it is printed", () => {
    expect([counted(1, "retry", "retries"), counted(0, "thread"), counted(1.001, "thread"), counted(1200, "thread")]).toEqual([
      "1 retry",
      "0 threads",
      "1.00 threads",
      "1.20 k threads",
    ]);
    expect([outOf(9, 100), outOf(14_970, 15_000), outOf(15_000, 15_000)]).toEqual(["9 of 100", "14970 of 15000", "15.0 k of 15.0 k"]);
    expect([agreeing(1, "is", "are"), agreeing(2, "is", "are")]).toEqual(["is", "are"]);
    expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(listed)).toEqual(["", "a", "a and b", "a, b and c"]);
  });

  test("an equation adds up as it is printed, whatever its operands", () => {
    const amount = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
    const unit: Readonly<Record<string, number>> = { ns: 1e-9, µs: 1e-6, ms: 1e-3, s: 1, min: 60, k: 1e3, M: 1e6, G: 1e9 };
    // What a text says, and half a unit of its last digit.
    const read = (text: string) => {
      const [, digits = "", of = ""] = /^([\d.e-]+)(?: (ns|µs|ms|min|s|k|M|G))?/.exec(text) ?? [];
      const factor = unit[of] ?? 1;
      return { value: Number(digits) * factor, half: (0.5 * factor) / 10 ** (digits.split(".")[1] ?? "").length };
    };
    const adds = (expected: number, printed: string) =>
      expect(Math.abs(read(printed).value - expected)).toBeLessThanOrEqual(read(printed).half * (1 + 1e-9));
    fc.assert(
      fc.property(amount, amount, (places, ms) => {
        const [product = "", wait = ""] = equation(countTerm(places), [["×", durationTerm(ms)]], secondsTerm).split(" = ");
        const [a = "", b = ""] = product.split(" × ");
        adds(read(a).value * read(b).value, wait);
        const [quotient = "", rate = ""] = equation(countTerm(places), [["÷", durationTerm(ms)]], rateTerm, "is").split(" is ");
        const [c = "", d = ""] = quotient.split(" ÷ ");
        adds(read(c).value / read(d).value, rate);
      }),
    );
  });
});
