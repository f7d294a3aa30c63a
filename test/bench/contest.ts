import { startRun } from "../../src/engine/run/run.ts";
import { UserError } from "../../src/kernel/problem.ts";
import { printable } from "../../src/kernel/text.ts";
import { type Mode, type Scenario, scenarioSchema } from "../../src/scenario/schema.ts";
import type { CaseResult, RunResult } from "../../src/telemetry/result.ts";
import { BATCH, KEYS, MESSAGES } from "./workload.ts";

/** One row of the table: something of ours beside a peer, each clocked in turn, and the least ratio we aim at. */
export interface Contest {
  readonly what: string;
  readonly peer: string;
  /** null: only to be seen beside it. */
  readonly target: number | null;
  /** Per second. */
  readonly ours: () => Promise<number>;
  /** null: not installed here. */
  readonly theirs: () => Promise<number | null>;
}

export const peerFile = (file: string) => Bun.fileURLToPath(new URL(`./peers/${file}`, import.meta.url));

/** A server of the peers, for as long as somebody asks it: it prints where it listens as JSON. */
export async function withPeerServer<T>(file: string, args: readonly string[], ask: (url: string) => Promise<T>): Promise<T> {
  const command = [process.execPath, peerFile(file), ...args];
  const server = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "ignore" });
  try {
    const { value } = await server.stdout.getReader().read();
    return await ask((JSON.parse(new TextDecoder().decode(value)) as { readonly url: string }).url);
  } finally {
    server.kill();
    await server.exited;
  }
}

const peer = (file: string) => [process.execPath, peerFile(file)];
const python = ["/usr/bin/python3", Bun.fileURLToPath(new URL("./peers/asyncio_uvloop.py", import.meta.url)), "200000"];

export const MESSAGE_CONTESTS: readonly Contest[] = [
  row("async, batch 100", "async", "rxjs bufferCount(100)", peer("rxjs.ts"), 0.8),
  row("async, batch 100", "async", "fastq.promise", peer("fastq.ts"), 3),
  row("async, batch 100 or 10 ms", "async", "Python asyncio + uvloop", python, 20, "10ms"),
  row("sync", "sync", "bare loop", peer("bare-loop.ts"), 0.25),
  row("parallel, 2 Workers", "parallel", "piscina, batches of 100", peer("piscina.ts"), 5),
];

/** `timeout`: batches go after this time too. */
function row(what: string, mode: Mode, name: string, command: readonly string[], target: number, timeout?: string): Contest {
  return { what, peer: name, target, ours: () => clockMode(mode, timeout), theirs: () => clockCommand(command) };
}

/** Messages per second of one of our modes: the whole pipeline in a runner process, everything recorded. */
async function clockMode(mode: Mode, timeout?: string): Promise<number> {
  const { throughput } = await runOne({
    modes: [mode],
    load: { executor: "bursts", size: MESSAGES },
    keys: { count: KEYS },
    message: { updates: 2 },
    work: { kind: "none" },
    queue: { capacity: 1000, overflow: "block" },
    batch: { size: BATCH, ...(timeout === undefined ? {} : { timeout }) },
    parallel: { workers: 2 },
  });
  return throughput;
}

export function runBench(fields: object): Promise<RunResult> {
  return runScenario(scenarioSchema.parse({ title: "bench", ...fields }));
}

export function runScenario(scenario: Scenario): Promise<RunResult> {
  return startRun({ name: "bench", file: "", scenario, points: [{ params: {}, scenario }] }).result;
}

/** Runs the one case of a scenario; throws when it does not end well. */
export async function runOne(fields: object): Promise<CaseResult> {
  const { cases } = await runBench(fields);
  return completed(cases[0]);
}

export function completed(result: CaseResult | undefined): CaseResult {
  if (result?.status === "completed") return result;
  throw new Error(result?.problems.join(" ") ?? "no result");
}

/** Messages per second of a peer in a process of its own; null when it is not installed. */
export async function clockCommand(command: readonly string[]): Promise<number | null> {
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "ignore", env: { ...process.env, NODE_ENV: "production" } });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) return null;
  const { perSecond } = JSON.parse(text) as { perSecond: number };
  return perSecond;
}

/** `--rounds` as a number. Throws a UserError. */
export function wholeRounds(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 100) return count;
  throw new UserError(`--rounds: must be a whole number from 1 to 100, got ${JSON.stringify(printable(text, 20))}`);
}
