import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { conclude } from "../../src/analysis/conclude.ts";
import { explain } from "../../src/analysis/explain.ts";
import { hasContent, METHODS } from "../../src/http/method.ts";
import { planCases } from "../../src/plan/plan.ts";
import { mockSchema } from "../../src/scenario/fetch-schema.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import type { Mode, Scenario } from "../../src/scenario/schema.ts";
import { YamlFile } from "../../src/scenario/yaml-file.ts";
import { imbalance } from "../../src/telemetry/ledger.ts";
import type { CaseResult } from "../../src/telemetry/result.ts";
import { predict } from "../../src/theory/predict.ts";
import { NO_ACCESS } from "../../src/workloads/access.ts";
import { TileServer } from "../../src/workloads/fetch/mock/server.ts";
import { checkHosts } from "../../src/workloads/fetch/permission.ts";
import { patience } from "../support/campaign.ts";
import { runHere } from "../support/case.ts";
import { temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(patience(60_000));

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

type Fields = Readonly<Record<string, unknown>>;

function scenarioOf(fields: Fields): Scenario {
  const whole = { title: "contract", workload: "fetch", ...fields };
  return resolveScenario(YamlFile.parse("contract", JSON.stringify(whole)), join(folder, "contract")).scenario;
}

/** Runs a case in this process, Workers apart. */
async function runCaseOf(mode: Mode, fields: Fields, options: Parameters<typeof runHere>[2] = { rehearsal: 0 }) {
  const scenario = scenarioOf({ modes: [mode], parallel: { workers: 2 }, ...fields });
  const [plan] = planCases([{ params: {}, scenario }], 2);
  if (plan === undefined) throw new Error("unreachable");
  const deadLetter = scenario.fetch?.deadLetter ?? null;
  const access = { ...NO_ACCESS, files: { ...NO_ACCESS.files, deadLetter } };
  return { plan, ...(await runHere(plan, undefined, { access, roundsPerMs: 1, ...options })) };
}

/** With everything the console adds to it, explained as on a machine that nobody else uses. */
async function ran(mode: Mode, fields: Fields, options?: Parameters<typeof runHere>[2]): Promise<CaseResult> {
  const { plan, result, samples: series } = await runCaseOf(mode, fields, options);
  const { thresholds: _, ...measured } = {
    ...result,
    disturbed: null,
    cores: result.cores.map(({ core }) => ({ core, utilization: 0.2 })),
  };
  const complete = { ...measured, params: {}, predicted: predict({ ...plan, cores: 2 }), series };
  return { ...complete, explanation: explain(complete, plan.scenario) };
}

describe.each(["sync", "async", "parallel"] as const)("a list of requests, %s", (mode) => {
  test("over a socket of this machine no address is far away, and none that a redirect leads to", async () => {
    const unix = join(folder, `${mode}.sock`);
    const seen: string[] = [];
    const server = Bun.serve({
      unix,
      fetch(request) {
        const { host, pathname } = new URL(request.url);
        seen.push(host + pathname);
        return pathname === "/on"
          ? new Response(null, { status: 302, headers: { location: "http://another.example/there" } })
          : new Response("ok");
      },
    });
    const urls = ["http://public.example/here", "http://public.example/on"];
    const fetch = { urls, unix, concurrency: { max: 2 } };
    expect(() => checkHosts(scenarioOf({ fetch }), [])).not.toThrow();
    const { result } = await runCaseOf(mode, { fetch });
    server.stop(true);
    expect([result.ledger.processed, result.fetch?.attempts, result.fetch?.byStatus]).toEqual([2, 3, { "200": 2, "302": 1 }]);
    expect(seen.sort()).toEqual(["another.example/there", "public.example/here", "public.example/on"]);
    expect(result.fetch?.byHost).toEqual({ "public.example": { attempts: 2, errors: 0 }, "another.example": { attempts: 1, errors: 0 } });
  });

  test.each([true, false])("every attempt has its phases, and a connection once it is made (kept: %p)", async (keepAlive) => {
    const mock = { latency: "2ms", errorRate: 0.1, resetRate: 0.1 };
    const retry = { max: 1, baseDelay: "1ms", maxDelay: "1ms" };
    const fetch = { target: { mock }, tiles: { count: 60 }, connections: { keepAlive }, retry };
    const thresholds = { attempt_ms: ["count==0"], first_byte_ms: ["med>=2"], tls_ms: ["max<1"] };
    const { result } = await runCaseOf(mode, { fetch, thresholds });
    const { attempts = 0, connectionsOpened = 0, phases, byError = {} } = result.fetch ?? {};
    const { attempt, connect, tls, firstByte, body, reused = 0 } = phases ?? {};
    const answered = attempts - Object.values(byError).reduce((sum, count) => sum + count, 0);
    expect([attempt?.count, (connect?.count ?? 0) + reused, tls?.count]).toEqual([attempts, attempts, 0]);
    expect([connect?.count, body?.count]).toEqual([connectionsOpened ?? 0, answered]);
    expect(firstByte?.count).toBeWithin(answered, attempts + 1);
    expect(keepAlive ? reused > 0 : reused === 0).toBe(true);
    expect(firstByte?.min).toBeGreaterThanOrEqual(2);
    expect(attempt?.max).toBeGreaterThanOrEqual(firstByte?.max ?? 0);
    expect(result.thresholds.map(({ value, ok, measured }) => [value > 0, ok, measured])).toEqual([
      [true, false, undefined],
      [true, true, undefined],
      [false, true, false],
    ]);
  });

  test("every item is accounted for, every attempt is one the server saw", async () => {
    const mock = { latency: { min: "1ms", max: "3ms" }, errorRate: 0.2 };
    const retry = { max: 2, baseDelay: "1ms", maxDelay: "2ms" };
    const asked = { fetch: { target: { mock }, tiles: { zoom: 5, count: 80 }, concurrency: { max: 5 }, retry } };
    // As a run does it: rehearsed, and with its HTTP face.
    const result = await ran(mode, asked, { http: 0 });
    const { fetch, ledger } = result;
    expect([result.status, imbalance(ledger), ledger.scheduled, ledger.processed + ledger.failed]).toEqual(["completed", 0, 80, 80]);
    expect([fetch?.requests, fetch?.attempts, fetch?.server?.requests]).toEqual([80, 80 + (fetch?.retries ?? 0), fetch?.attempts]);
    expect(fetch?.amplification ?? 0).toBeWithin(1.05, 1.5);
    expect(result.littlesLaw.relativeError).toBeLessThan(0.02);
    expect(result.orderViolations).toBe(0);
    expect(result.state).toBeNull();
    expect(result.explanation).toContain(
      "as the server is described, 20 % of attempts fail, of which the geometric series up to 2 retries makes 1.240",
    );
    expect(result.predicted.throughput ?? 0).toBeGreaterThan(0);
  });

  test("a connection that breaks is asked on once: nothing is sent again that is not counted", async () => {
    const mock = { latency: "1ms", resetRate: 0.3 };
    const retry = { max: 1, baseDelay: "1ms", maxDelay: "1ms" };
    const { fetch } = await ran(mode, { fetch: { target: { mock }, tiles: { zoom: 5, count: 60 }, concurrency: { max: 5 }, retry } });
    expect(fetch?.server?.resets).toBeGreaterThan(5);
    expect([fetch?.server?.requests, fetch?.byError["connection closed"]]).toEqual([fetch?.attempts, fetch?.server?.resets]);
  });

  test("a server that holds so many connections breaks off the rest, and its refusals are told", async () => {
    // Long enough for all that are asked at once to overlap, however slowly they begin.
    const mock = { latency: mode === "sync" ? "5ms" : "300ms", maxConnections: 3 };
    const bounds = { concurrency: { max: 12 }, retry: { max: 0 } };
    const { fetch, explanation, predicted, ledger } = await ran(mode, {
      fetch: { target: { mock }, tiles: { zoom: 5, count: 60 }, ...bounds },
    });
    expect([ledger.processed + ledger.failed, ledger.processed]).toEqual([60, fetch?.ok ?? 0]);
    if (mode === "sync") {
      expect([fetch?.ok, fetch?.server?.refused]).toEqual([60, 0]);
      return;
    }
    expect(fetch?.failed).toBeGreaterThan(5);
    expect(fetch?.server).toMatchObject({ connections: 3, peakConcurrency: 3, refused: fetch?.failed });
    expect(explanation).toContain(
      `The server's connections are the limit: it holds 3 at once and broke off ${fetch?.server?.refused} more`,
    );
    // Who is broken off at once has opened a connection, too.
    expect(fetch?.connectionsOpened).toBe(3 + (fetch?.failed ?? 0));
    expect(explanation).toContain(` ${fetch?.connectionsOpened} connections opened in all and `);
    expect(predicted).toMatchObject({ throughput: null, bottleneck: "the server's connections" });
  });

  test("one after another in waves, over few connections, at a rate, with a limit that adapts", async () => {
    const target = { mock: { latency: "2ms" } };
    const waves = await ran(mode, { fetch: { target, tiles: { zoom: 5, count: 20 }, concurrency: { max: 5, window: "waves" } } });
    expect(waves.ledger.processed).toBe(20);
    const few = await ran(mode, {
      fetch: { target, tiles: { zoom: 5, count: 20 }, concurrency: { max: 10 }, connections: { max: 2, keepAlive: false } },
    });
    expect([few.ledger.processed, few.fetch?.connectionsOpened, few.fetch?.peakConcurrency]).toEqual([20, 20, mode === "sync" ? 1 : 2]);
    const rateLimit = { initial: 100, min: 50, max: 100 };
    const paced = await ran(mode, {
      fetch: { target, tiles: { zoom: 5, count: 40 }, rateLimit, concurrency: { max: 10, adaptive: "aimd", min: 2 } },
    });
    expect(paced.throughput).toBeLessThan(112);
    expect(paced.ledger.processed).toBe(40);
  });

  test("a list that may not take longer", async () => {
    const fetch = { target: { mock: { latency: "30ms" } }, tiles: { zoom: 5, count: 300 }, totalTimeout: "250ms", concurrency: { max: 2 } };
    const result = await ran(mode, { fetch });
    expect([imbalance(result.ledger), result.ledger.scheduled]).toEqual([0, 300]);
    expect(result.ledger.unfinished).toBeGreaterThan(200);
    expect(result.warnings.join()).toContain("totalTimeout of 250 ms was over");
  });

  test("a public address in a list is refused by itself, and its line is named", async () => {
    const result = await ran(mode, { fetch: { target: { mock: { latency: "0ms" } }, urls: ["5/1/2", "http://example.com/", "5/99/1"] } });
    expect([result.ledger.processed, result.ledger.rejected]).toEqual([1, 2]);
    expect(result.rejections).toEqual([
      { line: 2, reason: "example.com is a public host; --allow-host allows it" },
      { line: 3, reason: "its column is not in 0…31, those of its zoom" },
    ]);
  });
});

test.each(METHODS)("the mock takes %s, with a body or without, and its connection goes on", async (method) => {
  for (const body of hasContent(method) ? ["", "x".repeat(100_000)] : [undefined]) {
    const server = new TileServer(mockSchema.parse({ latency: "0ms", bodySize: "100KB" }), 1, 0);
    server.begin();
    const url = `http://127.0.0.1:${server.port}/{z}/{x}/{y}.png`;
    const asked = { method, body, target: { url }, tiles: { zoom: 5, count: 10 }, concurrency: { max: 2 } };
    const { fetch } = (await runCaseOf("async", { fetch: asked })).result;
    const { requests, connections } = server.stats;
    server.stop();
    const bytes = method === "HEAD" ? 0 : 10 * 100_000;
    expect([fetch?.attempts, fetch?.byStatus, requests, fetch?.bytes]).toEqual([10, { "200": 10 }, 10, bytes]);
    expect(connections).toBeWithin(1, 3);
  }
});

describe("T-3 T-4 explained from their own numbers", () => {
  test("a breaker, a limiter, an unlimited list, a crowd", async () => {
    const open = await ran("async", {
      load: { executor: "constant-arrival-rate", rate: 200, duration: "1s" },
      fetch: {
        target: { mock: { latency: "1ms", outages: [{ at: "200ms", for: "400ms" }] } },
        retry: { max: 0 },
        circuitBreaker: { openFor: "100ms" },
      },
    });
    expect(open.explanation).toContain(`${open.fetch?.refusedByBreaker} requests were refused at once, before anything went out.`);
    expect(open.series.some(({ fetch }) => fetch?.breaker === "open")).toBe(true);
    const limited = await ran("async", {
      fetch: {
        target: { mock: { latency: "1ms", rateLimit: 200, retryAfter: "50ms" } },
        tiles: { zoom: 6, count: 400 },
        rateLimit: { initial: 50, max: 1000 },
        retry: { max: 5 },
        concurrency: { max: 20 },
      },
    });
    expect(limited.explanation).toContain("spends its time at 0.69 of it (ln 2)");
    // Items stand in line for their turn, not for the server.
    expect(limited.fetch?.turnMs ?? 0).toBeWithin(0.5 * limited.latency.service.mean, limited.latency.service.mean);
    expect(limited.fetch?.rateTurns.length ?? 0).toBeGreaterThan(0);
    // A machine that hiccups is told to slow down too early, never too late.
    for (const turn of limited.fetch?.rateTurns ?? []) expect(turn / 200).toBeLessThan(1.2);
    const unlimited = await ran("async", {
      fetch: {
        target: { mock: { latency: "300ms" } },
        tiles: { count: 20 },
        concurrency: { max: "unlimited" },
        connections: { max: 1000 },
      },
    });
    expect(unlimited.explanation).toContain("Nothing limits the requests in flight");
    expect(unlimited.predicted.capacity).toBeNull();
    const calm = await ran("async", {
      load: { executor: "constant-arrival-rate", rate: 50, duration: "500ms" },
      // So long that a hiccup of the machine is little beside it.
      fetch: { target: { mock: { latency: "20ms" } } },
    });
    expect(calm.explanation).toContain("The arrivals are the limit");
    const elsewhere = scenarioOf({ fetch: { target: { url: "http://127.0.0.1:1/{z}/{x}/{y}" } } });
    expect(predict({ mode: "async", scenario: elsewhere, workers: 1, cores: 2 })).toMatchObject({ capacity: null, model: "none" });
  });

  test("failures by their statuses, what is in flight by all that was, drops, and a limit that adapts", async () => {
    const run = async (fetch: object, load?: object) => ran("async", load === undefined ? { fetch } : { fetch, load });
    const failing = await run({
      target: { mock: { latency: "1ms", errorRate: 0.9, resetRate: 0.02 } },
      tiles: { zoom: 6, count: 200 },
      retry: { max: 0 },
    });
    const [most] = failing.failures.toSorted((a, b) => b.count - a.count);
    expect(failing.explanation).toContain(`${most?.count} of them with "503"`);
    expect(failing.explanation).toContain(`(attempts that went wrong: 503 ${failing.fetch?.byStatus["503"]}×`);
    const stalled = await run({
      target: { mock: { latency: "1ms", stallRate: 0.3 } },
      tiles: { zoom: 6, count: 100 },
      timeout: "100ms",
      retry: { max: 0 },
      concurrency: { max: 5 },
    });
    const said = Number(/([\d.]+) (?:in flight|under way) on average/.exec(stalled.explanation)?.[1]);
    expect(said / stalled.littlesLaw.meanInSystem).toBeWithin(0.9, 1.1);
    const adaptive = await run({
      target: { mock: { latency: "5ms", errorRate: 0.05 } },
      tiles: { zoom: 6, count: 500 },
      concurrency: { max: 30, adaptive: "aimd", min: 2 },
      retry: { max: 3, baseDelay: "1ms" },
    });
    // On a busy machine it is other programs that are told first.
    expect(adaptive.explanation).toContain("The adaptive limit");
    const dropping = await ran("async", {
      load: { executor: "constant-arrival-rate", rate: 200, duration: "1s" },
      queue: { capacity: 5, overflow: "drop-oldest" },
      fetch: { target: { mock: { latency: "20ms" } }, concurrency: { max: 1 } },
    });
    expect(dropping.explanation).toContain("Concurrency is the limit");
    expect(dropping.explanation).toContain(`${dropping.ledger.dropped.oldest} were dropped`);
    const dead = await run({
      target: { url: "http://127.0.0.1:1/{z}/{x}/{y}" },
      circuitBreaker: { failureThreshold: 5 },
      retry: { max: 0 },
    });
    expect(dead.explanation).toMatch(/with "circuit open" \(attempts that went wrong: connection refused \d+×\)/);
  });

  test("what cases say together", async () => {
    const fetch = { target: { mock: { latency: "3ms" } }, tiles: { zoom: 5, count: 30 }, concurrency: { max: 5 } };
    const modes = await Promise.all((["sync", "async"] as const).map((mode) => ran(mode, { fetch })));
    expect(conclude(modes).join()).toMatch(/Against one request at a time .*: async \d+\.\d × at \d+ MB/);
    const points = [1, 2, 4].map((max) => ({
      ...(modes[1] as CaseResult),
      params: { "fetch.concurrency.max": max },
      throughput: 100 * max,
    }));
    expect(conclude(points).join()).toContain("by Little's law 1: 100");
    const herds = ["none", "full"].map((jitter) => ({ ...(modes[1] as CaseResult), params: { "fetch.retry.jitter": jitter } }));
    expect(conclude(herds).join()).toContain("at once at the server");
  });
});

describe("T-7 the mock server", () => {
  test("does what it is told to each request, and counts it", async () => {
    const settings = (more: object) => mockSchema.parse({ latency: "0ms", bodySize: "1KB", ...more });
    const asked = async (more: object, paths = 1, patience = 2600): Promise<[unknown[], TileServer["stats"]]> => {
      const server = new TileServer(settings(more), 1, 0);
      server.begin();
      const answers: unknown[] = [];
      for (let i = 0; i < paths; i++) {
        const answer = await fetch(`http://127.0.0.1:${server.port}/5/1/${i}.png`, { signal: AbortSignal.timeout(patience) })
          .then(async (response) => [response.status, (await response.arrayBuffer()).byteLength, response.headers.get("retry-after")])
          .catch((error: Error) => error.name);
        answers.push(answer);
      }
      const { stats } = server;
      server.stop();
      return [answers, stats];
    };
    expect((await asked({}))[0]).toEqual([[200, 1000, null]]);
    expect((await asked({ bodySize: "300KB" }))[0]).toEqual([[200, 300_000, null]]);
    expect((await asked({ bodySize: 0 }))[0]).toEqual([[200, 0, null]]);
    expect((await asked({ errorRate: 1, errorStatus: 500 }))[0]).toEqual([[500, 0, null]]);
    const [limited, counts] = await asked({ rateLimit: 1, retryAfter: "250ms" }, 2);
    expect(limited).toEqual([
      [200, 1000, null],
      [429, 0, "0.250"],
    ]);
    expect(counts).toMatchObject({ requests: 2, byStatus: { "200": 1, "429": 1 } });
    expect((await asked({ slowRate: 1 }))[0]).toEqual([[200, 1000, null]]);
    for (const [more, what] of [
      [{ resetRate: 1 }, "resets"],
      [{ truncateRate: 1 }, "truncated"],
      [{ stallRate: 1 }, "stalled"],
      [{ outages: [{ at: "0s", for: "1m" }] }, "duringOutage"],
    ] as const) {
      const [answers, stats] = await asked(more, 1, 500);
      expect(typeof answers[0]).toBe("string");
      expect(stats[what] ?? 0).toBeGreaterThan(0);
      expect(stats.resets > 0).toBe(what === "resets" || what === "duringOutage");
      if (what !== "duringOutage") expect(stats.duringOutage).toBe(0);
    }
  });

  test("survives what is no request", async () => {
    const server = new TileServer(mockSchema.parse({ latency: "0ms" }), 1, 0);
    const say = (text: string) =>
      new Promise<string>((resolve) => {
        let heard = "";
        void Bun.connect({
          hostname: "127.0.0.1",
          port: server.port,
          socket: {
            open: (socket) => void socket.write(text),
            data: (socket, chunk) => {
              heard += new TextDecoder().decode(chunk);
              if (heard.split("HTTP/1.1 ").length > text.split("GET ").length) socket.end();
            },
            close: () => resolve(heard),
          },
        });
        setTimeout(() => resolve(heard), 500);
      });
    expect(await say("BREW / HTTP/1.1\r\n\r\n")).toStartWith("HTTP/1.1 405");
    expect(await say("\0\0\0\r\n\r\n")).toStartWith("HTTP/1.1 405");
    expect(await say(`GET /${"x".repeat(20_000)}`)).toStartWith("HTTP/1.1 431");
    expect((await say("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n")).split("HTTP/1.1 200").length).toBe(3);
    server.stop();
  });
});

describe("T-6 T-5 settings from outside", () => {
  test("public hosts need leave", () => {
    const scenario = scenarioOf({ fetch: { urls: ["http://a.example/", "http://b.example/", "http://127.0.0.1/"] } });
    expect(() => checkHosts(scenario, [])).toThrow("--allow-host a.example --allow-host b.example");
    expect(() => checkHosts(scenario, ["a.example", "b.example"])).not.toThrow();
  });
});
