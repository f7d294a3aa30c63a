import { afterAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSettings } from "../../../src/cli/settings-file.ts";
import { UserError } from "../../../src/kernel/problem.ts";
import { temporaryFolder } from "../../support/cli.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "config.yaml");

function read(text: string) {
  writeFileSync(file, text);
  return readSettings(file);
}

/** The problems, each without the file's name. */
function problems(text: string): readonly string[] {
  try {
    read(text);
  } catch (error) {
    if (error instanceof UserError) return error.message.split("\n").map((line) => line.replace(`${file}:`, ""));
    throw error;
  }
  return [];
}

describe("the file of the settings", () => {
  test("YAML and JSON, whole or in part, empty too", () => {
    expect(read('theme: light\nglyphs: ascii\nfps: 5\nplain: true\nkeys: { run.quit: ["x", "Q"] }\n')).toEqual({
      ...{ theme: "light", glyphs: "ascii", fps: 5, plain: true },
      keys: { "run.quit": ["x", "Q"] },
    });
    expect(read('{ "theme": "none", "keys": {} }')).toEqual({ theme: "none", keys: {} });
    expect(read("# nothing yet\n")).toEqual({});
  });

  test("every problem at once, in order, with its place, what was found and what may have been meant", () => {
    expect(
      problems("theme: lihgt\nfps: 100\nplain: perhaps\nplane: true\nkeys:\n  run.hepl: [x]\n  run.zoom: [entr, 5]\n  run.theme: []\n"),
    ).toEqual([
      '1:8: theme: must be one of dark, light, contrast, colour-blind, none, got "lihgt"; did you mean "light"?',
      "2:6: fps: must be at most 60, got 100",
      '3:8: plain: must be true or false, got "perhaps"',
      '4:1: plane: is no setting; did you mean "plain"?',
      '6:3: keys.run.hepl: is no action; did you mean "run.help"?',
      '7:14: keys.run.zoom.0: must be one character, or a name such as enter, space, escape, up or ctrl-c, got "entr"; did you mean "enter"?',
      "7:20: keys.run.zoom.1: must be the name of a key, in quotes where it is a number or a sign, got 5",
      "8:14: keys.run.theme: must name a key, got []",
    ]);
  });

  test("a key of two actions is refused with both", () => {
    expect(problems('keys: { run.quit: ["?"] }')).toEqual([
      "1:19: keys.run.quit: must give a key to one action of a screen, but ? is that of run.help by default (?)",
    ]);
    expect(problems('keys: { run.zoom: ["v"], run.theme: ["v", "w"] }')[0]).toContain("but v is that of run.theme here too (v and w)");
  });

  test("what is no map, and no YAML", () => {
    expect(problems("[dark]")).toEqual(['1:1: file: must be a map of settings, got ["dark"]']);
    expect(problems("theme: [")).toHaveLength(1);
    expect(problems("theme: dark\ntheme: light\n")).toHaveLength(1);
  });
});
