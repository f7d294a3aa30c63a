import { afterAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanEnv, MAIN, temporaryFolder } from "../support/cli.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TINY = join(folder, "tiny.yaml");
writeFileSync(TINY, "title: Tiny\nmodes: [sync]\nload: { executor: bursts, size: 100 }\nwork: { kind: none }\n");

async function ended(command: readonly string[], env: Record<string, string>) {
  const child = Bun.spawn([...command], { cwd: folder, env, stdout: "pipe", stderr: "pipe" });
  const said = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, said: said.join("") };
}

describe("where the console is started", () => {
  test.skipIf(Bun.which("sh") === null)("a working folder that is gone is a sentence (needs sh)", async () => {
    const script = `mkdir gone && cd gone && rmdir ../gone && exec "${process.execPath}" "${MAIN}" list`;
    const { code, said } = await ended(["sh", "-c", script], cleanEnv());
    expect([code, said]).toEqual([2, "The working folder is gone; change to one that is there\n"]);
  });

  const NOBODY = ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups"];
  const may =
    Bun.which("setpriv") !== null &&
    Bun.spawnSync([...NOBODY, "test", "-r", MAIN, "-a", "-x", process.execPath], { stderr: "ignore" }).exitCode === 0;
  test.skipIf(!may)("a user without a name and a home runs, and is told that the run is not kept (needs root and setpriv)", async () => {
    const { PATH = "" } = process.env;
    Bun.spawnSync(["chmod", "a+rx", folder, tmpdir()]);
    const { code, said } = await ended([...NOBODY, process.execPath, MAIN, "run", TINY, "-q"], { PATH });
    expect([code, said]).toEqual([0, expect.stringMatching(/^warning: this run is not kept: .*XDG_DATA_HOME/)]);
  });
});
