import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { showConfig } from "../../src/cli/commands/config.ts";
import { heard, lab, temporaryFolder } from "../support/cli.ts";
import { caseResult, runResult } from "../support/results.ts";
import { screensOfTests } from "../support/terminal.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
const open = screensOfTests();
afterAll(() => rmSync(folder, { recursive: true }));

/** A past run, for what is shown of runs without running any. */
const past = join(folder, "past.json");
writeFileSync(past, JSON.stringify(runResult([caseResult({ mode: "sync" })])));
const PLAYED = ["replay", past, "--speed", "1000"];

/** An environment with settings of its own; null: with none. */
function settings(name: string, text: string | null): { readonly env: Record<string, string>; readonly file: string } {
  const own = join(folder, name, "lab-tui");
  mkdirSync(own, { recursive: true });
  if (text !== null) writeFileSync(join(own, "config.yaml"), text);
  return { env: { XDG_CONFIG_HOME: join(folder, name) }, file: join(own, "config.yaml") };
}

/** Does something in this process with such settings. */
async function having<T>({ env }: ReturnType<typeof settings>, act: () => Promise<T>): Promise<T> {
  const before = process.env["XDG_CONFIG_HOME"];
  Object.assign(process.env, env);
  try {
    return await act();
  } finally {
    if (before === undefined) delete process.env["XDG_CONFIG_HOME"];
    else process.env["XDG_CONFIG_HOME"] = before;
  }
}

const said = (config: ReturnType<typeof settings>, schema = false) => having(config, () => heard(async () => showConfig(schema)));

describe("lab-tui config", () => {
  test("says where the settings are and what they say, or that there are none", async () => {
    const none = settings("none", null);
    expect(await said(none)).toStartWith(`${none.file} is not there`);
    const some = settings("some", 'fps: 5\nkeys: { run.quit: ["x"] }\n');
    expect(await said(some)).toBe(`${some.file}\nfps: 5\nkeys:\n  run.quit:\n    - x\n`);
  });

  test("its JSON Schema has every action", async () => {
    const schema = JSON.parse(await said(settings("none", null), true));
    expect(Object.keys(schema.properties)).toEqual(["theme", "glyphs", "fps", "plain", "keys"]);
    expect(schema.properties.keys.properties["run.quit"]).toMatchObject({ type: "array" });
  });

  test("settings that are wrong are told by every command that needs them, with exit 2, and by no other", async () => {
    const { env, file } = settings("wrong", "theme: lihgt\n");
    for (const args of [["config"], ["run", "first-look", "--no-store"]]) {
      const { code, stderr } = await lab(args, { env });
      expect(code).toBe(2);
      expect(stderr).toBe(
        `${file}:1:8: theme: must be one of dark, light, contrast, colour-blind, none, got "lihgt"; did you mean "light"?\n`,
      );
    }
    expect((await lab(["list"], { env })).code).toBe(0);
  });
});

describe("settings", () => {
  const braille = /[\u2801-\u28ff]/;

  test("a key that was given away does nothing, the new one works, and the help tells it; charts have the signs that are set", async () => {
    const { env } = settings("keys", 'glyphs: ascii\nkeys: { run.quit: ["x"], run.help: ["H"] }\n');
    const screen = open(PLAYED, { columns: 100, rows: 40, env });
    // It is over, so that the key does not ask.
    await screen.until(/^x quit(?!.*stop)/m);
    screen.type("q?");
    screen.type("H");
    expect(await screen.until("Panels")).toMatch(/x +quit; asks while a run is going on/);
    screen.type("H");
    await screen.until("x quit");
    screen.type("x");
    expect(await screen.exited).toBe(0);
    expect(screen.restored).toBe(true);
    expect(screen.raw).not.toMatch(braille);
  });

  test("the console's list has its own", async () => {
    const { env } = settings("list", 'keys: { browse.quit: ["x"] }\n');
    const screen = open([], { columns: 100, rows: 40, env });
    await screen.until("Enter run");
    screen.type("q");
    screen.type("?");
    await screen.until(/x +quit/);
    screen.type("qx");
    expect(await screen.exited).toBe(0);
  });

  test("plain is the default then", async () => {
    const spoken = open(PLAYED, settings("plain", "plain: true\n"));
    expect(await spoken.exited).toBe(0);
    expect(spoken.raw).toMatch(/^Summary of /m);
  });

  test("the environment goes over them, and flags do", async () => {
    const { env } = settings("over", "plain: true\nglyphs: ascii\n");
    const drawn = open([...PLAYED, "--close-after", "0s", "--glyphs", "braille"], { env: { ...env, INK_SCREEN_READER: "false" } });
    expect(await drawn.exited).toBe(0);
    expect(drawn.raw).toContain("\u001b[?1049h");
    expect(drawn.raw).toMatch(braille);
  });
});
