import { describe, expect, test } from "bun:test";
import { environmentOf } from "../../../src/cli/environment.ts";
import { overridesOf } from "../../../src/cli/flags.ts";
import { scenarioWithFlags } from "../../../src/cli/scenario.ts";

const FLAGS = { mode: "async", seed: "3", workers: "2", duration: "40ms", rate: "50", set: ["queue.capacity=9"] };

describe("what lies over the file", () => {
  test("flags are read without it", () => {
    expect(overridesOf(FLAGS).map(({ source, path, value }) => [source, path.join("."), value])).toEqual([
      ["--set queue.capacity=9", "queue.capacity", 9],
      ["--mode async", "modes", ["async"]],
      ["--seed 3", "seed", 3],
      ["--workers 2", "parallel.workers", 2],
      ["--duration 40ms", "load.duration", "40ms"],
      ["--rate 50", "load.rate", 50],
    ]);
  });

  test.each([
    [{ duration: "5s" }, "title: T\nload: { executor: bursts, size: 5 }\n", "--duration has no meaning for load.executor bursts"],
    [{ rate: "5" }, "title: T\nworkload: fetch\n", "--rate has no meaning for load.executor once"],
    [{ rate: "5", set: ["load={executor: bursts, size: 5}"] }, "title: T\n", "--rate has no meaning for load.executor bursts"],
  ])("a flag that has no meaning for the load is refused: %j", (flags, text, sentence) => {
    expect(() => scenarioWithFlags("s.yaml", flags, () => text)).toThrow(sentence);
  });

  test("the environment speaks to requests alone, and not of what they sweep", () => {
    const env = { MAX_CONCURRENCY: "3", RETRIES: "0", TIMEOUT_SECONDS: "" };
    const of = (written: unknown) => {
      const { overrides, ignored } = environmentOf(written, env);
      return [overrides.map(({ source, path, value }) => [source, path.join("."), value]), ignored];
    };
    expect(of({ workload: "message" })).toEqual([[], []]);
    expect(of(undefined)).toEqual([[], []]);
    expect(of({ workload: "fetch", sweep: { "fetch.concurrency.max": [1, 2] } })).toEqual([
      [["RETRIES=0", "fetch.retry.max", 0]],
      ["MAX_CONCURRENCY"],
    ]);
  });
});
