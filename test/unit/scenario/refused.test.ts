import { describe, expect, test } from "bun:test";
import { join, resolve } from "node:path";
import { InvalidScenario } from "../../../src/kernel/problem.ts";
import { resolveScenario } from "../../../src/scenario/load.ts";
import * as s from "../../../src/scenario/scalars.ts";
import { YamlFile } from "../../../src/scenario/yaml-file.ts";
import refused from "../../scenarios/refused.json";

const FOLDER = resolve(import.meta.dir, "../../scenarios");

/** Every sentence, word by word: a user reads them when something is wrong, and never otherwise. */
describe("C-3 what is refused, and in which words", () => {
  test.each(Object.entries(refused))("%s", (text, sentences) => {
    try {
      resolveScenario(YamlFile.parse("s.yaml", `${text}\n`), join(FOLDER, "s.yaml"));
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof InvalidScenario)) throw error;
      expect(error.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`)).toEqual(sentences);
    }
  });
});

function refusals(text: string): string[] {
  try {
    resolveScenario(YamlFile.parse("s.yaml", text), join(FOLDER, "s.yaml"));
    return [];
  } catch (error) {
    if (!(error instanceof InvalidScenario)) throw error;
    return error.problems.map(({ message }) => message.replace(/: .*/s, ""));
  }
}

describe("C-3 all problems are told at once", () => {
  test("a field that is wrong in itself hides none that does not fit the others", () => {
    expect(refusals('title: A\nseed: -1\nthresholds: { nope: ["count==0"] }\nwork: { kind: handler }\n')).toEqual([
      "seed",
      "thresholds.nope",
      "work.module",
    ]);
    const fetch = "target: { mock: { latency: 1 }, url: ftp://x }, fallback: stale, retry: { max: -1 }";
    expect(refusals(`workload: fetch\nfetch: { ${fetch} }\nthresholds: { __proto__x: ["rate<1"], sojourn_ms: ["p(101)<1"] }\n`)).toEqual(
      expect.arrayContaining(["title", "fetch.target.mock.latency", "fetch.fallback", "fetch.retry.max", "thresholds.sojourn_ms.0"]),
    );
  });

  test("nor does one of a list its neighbours, or a workload that is misspelt what it would be", () => {
    const thresholds = '{ sojourn_ms: ["p(101)<5", "p99<4", 5], throughput: ["count>3"] }';
    expect(refusals(`title: A\nwork: { kind: none }\nthresholds: ${thresholds}\n`)).toEqual([
      "thresholds.sojourn_ms.0",
      "thresholds.sojourn_ms.1",
      "thresholds.sojourn_ms.2",
      "thresholds.throughput.0",
    ]);
    expect(refusals(`title: A\nworkload: mesage\nwork: { kind: handler }\nthresholds: { sojourn: ["p(99)<50"] }\n`)).toEqual([
      "workload",
      "work.module",
      "thresholds.sojourn",
    ]);
    expect(refusals("title: A\nworkload: nothing of the kind\nthresholds: { sojourn_ms: [5] }\n")).toEqual([
      "workload",
      "thresholds.sojourn_ms.0",
    ]);
  });

  test("and nothing is said that follows only from what is missing", () => {
    expect(refusals("title: A\nworkload: fetchs\nfetch: { timeout: 1s }\n")).toEqual(["workload"]);
    expect(refusals("title: A\nwork: { kind: handlr, module: ./x.ts }\n")).toEqual(["work.kind"]);
    expect(refusals("title: A\nwork: { kind: handler, module: 5 }\n")).toEqual(["work.module"]);
    expect(refusals("title: A\nload: { executor: replai, file: x }\nsweep: { load.rate: [1] }\n")).toContain("load.executor");
  });
});

test("C-3 no field that holds a number takes one that is not finite, however it is written", () => {
  const fields = [
    ...[s.duration(), s.delay(), s.size(), s.sizeUpTo(1e9, "1GB"), s.count(), s.positive(), s.nonNegative(), s.share(), s.openShare()],
    ...[s.shareOr("none"), s.rate(), s.countOr("unlimited"), s.delayRange(), s.countRange(100)],
  ];
  const digits = "9".repeat(400);
  const units = ["", "ms", "d", "B", "GB", "%"].flatMap((unit) => [`1e400${unit}`, `${digits}${unit}`, `${digits}.5${unit}`]);
  const endless = [...units, "Infinity", "NaN", Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
  for (const field of fields)
    for (const value of [...endless, ...endless.map((max) => ({ min: 0, max }))])
      expect([field.meta()?.["ruleInWords"], value, field.safeParse(value).success]).toEqual([expect.any(String), value, false]);
});
