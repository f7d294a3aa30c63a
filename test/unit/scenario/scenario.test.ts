import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { schemaText } from "../../../src/cli/commands/schema.ts";
import { EXIT } from "../../../src/kernel/exit.ts";
import { InvalidScenario, type Problem, UserError } from "../../../src/kernel/problem.ts";
import { findScenario, listScenarios, SHIPPED, scenarioFiles } from "../../../src/scenario/find.ts";
import { knownKeys } from "../../../src/scenario/known-fields.ts";
import { loadScenario, resolveScenario } from "../../../src/scenario/load.ts";
import { parseOverride } from "../../../src/scenario/overrides.ts";
import { MAX_FILE_BYTES } from "../../../src/scenario/read.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { arrivalEstimate, loadDuration } from "../../../src/scenario/semantics.ts";
import { YamlFile } from "../../../src/scenario/yaml-file.ts";
import { rounds } from "../../support/campaign.ts";

const FILES = resolve(import.meta.dir, "../../scenarios");
const expected = JSON.parse(readFileSync(join(FILES, "invalid/expected.json"), "utf8")) as Record<string, string[]>;

/** What is wrong with a text, its sweep included; whatever else it throws is a defect. */
function problemsWith(text: string): readonly Problem[] {
  try {
    resolveScenario(YamlFile.parse("m.yaml", text), "m.yaml");
    return [];
  } catch (error) {
    if (!(error instanceof InvalidScenario)) throw error;
    expect(error.problems.length).toBeGreaterThan(0);
    return error.problems;
  }
}

function problemsOf(file: string): string[] {
  try {
    loadScenario(file);
    return [];
  } catch (error) {
    if (error instanceof UserError) return error.message.split("\n");
    throw error;
  }
}

describe("C-3 invalid scenarios name place, field, rule and value", () => {
  test.each(Object.keys(expected))("%s", (name) => {
    const file = join(FILES, "invalid", `${name}.yaml`);
    const from = performance.now();
    const problems = problemsOf(file);
    expect(performance.now() - from).toBeLessThan(1000);
    expect(problems.length).toBeGreaterThan(0);
    for (const problem of problems)
      expect(problem).toMatch(/^[^\n]+\.yaml:\d+:\d+: .+, got .+$|:1:1: file: must not nest|: file: must not nest/);
    for (const part of expected[name] ?? []) expect(problems.join("\n")).toContain(part);
    const places = problems.map((problem) => /:(\d+):(\d+): /.exec(problem)?.slice(1).map(Number) ?? []);
    expect(places).toEqual([...places].sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0)));
  });

  test("every file there is expected to be refused", () => {
    const files = readdirSync(join(FILES, "invalid")).filter((name) => name.endsWith(".yaml"));
    expect(files.map((name) => name.replace(".yaml", "")).sort()).toEqual(Object.keys(expected).sort());
  });

  test("mutated scenarios are accepted or refused with a place, never thrown at the user", () => {
    const base = readFileSync(join(FILES, "valid/everything.yaml"), "utf8");
    const mutation = fc.record({
      at: fc.nat(base.length),
      cut: fc.nat(12),
      insert: fc.oneof(
        fc.string({ unit: "binary", maxLength: 6 }),
        fc.constantFrom("[", "{", "- ", "&a ", "*a", ": ", "\n  ", "|", "<<: ", "!!binary ", '"', "-1", "1e999", ".inf", "~"),
      ),
    });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        let text = base;
        for (const { at, cut, insert } of mutations) text = text.slice(0, at) + insert + text.slice(at + cut);
        const problems = problemsWith(text);
        for (const { line, column, message } of problems) {
          expect(line >= 1 && column >= 1).toBe(true);
          expect(message).not.toMatch(/\n|at .*\.ts:\d/);
        }
      }),
      { numRuns: rounds(400) },
    );
  });
});

describe("valid scenarios", () => {
  test.each(readdirSync(join(FILES, "valid")))("%s", (name) => {
    expect(problemsOf(join(FILES, "valid", name))).toEqual([]);
  });

  test.each(scenarioFiles(resolve(SHIPPED, "..")))("shipped: %s", (file) => {
    expect(problemsOf(file)).toEqual([]);
    expect(loadScenario(file).description).toBeString();
  });

  test("defaults are those of the contract", () => {
    const scenario = scenarioSchema.parse({ title: "x" });
    expect(scenario).toMatchObject({
      workload: "message",
      modes: ["sync", "async", "parallel"],
      seed: 1,
      warmup: 0,
      gracefulStop: 30e6,
      load: { executor: "constant-arrival-rate", rate: 100, timeUnit: 1e6, arrivals: "uniform", jitter: 0 },
      keys: { count: 10, distribution: "uniform", exponent: 1 },
      message: { updates: { min: 1, max: 5 }, ops: ["increment", "set", "compute"], size: 0 },
      work: { kind: "cpu", time: 5000, distribution: "constant" },
      queue: { capacity: 1000, overflow: "block", memoryLimit: 1e9 },
      async: { concurrency: 1, offload: "none" },
      parallel: { workers: "auto" },
    });
  });

  test("scenarios/scenario.schema.json is what `schema` prints", () => {
    expect(readFileSync(join(SHIPPED, "scenario.schema.json"), "utf8")).toBe(schemaText());
  });

  test("durations and estimates of each load", () => {
    const of = (load: object) => scenarioSchema.parse({ title: "x", load });
    const ramp = of({
      executor: "ramping-arrival-rate",
      startRate: 1,
      stages: [
        { target: 1, duration: "2s" },
        { target: 1, duration: "1s" },
      ],
    });
    expect(
      [ramp, of({ executor: "bursts", size: 2, every: "3s", count: 3 }), of({ executor: "replay", file: "a" })].map(loadDuration),
    ).toEqual([3e6, 6e6, null]);
    expect(
      [ramp, of({ executor: "bursts", size: 2, count: 3 }), of({ executor: "constant-arrival-rate", rate: 5 })].map(arrivalEstimate),
    ).toEqual([3 + 1e-9, 6, 50 + 1e-9]);
    expect(loadDuration(of({ executor: "shared-iterations", vus: 1, iterations: 1 }))).toBeNull();
  });
});

describe("files that are no scenario", () => {
  const folder = mkdtempSync(join(tmpdir(), "lab-scenario-"));

  test("missing, a folder, too large, binary, in another encoding: each a sentence and exit 104", () => {
    writeFileSync(join(folder, "large.yaml"), "a".repeat(MAX_FILE_BYTES + 1));
    writeFileSync(join(folder, "binary.yaml"), "title: \u0000");
    writeFileSync(join(folder, "latin1.yaml"), Buffer.from("title: a\ntags: { b: caf\u00e9 }\n", "latin1"));
    writeFileSync(join(folder, "utf16.yaml"), Buffer.from("\ufefftitle: a\n", "utf16le"));
    for (const [name, part] of [
      ["none.yaml", "no such file"],
      [".", "folder"],
      ["large.yaml", "at most 1000000 bytes"],
      ["binary.yaml", "binary file"],
      ["latin1.yaml", "latin1.yaml:2:15: file: must be text in UTF-8"],
      ["utf16.yaml", "binary file"],
    ] as const) {
      try {
        loadScenario(join(folder, name));
        expect.unreachable();
      } catch (error) {
        expect((error as UserError).message).toContain(part);
        expect((error as UserError).exitCode).toBe(EXIT.invalidScenario);
      }
    }
    if (process.platform !== "win32") {
      Bun.spawnSync(["mkfifo", join(folder, "pipe.yaml")]);
      expect(problemsOf(join(folder, "pipe.yaml")).join()).toContain("not a regular file");
    }
  });

  test("names are looked up here, in ./scenarios and among the shipped; an unknown one gets a suggestion", () => {
    mkdirSync(join(folder, "scenarios"), { recursive: true });
    writeFileSync(join(folder, "here.yaml"), "title: here\n");
    writeFileSync(join(folder, "scenarios/mine.yaml"), 'title: mine\nmodes: [sync]\ntags: { a: "1" }\n');
    writeFileSync(join(folder, "scenarios/broken.yaml"), "[");
    writeFileSync(join(folder, "scenarios/untitled.yml"), "modes: [sync]");
    expect(findScenario("here", folder)).toBe(join(folder, "here.yaml"));
    expect(findScenario("mine", folder)).toBe(join(folder, "scenarios/mine.yaml"));
    expect(findScenario("first-look", folder)).toBe(join(SHIPPED, "first-look.yaml"));
    expect(findScenario("./a/b.yaml", folder)).toBe("./a/b.yaml");
    expect(() => findScenario("frist-look", folder)).toThrow('did you mean "first-look"?');
    expect(() => findScenario("\u001b[31m", folder)).toThrow("lab-tui list");
    const { listed, unreadable } = listScenarios(folder);
    expect(listed.find(({ name }) => name === "mine")).toEqual({
      name: "mine",
      title: "mine",
      workload: "message",
      modes: ["sync"],
      tags: { a: "1" },
      file: join(folder, "scenarios/mine.yaml"),
    });
    expect(unreadable).toHaveLength(2);
    expect(new Set(listed.map(({ file }) => file)).size).toBe(listed.length);
  });
});

describe("--set", () => {
  const file = join(FILES, "valid/minimal.yaml");

  test("replaces any field, makes maps on its way, and wins over the file", () => {
    const scenario = loadScenario(file, ["queue.capacity=7", "work={kind: none}", "tags.a=b", "modes=[sync]"].map(parseOverride));
    expect([scenario.queue.capacity, scenario.work.kind, scenario.tags, scenario.modes]).toEqual([7, "none", { a: "b" }, ["sync"]]);
  });

  test.each([
    ["queue.capacty=7", 'there is no field queue.capacty; did you mean "capacity"?'],
    ["load.size=7", "there is no field load.size"],
    ["queue.capacity", "must be path=value"],
    ["=5", "must be path=value"],
    ["queue..capacity=5", "must be path=value"],
    ["__proto__.x=5", "there is no field __proto__"],
    ["seed=[", "must be YAML"],
  ])("%s is refused", (text, part) => {
    expect(() => loadScenario(file, [parseOverride(text)])).toThrow(part);
  });

  test("another executor keeps of the load what it knows", () => {
    const file = join(FILES, "valid/minimal.yaml");
    const sets = (...texts: string[]) => loadScenario(file, texts.map(parseOverride)).load;
    expect(sets("load.rate=50", "load.duration=3s", "load.executor=bursts", "load.size=3")).toMatchObject({ executor: "bursts", size: 3 });
    expect(sets("load.duration=3s", "load.executor=constant-vus", "load.vus=2")).toMatchObject({ vus: 2, duration: 3e6 });
  });

  test("a bad value is the flag's fault: no place in the file, exit 2", () => {
    try {
      loadScenario(file, [parseOverride("queue.capacity=-1")]);
      expect.unreachable();
    } catch (error) {
      expect((error as InvalidScenario).message).toStartWith("--set queue.capacity=-1: queue.capacity: must be");
      expect((error as InvalidScenario).exitCode).toBe(EXIT.usage);
    }
  });
});

test("the fields that the schema knows in a load are those of its executor", () => {
  expect(knownKeys(["load"], { executor: "bursts" })).toEqual(["executor", "size", "every", "count"]);
  expect(knownKeys(["load", "stages", "0"], undefined)).toEqual(["target", "duration"]);
});
