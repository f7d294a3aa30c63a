import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../src/telemetry/result.ts";
import { labProcess, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Another program: a loop on one core, that ends by itself if nobody ends it. */
const LOOP = "for (const until = Date.now() + 60_000; Date.now() < until; );";

test("scenarios of one command are of one calibration", async () => {
  const files = ["one", "two"].map((name) => {
    const file = join(folder, `${name}.yaml`);
    writeFileSync(file, `title: ${name}\nmodes: [sync]\nload: { executor: bursts, size: 5 }\nwork: { kind: cpu, time: 1ms }\n`);
    return file;
  });
  const { stdout } = await labProcess(["run", ...files, "--no-store", "-q", "--json", "-"]);
  const [one, two] = (JSON.parse(stdout) as RunResult[]).map(({ machine }) => machine.calibration);
  expect(one?.roundsPerMs ?? 0).toBeGreaterThan(1000);
  expect(two).toEqual(one ?? null);
});

const SCENARIOS = {
  message: "load: { executor: constant-arrival-rate, rate: 40, duration: 1s }\nwork: { kind: cpu, time: 5ms }\nkeys: { count: 100 }",
  fetch: "workload: fetch\nload: { executor: constant-arrival-rate, rate: 40, duration: 1s }\nfetch: { target: { mock: {} } }",
  flow: "workload: flow\nload: { executor: constant-arrival-rate, rate: 40, duration: 1s }\nflow: { kind: event-bus, work: { kind: cpu, time: 2ms } }",
};

describe.skipIf(!existsSync("/proc/stat"))("beside another program that has a core to itself", () => {
  let other: ReturnType<typeof Bun.spawn> | null = null;
  beforeAll(() => {
    other = Bun.spawn([process.execPath, "-e", LOOP], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  });
  afterAll(() => other?.kill("SIGKILL"));

  async function runOf(workload: keyof typeof SCENARIOS, modes: string): Promise<{ result: RunResult; stderr: string; stdout: string }> {
    const file = join(folder, `${workload}.yaml`);
    const json = join(folder, `${workload}.json`);
    writeFileSync(file, `title: ${workload}\nmodes: [${modes}]\n${SCENARIOS[workload]}\n`);
    const { stdout, stderr } = await labProcess(["run", file, "--headless", "--no-store", "--force", "--json", json]);
    return { result: JSON.parse(readFileSync(json, "utf8")) as RunResult, stdout, stderr };
  }

  test("a case keeps its status and is disturbed, says by what, and how much each used; computing is checked by CPU time", async () => {
    const { result, stdout, stderr } = await runOf("message", "sync, parallel");
    expect(result.machine.calibration?.clock).toBe("thread");
    for (const { status, disturbed, warnings, explanation, series, process } of result.cases) {
      expect(status).toBe("completed");
      expect(disturbed?.otherCores ?? 0).toBeGreaterThan(0.2);
      expect(disturbed?.reason).toMatch(/^Other programs used \d+\.\d\d of the machine's \d+ cores? on average\./);
      // Where there are two causes, each is a sentence of its own among the warnings.
      for (const sentence of (disturbed?.reason ?? "no reason").split(/(?<=\.) (?=[A-Z])/)) expect(warnings.join(" ")).toContain(sentence);
      expect(explanation).toMatch(/^Other programs used \d+\.\d\d of the machine's \d+ cores? and the case itself \d\.\d\d: /);
      expect(Math.max(...series.map(({ otherCores }) => otherCores ?? 0))).toBeGreaterThan(0.2);
      expect(process.work).toMatchObject({ askedMs: expect.closeTo(200, 0) });
      // A neighbour on the same physical core slows computing by a third at most; by the wall clock it would be by more than a half.
      expect(Math.abs(process.work?.slowerBy ?? 1)).toBeLessThan(0.34);
      expect(disturbed?.calibrationOff).toBe(Math.abs(process.work?.slowerBy ?? 1));
    }
    expect(stdout).toContain("† disturbed: ");
    expect(stderr).toContain("completed, † disturbed (Other programs used");
  });

  test.each(["fetch", "flow"] as const)("a case of workload %s names it too", async (workload) => {
    const { result } = await runOf(workload, "async");
    expect(result.cases[0]?.disturbed?.otherCores ?? 0).toBeGreaterThan(0.2);
    expect(result.cases[0]?.explanation).toStartWith("Other programs used ");
  });
});
