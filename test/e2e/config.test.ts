import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lab, temporaryFolder } from "../support/cli.ts";
import { type Screen, screensOfTests } from "../support/terminal.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
const openScreen = screensOfTests();
afterAll(() => rmSync(folder, { recursive: true }));

const scenario = join(folder, "quick.yaml");
writeFileSync(scenario, "title: quick\nload: { executor: bursts, size: 50 }\nwork: { kind: none }\nmodes: [sync]\n");

/** An environment with settings of its own; null: with none. */
function settings(name: string, text: string | null): { readonly env: Record<string, string>; readonly file: string } {
  const own = join(folder, name, "lab-tui");
  mkdirSync(own, { recursive: true });
  if (text !== null) writeFileSync(join(own, "config.yaml"), text);
  return { env: { XDG_CONFIG_HOME: join(folder, name) }, file: join(own, "config.yaml") };
}

function open(args: readonly string[], env: Record<string, string>): Screen {
  return openScreen(args, { columns: 100, rows: 40, env });
}

describe("lab-tui config", () => {
  test("says where the settings are and what they say, or that there are none", async () => {
    const none = settings("none", null);
    expect((await lab(["config"], none)).stdout).toStartWith(`${none.file} is not there`);
    const some = settings("some", 'fps: 5\nkeys: { run.quit: ["x"] }\n');
    expect(await lab(["config"], some)).toEqual({ code: 0, stderr: "", stdout: `${some.file}\nfps: 5\nkeys:\n  run.quit:\n    - x\n` });
  });

  test("its JSON Schema has every action", async () => {
    const schema = JSON.parse((await lab(["config", "--schema"])).stdout);
    expect(Object.keys(schema.properties)).toEqual(["theme", "glyphs", "fps", "plain", "keys"]);
    expect(schema.properties.keys.properties["run.quit"]).toMatchObject({ type: "array" });
  });

  test("settings that are wrong are told by every command that needs them, with exit 2, and by no other", async () => {
    const { env, file } = settings("wrong", "theme: lihgt\n");
    for (const args of [["config"], ["run", scenario, "--no-store"]]) {
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
  test("a key that was given away does nothing, the new one works, and the help tells it", async () => {
    const { env } = settings("keys", 'keys: { run.quit: ["x"], run.help: ["H"] }\n');
    const screen = open(["run", scenario, "--no-store"], env);
    // The run is over, so that the key does not ask.
    await screen.until(/^x quit(?!.*stop)/m);
    screen.type("q?");
    screen.type("H");
    expect(await screen.until("Panels")).toMatch(/x +quit; asks while a run is going on/);
    screen.type("H");
    await screen.until("x quit");
    screen.type("x");
    expect(await screen.exited).toBe(0);
    expect(screen.restored).toBe(true);
  });

  test("the console's list has its own", async () => {
    const { env } = settings("list", 'keys: { browse.quit: ["x"] }\n');
    const screen = open([], env);
    await screen.until("Enter run");
    screen.type("q");
    screen.type("?");
    await screen.until(/x +quit/);
    screen.type("qx");
    expect(await screen.exited).toBe(0);
  });

  test("plain is the default then, and the environment goes over it", async () => {
    const { env } = settings("plain", "plain: true\n");
    const spoken = open(["run", scenario, "--no-store"], env);
    expect(await spoken.exited).toBe(0);
    expect(spoken.raw).toContain("Summary of quick.");
    const drawn = open(["run", scenario, "--no-store", "--close-after", "0s"], { ...env, INK_SCREEN_READER: "false" });
    expect(await drawn.exited).toBe(0);
    expect(drawn.raw).toContain("\u001b[?1049h");
  });

  test("glyphs of the charts, which a flag goes over", async () => {
    const { env } = settings("glyphs", "glyphs: ascii\n");
    const braille = /[\u2801-\u28ff]/;
    const file = join(folder, "result.json");
    expect((await lab(["run", scenario, "--no-store", "--quiet", "--json", file])).code).toBe(0);
    const cast = async (...flags: string[]) => {
      const to = join(folder, "out.cast");
      expect((await lab(["replay", file, "--cast", to, ...flags], { env })).code).toBe(0);
      return Bun.file(to).text();
    };
    expect(await cast()).not.toMatch(braille);
    rmSync(join(folder, "out.cast"));
    expect(await cast("--glyphs", "braille")).toMatch(braille);
  });
});
