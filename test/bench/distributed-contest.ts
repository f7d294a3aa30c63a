import { HAS_REDIS, RedisServer } from "../support/redis-server.ts";
import { type Contest, clockCommand, peerFile, runOne } from "./contest.ts";

const MESSAGES = 1_000_000;
const SECONDS_EACH = 10;

/** Messages of no work over Redis, two workers on this machine, beside what else is done with the same server's commands. */
export const DISTRIBUTED_CONTESTS: readonly Contest[] = [
  row("redis-benchmark XADD, 100 pipelined", null, benchmark),
  row("a consumer group: XADD, XREADGROUP, XACK by 100", null, (url) => clockPeer("group", url)),
  row("BullMQ, 2 workers, added in bulk", 2, (url) => clockPeer("bullmq", url)),
];

function row(peer: string, target: number | null, theirs: (url: string) => Promise<number | null>): Contest {
  const what = "distributed, zero work, 2 workers, batch 100";
  return { what, peer, target, ours: () => clock(), theirs: () => withServer(theirs) };
}

/** Messages per second committed, the whole pipeline, everything recorded. */
async function clock(): Promise<number> {
  const { throughput } = await runOne({
    modes: ["distributed"],
    load: { executor: "bursts", size: MESSAGES },
    keys: { count: 64 },
    message: { updates: 2 },
    work: { kind: "none" },
    queue: { capacity: 10_000, overflow: "block" },
    distributed: { redis: "auto", workers: 2, batch: 100 },
  });
  return throughput;
}

async function withServer(ask: (url: string) => Promise<number | null>): Promise<number | null> {
  if (!HAS_REDIS) return null;
  const server = await RedisServer.start();
  try {
    return await ask(server.url);
  } finally {
    await server.stop();
  }
}

/** The server's own benchmark: adding alone, with nothing between it and the socket. */
async function benchmark(url: string): Promise<number | null> {
  const program = Bun.which("redis-benchmark");
  if (program === null) return null;
  const { port } = new URL(url);
  const line = '[1,2,3,[0,0,[null,0,[[0,"counter",1],[1,"status","idle"]]]]]';
  const command = [program, "-p", port, "-q", "--csv", "-n", String(MESSAGES), "-c", "2", "-P", "100", "XADD", "stream", "*", "m", line];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "ignore" });
  const text = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) return null;
  const row = text.trim().split("\n").at(-1) ?? "";
  const rate = Number(/"([\d.]+)"(?:,|$)/.exec(row.slice(row.indexOf(",") - 1))?.[1] ?? row.split(",")[1]?.replaceAll('"', ""));
  return Number.isFinite(rate) ? rate : null;
}

function clockPeer(kind: string, url: string): Promise<number | null> {
  return clockCommand([process.execPath, peerFile("redis-race.ts"), kind, url, String(SECONDS_EACH)]);
}
