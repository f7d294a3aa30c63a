import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ReplayFlags, replayRun } from "../../../src/cli/commands/replay.ts";
import { StopSignals } from "../../../src/cli/signals.ts";
import { RunStore } from "../../../src/store/run-store.ts";
import { temporaryFolder } from "../../support/cli.ts";
import { caseResult, runResult } from "../../support/results.ts";

const folder = temporaryFolder();
const before = { XDG_DATA_HOME: process.env["XDG_DATA_HOME"], XDG_CONFIG_HOME: process.env["XDG_CONFIG_HOME"] };
const config = join(folder, "config/lab-tui/config.yaml");
const file = join(folder, "result.json");
const result = runResult((["sync", "async"] as const).map((mode) => caseResult({ mode })));

beforeAll(() => {
  Object.assign(process.env, { XDG_DATA_HOME: join(folder, "data"), XDG_CONFIG_HOME: join(folder, "config") });
  mkdirSync(join(folder, "config/lab-tui"), { recursive: true });
  const store = RunStore.open(join(folder, "data/lab-tui/runs.sqlite"));
  store.add(result);
  store.close();
  writeFileSync(file, JSON.stringify(result));
});
afterAll(() => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  rmSync(folder, { recursive: true });
});

let casts = 0;

/** The bytes of a recording. */
async function cast(flags: ReplayFlags = {}, run = "last"): Promise<string> {
  const to = join(folder, `${casts++}.cast`);
  expect(await replayRun(run, { cast: to, ...flags }, new StopSignals())).toBe(0);
  return readFileSync(to, "utf8");
}

const eventsOf = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** The end of a recording, in seconds. */
const endOf = (text: string) => eventsOf(text).at(-1)?.[0];

/** The sentence with which it is refused. */
const refused = (run: string, flags: ReplayFlags) =>
  replayRun(run, flags, new StopSignals()).then(
    () => "",
    (error: Error) => error.message,
  );

describe("a recording of a kept run", () => {
  test("is the same bytes each time, from the store or from its result file", async () => {
    const one = await cast();
    expect(await cast()).toBe(one);
    expect(await cast({}, file)).toBe(one);
  });

  test("is faster if asked, and of the other version", async () => {
    const fast = await cast({ speed: "10", castVersion: "3" });
    expect(eventsOf(fast)[0]).toMatchObject({ version: 3, term: { cols: 120, rows: 40 } });
    const [normal, faster] = [endOf(await cast()), endOf(await cast({ speed: "10" }))];
    // The closing screen stays as long as ever.
    expect(faster - 3).toBeCloseTo((normal - 3) / 10, 3);
  });

  test("begins at a later instant", async () => {
    expect(endOf(await cast({ from: "800ms" }))).toBeCloseTo(endOf(await cast()) - 0.8, 3);
  });

  test("has nothing of its reader's settings, but what flags say", async () => {
    const one = await cast();
    const [light, ascii] = [await cast({ theme: "light" }), await cast({ glyphs: "ascii" })];
    writeFileSync(config, 'theme: light\nglyphs: ascii\nfps: 1\nplain: true\nkeys: { run.quit: ["x"] }\n');
    expect(await cast()).toBe(one);
    writeFileSync(config, "theme: contrast\n");
    expect([await cast({ theme: "light" }), await cast({ glyphs: "ascii" })]).toEqual([light, ascii]);
    rmSync(config);
    expect(new Set([one, light, ascii]).size).toBe(3);
    expect([one, ascii].map((text) => /[\u2801-\u28ff]/.test(text))).toEqual([true, false]);
  });
});

describe("replay refuses", () => {
  test.each([
    [{ castSize: "120x40" }, "--cast-size is of a recording: name its file by --cast"],
    [{ cast: "x.cast", castSize: "10x10" }, '--cast-size: must be COLSxROWS such as 120x40, from 60x18 to 1000x1000, got "10x10"'],
    [{ cast: "x.cast", castVersion: "4" }, '--cast-version: must be 2 or 3, got "4"'],
    [{ cast: "nowhere/x.cast" }, "--cast: nowhere/x.cast cannot be written"],
    [{ speed: "0" }, '--speed: must be a number above 0, at most 1000, got "0"'],
    [{ from: "soon" }, '--from: must be a duration such as 3s, got "soon"'],
  ] as const)("%p: %s", async (flags, sentence) => {
    expect(await refused("last", flags)).toStartWith(sentence);
  });

  test.each([
    ["what is not JSON", () => "{", "FILE is no result: it is not JSON"],
    ["what no run writes", () => "{}", "FILE is no result: a run writes them by --json or --out"],
    [
      "what is of a later version",
      () => JSON.stringify({ ...result, schemaVersion: 9 }),
      "FILE is of a later version (schemaVersion 9); this one reads up to 2",
    ],
    ...[
      { schemaVersion: 0 },
      { schemaVersion: 1.5 },
      { thresholds: [null] },
      { repeats: {} },
      { hypotheses: [1] },
      { cases: result.cases.map((one) => ({ ...one, series: [null] })) },
      { cases: result.cases.map((one) => ({ ...one, throughput: "fast" })) },
    ].map((change): [string, () => string, string] => [
      `what no run writes: ${JSON.stringify(change).slice(0, 40)}`,
      () => JSON.stringify({ ...result, ...change }),
      "FILE is no result: a run writes them by --json or --out",
    ]),
  ])("%s", async (_, text, sentence) => {
    const bad = join(folder, "bad.json");
    writeFileSync(bad, text());
    expect((await refused(bad, { cast: join(folder, "bad.cast") })).replace(bad, "FILE")).toBe(sentence);
  });
});
