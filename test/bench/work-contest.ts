import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { calibrate } from "../../src/engine/calibration.ts";
import { readAllowance, threadsFor } from "../../src/telemetry/allowance.ts";
import type { RunResult } from "../../src/telemetry/result.ts";
import { type Contest, clockCommand, completed, peerFile, runBench } from "./contest.ts";

/** Seconds that a case is kept busy, from a burst that would take longer. */
const SECONDS = 20;
const CORES = threadsFor(readAllowance());

const CPU = { work: { kind: "cpu", time: "5ms" }, keys: { count: 1000, distribution: "round-robin" } };
const SYNC = { ...CPU, modes: ["sync"], load: burst(200) };
const PARALLEL = { ...CPU, modes: ["parallel"], load: burst(200 * CORES), parallel: { workers: CORES } };
const IO = {
  modes: ["async"],
  load: burst(20_000),
  work: { kind: "io", time: "5ms" },
  keys: { count: 10_000, distribution: "round-robin" },
  async: { concurrency: 100 },
};

const TO_PROGRAMS = 200_000;
const PROGRAMS = {
  modes: ["parallel"],
  load: { executor: "bursts", size: TO_PROGRAMS },
  keys: { count: 10_000, distribution: "round-robin" },
  message: { updates: 2 },
  work: { kind: "command", command: ["python3", peerFile("python_batches.py")] },
  queue: { capacity: 10_000, overflow: "block" },
  batch: { size: 100 },
  // A pool is given all chunks at once.
  async: { concurrency: 40 },
  parallel: { workers: CORES },
};

/** Work that takes its time: how much of what the machine can do is done. */
export const WORK_CONTESTS: readonly Contest[] = [
  {
    what: "cpu 5 ms, saturated, sync",
    peer: "bare loop of the same work",
    target: 0.99,
    ours: () => clock(SYNC),
    theirs: () => bareLoops(1),
  },
  {
    what: `cpu 5 ms, saturated, parallel, ${CORES} Workers`,
    peer: `${CORES} × sync`,
    target: 0.98,
    ours: () => clock(PARALLEL),
    theirs: async () => CORES * (await clock(SYNC)),
  },
  {
    what: `cpu 5 ms, saturated, parallel, ${CORES} Workers`,
    peer: "a bare loop on each core at once",
    target: null,
    ours: () => clock(PARALLEL),
    theirs: () => bareLoops(CORES),
  },
  {
    what: `cpu 5 ms, saturated, parallel, ${CORES} Workers, dashboard open`,
    peer: `${CORES} × sync`,
    target: 0.95,
    ours: () => clockOnScreen(PARALLEL),
    theirs: async () => CORES * (await clock(SYNC)),
  },
  {
    what: `messages through Python programs, batch 100, ${CORES} Workers`,
    peer: `multiprocessing.Pool(${CORES}), chunks of 100`,
    target: 1,
    ours: async () => completed((await runBench(PROGRAMS)).cases[0]).throughput,
    theirs: () => clockCommand(["python3", peerFile("multiprocessing_pool.py"), String(CORES), String(TO_PROGRAMS)]),
  },
  { what: "io 5 ms, concurrency 100", peer: "100 at once ÷ 5 ms", target: 0.95, ours: () => clock(IO), theirs: async () => 100 / 0.005 },
];

/** Half again as much as can be done in the time, all due at once. */
function burst(perSecond: number) {
  return { executor: "bursts", size: 1.5 * SECONDS * perSecond };
}

function bench(fields: object) {
  return { gracefulStop: `${SECONDS}s`, queue: { capacity: "unlimited" }, ...fields };
}

/** Rounds of the computation that take a millisecond, as found when the bench began. */
let roundsPerMs = 0;
const reference = () => {
  if (roundsPerMs === 0) roundsPerMs = calibrate().roundsPerMs;
  return roundsPerMs;
};

/** Messages per second of a case. Every run calibrates anew; what is told is in messages of one and the same work. */
function perSecond({ machine, cases }: RunResult): number {
  const { throughput } = completed(cases[0]);
  return machine.calibration === null ? throughput : (throughput * machine.calibration.roundsPerMs) / reference();
}

async function clock(fields: object): Promise<number> {
  reference();
  return perSecond(await runBench(bench(fields)));
}

/** The same as a user sees it: the whole command in a terminal, its dashboard drawn. */
async function clockOnScreen(fields: object): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "lab-tui-bench-"));
  try {
    const scenario = join(folder, "bench.yaml");
    const result = join(folder, "result.json");
    writeFileSync(scenario, JSON.stringify({ title: "bench", ...bench(fields) }));
    const main = Bun.fileURLToPath(new URL("../../src/main.ts", import.meta.url));
    const { CI: _, ...env } = process.env;
    const child = Bun.spawn([process.execPath, main, "run", scenario, "--no-store", "--json", result], {
      env: { ...env, TERM: "xterm-256color" },
      terminal: { cols: 120, rows: 40, data: () => {} },
    });
    // The closing screen, which is there once the result is written, stays until a key is pressed.
    while (child.exitCode === null && !existsSync(result)) await Bun.sleep(200);
    child.terminal?.write("q");
    await child.exited;
    return perSecond(JSON.parse(readFileSync(result, "utf8")) as RunResult);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Pieces per second of as many loops at once, each in a process of its own, of the computation that the lab calibrated. */
async function bareLoops(count: number): Promise<number | null> {
  const rounds = Math.round(reference() * 5);
  const command = [process.execPath, peerFile("bare-work.ts"), String(rounds), String(SECONDS)];
  const rates = await Promise.all(Array.from({ length: count }, () => clockCommand(command)));
  return rates.reduce((sum: number | null, rate) => (sum === null || rate === null ? null : sum + rate), 0);
}
