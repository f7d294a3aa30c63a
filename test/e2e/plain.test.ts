import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { replayRun } from "../../src/cli/commands/replay.ts";
import { StopSignals } from "../../src/cli/signals.ts";
import { heard, temporaryFolder } from "../support/cli.ts";
import { type Screen, screensOfTests } from "../support/terminal.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
const open = screensOfTests();
const openForAll = screensOfTests(afterAll);
const own = process.env["XDG_DATA_HOME"];
afterAll(() => {
  if (own === undefined) delete process.env["XDG_DATA_HOME"];
  else process.env["XDG_DATA_HOME"] = own;
  rmSync(folder, { recursive: true });
});
const quick = join(folder, "quick.yaml");
writeFileSync(quick, "title: quick\nload: { executor: bursts, size: 50 }\nwork: { kind: none }\nmodes: [sync]\n");
const file = join(folder, "result.json");

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const DRAWN = /[\u001b\u2500-\u28ff]/;

describe("for people who listen", () => {
  let screen: Screen;
  beforeAll(async () => {
    process.env["XDG_DATA_HOME"] = join(folder, "data");
    screen = openForAll(["run", quick, "--no-store", "--plain", "--json", file], { columns: 120 });
    expect(await screen.exited).toBe(0);
  });

  test("--plain: on a terminal a run is sentences, without an escape code, and ends without a key", () => {
    expect(screen.raw).not.toMatch(DRAWN);
    for (const sentence of ["Mode sync begins: 50 messages come at once.", "50 messages came: 50 were done.", "Summary of quick."])
      expect(screen.raw).toContain(sentence);
  });

  test("INK_SCREEN_READER asks for the same; a replay on a terminal tells the run too", async () => {
    const spoken = open(["replay", file, "--speed", "100"], { columns: 120, env: { INK_SCREEN_READER: "true" } });
    expect(await spoken.exited).toBe(0);
    expect(spoken.raw).not.toMatch(DRAWN);
    for (const sentence of ["50 messages came: 50 were done.", "Summary of quick."]) expect(spoken.raw).toContain(sentence);
  });

  test("a replay without a terminal tells it as well", async () => {
    const said = await heard(async () => {
      expect(await replayRun(file, { plain: true }, new StopSignals())).toBe(0);
    });
    expect(said).not.toMatch(DRAWN);
    expect(said).toContain("50 messages came: 50 were done.");
  });

  test("with a screen reader the console is the list and a hint", async () => {
    const list = open([], { columns: 120, env: { INK_SCREEN_READER: "true" } });
    expect(await list.exited).toBe(0);
    expect(list.raw).not.toMatch(DRAWN);
    expect(list.raw).toContain("lab-tui run NAME runs one");
  });
});
