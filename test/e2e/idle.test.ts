import { expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../src/telemetry/result.ts";
import { lab, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(120_000);

const SECONDS = 5;

/** Two messages, seconds apart: what is used between them is what waiting costs. */
const scenario = (rate: number, modes: string) => `title: idle
load: { executor: bursts, size: 1, every: ${SECONDS}s, count: 2 }
keys: { count: 100 }
work: { kind: none }
parallel: { workers: 2 }
queries: { rate: ${rate} }
${modes}
`;

// They sleep most of the time, and what is measured is their CPU time: side by side they take as long as one.
test.concurrent.each([
  ["sync, 50 queries/s", 50, "modes: [sync]"],
  ["async, 50 queries/s", 50, "modes: [async]"],
  ["parallel, 20 queries/s", 20, "modes: [parallel]"],
  ["a helper thread, 20 queries/s", 20, "modes: [async]\nasync: { offload: message }"],
])("P1-R3 who waits sleeps: without messages a mode uses a fiftieth of a core at most: %s", async (_, rate, modes) => {
  const folder = temporaryFolder();
  const file = join(folder, "idle.yaml");
  writeFileSync(file, scenario(rate, modes));
  const { stdout, code } = await lab(["run", file, "--headless", "--no-store", "-q", "--json", "-"]);
  rmSync(folder, { recursive: true });
  expect(code).toBe(0);
  for (const { durationMs, process, queries } of (JSON.parse(stdout) as RunResult).cases) {
    expect(queries.answered).toBe(rate * SECONDS + 1);
    expect(process.cpuMs / durationMs).toBeLessThan(0.02);
    for (const { utilization } of process.threads) expect(utilization ?? 0).toBeLessThan(0.02);
  }
});
