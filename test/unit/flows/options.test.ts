import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Channel, DataPipeline, EventBus, MessageQueue, ReactiveStream } from "../../../src/flows/index.ts";
import { checkBackoff, checkCount, checkDelay, checkOneOf, checkSpan } from "../../../src/flows/options.ts";
import { temporaryFolder } from "../../support/cli.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

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

describe("an option that makes no sense is refused by its name, before there is a file", () => {
  const queue = (options: object) => () => MessageQueue.open("q", options);
  const stage = (options: object) => () =>
    DataPipeline.of<number>("p")
      .stage("s", (value) => value, options)
      .discard()
      .stats();
  test.each([
    ["history", () => new EventBus({ history: -5 })],
    ["history", () => new EventBus({ history: Number.NaN })],
    ["retry.max", stage({ retry: { max: Number.NaN } })],
    ["failureThreshold", stage({ circuitBreaker: { failureThreshold: 0, openForMs: 5 } })],
    ["openForMs", stage({ circuitBreaker: { failureThreshold: 1, openForMs: -1 } })],
    ["maxBytes", queue({ maxBytes: -1 })],
    ["durability", queue({ file: join(folder, "never.db"), durability: "powr" })],
    ["order", queue({ order: "keys" })],
    ["groups", queue({ groups: ["a", "a"] })],
  ])("%s", (field, make) => {
    expect(make).toThrow(RangeError);
    expect(make).toThrow(field);
    expect(existsSync(join(folder, "never.db"))).toBe(false);
  });
});

describe("an option that makes no sense is refused with what it must be", () => {
  test.each([
    [() => new Channel(0), "capacity of a channel: must be a whole number of at least 1, got 0"],
    [() => DataPipeline.of("p").batch({ size: 0 }).stats(), "batch, size: must be a whole number of at least 1, got 0"],
    [() => DataPipeline.of("p", { outputBuffer: 0 }).stats(), "outputBuffer: must be"],
    [
      () =>
        DataPipeline.of("p")
          .stage("s", (v) => v, { concurrency: 0 })
          .stats(),
      "s, concurrency: must be",
    ],
    [() => new EventBus<{ a: 1 }>().subscribe("a", () => {}, { concurrency: -3 }), "concurrency: must be"],
    [() => new EventBus<{ a: 1 }>().subscribe("a", () => {}, { timeoutMs: 0 }), "timeoutMs: must be more than 0 milliseconds, got 0"],
    [() => ReactiveStream.of("s", { buffer: 1.5 }), "buffer: must be"],
    [() => MessageQueue.open("q", { groups: [] }), "groups: must name at least one group, got none"],
    [() => MessageQueue.open("q", { visibilityMs: -1 }), "visibilityMs: must be"],
    [() => MessageQueue.open("q").consume(() => {}, { group: "nope" }), 'there is no group "nope"; the groups are default'],
    [() => MessageQueue.open("q").consume(() => {}, { batch: 0 }), "batch: must be"],
  ] as const)("%#", (make, said) => {
    expect(make).toThrow(said);
  });
});
