import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, lab, ROOT, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "node_modules"));
symlinkSync(ROOT, join(folder, "node_modules", "lab-tui"));
symlinkSync(join(ROOT, "node_modules", "rxjs"), join(folder, "node_modules", "rxjs"));

interface Example {
  readonly kind: string;
  /** The heading it stands under, and its first line. */
  readonly name: string;
  readonly text: string;
}

function examples(): Example[] {
  const found: Example[] = [];
  let heading = "";
  for (const [, title, kind, text = ""] of readFileSync(join(ROOT, "README.md"), "utf8").matchAll(
    /^#+ (.*)$|^```(\w+)\n([\s\S]*?)^```$/gm,
  )) {
    if (title !== undefined) heading = title;
    else found.push({ kind: kind ?? "", name: `${heading}: ${text.split("\n")[0]}`, text });
  }
  return found;
}

const all = examples();
const scenarios = all.filter(({ kind }) => kind === "yaml");
const programs = all.filter(({ kind }) => kind === "ts");

describe("every example of the README works", () => {
  test("there are some of each kind", () => {
    expect([scenarios.length > 1, programs.length > 6]).toEqual([true, true]);
  });

  test.each(scenarios)("$name", async ({ text }) => {
    writeFileSync(join(folder, "score.ts"), "export default () => {};");
    const file = join(folder, "example.yaml");
    writeFileSync(file, text);
    expect(await lab(["validate", file])).toMatchObject({ code: 0, stderr: "" });
  });

  test.each(programs)("$name", async ({ text }) => {
    const file = join(folder, "example.ts");
    writeFileSync(file, text);
    const child = Bun.spawn([process.execPath, file], { cwd: folder, env: cleanEnv(), stdout: "pipe", stderr: "pipe" });
    const [stderr, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
    expect([code, /^\s+at /m.test(stderr) ? stderr : ""]).toEqual([0, ""]);
  });
});
