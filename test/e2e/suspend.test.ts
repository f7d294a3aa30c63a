import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../src/telemetry/result.ts";
import { cleanEnv, MAIN, temporaryFolder } from "../support/cli.ts";
import { childrenOf } from "../support/processes.ts";
import { type Screen, screensOfTests } from "../support/terminal.ts";

setDefaultTimeout(90_000);

const folder = temporaryFolder();
const openScreen = screensOfTests(afterAll);
afterAll(() => rmSync(folder, { recursive: true }));

const LONG = join(folder, "long.yaml");
writeFileSync(
  LONG,
  "title: A long run\nmodes: [async]\nload: { executor: constant-arrival-rate, rate: 100, duration: 60s }\nwork: { kind: sleep, time: 1ms }\ngracefulStop: 1s\n",
);
const SHORT = join(folder, "short.yaml");
writeFileSync(SHORT, readFileSync(LONG, "utf8").replace("60s", "2500ms"));

const PROMPT = "shell is here";

/** A shell with job control in a terminal of its own. */
function shell(): Screen {
  return openScreen(["--norc", "--noprofile", "-i"], {
    command: ["bash"],
    columns: 100,
    rows: 30,
    cwd: folder,
    env: { PS1: `${PROMPT}> ` },
  });
}

/** The console that a shell runs, once it draws. */
async function started(screen: Screen): Promise<number> {
  screen.type(`${process.execPath} ${MAIN} run ${LONG} --json r.json\n`);
  await screen.until(/ left/);
  const [pid] = childrenOf(screen.pid);
  if (pid === undefined) throw new Error("no console");
  return pid;
}

/** Each test finds the dashboard drawn, and leaves it so. */
describe.skipIf(!existsSync("/bin/bash"))("a job that is stopped and goes on", () => {
  let screen: Screen;
  let pid = 0;
  beforeAll(async () => {
    screen = shell();
    pid = await started(screen);
  });

  /** The shell has the terminal. */
  const prompted = () => screen.until(/Stopped[\s\S]*shell is here>\s*$/);
  const goOn = async () => {
    screen.type("fg\n");
    return screen.until(/ left[\s\S]*Throughput/);
  };
  /** Keys are the dashboard's again, and not the line editor's. */
  const takesKeys = async () => {
    screen.type("?");
    await screen.until("Ctrl-Z");
    screen.type("?");
    await screen.until("Throughput");
  };

  test("gives back a terminal that is whole, and takes it again: SIGTSTP", async () => {
    process.kill(pid, "SIGTSTP");
    await prompted();
    screen.type("stty -a; echo whole=$((6*7))\n");
    const text = await screen.until("whole=42");
    expect(text).toMatch(/[^-]icanon/);
    expect(text).toMatch(/[^-]echo /);
    expect(text).not.toContain("Throughput");
    expect(await goOn()).not.toContain(PROMPT);
    await takesKeys();
  });

  test("several stops at once are one", async () => {
    for (let i = 0; i < 3; i++) process.kill(pid, "SIGTSTP");
    await prompted();
    await goOn();
    await takesKeys();
  });

  test("a SIGCONT of one that was not stopped changes nothing", async () => {
    for (let i = 0; i < 3; i++) process.kill(pid, "SIGCONT");
    await takesKeys();
  });

  test("takes the terminal again though it could not give it back: SIGSTOP", async () => {
    process.kill(pid, "SIGSTOP");
    await prompted();
    await Bun.sleep(1500);
    expect(await goOn()).not.toContain(PROMPT);
    await takesKeys();
  });

  test("what was measured tells that it stood still", async () => {
    process.kill(pid, "SIGINT");
    await screen.until(/shell is here>\s*$/);
    const { cases } = JSON.parse(readFileSync(join(folder, "r.json"), "utf8")) as RunResult;
    expect(cases[0]?.warnings.join(" ")).toContain("The console stood still for about");
    expect(cases[0]?.ledger.processed).toBeGreaterThan(100);
  });
});

describe.skipIf(!existsSync("/proc/self/task"))("a runner that is stopped", () => {
  test("makes its case disturbed, and is named before anything else", async () => {
    const out = join(folder, "stopped.json");
    const child = Bun.spawn([process.execPath, MAIN, "run", SHORT, "--json", out], { env: cleanEnv(), stdout: "ignore", stderr: "pipe" });
    let said = "";
    const heard = (async () => {
      for await (const chunk of child.stderr) said += new TextDecoder().decode(chunk);
    })();
    while (!said.includes(" 1 s ")) await Bun.sleep(20);
    const [pid = 0] = childrenOf(child.pid);
    process.kill(pid, "SIGSTOP");
    await Bun.sleep(700);
    process.kill(pid, "SIGCONT");
    expect(await child.exited).toBe(0);
    await heard;
    const [one] = (JSON.parse(readFileSync(out, "utf8")) as RunResult).cases;
    expect(one?.disturbed?.stoppedMs).toBeWithin(300, 2500);
    expect(one?.explanation).toStartWith("Processes of this case were stopped for about");
    expect(one?.status).toBe("completed");
  });
});
