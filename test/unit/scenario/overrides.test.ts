import { describe, expect, test } from "bun:test";
import { scenarioWithFlags } from "../../../src/scenario/load.ts";
import { environmentOf, overridesOf } from "../../../src/scenario/overrides.ts";

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

  test("the environment is read for fetch scenarios alone, and not where a sweep has the field", () => {
    const env = { MAX_CONCURRENCY: "5", TIMEOUT_SECONDS: "1.5", RETRIES: "0", TILE_BASE_URL: "http://127.0.0.1" };
    const fetching = { workload: "fetch", sweep: { "fetch.target.mock.errorRate": [0, 1], "fetch.retry.max": [1] } };
    const { overrides, ignored } = environmentOf(fetching, env);
    expect(overrides).toEqual([
      { source: "MAX_CONCURRENCY=5", path: ["fetch", "concurrency", "max"], value: 5 },
      { source: "TIMEOUT_SECONDS=1.5", path: ["fetch", "timeout"], value: "1.5s" },
    ]);
    expect(ignored).toEqual(["RETRIES", "TILE_BASE_URL"]);
    expect(environmentOf(fetching, { RETRIES: "" })).toEqual({ overrides: [], ignored: [] });
    for (const other of [{ title: "x" }, { workload: "message" }, undefined])
      expect(environmentOf(other, env)).toEqual({ overrides: [], ignored: [] });
  });
});
