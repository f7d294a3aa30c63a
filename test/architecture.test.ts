import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { outlineOf } from "./support/syntax.ts";

/** From top to bottom: a file imports from its own floor or from one below. */
const FLOORS = [
  "main.ts",
  "cli",
  "views",
  "library",
  "engine",
  "store",
  "plan",
  "workloads",
  "analysis",
  "theory",
  "load",
  "flows",
  "scenario",
  "queueing",
  "resilience",
  "telemetry",
  "http",
  "kernel",
] as const;

/** What the package gives to those who import it. */
const ENTRIES: readonly string[] = ["index.ts", "flows.ts"];

const SRC = resolve(import.meta.dir, "../src");
const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".d.ts"));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

/** What a file imports of the project's own. `later`: what it loads only when it comes to it, too. */
function importsOf(file: string, later = true): Import[] {
  if (!/\.tsx?$/.test(file)) return [];
  const text = readFileSync(join(SRC, file), "utf8");
  const found: Import[] = [];
  for (const match of text.matchAll(/(?:^|\n)\s*(import|export)\s+(type\s+)?[^;]*?from\s+"(\.[^"]+)"/g)) {
    found.push({ from: file, to: target(file, match[3] ?? ""), typeOnly: match[2] !== undefined || onlyTypes(match[0]) });
  }
  for (const match of later ? text.matchAll(/import\("(\.[^"]+)"\)/g) : [])
    found.push({ from: file, to: target(file, match[1] ?? ""), typeOnly: false });
  return found;
}

/** Packages that a file imports when it is loaded, those of the platform aside. */
function packagesOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), "utf8");
  return [...text.matchAll(/^(?:import|export)\b(?! type\b)[^;]*?from "([^."][^"]*)"/gm)]
    .map((match) => match[1] ?? "")
    .filter((name) => !/^(node:|bun$|bun:)/.test(name));
}

function onlyTypes(statement: string): boolean {
  const names =
    /\{([^}]*)\}/
      .exec(statement)?.[1]
      ?.split(",")
      .map((name) => name.trim()) ?? [];
  return names.length > 0 && names.every((name) => name === "" || name.startsWith("type "));
}

function target(file: string, specifier: string): string {
  return relative(SRC, resolve(SRC, dirname(file), specifier));
}

function floorOf(file: string): number {
  return FLOORS.findIndex((floor) => file === floor || file.startsWith(`${floor}/`));
}

const everyImport = files.flatMap((file) => importsOf(file));
const imports = everyImport.filter(({ to }) => !to.startsWith(".."));
const whole = outlineOf("src/");

/** Lines of some files that have something in them, with their place. */
function linesWith(where: RegExp, what: RegExp): string[] {
  return files
    .filter((file) => where.test(file))
    .flatMap((file) => {
      const lines = readFileSync(join(SRC, file), "utf8").split("\n");
      return lines.flatMap((line, i) => (what.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : []));
    });
}

/** Groups that reach one another both ways, each sorted. */
function cyclesOf(edges: readonly (readonly [string, string])[]): string[][] {
  const next = new Map<string, Set<string>>();
  for (const [from, to] of edges) next.set(from, (next.get(from) ?? new Set()).add(to));
  const reachable = new Map([...next.keys()].map((node) => [node, reachedFrom(node, next)]));
  const groups = new Map<string, string[]>();
  for (const [node, reached] of reachable) {
    if (!reached.has(node)) continue;
    const group = [...reached].filter((other) => reachable.get(other)?.has(node)).sort();
    groups.set(group.join(" "), group);
  }
  return [...groups.keys()].sort().map((key) => groups.get(key) ?? []);
}

function reachedFrom(node: string, next: ReadonlyMap<string, ReadonlySet<string>>): Set<string> {
  const reached = new Set<string>();
  const open = [...(next.get(node) ?? [])];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (reached.has(at)) continue;
    reached.add(at);
    open.push(...(next.get(at) ?? []));
  }
  return reached;
}

describe("architecture", () => {
  test("every file stands on a floor", () => {
    const homeless = files.filter((file) => floorOf(file) < 0 && !ENTRIES.includes(file));
    expect(homeless).toEqual([]);
  });

  /** Places from which others import what is made above. */
  const PASSED_ON = ["theory/conclude.ts → analysis/conclude.ts", "theory/explain.ts → analysis/explain.ts"];

  test("imports go down only, what is passed on to others aside", () => {
    const upward = imports.filter(({ from, to }) => !ENTRIES.includes(from) && floorOf(from) > floorOf(to));
    expect(upward.map(({ from, to }) => `${from} → ${to}`).sort()).toEqual(PASSED_ON);
    const inside = imports.filter(({ to }) => PASSED_ON.some((one) => one.startsWith(`${to} `)));
    expect(inside.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  test("what ships needs nothing that does not, the command `bench` aside", () => {
    const reaching = everyImport.filter(({ to }) => to.startsWith("..") && to !== "../package.json").map(({ from }) => from);
    expect([...new Set(reaching)]).toEqual(["cli/commands/bench.ts"]);
  });

  test("views show what is told: they know no engine, no plan and no workload", () => {
    const inside = imports.filter(({ from, to }) => from.startsWith("views/") && /^(engine|plan|workloads|load|flows)\//.test(to));
    expect(inside.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  test("what compares results knows results and arithmetic only", () => {
    const comparing = /^analysis\/(?!explain|conclude|hypotheses|expectation-value|shortfall)/;
    const outside = imports.filter(({ from, to }) => comparing.test(from) && !/^(analysis|telemetry|kernel)\//.test(to));
    expect(outside.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  test("flows are a library of their own: they stand on kernel and resilience alone, and need one package, for cron", () => {
    const outside = imports.filter(({ from, to }) => from.startsWith("flows/") && !/^(flows|kernel|resilience)\//.test(to));
    expect(outside.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
    expect(files.filter((file) => file.startsWith("flows/")).flatMap((file) => packagesOf(file))).toEqual(["croner"]);
  });

  test("flows take time, order and chance from what they are given", () => {
    const ambient = /Math\.random|setImmediate|setTimeout|Date\.now|performance\.now|randomUUID/;
    const using = files.filter((file) => file.startsWith("flows/") && ambient.test(readFileSync(join(SRC, file), "utf8")));
    expect(using).toEqual([]);
  });

  test("one file of the views has the terminal: no other touches the standard streams", () => {
    const touching = files.filter(
      (file) => file.startsWith("views/") && /process\.std|stdout|stdin/.test(readFileSync(join(SRC, file), "utf8")),
    );
    expect(touching).toEqual(["views/live/terminal.ts"]);
  });

  test("engine and plan know no workload by its name", () => {
    const named = /fetch|(?<!over)flow/i;
    // Bun's own words for a server's handler and for asking one.
    const platform = /\bfetch\(|\bfetch: answer/g;
    const lines = files
      .filter((file) => /^(engine|plan)\//.test(file))
      .flatMap((file) => {
        const text = readFileSync(join(SRC, file), "utf8").replaceAll(platform, "");
        return text.split("\n").flatMap((line, i) => (named.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : []));
      });
    expect(lines).toEqual([]);
  });

  test("engine and plan know no workload by its files either, and compare none", () => {
    const inside = imports.filter(({ from, to }) => /^(engine|plan)\//.test(from) && /^workloads\/(message|fetch|flow)\//.test(to));
    expect(inside.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
    expect(linesWith(/^(engine|plan)\//, /workload\b.*[!=]== "/)).toEqual([]);
  });

  test("below the views modes are compared where an executor is made, in theory and in analysis; all others ask what a mode is like", () => {
    const compared = linesWith(/^(?!views|library|theory|analysis)/, /[!=]== "(sync|async|parallel)"|case "(sync|async|parallel)":/);
    expect(compared.map((line) => line.replace(/:.*/, ""))).toEqual(Array(3).fill("engine/runner/case.ts"));
  });

  /** What these files load at once, themselves included. */
  const loadedWith = (entries: readonly string[]) => {
    const loaded = new Set(entries);
    for (const file of loaded) for (const { to, typeOnly } of importsOf(file, false)) if (!typeOnly) loaded.add(to);
    return [...loaded];
  };

  test("to declare a command takes no view that draws, no engine, no scenario and two small packages: the help is told at once", () => {
    const entries = ["cli/program.ts", "cli/command-line.ts", ...files.filter((file) => file.startsWith("cli/declare/"))];
    const loaded = loadedWith(entries);
    const heavy = loaded.filter((file) => !/^(cli|kernel)\//.test(file));
    expect(heavy.sort()).toEqual(["../package.json", "views/canvas/names.ts"]);
    const packages = loaded.filter((file) => file.endsWith(".ts")).flatMap((file) => packagesOf(file));
    expect([...new Set(packages)].sort()).toEqual(["commander", "fastest-levenshtein"]);
  });

  test("the version is told without a package, and the console opens without the parser of the command line", () => {
    const packages = (entry: string) => loadedWith([entry]).flatMap((file) => (file.endsWith(".ts") ? packagesOf(file) : []));
    expect(packages("main.ts")).toEqual([]);
    expect(packages("cli/commands/console.ts")).not.toContain("commander");
  });

  test("the console's first picture waits neither for Ink and React nor for the schema", () => {
    const loaded = loadedWith(["views/live/display.ts", "views/live/screens/browse-drawing.ts", "scenario/find.ts"]);
    const packages = new Set(loaded.flatMap((file) => (file.endsWith(".ts") ? packagesOf(file) : [])));
    expect(["ink", "react", "zod", "yaml"].filter((name) => packages.has(name))).toEqual([]);
  });

  test("there is no cycle", () => {
    const needed = imports.filter(({ typeOnly }) => !typeOnly);
    expect(cyclesOf(needed.map(({ from, to }) => [from, to]))).toEqual([]);
  });

  /** Folders that go both ways, each with its reason. */
  const FOLDER_CYCLES: Readonly<Record<string, string>> = {
    "workloads/access.ts workloads/fetch workloads/flow workloads/message workloads/processors.ts workloads/stage.ts workloads/workload.ts":
      "processors.ts knows each workload by its spec, and a stage makes its processors through it",
  };

  test("within a floor, folders and the files beside them import each other in one direction, types included", () => {
    const roomOf = (file: string) => file.split("/").slice(0, 2).join("/");
    const between = imports.map(({ from, to }) => [roomOf(from), roomOf(to)] as const).filter(([from, to]) => from !== to);
    const cycles = cyclesOf(between).filter((rooms) => rooms.some((room) => !/\.tsx?$/.test(room)));
    expect(cycles.map((rooms) => rooms.join(" "))).toEqual(Object.keys(FOLDER_CYCLES));
  });

  test("only the entries of processes end one, and engines never draw", () => {
    const exits = files.filter((file) => /process\.exit\(/.test(readFileSync(join(SRC, file), "utf8")));
    expect(
      exits.filter(
        (file) => !["cli/process.ts", "engine/runner/main.ts", "engine/worker/main.ts", "workloads/fetch/mock/main.ts"].includes(file),
      ),
    ).toEqual([]);
    const drawing = files.filter((file) => /from "(ink|react|asciichart)/.test(readFileSync(join(SRC, file), "utf8")));
    expect(drawing.every((file) => file.startsWith("views/"))).toBe(true);
  });
});

describe("size", () => {
  test("nine of ten functions fit on a screen of 40 lines", async () => {
    const lengths = (await whole).flatMap(({ functions }) => functions.map(({ lines }) => lines)).sort((a, b) => a - b);
    expect(lengths[Math.floor(lengths.length * 0.9)]).toBeLessThanOrEqual(40);
  });

  test("no class has more than 20 fields", async () => {
    const crowded = (await whole).flatMap(({ classes }) => classes.filter(({ fields }) => fields > 20));
    expect(crowded.map(({ name }) => name)).toEqual([]);
  });

  test("no file has more than 350 lines", async () => {
    const long = (await whole).filter(({ lines }) => lines > 350).map(({ file }) => file);
    expect(long).toEqual([]);
  });
});

describe("names", () => {
  /** Names that more than one file defines, each with its reason. */
  const SHARED_NAMES: Readonly<Record<string, string>> = {
    Handler: "public in two entries: of a queue in `lab-tui/flows`, of `work.module` in `lab-tui`",
    Message: "public in two entries: of a queue in `lab-tui/flows`, of `work.module` in `lab-tui`",
    declare: "every file of `cli/declare` exports it; `cli/command-line.ts` loads the file that the command line names",
  };

  test("no exported name is defined in two files, a few aside", async () => {
    const definedIn = new Map<string, string[]>();
    for (const { file, exports } of await whole)
      for (const name of new Set(exports)) definedIn.set(name, [...(definedIn.get(name) ?? []), file]);
    const shared = [...definedIn].filter(([, files]) => files.length > 1);
    const unexcused = shared.filter(([name]) => !Object.hasOwn(SHARED_NAMES, name));
    expect(unexcused.map(([name, files]) => `${name}: ${files.join(", ")}`)).toEqual([]);
    expect(shared.map(([name]) => name).sort()).toEqual(Object.keys(SHARED_NAMES).sort());
  });
});
