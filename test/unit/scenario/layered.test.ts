import { describe, expect, test } from "bun:test";
import { InvalidScenario } from "../../../src/kernel/problem.ts";
import { checkScenario } from "../../../src/scenario/check.ts";
import { LayeredFile } from "../../../src/scenario/layered-file.ts";
import { resolveScenario } from "../../../src/scenario/load.ts";
import { parseOverride } from "../../../src/scenario/overrides.ts";
import { YamlFile } from "../../../src/scenario/yaml-file.ts";

const fileOf = (text: string) => YamlFile.parse("s.yaml", `title: T\n${text}\n`);
const withFlags = (yaml: YamlFile, ...flags: string[]) =>
  flags.map(parseOverride).reduce((below, flag) => below.withFlag(flag), LayeredFile.of(yaml));

/** Place and sentence of each problem. */
function problemsOf(text: string, ...flags: string[]): string[] {
  try {
    resolveScenario(fileOf(text), "s.yaml", flags.map(parseOverride));
    return [];
  } catch (error) {
    if (!(error instanceof InvalidScenario)) throw error;
    return error.problems.map(({ file, line, column, message }) => `${line === 0 ? file : `${line}:${column}`}: ${message}`);
  }
}

describe("a layer", () => {
  test("leaves the file and the layers beneath it as they are", () => {
    const yaml = fileOf("queue: { capacity: 5, overflow: block }");
    const beneath = withFlags(yaml, "queue.capacity=6");
    const above = beneath.withFlag(parseOverride("queue.capacity=7"));
    expect([yaml.value, beneath.value, above.value]).toEqual(
      [5, 6, 7].map((capacity) => ({ title: "T", queue: { capacity, overflow: "block" } })),
    );
  });

  test("of one field keeps what stands beside it, though an alias wrote it", () => {
    const { value } = withFlags(fileOf("tags: &t { a: b, c: d }\nthresholds: *t"), "tags.a=e");
    expect(value).toEqual({ title: "T", tags: { a: "e", c: "d" }, thresholds: { a: "b", c: "d" } });
  });

  test("takes the place of what cannot stand beside it", () => {
    expect(withFlags(fileOf("workload: fetch\nfetch: { tiles: {}, timeout: 1s }"), "fetch.urls=[5/1/1]").value).toEqual({
      title: "T",
      workload: "fetch",
      fetch: { timeout: "1s", urls: ["5/1/1"] },
    });
  });

  test("takes a field out of the sweep, and the sweep away with the last", () => {
    const yaml = fileOf("sweep: { load.rate: [1, 2], queue.capacity: [3] }");
    expect(withFlags(yaml, "load.rate=9").value).toEqual({
      title: "T",
      sweep: { "queue.capacity": [3] },
      load: { executor: "constant-arrival-rate", rate: 9 },
    });
    expect(withFlags(yaml, "load.rate=9", "queue.capacity=4").value).not.toHaveProperty("sweep");
  });

  test("of a file that is no map says nothing", () => {
    expect(withFlags(YamlFile.parse("s.yaml", "[1, 2]"), "queue.capacity=9").value).toEqual([1, 2]);
  });
});

describe("a problem", () => {
  test("is the flag's where that set the value, and the file's where it did not", () => {
    expect(problemsOf("queue: { capacity: 0 }", "queue.capacity=-1")).toEqual([
      expect.stringContaining("--set queue.capacity=-1: queue.capacity: must be"),
    ]);
    expect(problemsOf("queue: { capacity: 0 }", "queue.overflow=block")).toEqual([expect.stringMatching(/^2:20: queue.capacity: must be/)]);
  });

  test("shows a number as the file writes it, or as the flag does that replaced it", () => {
    expect(problemsOf("seed: 99999999999999999999")).toEqual([expect.stringMatching(/got 99999999999999999999$/)]);
    expect(problemsOf("seed: 99999999999999999999", "seed=1e300")).toEqual([expect.stringMatching(/^--set seed=1e300: .* got 1e\+300$/)]);
  });

  test("with an unknown field of the file is not a neighbour's that a flag set", () => {
    expect(problemsOf("load: { duraton: 5s, executor: constant-arrival-rate }", "load.rate=5")).toEqual([
      '2:9: load.duraton: is not a known field; did you mean "duration"?, got "5s"',
    ]);
  });

  test("with a field that a swept executor does not know is the swept value's", () => {
    expect(problemsOf("load: { executor: bursts, size: 5 }\nsweep: { load.executor: [shared-iterations] }")).toContain(
      "3:26: load.size: is not a known field, got 5",
    );
  });

  test("has a kind and a path", () => {
    const text = "seed: -1\nbogus: 1\nthresholds: { nope: ['rate>0'] }\ntitle: again";
    const checked = checkScenario(LayeredFile.of(fileOf(text)));
    expect(checked.ok ? [] : checked.problems.map(({ kind, path }) => [kind, path.join(".")])).toEqual([
      ["value", "seed"],
      ["unknown-field", "bogus"],
      ["misfit", "thresholds.nope"],
      ["repeated-key", ""],
    ]);
  });
});

describe("a sweep", () => {
  const CLIENTS = "load: { executor: constant-vus, vus: 1, duration: 1s }\nqueue: { capacity: 10 }";

  test("changes nothing of its file", () => {
    const yaml = fileOf("queue: { capacity: 5 }\nsweep: { queue.capacity: [6, 7] }");
    const { source, points } = resolveScenario(yaml, "s.yaml");
    expect(points.map(({ scenario }) => scenario.queue.capacity)).toEqual([6, 7]);
    expect([yaml.value, source.value]).toEqual(
      new Array(2).fill({ title: "T", queue: { capacity: 5 }, sweep: { "queue.capacity": [6, 7] } }),
    );
    expect(source.problemAt(["queue", "capacity"], "x")).toMatchObject({ line: 2, column: 20 });
  });

  // 100 clients at a queue of 10 that drops would be refused; no point of this sweep is that.
  test("is held to its own points: a value is never put beside one of another field alone", () => {
    const values = (...fields: string[]) => problemsOf(`${CLIENTS}\nsweep: { ${fields.join(", ")} }`);
    const clients = "load.vus: [1, 100]";
    const drops = "queue.overflow: [block, drop-newest]";
    expect(values(clients, drops, "queue.capacity: [100, 200]")).toEqual([]);
    expect(values("queue.capacity: [100, 200]", drops, clients)).toEqual([]);
    expect(values(clients, drops)).toEqual([expect.stringMatching(/^4:54: queue.overflow: must be block/)]);
  });

  test("may hold values that fit only each other, in whatever order they stand", () => {
    const [duration, warmup] = ["load.duration: [60s, 90s]", "warmup: [20s, 30s]"];
    expect(problemsOf(`sweep: { ${duration}, ${warmup} }`)).toEqual([]);
    expect(problemsOf(`sweep: { ${warmup}, ${duration} }`)).toEqual([]);
  });

  test("reports a value that is invalid by itself once, not in each combination", () => {
    expect(problemsOf("sweep: { queue.capacity: [1, 0, 2], seed: [1, 2, 3], load.rate: [5, 6] }")).toEqual([
      expect.stringMatching(/^2:30: queue.capacity: must be/),
    ]);
    // With each duration the number of arrivals in the sentence would be another.
    expect(problemsOf("sweep: { load.rate: [1e9], load.duration: [20s, 30s, 40s] }")).toEqual([
      expect.stringMatching(/^2:22: load: must make at most 1000000000 arrivals \(this makes about 10000000000\)/),
    ]);
  });

  test("of an invalid file reports what is wrong with its values, and not what follows from them elsewhere", () => {
    const text = "seed: -1\nwork: { kind: cpu }\nsweep: { work.kind: [none, handler], queue.capacity: [0] }";
    expect(problemsOf(text).map((problem) => problem.replace(/: must .*/, ""))).toEqual(["2:7: seed", "4:55: queue.capacity"]);
  });

  test("reports a field that cannot be swept together with invalid values of others", () => {
    expect(
      problemsOf("sweep: { modes: [[sync]], nope: [1], seed: [1, -1, 1] }").map((problem) => problem.replace(/,? got .*|; .*/, "")),
    ).toEqual([
      "2:10: sweep.modes: must not be swept",
      "2:27: sweep.nope: is not a known field",
      expect.stringMatching(/^2:48: seed: must be a whole number/),
      "2:52: sweep.seed.2: must be another value than those before it",
    ]);
  });
});
