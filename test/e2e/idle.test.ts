import { expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../src/telemetry/result.ts";
import { lab, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(120_000);

/** Two messages, three seconds apart: what is used between them is what waiting costs. */
const SCENARIO = `title: idle
load: { executor: bursts, size: 1, every: 3s, count: 2 }
keys: { count: 100 }
work: { kind: none }
parallel: { workers: 2 }
queries: { rate: 20 }
`;

test.each([
  ["no offload", "modes: [sync, async, parallel]"],
  ["a helper thread", "modes: [async]\nasync: { offload: message }"],
])("P1-R3 who waits sleeps: with queries on, %s, a mode without messages uses a fiftieth of a core at most", async (_, modes) => {
  const folder = temporaryFolder();
  const file = join(folder, "idle.yaml");
  writeFileSync(file, `${SCENARIO}${modes}\n`);
  const { stdout, code } = await lab(["run", file, "--headless", "--no-store", "-q", "--json", "-"]);
  rmSync(folder, { recursive: true });
  expect(code).toBe(0);
  for (const { durationMs, process, queries } of (JSON.parse(stdout) as RunResult).cases) {
    expect(queries.answered).toBe(61);
    expect(process.cpuMs / durationMs).toBeLessThan(0.02);
    for (const { utilization } of process.threads) expect(utilization ?? 0).toBeLessThan(0.02);
  }
});
