import { startRun } from "../../engine/run.ts";
import { type Mode, scenarioSchema } from "../../scenario/schema.ts";
import { BATCH, KEYS, MESSAGES } from "./workload.ts";

/** One row of the table: a mode of ours beside a peer, and the least ratio we aim at. */
export interface Match {
  readonly what: string;
  readonly mode: Mode;
  /** Batches go after this time too. */
  readonly timeout?: string;
  readonly peer: string;
  readonly command: readonly string[];
  readonly target: number;
}

const peer = (file: string) => [process.execPath, Bun.fileURLToPath(new URL(`./peers/${file}`, import.meta.url))];
const python = ["/usr/bin/python3", Bun.fileURLToPath(new URL("./peers/asyncio_uvloop.py", import.meta.url)), "200000"];

export const MATCHES: readonly Match[] = [
  { what: "async, batch 100", mode: "async", peer: "rxjs bufferCount(100)", command: peer("rxjs.ts"), target: 0.8 },
  { what: "async, batch 100", mode: "async", peer: "fastq.promise", command: peer("fastq.ts"), target: 3 },
  { what: "async, batch 100 or 10 ms", mode: "async", timeout: "10ms", peer: "Python asyncio + uvloop", command: python, target: 20 },
  { what: "sync", mode: "sync", peer: "bare loop", command: peer("bare-loop.ts"), target: 0.25 },
  { what: "parallel, 2 Workers", mode: "parallel", peer: "piscina, batches of 100", command: peer("piscina.ts"), target: 5 },
];

/** Messages per second of one of our modes: the whole pipeline in a runner process, everything recorded. */
export async function clockMode(mode: Mode, timeout?: string): Promise<number> {
  const scenario = scenarioSchema.parse({
    title: "bench",
    modes: [mode],
    load: { executor: "bursts", size: MESSAGES },
    keys: { count: KEYS },
    message: { updates: 2 },
    work: { kind: "none" },
    queue: { capacity: 1000, overflow: "block" },
    batch: { size: BATCH, ...(timeout === undefined ? {} : { timeout }) },
    parallel: { workers: 2 },
  });
  const { cases } = await startRun({ name: "bench", file: "", scenario, points: [{ params: {}, scenario }] }).result;
  const result = cases[0];
  if (result === undefined || result.status !== "completed") throw new Error(result?.problems.join(" ") ?? "no result");
  return result.throughput;
}

/** Messages per second of a peer in a process of its own; null when it is not installed. */
export async function clockCommand(command: readonly string[]): Promise<number | null> {
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "ignore", env: { ...process.env, NODE_ENV: "production" } });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) return null;
  const { perSecond } = JSON.parse(text) as { perSecond: number };
  return perSecond;
}
