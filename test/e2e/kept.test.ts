import { afterAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, MAIN, temporaryFolder } from "../support/cli.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const env = { ...cleanEnv(), XDG_DATA_HOME: join(folder, "data") };

const SCENARIO = join(folder, "two.yaml");
writeFileSync(
  SCENARIO,
  "title: Two\nmodes: [sync]\nload: { executor: constant-arrival-rate, rate: 100, duration: 500ms }\nwork: { kind: none }\nsweep: { load.duration: [300ms, 60s] }\n",
);

async function told(...args: readonly string[]): Promise<string> {
  const child = Bun.spawn([process.execPath, MAIN, ...args], { env, stdout: "pipe", stderr: "pipe" });
  const [text] = await Promise.all([child.stdout.text(), child.exited]);
  return text;
}

describe("a run whose console is killed", () => {
  test("leaves the cases that were done", async () => {
    const child = Bun.spawn([process.execPath, MAIN, "run", SCENARIO, "--headless"], { env, stdout: "ignore", stderr: "pipe" });
    let said = "";
    for await (const chunk of child.stderr) {
      said += new TextDecoder().decode(chunk);
      if (said.includes("completed")) child.kill("SIGKILL");
    }
    await child.exited;
    expect(await told("runs")).toMatch(/two +1 +unfinished/);
    expect(await told("show", "last")).toContain("Not finished: 1 of 2 cases is done.");
  });
});
