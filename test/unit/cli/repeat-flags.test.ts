import { describe, expect, test } from "bun:test";
import { shareOf } from "../../../src/cli/flags.ts";
import { repeatsOf } from "../../../src/cli/repeat-flags.ts";

describe("repeats asked for by flags", () => {
  test("are none, a number of rounds, or as many as a precision takes", () => {
    expect(repeatsOf({})).toBeNull();
    expect(repeatsOf({ repeat: "2" })).toEqual({ rounds: 2, untilShare: null });
    expect(repeatsOf({ untilCi: "2%" })).toEqual({ rounds: 20, untilShare: 0.02 });
    expect(repeatsOf({ repeat: "100", untilCi: "0.5 %" })).toEqual({ rounds: 100, untilShare: 0.005 });
  });

  test.each([
    [{ repeat: "1" }, "--repeat: must be a whole number from 2 to 100"],
    [{ repeat: "101" }, "--repeat: must be a whole number from 2 to 100"],
    [{ repeat: "2.5" }, "--repeat: must be a whole number from 2 to 100"],
    [{ untilCi: "much" }, "--until-ci: must be a share such as 1% or 0.01"],
    [{ untilCi: "100%" }, "--until-ci: must be a share such as 1% or 0.01"],
    [{ untilCi: "0" }, "--until-ci: must be above 0"],
    [{ repeat: "5", untilCi: "2%" }, "--until-ci: an interval takes at least 6 rounds, and --repeat allows 5"],
  ])("%j is refused", (flags, sentence) => {
    expect(() => repeatsOf(flags)).toThrow(sentence);
  });

  test("a share is a percentage or a number", () => {
    expect([shareOf("--margin", "1%"), shareOf("--margin", "0.25"), shareOf("--margin", "0")]).toEqual([0.01, 0.25, 0]);
  });
});
