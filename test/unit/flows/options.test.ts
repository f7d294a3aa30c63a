import { describe, expect, test } from "bun:test";
import { checkBackoff, checkCount, checkDelay, checkOneOf, checkSpan } from "../../../src/flows/options.ts";

const taken = (check: () => void) => expect(check).not.toThrow();
const refused = (check: () => void, sentence: string) => expect(check).toThrow(new RangeError(sentence));

describe("where what an option of a flow takes ends", () => {
  test("a count begins with its least, is whole, and may be endless", () => {
    for (const count of [3, 4, Number.POSITIVE_INFINITY, undefined]) taken(() => checkCount("n", count, 3));
    for (const count of [2, 3.5, Number.NaN, Number.NEGATIVE_INFINITY])
      refused(() => checkCount("n", count, 3), `n: must be a whole number of at least 3, got ${count}`);
  });

  test("a span is more than nothing, and may be endless", () => {
    for (const span of [0.001, Number.POSITIVE_INFINITY, undefined]) taken(() => checkSpan("ms", span));
    for (const span of [0, -1, Number.NaN]) refused(() => checkSpan("ms", span), `ms: must be more than 0 milliseconds, got ${span}`);
  });

  test("a delay may be nothing, but not endless", () => {
    for (const delay of [0, 5, undefined]) taken(() => checkDelay("ms", delay));
    for (const delay of [-0.001, Number.POSITIVE_INFINITY, Number.NaN])
      refused(() => checkDelay("ms", delay), `ms: must be a number of milliseconds, 0 or more, got ${delay}`);
  });

  test("jitter is a share, nothing and all of it included, or one of two words", () => {
    for (const jitter of [0, 1, 0.5, "none", "full", undefined] as const)
      taken(() => checkBackoff("retry", jitter === undefined ? {} : { jitter }));
    for (const jitter of [-0.001, 1.001, Number.NaN])
      refused(() => checkBackoff("retry", { jitter }), `retry.jitter: must be none, full or a number from 0 to 1, got ${jitter}`);
  });

  test("of a wait between attempts every part is looked at, and none needs to be there", () => {
    taken(() => checkBackoff("retry", undefined));
    taken(() => checkBackoff("retry", { backoff: "linear", baseDelay: 0, maxDelay: 0, jitter: "none" }));
    refused(() => checkBackoff("retry", { baseDelay: -1 }), "retry.baseDelay: must be a number of milliseconds, 0 or more, got -1");
    refused(() => checkBackoff("retry", { maxDelay: -1 }), "retry.maxDelay: must be a number of milliseconds, 0 or more, got -1");
  });

  test("a word is one of those there are", () => {
    for (const word of ["a", "b", undefined]) taken(() => checkOneOf("which", word, ["a", "b"]));
    refused(() => checkOneOf("which", "c", ["a", "b"]), "which: must be a or b, got c");
  });
});
