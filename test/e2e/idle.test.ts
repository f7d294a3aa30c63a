import { expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../src/telemetry/result.ts";
import { labProcess, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(120_000);

const SECONDS = 3;

/** Two messages, seconds apart: what is used between them is what waiting costs. */
const scenario = (rate: number, modes: string) => `title: idle
load: { executor: bursts, size: 1, every: ${SECONDS}s, count: 2 }
keys: { count: 100 }
work: { kind: none }
parallel: { workers: 2 }
queries: { rate: ${rate} }
${modes}
`;

/** Share of a core that a program of the same runtime uses which does nothing but wake up `rate` times a second. */
async function bareWaking(rate: number): Promise<number> {
  const program = `const from = process.cpuUsage();
    const timer = setInterval(() => {}, ${1000 / rate});
    setTimeout(() => {
      clearInterval(timer);
      const { user, system } = process.cpuUsage(from);
      console.log((user + system) / ${SECONDS * 1e6});
    }, ${SECONDS * 1000});`;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe" });
  return Number(await new Response(child.stdout).text());
}

/**
 * Most that waiting may cost: a fiftieth of a core; twelve times what waking alone costs a bare program where that is more, on a slow
 * machine or beside others. Polling a thousand times a second uses tens of percent there.
 */
const mostOf = (bare: number) => Math.max(0.02, 12 * bare);

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
  const env = { LAB_TUI_REHEARSAL: "1" };
  const [{ stdout, code }, bare] = await Promise.all([
    labProcess(["run", file, "--headless", "--no-store", "-q", "--json", "-"], { env }),
    bareWaking(rate),
  ]);
  rmSync(folder, { recursive: true });
  expect(code).toBe(0);
  expect(bare).toBeWithin(1e-4, 0.05);
  for (const { durationMs, process, queries } of (JSON.parse(stdout) as RunResult).cases) {
    expect(queries.answered).toBe(rate * SECONDS + 1);
    expect(process.cpuMs / durationMs).toBeLessThan(mostOf(bare));
    for (const { utilization } of process.threads) expect(utilization ?? 0).toBeLessThan(mostOf(bare));
  }
});
