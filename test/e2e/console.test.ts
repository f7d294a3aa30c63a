import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/cli.ts";
import { screensOfTests } from "../support/terminal.ts";

setDefaultTimeout(90_000);

const folder = temporaryFolder();
const open = screensOfTests();
afterAll(() => rmSync(folder, { recursive: true }));

const QUICK =
  "title: A quick one\ndescription: As short as can be\nmodes: [sync]\nload: { executor: constant-arrival-rate, rate: 200, duration: 300ms }\nwork: { kind: none }\n";

/** A folder of a user's own with a scenario in it, and past runs of nobody else. */
function home(name: string): { readonly cwd: string; readonly env: Record<string, string> } {
  const cwd = join(folder, name);
  mkdirSync(join(cwd, "scenarios"), { recursive: true });
  writeFileSync(join(cwd, "scenarios/quick.yaml"), QUICK);
  return { cwd, env: { XDG_DATA_HOME: join(cwd, "data") } };
}

/** An editor that does this to the file it is given. */
function editor(name: string, does: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${does}\n`);
  chmodSync(file, 0o755);
  return file;
}

describe("C-1 the console", () => {
  test.each([
    [60, 18],
    [120, 40],
  ])("shows scenarios and all about the one that is chosen at %i×%i", async (columns, rows) => {
    const screen = open([], { ...home(`size-${columns}`), columns, rows });
    const first = await screen.until("▸ quick");
    expect(first).toContain("A quick one");
    expect(first).toContain("Enter run");
    // What theory expects is worked out in a process beside it.
    if (rows > 18) await screen.until(/expected +done/);
    for (const line of await screen.lines()) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(columns);
    screen.type("q");
    expect(await screen.exited).toBe(0);
    expect(screen.restored).toBe(true);
  });

  test("a run leads back to the list, and to past runs, where it is played again; its summary is left on the main screen", async () => {
    const screen = open([], { ...home("journey"), columns: 120, rows: 40 });
    await screen.until("▸ quick");
    screen.type("\r");
    await screen.until("% finished");
    screen.type("q");
    await screen.until(/Last run \d{4}-\d\d-\d\d .* sync \d+/);
    screen.type("h");
    await screen.until(/▸ .* quick .* completed/);
    screen.type("\r");
    await screen.until("% finished");
    screen.type("q");
    await screen.until("Past runs");
    screen.type("\u001b");
    await screen.until("▸ quick");
    screen.type("q");
    expect(await screen.exited).toBe(0);
    expect(screen.restored).toBe(true);
    expect(await screen.text()).toContain("ledger: 60 scheduled");
  });

  test("two past runs are marked and stand side by side, with what they have not in common", async () => {
    const { cwd, env } = home("compared");
    const screen = open([], { cwd, env, columns: 120, rows: 40 });
    await screen.until("▸ quick");
    screen.type("\r");
    await screen.until("% finished");
    screen.type("q");
    await screen.until("Last run");
    screen.type("o");
    await screen.until("once with");
    screen.type("\t100");
    await screen.until("100_");
    screen.type("\r");
    await screen.until("% finished");
    screen.type("q");
    await screen.until("▸ quick");
    screen.type("h");
    await screen.until(/Past runs .* 2 /);
    screen.type(" j ");
    await screen.until("c compare");
    screen.type("c");
    const compared = await screen.until("B ÷ A");
    expect(compared).toContain("differs: the scenario");
    expect(compared).toMatch(/A single run on each side cannot tell/);
    screen.type("x");
    await screen.until("Past runs");
    screen.type("q");
    await screen.until("▸ quick");
    screen.type("q");
    expect(await screen.exited).toBe(0);
  });

  test("a filter leaves those that have its words; Esc has all again", async () => {
    const screen = open([], { ...home("filtered"), columns: 120, rows: 40 });
    await screen.until("▸ quick");
    screen.type("/fetch breaker");
    await screen.until("▸ fetch-breaker");
    expect(await screen.text()).not.toContain("quick");
    screen.type("\r");
    await screen.until("/fetch breaker");
    screen.type("\u001b");
    await screen.until("▸ quick");
    screen.type("q");
    await screen.exited;
  });

  test("a scenario is edited with a mistake, which is told with its place, and mended", async () => {
    const { cwd, env } = home("edited");
    const spoil = editor("spoil.sh", 'if grep -q titel "$1"; then sed -i s/titel/title/ "$1"; else sed -i s/title/titel/ "$1"; fi');
    const screen = open([], { cwd, env: { ...env, EDITOR: spoil }, columns: 120, rows: 40 });
    await screen.until("▸ quick");
    screen.type("e");
    await screen.until(/quick: 1:1: title: is required .*titel/);
    screen.type("e");
    await screen.until(/A quick one[\s\S]*o run otherwise/);
    screen.type("\r");
    await screen.until("% finished");
    screen.type("q");
    await screen.until("▸ quick");
    screen.type("q");
    expect(await screen.exited).toBe(0);
    expect(screen.restored).toBe(true);
  });

  test("a shipped scenario is edited as a copy, a new one is written and can be run", async () => {
    const { cwd, env } = home("written");
    const screen = open([], { cwd, env: { ...env, EDITOR: editor("nothing.sh", ":") }, columns: 120, rows: 40 });
    await screen.until("▸ quick");
    screen.type("/first-look\r");
    await screen.until("▸ first-look");
    screen.type("e");
    await screen.until(/▸ first-look/);
    screen.type("n");
    await screen.until("▸ new");
    expect(existsSync(join(cwd, "scenarios/first-look.yaml"))).toBe(true);
    expect(readFileSync(join(cwd, "scenarios/new.yaml"), "utf8")).toContain('title: "new"');
    screen.type("q");
    expect(await screen.exited).toBe(0);
  });

  test("an editor that is not there is named", async () => {
    const { cwd, env } = home("no-editor");
    const screen = open([], { cwd, env: { ...env, EDITOR: "no-such-editor" }, columns: 120, rows: 40 });
    await screen.until("▸ quick");
    screen.type("e");
    await screen.until("no-such-editor could not be started");
    screen.type("q");
    await screen.exited;
    expect(screen.restored).toBe(true);
  });

  test("what the form asks for and cannot be is said on the list", async () => {
    const screen = open([], { ...home("refused"), columns: 120, rows: 40 });
    await screen.until("▸ quick");
    screen.type("osideways\r");
    await screen.until("--mode: must be a list of sync, async, parallel");
    screen.type("q");
    expect(await screen.exited).toBe(0);
  });

  test("SIGTERM ends it wherever it is, with the terminal as it was", async () => {
    const screen = open([], { ...home("ended"), columns: 120, rows: 40 });
    await screen.until("▸ quick");
    process.kill(screen.pid, "SIGTERM");
    expect(await screen.exited).toBe(143);
    expect(screen.restored).toBe(true);
  });
});
