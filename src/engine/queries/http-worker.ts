import { parentPort, workerData } from "node:worker_threads";
import { ring } from "../../kernel/bell.ts";
import { fileProblem } from "../../kernel/file-problem.ts";
import { RingWriter } from "../../kernel/frame-ring.ts";
import { type Admitted, refusalOf } from "../../kernel/http-guard.ts";
import { LoopTime } from "../../kernel/loop-time.ts";
import { OPEN_METRICS_TYPE } from "../../kernel/openmetrics.ts";
import { printable } from "../../kernel/text.ts";
import { wordsFor } from "../../kernel/word-buffer.ts";
import { type FromQueryServer, type QueryServerOrder, REQUEST, type StatusReport, type ToQueryServer } from "./http-protocol.ts";
import { openMetrics } from "./metrics.ts";
import { QuerySchedule } from "./schedule.ts";
import { QueryStats } from "./stats.ts";

/** The HTTP server of a running case, on a thread of its own. It queries the mode's thread for states and knows the rest. */

const order = workerData as QueryServerOrder;
const requests = new RingWriter(order.requests);
const bell = new Int32Array(order.bell);
const startedAt = Date.now();
/** Longest that a request waits for the mode's thread. */
const PATIENCE_MS = 120_000;
const LONGEST_NAME = 4000;

interface Answer {
  readonly json: string | null;
  readonly age: number;
}

let nextId = 1;
let status: StatusReport | null = null;
const waiting = new Map<number, (answer: Answer | null) => void>();

function post(message: FromQueryServer): void {
  parentPort?.postMessage(message);
}

/** Queries the mode's thread; null when it has not answered in time, or too many requests are pending. */
function ask(kind: number, name: string): Promise<Answer | null> {
  if (requests.open(3 + wordsFor(name.length * 3)) === 0) return Promise.resolve(null);
  const id = nextId++;
  requests.words.pair(id, kind);
  requests.words.text(name);
  requests.publish(1, 0);
  return new Promise((resolve) => {
    const timer = setTimeout(() => waiting.delete(id) && resolve(null), PATIENCE_MS);
    waiting.set(id, (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    ring(bell);
  });
}

const JSON_HEADERS = {
  "content-type": "application/json; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

function reply(value: string, code = 200, headers: Record<string, string> = {}): Response {
  return new Response(value, { status: code, headers: { ...JSON_HEADERS, ...headers } });
}

const problem = (code: number, message: string, headers: Record<string, string> = {}) =>
  reply(JSON.stringify({ error: message }), code, headers);

async function answer(request: Request): Promise<Response> {
  if (refusalOf(request.headers, LOCAL) !== null) return problem(403, "only this machine's own pages and programs may ask");
  if (request.method !== "GET" && request.method !== "HEAD") return problem(405, "only GET is answered here", { allow: "GET, HEAD" });
  const { pathname } = new URL(request.url);
  if (pathname === "/healthz") return health();
  if (pathname === "/metrics") {
    return reply(openMetrics(status), 200, { "content-type": OPEN_METRICS_TYPE });
  }
  if (pathname === "/workers") return fromThread(await ask(REQUEST.list, ""), "");
  if (pathname.startsWith("/workers/")) {
    const name = decoded(pathname.slice("/workers/".length));
    if (name === null || name.length > LONGEST_NAME) return problem(400, "the id cannot be read");
    return fromThread(await ask(REQUEST.state, name), name);
  }
  return problem(404, "the routes are /workers, /workers/{id}, /healthz and /metrics");
}

function fromThread(answer: Answer | null, name: string): Response {
  if (answer === null) return problem(503, "the mode's thread has not answered in time");
  if (answer.json === null) return problem(404, `there is no worker ${printable(name, 100)}`);
  return reply(answer.json, 200, { "x-state-age-ms": (answer.age / 1e6).toFixed(3) });
}

function health(): Response {
  const healthy = status?.healthy ?? true;
  const body = { status: healthy ? "healthy" : "degraded", uptime_seconds: (Date.now() - startedAt) / 1000, stats: status ?? {} };
  return reply(JSON.stringify(body), healthy ? 200 : 503);
}

/** Programs and pages of this machine. */
const LOCAL: Admitted = { hosts: new Set(), origins: new Set(), localPages: true };

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Sends queries over HTTP as an external client would: open loop, each at its instant. */
async function client({ plan, book }: NonNullable<QueryServerOrder["client"]>, url: string): Promise<void> {
  const time = new LoopTime(undefined, undefined, true);
  time.startAt(new Float64Array(order.origin)[0] ?? 0);
  const figures = new QueryStats(book, plan.warmup);
  const open = new Set<Promise<void>>();
  const schedule = new QuerySchedule(plan);
  asking = schedule;
  for (let due = schedule.nextDue; due !== Number.POSITIVE_INFINITY; due = schedule.nextDue) {
    if (due > time.now()) {
      await time.sleepAbout(Math.min(due, time.now() + 50e6));
      continue;
    }
    const key = schedule.take();
    figures.ask();
    const request: Promise<void> = fetch(`${url}/workers/worker-${key}`)
      .then(async (response) => {
        await response.arrayBuffer();
        const age = Number(response.headers.get("x-state-age-ms") ?? 0) * 1e6;
        if (response.status === 200 || response.status === 404) figures.answer(due, time.now(), age);
      })
      .catch(() => {})
      .finally(() => open.delete(request));
    open.add(request);
  }
  await Promise.all(open);
  post({ type: "client-done" });
}

let asking: QuerySchedule | null = null;
let url = "";

parentPort?.on("message", (message: ToQueryServer) => {
  switch (message.type) {
    case "begin":
      if (order.client !== null) void client(order.client, url);
      return;
    case "stop-asking":
      asking?.stop();
      return;
    case "status":
      status = message.status;
      return;
    case "answer":
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
      return;
    default:
      message satisfies never;
  }
});

try {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: order.port,
    development: false,
    idleTimeout: 130,
    maxRequestBodySize: 1024,
    fetch: answer,
    error: () => problem(500, "the request could not be answered"),
  });
  url = `http://127.0.0.1:${server.port}`;
  post({ type: "listening", url });
} catch (error) {
  post({ type: "refused", reason: `port ${order.port} cannot be listened on: ${fileProblem(error)}` });
}
