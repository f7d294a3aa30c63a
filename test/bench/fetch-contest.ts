import { startRun } from "../../src/engine/run/run.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import { YamlFile } from "../../src/scenario/yaml-file.ts";
import { type Contest, clockCommand, peerFile, withPeerServer } from "./contest.ts";

const REQUESTS = 150_000;
const IN_FLIGHT = 50;

/** The rows of fetch: everything on (retry, breaker, timeout, deadline, correlation ids), beside clients that do nothing else. */
export const FETCH_CONTESTS: readonly Contest[] = [
  row("bare fetch loop", 0.9, (url) => clockCommand([process.execPath, peerFile("bare-fetch.ts"), url])),
  row("the same loop, with header and signal", 0.9, (url) => clockCommand([process.execPath, peerFile("bare-fetch.ts"), url, "guarded"])),
  row("autocannon", 0.85, (url) => clockCommand([process.execPath, peerFile("autocannon.ts"), url])),
  row("hey", 1.1, (url) => clockTool(["hey", "-n", String(REQUESTS), "-c", String(IN_FLIGHT), url])),
  row("wrk", null, (url) => clockTool(["wrk", "-t", "1", "-c", String(IN_FLIGHT), "-d", "3s", url])),
  row("bare fetch loop", 0.9, (url) => clockCommand([process.execPath, peerFile("bare-fetch.ts"), url]), true),
  row("autocannon", 0.85, (url) => clockCommand([process.execPath, peerFile("autocannon.ts"), url]), true),
  row("hey", 1.1, (url) => clockTool(["hey", "-n", String(REQUESTS), "-c", String(IN_FLIGHT), url]), true),
  row("wrk", null, (url) => clockTool(["wrk", "-t", "1", "-c", String(IN_FLIGHT), "-d", "3s", url]), true),
];

/** `secure`: by TLS, to a server that vouches for itself, whoever asks. */
function row(peer: string, target: number | null, theirs: (url: string) => Promise<number | null>, secure = false): Contest {
  return {
    what: `fetch${secure ? " by TLS" : ""}, async, ${IN_FLIGHT} in flight, 2 KB`,
    peer,
    target,
    ours: () => withServer(clockFetch, secure),
    theirs: () => withServer(theirs, secure),
  };
}

/** Requests that warm a server for whoever asks it next. */
const WARM_UP = 10_000;

/** A server of its own for each, warm for all, so that nobody finds it warmer than another. */
async function withServer<T>(ask: (url: string) => Promise<T>, secure: boolean): Promise<T> {
  return withPeerServer("tile-server.ts", secure ? ["tls"] : [], async (url) => {
    let left = WARM_UP;
    const warm = async () => {
      while (left-- > 0) await (await fetch(url, { tls: { rejectUnauthorized: false } })).arrayBuffer();
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, warm));
    return ask(url);
  });
}

/** Requests per second of the whole pipeline in a runner process, everything recorded. */
async function clockFetch(url: string): Promise<number> {
  const scenario = {
    title: "bench",
    workload: "fetch",
    modes: ["async"],
    load: { executor: "shared-iterations", vus: IN_FLIGHT, iterations: REQUESTS },
    fetch: { urls: [url], concurrency: { max: IN_FLIGHT }, circuitBreaker: { failureThreshold: 5 }, tls: { insecure: true } },
  };
  const loaded = resolveScenario(YamlFile.parse("bench", JSON.stringify(scenario)), "bench");
  const { cases } = await startRun({ name: "bench", file: "", ...loaded }).result;
  const [result] = cases;
  if (result === undefined || result.fetch?.ok !== REQUESTS)
    throw new Error(result?.problems.join(" ") || "not every request was answered");
  return result.throughput;
}

/** Requests per second as a tool of the system prints them; null when it is not installed. */
async function clockTool(command: readonly string[]): Promise<number | null> {
  if (Bun.which(command[0] ?? "") === null) return null;
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "ignore" });
  const text = await new Response(child.stdout).text();
  await child.exited;
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(text)?.[1];
  return rate === undefined ? null : Number(rate);
}
