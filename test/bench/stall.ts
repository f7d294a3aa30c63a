import { startRun } from "../../src/engine/run/run.ts";
import { formatMs } from "../../src/kernel/units.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import { YamlFile } from "../../src/scenario/yaml-file.ts";
import { peerFile, withPeerServer } from "./contest.ts";

/** Requests that come evenly to a server that stands still once. Rate per second; times in milliseconds. */
export interface Stall {
  readonly rate: number;
  readonly durationMs: number;
  readonly stallMs: number;
  /** Requests in flight at most, and connections. */
  readonly connections: number;
}

const STALL: Stall = { rate: 200, durationMs: 10_000, stallMs: 1000, connections: 10 };

/**
 * The percentile `share` (0…1) of the times from due to answered, by arithmetic. What falls due x before the end of the stall waits for x:
 * of all there are, `rate` · (stall − x) wait longer than x, so that as many as 1 − share of all do where x = stall − (1 − share) · duration.
 * What is answered at once takes no time; 0: the stall is shorter than that share of the run.
 */
export function stalledPercentile({ durationMs, stallMs }: Pick<Stall, "durationMs" | "stallMs">, share: number): number {
  return Math.max(0, stallMs - (1 - share) * durationMs);
}

interface Told {
  readonly p99: number;
  readonly count: number;
}

/** `lab-tui bench --stall`: what clients tell of a server that stands still for a second, beside what it is by arithmetic. */
export async function stall(): Promise<void> {
  const { rate, durationMs, stallMs, connections } = STALL;
  const pace = [connections, rate, durationMs / 1000].map(String);
  const rows: readonly (readonly [string, Told])[] = [
    ["arithmetic", { p99: stalledPercentile(STALL, 0.99), count: (rate * durationMs) / 1000 }],
    [
      "ours, at the rate, from due to answered",
      await beside((url) => ours(url, { executor: "constant-arrival-rate", rate, duration: `${durationMs}ms` })),
    ],
    ["autocannon, at the rate, corrected as wrk2 does", await beside((url) => autocannon([url, ...pace, "corrected"]))],
    ["autocannon, at the rate, from sent to answered", await beside((url) => autocannon([url, ...pace]))],
    [
      "ours, as a closed loop",
      await beside((url) => ours(url, { executor: "constant-vus", vus: connections, duration: `${durationMs}ms` })),
    ],
  ];
  const lines = rows.map(([who, { p99, count }]) => `| ${who} | ${count} | ${formatMs(p99)} |`);
  process.stdout.write(
    `${rate} requests/s for ${formatMs(durationMs)}, ${connections} connections; the server stands still once, for ${formatMs(stallMs)}.\n\n| client | requests | p99 |\n| --- | ---: | ---: |\n${lines.join("\n")}\n`,
  );
}

/** A server of its own for each; it stands still a fifth into the run of who asks at the rate. */
function beside(ask: (url: string) => Promise<Told>): Promise<Told> {
  const after = (STALL.rate * STALL.durationMs) / 5000;
  return withPeerServer("stalling-server.ts", [String(after), String(STALL.stallMs)], ask);
}

async function ours(url: string, load: object): Promise<Told> {
  const { connections: max } = STALL;
  const fetch = { urls: [url], concurrency: { max }, connections: { max } };
  const scenario = { title: "bench", workload: "fetch", modes: ["async"], load, fetch };
  const loaded = resolveScenario(YamlFile.parse("bench", JSON.stringify(scenario)), "bench");
  const { cases } = await startRun({ name: "bench", file: "", ...loaded }).result;
  const [result] = cases;
  if (result === undefined || result.ledger.processed === 0) throw new Error(result?.problems.join(" ") || "nothing was answered");
  return { p99: result.latency.sojourn.p99 ?? result.latency.sojourn.max, count: result.ledger.processed };
}

async function autocannon(args: readonly string[]): Promise<Told> {
  const child = Bun.spawn([process.execPath, peerFile("autocannon-paced.ts"), ...args], { stdout: "pipe", stderr: "ignore" });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return JSON.parse(text.trim().split("\n").at(-1) ?? "") as Told;
}
