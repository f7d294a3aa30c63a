import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lab, temporaryFolder } from "../support/cli.ts";
import { Screen } from "../support/terminal.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
const quick = join(folder, "quick.yaml");
writeFileSync(quick, "title: quick\nload: { executor: bursts, size: 50 }\nwork: { kind: none }\nmodes: [sync]\n");

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const DRAWN = /[\u001b\u2500-\u28ff]/;

describe("for people who listen", () => {
  for (const [how, args, env] of [
    ["--plain", ["--plain"], {}],
    ["INK_SCREEN_READER", [], { INK_SCREEN_READER: "true" }],
  ] as const) {
    test(`${how}: on a terminal a run is sentences, without an escape code, and ends without a key`, async () => {
      const screen = new Screen(["run", quick, "--no-store", ...args], { columns: 120, env });
      expect(await screen.exited).toBe(0);
      expect(screen.raw).not.toMatch(DRAWN);
      expect(screen.raw).toContain("Mode sync begins: 50 messages come at once.");
      expect(screen.raw).toContain("50 messages came: 50 were done.");
      expect(screen.raw).toContain("Summary of quick.");
    });
  }

  test("replay tells a past run in sentences, with a terminal or without", async () => {
    const file = join(folder, "result.json");
    expect((await lab(["run", quick, "--no-store", "--quiet", "--json", file])).code).toBe(0);
    const { code, stdout, stderr } = await lab(["replay", file, "--plain"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).not.toMatch(DRAWN);
    expect(stdout).toContain("50 messages came: 50 were done.");
    const screen = new Screen(["replay", file, "--plain", "--speed", "100"], { columns: 120 });
    expect(await screen.exited).toBe(0);
    expect(screen.raw).not.toMatch(DRAWN);
    expect(screen.raw).toContain("Summary of quick.");
  });

  test("with a screen reader the console is the list and a hint", async () => {
    const screen = new Screen([], { columns: 120, env: { INK_SCREEN_READER: "true" } });
    expect(await screen.exited).toBe(0);
    expect(screen.raw).not.toMatch(DRAWN);
    expect(screen.raw).toContain("lab-tui run NAME runs one");
  });
});
