import { describe, expect, test } from "bun:test";
import { exitCodeOf } from "../../../src/cli/commands/run.ts";
import { EXIT } from "../../../src/kernel/exit.ts";
import { caseResult, runResult } from "../../support/results.ts";

const run = (ok: boolean | null) => ({
  ...runResult([caseResult({ mode: "sync" })]),
  hypotheses: [{ sentence: "s", that: "t", ok, figures: {}, reading: "", why: null }],
});

describe("the exit code of hypotheses", () => {
  test.each([
    [false, true, EXIT.threshold],
    [false, false, EXIT.done],
    [true, true, EXIT.done],
    [null, true, EXIT.done],
  ])("of one that is %p, strict or not (%p), is %p", (ok, strict, code) => {
    expect(exitCodeOf([run(ok)], strict)).toBe(code);
  });

  test("comes after that of a measurement that is not valid", () => {
    const invalid = { ...run(false), cases: [caseResult({ mode: "sync", status: "invalid" })] };
    expect(exitCodeOf([invalid], true)).toBe(EXIT.invalidMeasurement);
  });
});
