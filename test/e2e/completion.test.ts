import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, lab, MAIN, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const bin = join(folder, "bin");
mkdirSync(bin);
mkdirSync(join(folder, "scenarios"));
writeFileSync(join(bin, "lab-tui"), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
chmodSync(join(bin, "lab-tui"), 0o755);
writeFileSync(join(folder, "scenarios", "zz-own.yaml"), "title: own\n");
writeFileSync(join(folder, "scenarios", "zz $(touch broken-in) two.yaml"), "title: two words\n");
writeFileSync(join(folder, "notes.json"), "{}");

function shell(command: readonly string[], env: Record<string, string> = {}) {
  const child = Bun.spawnSync([...command], { cwd: folder, env: cleanEnv({ PATH: `${bin}:${process.env["PATH"] ?? ""}`, ...env }) });
  return { code: child.exitCode, stdout: child.stdout.toString(), stderr: child.stderr.toString() };
}

const SCRIPT = join(folder, "completion.bash");
beforeAll(async () => writeFileSync(SCRIPT, (await lab(["completion", "bash"])).stdout));

/** What bash offers for the last of the words, as it would call the completion. */
function offered(...words: readonly string[]): readonly string[] {
  return offeredBy(`source "${SCRIPT}"`, ...words);
}

function offeredBy(source: string, ...words: readonly string[]): readonly string[] {
  const ask = `${source}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lab_tui; printf "%s\\n" "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = shell(["bash", "-c", ask, "bash", "lab-tui", ...words]);
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "");
}

describe("completion in bash", () => {
  test("commands, and those below a command", () => {
    expect(offered("ru")).toEqual(["run", "runs"]);
    expect(offered("serve", "")).toEqual(["tiles", "flows", "help"]);
    expect(offered("runs", "")).toEqual(["baselines", "trend", "rm", "prune"]);
    expect(offered("runs", "trend", "first")).toEqual(["first-look"]);
    expect(offered("help", "repl")).toEqual(["replay"]);
    expect(offeredBy("source <(lab-tui completion bash)", "help", "repl")).toEqual(["replay"]);
  });

  test("the flags of the command that is written, and of no other", () => {
    expect(offered("run", "--th")).toEqual(["--theme"]);
    expect(offered("run", "first-look", "--cast")).toEqual(["--cast", "--cast-size", "--cast-version"]);
    expect(offered("runs", "prune", "--")).toEqual(["--keep", "--older-than", "--help"]);
  });

  test("the choices of a flag, with a space or an equals sign before them", () => {
    expect(offered("run", "--glyphs", "")).toEqual(["braille", "block", "ascii"]);
    expect(offered("run", "--theme", "=", "co")).toEqual(["contrast", "colour-blind"]);
    expect(offered("run", "--glyphs", "=")).toEqual(["braille", "block", "ascii"]);
    expect(offered("completion", "")).toEqual(["bash", "zsh", "fish"]);
    expect(offered("compare", "--format", "m")).toEqual(["markdown"]);
  });

  test("modes one after another, with commas", () => {
    expect(offered("run", "--mode", "s")).toEqual(["sync"]);
    expect(offered("run", "--mode", "sync,pa")).toEqual(["sync,parallel"]);
  });

  test("scenarios by name, the user's own among them, after flags with values too", () => {
    expect(offered("run", "first")).toEqual(["first-look"]);
    expect(offered("run", "--theme", "dark", "first-look", "zz-")).toEqual(["zz-own"]);
  });

  test("a name is offered as it is, and what it holds is not run", () => {
    expect(offered("run", "zz\\ ")).toEqual(["zz $(touch broken-in) two"]);
    expect(existsSync(join(folder, "broken-in"))).toBe(false);
  });

  test("runs by name, last, and files of results", async () => {
    writeFileSync(join(folder, "quick.yaml"), "title: quick\nload: { executor: bursts, size: 5 }\nwork: { kind: none }\nmodes: [sync]\n");
    expect((await lab(["run", "quick.yaml", "--quiet"], { cwd: folder })).code).toBe(0);
    const [kept] = JSON.parse((await lab(["runs", "--json"])).stdout) as { run: string }[];
    expect(offered("show", kept?.run.slice(0, -1) ?? "")).toContain(kept?.run ?? "");
    expect(offered("show", "la")).toEqual(["last"]);
    expect(offered("replay", "no")).toEqual(["notes.json"]);
    expect(offered("compare", "last", "first")).toEqual(["first-look"]);
    expect(offered("compare", kept?.run.slice(0, -1) ?? "")).toContain(kept?.run ?? "");
  });

  test("nothing where anything may stand", () => {
    expect(offered("run", "--seed", "")).toEqual([]);
  });
});

describe("completion scripts", () => {
  for (const [name, check] of [
    ["bash", "-n"],
    ["zsh", "-n"],
    ["fish", "--no-execute"],
  ] as const) {
    test.skipIf(Bun.which(name) === null)(`${name} takes its script`, async () => {
      const file = join(folder, `script.${name}`);
      writeFileSync(file, (await lab(["completion", name])).stdout);
      expect(shell([name, check, file])).toEqual({ code: 0, stdout: "", stderr: "" });
    });
  }

  test.skipIf(Bun.which("fish") === null)("fish offers commands, choices and scenarios", () => {
    const asked = ["lab-tui ru", "lab-tui run --theme d", "lab-tui run --mode sync,pa", "lab-tui run zz-o", "lab-tui runs pr"];
    const { stdout } = shell(
      ["fish", "-c", `lab-tui completion fish | source; ${asked.map((line) => `complete -C'${line}'`).join("; ")}`],
      {
        HOME: folder,
      },
    );
    expect(stdout.split("\n").map((line) => line.replace(/\t.*/, ""))).toEqual(
      expect.arrayContaining(["run", "runs", "dark", "sync,parallel", "zz-own", "prune"]),
    );
  });

  test("a shell without a script is named with those that have one", async () => {
    const { code, stderr } = await lab(["completion", "ksh"]);
    expect(code).toBe(2);
    expect(stderr).toContain("bash, zsh, fish");
  });

  test("every command of the help is in every script", async () => {
    const help = (await lab(["--help"])).stdout;
    const commands = [...(help.split("Commands:")[1] ?? "").matchAll(/^ {2}(\w+)/gm)].map(([, name = ""]) => name);
    expect(commands.length).toBeGreaterThan(12);
    for (const name of ["bash", "zsh", "fish"]) {
      const { stdout } = await lab(["completion", name]);
      for (const command of commands) expect(stdout).toMatch(new RegExp(`\\b${command}\\b`));
    }
  });
});
