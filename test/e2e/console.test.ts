import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/cli.ts";
import { type Screen, screensOfTests } from "../support/terminal.ts";

setDefaultTimeout(90_000);

const folder = temporaryFolder();
const open = screensOfTests();
const openForAll = screensOfTests(afterAll);
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

/** Each test finds the list with `quick` chosen, and leaves it so. */
describe("C-1 the console, from its list to all it leads to and back", () => {
  const { cwd, env } = home("journey");
  // Of one scenario the title is misspelt, and mended again; others stay as they are.
  const EDITOR = editor(
    "edit.sh",
    'case "$1" in */quick.yaml) if grep -q titel "$1"; then sed -i s/titel/title/ "$1"; else sed -i s/title/titel/ "$1"; fi;; esac',
  );
  let screen: Screen;
  beforeAll(async () => {
    screen = openForAll([], { cwd, env: { ...env, EDITOR }, columns: 120, rows: 40 });
    await screen.until("▸ quick");
  });

  test.each([
    [60, 18],
    [80, 24],
    [200, 60],
    [120, 40],
  ])("shows scenarios and all about the one that is chosen at %i×%i", async (columns, rows) => {
    screen.resize(columns, rows);
    const text = await screen.until(new RegExp(`^lab-tui(?:.*\\n){${rows - 1}}.*Enter run.*$`));
    expect(text).toContain("▸ quick");
    expect(text).toContain("A quick one");
  });

  test("what theory expects is worked out beside it", async () => {
    await screen.until(/expected +done/);
  });

  test("d draws the modes, one after another", async () => {
    screen.type("d");
    await screen.until("sync: one thread does everything in turn");
    screen.type("d");
    await screen.until("async: one event loop");
    screen.type("q");
    await screen.until("▸ quick");
  });

  test("a filter leaves those that have its words; Esc has all again", async () => {
    screen.type("/fetch breaker");
    await screen.until("▸ fetch-breaker");
    expect(await screen.text()).not.toContain("quick");
    screen.type("\r");
    await screen.until("/fetch breaker");
    screen.type("\u001b");
    await screen.until("▸ quick");
  });

  test("what the form asks for and cannot be is said on the list", async () => {
    screen.type("osideways\r");
    await screen.until("--mode: must be a list of sync, async, parallel");
  });

  test("a scenario is edited with a mistake, which is told with its place, and mended", async () => {
    screen.type("e");
    await screen.until(/quick: 1:1: title: is required .*titel/);
    screen.type("e");
    await screen.until(/A quick one[\s\S]*o run otherwise/);
  });

  test("a run is looked at closely and in its past, and leads back to the list", async () => {
    screen.type("\r");
    await screen.until("% finished");
    screen.type("z");
    await screen.until("Esc back");
    screen.type("\u001b");
    await screen.until(/^sync +\d/m);
    screen.type("\u001b[D");
    await screen.until("the past, at");
    screen.type("\u001b");
    await screen.until("% finished");
    screen.type("q");
    await screen.until(/Last run \d{4}-\d\d-\d\d .* sync \d+/);
  });

  test("a run with other values needs no editing", async () => {
    screen.type("o");
    await screen.until("once with");
    screen.type("\t100");
    await screen.until("100_");
    screen.type("\r");
    await screen.until("% finished");
    screen.type("q");
    await screen.until("▸ quick");
  });

  test("past runs are played again", async () => {
    screen.type("h");
    await screen.until(/▸ .* quick .* completed/);
    screen.type("\r");
    await screen.until("% finished");
    screen.type("q");
    await screen.until("Past runs");
    screen.type("\u001b");
    await screen.until("▸ quick");
  });

  test("two past runs are marked and stand side by side, with what they have not in common", async () => {
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
  });

  test("a command is found by its words, and done", async () => {
    screen.type(":");
    await screen.until("Commands");
    screen.type("replay past");
    await screen.until(/▸ past runs: replay, compare/);
    screen.type("\r");
    await screen.until("Past runs");
    screen.type("q");
    await screen.until("▸ quick");
  });

  test("m has the mouse reported, and the wheel goes through the list", async () => {
    screen.type("m");
    while (!screen.raw.includes("\u001b[?1006h")) await Bun.sleep(20);
    screen.type("\u001b[<65;5;5M");
    await screen.until(/^┃ {3}quick/m);
    screen.type("\u001b[<64;5;5M");
    await screen.until("▸ quick");
    screen.type("m");
  });

  test.each([
    [60, 18],
    [200, 60],
    [80, 24],
    [120, 40],
  ])("help, past runs and two of them side by side fit at %i×%i", async (columns, rows) => {
    screen.resize(columns, rows);
    screen.type("?");
    await screen.until(/^ *Keys[\s\S]*quit/);
    screen.type("?");
    await screen.until("▸ quick");
    screen.type("h");
    await screen.until(new RegExp(`^┏━ Past runs(?:.*\\n){${rows - 1}}.*Enter replay.*$`));
    screen.type(" j c");
    await screen.until(new RegExp(`^A: quick(?:.*\\n){${rows - 1}}any key back$`));
    screen.type("x");
    await screen.until("Past runs");
    screen.type("q");
    await screen.until("▸ quick");
  });

  test("a shipped scenario is edited as a copy", async () => {
    screen.type("/first-look\r");
    await screen.until("▸ first-look");
    screen.type("e");
    while (!existsSync(join(cwd, "scenarios/first-look.yaml"))) await Bun.sleep(20);
    // Without the filter.
    await screen.until(/^┃ {3}quick[\s\S]*▸ first-look/m);
  });

  test("a new one is written", async () => {
    screen.type("n");
    await screen.until("▸ new");
    expect(readFileSync(join(cwd, "scenarios/new.yaml"), "utf8")).toContain('title: "new"');
  });

  test("q leaves, with the summary of what ran on the main screen", async () => {
    screen.type("q");
    expect(await screen.exited).toBe(0);
    expect(screen.restored).toBe(true);
    expect(await screen.text()).toContain("ledger: 60 scheduled");
  });
});

test("a run that is asked to stop ends the console", async () => {
  const { cwd, env } = home("stopped");
  writeFileSync(join(cwd, "scenarios/quick.yaml"), QUICK.replace("300ms", "30s"));
  const screen = open([], { cwd, env, columns: 120, rows: 40 });
  await screen.until("▸ quick");
  screen.type("\r");
  await screen.until(/ left/);
  screen.type("qy");
  expect(await screen.exited).toBe(130);
  expect(screen.restored).toBe(true);
});

test("an editor that is not there is named; SIGTERM ends the console wherever it is, with the terminal as it was", async () => {
  const { cwd, env } = home("no-editor");
  const screen = open([], { cwd, env: { ...env, EDITOR: "no-such-editor" }, columns: 120, rows: 40 });
  await screen.until("▸ quick");
  screen.type("e");
  await screen.until("no-such-editor could not be started");
  process.kill(screen.pid, "SIGTERM");
  expect(await screen.exited).toBe(143);
  expect(screen.restored).toBe(true);
});
