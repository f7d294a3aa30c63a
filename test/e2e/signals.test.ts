import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../src/telemetry/result.ts";
import { cleanEnv, MAIN, temporaryFolder } from "../support/cli.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SCENARIO = join(folder, "long.yaml");
writeFileSync(
  SCENARIO,
  "title: Long\nmodes: [async]\nload: { executor: constant-arrival-rate, rate: 200, duration: 30s }\nwork: { kind: io, time: 5ms }\n",
);

/** Starts a run in a job of its own, signals the whole job as a terminal does once `when` says so, and waits for its end. */
async function signalled(name: string, signal: NodeJS.Signals, when: (said: string) => boolean) {
  const out = join(folder, `${name}.json`);
  const child = Bun.spawn([process.execPath, MAIN, "run", SCENARIO, "--headless", "--no-store", "--json", out], {
    env: cleanEnv(),
    detached: true,
    stdout: "ignore",
    stderr: "pipe",
  });
  let said = "";
  let sent = false;
  for await (const chunk of child.stderr) {
    said += new TextDecoder().decode(chunk);
    if (sent || !when(said)) continue;
    sent = true;
    process.kill(-child.pid, signal);
  }
  const code = await child.exited;
  return { code, cases: existsSync(out) ? (JSON.parse(readFileSync(out, "utf8")) as RunResult).cases : [] };
}

describe.skipIf(process.platform === "win32")("a signal to the whole job, as a terminal sends it", () => {
  test("one that hangs up: what was measured is written, and nothing has failed", async () => {
    const { code, cases } = await signalled("hang-up", "SIGHUP", (said) => said.includes(" 1 s"));
    expect([code, cases[0]?.status]).toEqual([143, "aborted"]);
    expect(cases[0]?.latency.sojourn.count ?? 0).toBeGreaterThan(50);
  });

  test("Ctrl-C while the first case is starting is no failure", async () => {
    const { code, cases } = await signalled("early", "SIGINT", (said) => said.length > 0);
    expect([code, cases.flatMap(({ status, problems }) => (status === "failed" ? problems : []))]).toEqual([130, []]);
  });
});
