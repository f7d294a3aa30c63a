import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Socket } from "bun";
import { AsyncEngine, runScenario, SyncEngine, ThreadedEngine } from "../../src/index.ts";
import { planCases } from "../../src/plan/plan.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import { YamlFile } from "../../src/scenario/yaml-file.ts";
import type { FetchFigures } from "../../src/telemetry/fetch-figures.ts";
import { imbalance } from "../../src/telemetry/ledger.ts";
import type { CaseResult, RunResult } from "../../src/telemetry/result.ts";
import { runHere } from "../support/case.ts";
import { cleanEnv, lab, MAIN, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(120_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

type Fields = Readonly<Record<string, unknown>>;

type Unexplained = Omit<CaseResult, "params" | "load" | "predicted" | "explanation">;
type Measured = Unexplained & { readonly fetch: FetchFigures };

const requests = (fields: Fields) => ({ title: "requests", workload: "fetch", parallel: { workers: 3 }, ...fields });

/** The cases of a scenario, each in a process of its own. */
async function ranApart(fields: Fields): Promise<readonly Measured[]> {
  return (await runScenario(requests(fields))).cases.map(accounted);
}

/** The cases of a scenario, in this process. */
async function ran(fields: Fields): Promise<readonly Measured[]> {
  const { points } = resolveScenario(YamlFile.parse("requests", JSON.stringify(requests(fields))), join(folder, "requests"));
  const measured: Measured[] = [];
  for (const plan of planCases(points, 2)) {
    const { result, samples: series } = await runHere(plan, undefined, { rehearsal: 0, roundsPerMs: 1 });
    measured.push(accounted({ ...result, series }));
  }
  return measured;
}

function accounted(one: Unexplained): Measured {
  const { fetch } = one;
  if (fetch === undefined) throw new Error("no requests");
  expect(imbalance(one.ledger)).toBe(0);
  expect(one.littlesLaw.relativeError).toBeLessThan(0.02);
  expect(fetch.requests).toBe(fetch.ok + fetch.degraded + fetch.failed);
  return { ...one, fetch };
}

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe("A-1 T-1 the same list through three engines", () => {
  test("every request is accounted for, by our count and by the server's", async () => {
    const mock = { latency: { min: "2ms", max: "8ms" }, errorRate: 0.1, resetRate: 0.05 };
    const cases = await ranApart({
      fetch: {
        target: { mock },
        tiles: { zoom: 5, count: 60 },
        concurrency: { max: 6 },
        retry: { max: 3, baseDelay: "1ms", maxDelay: "4ms" },
      },
    });
    expect(cases.map(({ mode, status }) => [mode, status])).toEqual(["sync", "async", "parallel"].map((mode) => [mode, "completed"]));
    for (const { mode, fetch, ledger } of cases) {
      expect([fetch.requests, ledger.scheduled, ledger.processed]).toEqual([60, 60, fetch.ok]);
      expect(fetch.attempts).toBe(60 + fetch.retries);
      // A request on a kept connection that breaks is sent once more by the HTTP client itself.
      expect(fetch.server?.requests ?? 0).toBeGreaterThanOrEqual(fetch.attempts);
      expect(fetch.peakConcurrency).toBe(mode === "sync" ? 1 : 6);
      expect(fetch.byStatus["503"] ?? 0).toBeGreaterThan(0);
    }
    // What befalls a request is the same in every mode.
    expect(new Set(cases.map(({ fetch }) => fetch.byStatus["503"])).size).toBe(1);
  });

  test("A-2 as a library, one result type; what is no address is an error and is not sent", async () => {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => new Response("x", { status: request.url.endsWith("/4") ? 404 : 200 }),
    });
    const urls = ["/1", "/2", "/3", "/4"].map((path) => `http://127.0.0.1:${server.port}${path}`);
    for (const Engine of [SyncEngine, ThreadedEngine, AsyncEngine]) {
      const { rps, results, ...rest } = await new Engine({ concurrency: 2, timeoutMs: 2000, retry: { max: 1 } }).run([
        "nonsense",
        ...urls,
        "#fragment",
        '{"url":"http://127.0.0.1:1/"}',
        "",
      ]);
      expect(rps).toBeGreaterThan(0);
      expect(rest).toMatchObject({ successCount: 3, errorCount: 5 });
      expect(rest.p50LatencyMs).toBeLessThanOrEqual(rest.p99LatencyMs);
      expect(results.map(({ url, status }) => [url, status])).toEqual([
        ["nonsense", 0],
        ...urls.map((url, i): [string, number] => [url, i === 3 ? 404 : 200]),
        ["#fragment", 0],
        ['{"url":"http://127.0.0.1:1/"}', 0],
        ["", 0],
      ]);
      for (const { attempts, error } of [results.at(0), ...results.slice(-3)].flatMap((one) => one ?? []))
        expect([attempts, error ?? ""]).toEqual([0, expect.stringContaining("must be")]);
    }
    await server.stop(true);
    expect(new AsyncEngine().run([])).rejects.toThrow("at least one");
    expect(new AsyncEngine().run(["http://example.com/"])).rejects.toThrow("public hosts (example.com)");
  });
});

describe("T-7 hostile servers", () => {
  test("a bomb is kept as what it unfolds to, a piece at a time; where nothing is kept it is not unfolded", async () => {
    const UNFOLDED = 40_000_000;
    const bomb = Bun.gzipSync(new Uint8Array(UNFOLDED));
    const headers = { "content-encoding": "gzip" };
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) => {
        if (url.endsWith("/304")) return new Response(null, { status: 304, headers: { location: "/ok" } });
        if (url.endsWith("/broken")) return new Response("no gzip", { headers });
        return new Response(bomb, { status: url.endsWith("/ok") ? 200 : 503, headers });
      },
    });
    const saveTo = join(folder, "bombs");
    const asked = async (paths: readonly string[]) => {
      const urls = paths.map((path) => `http://127.0.0.1:${server.port}${path}`);
      const [only] = await ranApart({
        modes: ["async"],
        fetch: { urls, saveTo, timeout: "20s", retry: { max: 0 }, concurrency: { max: 10 } },
      });
      return only;
    };
    const kept = await asked(["/ok"]);
    expect([kept?.fetch.ok, kept?.fetch.bytes]).toEqual([1, bomb.length]);
    const [file = ""] = readdirSync(saveTo);
    expect(statSync(join(saveTo, file)).size).toBe(UNFOLDED);
    const refused = await asked([...Array.from({ length: 20 }, (_, i) => `/503/${i}`), "/304", "/broken"]);
    expect(refused?.fetch.byStatus).toEqual({ "304": 1, "503": 20 });
    expect(refused?.fetch.byError).toEqual({ "invalid encoding": 1 });
    expect(refused?.process.peakRssBytes ?? 0).toBeLessThan(300e6);
    await server.stop(true);
  });

  test("T-10 a process that may open no more files says so, blames no server, and goes on", async () => {
    const file = write(
      "files.yaml",
      "title: T\nworkload: fetch\nmodes: [async]\nfetch:\n  target: { mock: { latency: 100ms } }\n  tiles: { zoom: 6, count: 600 }\n  concurrency: { max: unlimited }\n  connections: { max: 1000 }\n  retry: { max: 0 }\n  circuitBreaker: { failureThreshold: 5 }\n",
    );
    const child = Bun.spawn(
      ["bash", "-c", `ulimit -n 200; exec "$0" "$@"`, process.execPath, MAIN, "run", file, "--no-store", "--headless", "-q", "--json", "-"],
      { env: cleanEnv(), stdout: "pipe", stderr: "ignore" },
    );
    const { cases } = JSON.parse(await new Response(child.stdout).text()) as RunResult;
    expect(await child.exited).toBe(0);
    const [only] = cases;
    expect([only?.status, only?.ledger.scheduled, only?.fetch?.refusedByBreaker]).toEqual(["completed", 600, 0]);
    expect(only?.ledger.processed).toBeGreaterThan(50);
    expect(only?.fetch?.byError).toEqual({ "too many open files": only?.ledger.failed ?? 0 });
  });

  test("no proxy of the environment gets what is meant for this machine", async () => {
    let asked = 0;
    const proxy = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(`proxied ${++asked}`) });
    const file = write(
      "direct.yaml",
      "title: T\nworkload: fetch\nmodes: [async]\nfetch: { target: { mock: { latency: 1ms } }, tiles: { zoom: 3, count: 10 } }\n",
    );
    const env = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, http_proxy: `http://127.0.0.1:${proxy.port}` };
    const { stdout } = await lab(["run", file, "--no-store", "--headless", "--json", "-"], { env });
    const { cases } = JSON.parse(stdout) as { cases: { fetch: FetchFigures }[] };
    expect([cases[0]?.fetch.ok, cases[0]?.fetch.server?.requests, asked]).toEqual([10, 10, 0]);
    await proxy.stop(true);
  });

  test("a short length beside endless chunks fills no memory; a refusal stands though its body is cut or never comes", async () => {
    const timers: Timer[] = [];
    const listener = Bun.listen<null>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket, data) {
          const path = /GET (\S+)/.exec(data.toString())?.[1];
          if (path === "/chunks") {
            socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\ntransfer-encoding: chunked\r\n\r\n");
            const chunk = Buffer.from(`${(1 << 20).toString(16)}\r\n${"x".repeat(1 << 20)}\r\n`);
            let at = 0;
            const timer = setInterval(() => {
              const written = socket.write(chunk.subarray(at));
              at = (at + Math.max(0, written)) % chunk.length;
              if (written < 0) clearInterval(timer);
            }, 0);
            timers.push(timer);
          } else if (path === "/ok") socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
          else socket.write("HTTP/1.1 404 No\r\ncontent-length: 100\r\n\r\nabc");
          if (path === "/cut") socket.end();
        },
        error() {},
      },
    });
    const url = (path: string) => `http://127.0.0.1:${listener.port}${path}`;
    const base = { circuitBreaker: { failureThreshold: 2 }, concurrency: { max: 2 } };
    const urls = ["/cut", "/stall", "/cut", "/stall", "/ok", "/ok"].map(url);
    const [refused] = await ran({ modes: ["sync"], fetch: { ...base, urls, timeout: "150ms", retry: { max: 2 } } });
    expect([refused?.fetch.byStatus, refused?.fetch.byError, refused?.fetch.attempts]).toEqual([{ "200": 2, "404": 4 }, {}, 6]);
    const [chunks] = await ranApart({
      modes: ["async"],
      fetch: { ...base, urls: [url("/chunks"), url("/chunks")], timeout: "1s", retry: { max: 0 } },
    });
    expect(chunks?.fetch.byError).toEqual({ "invalid response": 2 });
    expect(chunks?.process.peakRssBytes ?? 0).toBeLessThan(350e6);
    for (const timer of timers) clearInterval(timer);
    listener.stop(true);
  });

  const HOSTILE: Readonly<Record<string, readonly [answer: (socket: Socket<unknown>) => void, error: string]>> = {
    "an endless body": [pour, "timeout"],
    "a flood of headers": [flood, "headers too large"],
    "chunks that are none": [say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\nhello\r\n"), "invalid response"],
    "a length that is none": [say("HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\nhello"), "invalid response"],
    "a body shorter than it says": [
      (socket) => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello");
        socket.end();
      },
      "connection closed",
    ],
    "a status that is none": [say("HTTP/1.1 000 No\r\ncontent-length: 0\r\n\r\n"), "invalid response"],
    "a redirect to itself": [say("HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n"), "redirect loop"],
    "a redirect to a public host": [
      say("HTTP/1.1 302 Found\r\nlocation: http://example.com/\r\ncontent-length: 0\r\n\r\n"),
      "redirect to a public host",
    ],
    "an upgrade nobody asked for": [
      say("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
      "invalid response",
    ],
    "a close at once": [(socket) => void socket.end(), "connection closed"],
    "a reset at once": [(socket) => void socket.terminate(), "connection closed"],
    "no HTTP at all": [say("\0\x01\x02 hello\r\n\r\n"), "invalid response"],
  };

  test("each is an outcome with a name, and none stops the run", async () => {
    const listeners = Object.values(HOSTILE).map(([answer]) =>
      Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: (socket) => answer(socket), error: () => {} } }),
    );
    const good = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("well") });
    const addresses = [...listeners.map(({ port }) => port), good.port].map((port) => `http://127.0.0.1:${port}/`);
    for (const mode of ["async", "parallel"]) {
      const [only] = await ran({ modes: [mode], fetch: { urls: addresses, timeout: "800ms", retry: { max: 0 }, concurrency: { max: 4 } } });
      const expected: Record<string, number> = {};
      for (const [, error] of Object.values(HOSTILE)) expected[error] = (expected[error] ?? 0) + 1;
      expect(only?.fetch.byError).toEqual(expected);
      expect([only?.fetch.ok, only?.fetch.failed, only?.status]).toEqual([1, listeners.length, "completed"]);
    }
    for (const listener of listeners) listener.stop(true);
    await good.stop(true);
  });

  function say(text: string) {
    return (socket: Socket<unknown>) => void socket.write(text);
  }

  function pour(socket: Socket<unknown>): void {
    socket.write("HTTP/1.1 200 OK\r\ncontent-type: x\r\n\r\n");
    const timer = setInterval(() => {
      if (socket.readyState <= 0) clearInterval(timer);
      else socket.write("x".repeat(65_536));
    }, 1);
  }

  function flood(socket: Socket<unknown>): void {
    socket.write("HTTP/1.1 200 OK\r\n");
    let sent = 0;
    const timer = setInterval(() => {
      if (socket.readyState <= 0 || sent++ > 300) clearInterval(timer);
      else socket.write(`x-${sent}: ${"y".repeat(8000)}\r\n`);
    }, 1);
  }
});

describe("T-3 T-4 T-5 against a server that fails", () => {
  test("the breaker opens, refuses without asking, tries once at a time, and closes; all in the samples", async () => {
    const [only] = await ran({
      modes: ["async"],
      load: { executor: "constant-arrival-rate", rate: 100, duration: "2s" },
      fetch: {
        target: { mock: { latency: "2ms", outages: [{ at: "400ms", for: "1s" }] } },
        retry: { max: 0 },
        circuitBreaker: { failureThreshold: 4, openFor: "300ms" },
      },
    });
    const during = (only?.series ?? []).filter(({ t }) => t > 500 && t < 1300);
    expect(during.length).toBeGreaterThan(3);
    expect(during.every(({ fetch }) => fetch?.breaker !== "closed")).toBe(true);
    expect(only?.series.at(-1)?.fetch?.breaker).toBe("closed");
    const { attempts = 0, refusedByBreaker = 0, failed = 0, requests = 0, server } = only?.fetch ?? {};
    // Four failures, and one probe each 300 ms of the outage.
    expect(failed - refusedByBreaker).toBeWithin(5, 10);
    expect(attempts + refusedByBreaker).toBe(requests);
    expect((server?.requests ?? 0) - attempts).toBeWithin(0, 6);
  });

  test("threads share one breaker and one rate", async () => {
    const fetch = {
      target: { mock: { latency: "1ms", errorRate: 1 } },
      tiles: { zoom: 5, count: 300 },
      retry: { max: 0 },
      concurrency: { max: 3 },
      circuitBreaker: { failureThreshold: 5, openFor: "30s" },
    };
    const [only] = await ran({ modes: ["parallel"], fetch });
    expect(only?.fetch.attempts ?? 0).toBeWithin(5, 8);
    expect(only?.fetch.refusedByBreaker).toBe(300 - (only?.fetch.attempts ?? 0));
    const limited = { target: { mock: { latency: "1ms" } }, tiles: { zoom: 5, count: 100 }, rateLimit: { initial: 200, max: 200 } };
    const [paced] = await ran({ modes: ["parallel"], fetch: limited });
    expect(paced?.throughput ?? 0).toBeWithin(50, 215);
  });

  test("a server that is not there, a list that is none, and a host without leave", async () => {
    const [gone] = await ran({ modes: ["async"], fetch: { urls: ["http://127.0.0.1:1/"], retry: { max: 1, baseDelay: "1ms" } } });
    expect(gone?.fetch.byError).toEqual({ "connection refused": 2 });
    expect(gone?.failures).toEqual([{ reason: "connection refused after 2 attempts", count: 1 }]);
    await expect(ranApart({ fetch: { urls: ["http://example.com/"] } })).rejects.toThrow("--allow-host example.com");
    await expect(ranApart({ fetch: { target: { url: "https://tile.example.org" } } })).rejects.toThrow("tile.example.org");
  });
});

describe("on the command line", () => {
  const slow = (more: string) =>
    `title: slow\nworkload: fetch\nmodes: [async]\ngracefulStop: 200ms\nfetch:\n  target: { mock: { latency: 40ms, bodySize: 300KB, slowRate: 0.3 } }\n  tiles: { zoom: 6, count: 2000 }\n  concurrency: { max: 10 }\n${more}`;

  test("a list in a pipe is refused before it is opened", async () => {
    const pipe = join(folder, "pipe");
    if (Bun.spawnSync(["mkfifo", pipe]).exitCode !== 0) return;
    const file = write("piped.yaml", "title: piped\nworkload: fetch\nfetch: { urlsFile: ./pipe }\n");
    expect(await lab(["run", file, "--headless"])).toMatchObject({
      code: 104,
      stderr: expect.stringMatching(/piped\.yaml:3:20: fetch\.urlsFile: must be a file that can be read \(it is a pipe, .*\), got /),
    });
  });

  test("interrupted in the middle: the ledger balances and nothing half-written is left", async () => {
    const file = write("interrupted.yaml", slow("  saveTo: ./saved\n"));
    const child = Bun.spawn([process.execPath, MAIN, "run", file, "--headless", "--json", "-"], {
      env: cleanEnv(),
      stdout: "pipe",
      stderr: "pipe",
    });
    const stdout = new Response(child.stdout).text();
    for await (const chunk of child.stderr) if (new TextDecoder().decode(chunk).includes("1 s")) child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    const result = JSON.parse(await stdout) as RunResult;
    const [only] = result.cases;
    expect(only?.status).toBe("aborted");
    expect(imbalance(only?.ledger ?? ({} as never))).toBe(0);
    expect(only?.fetch?.ok ?? 0).toBeGreaterThan(10);
    const saved = readdirSync(join(folder, "saved"));
    expect(saved.length).toBe(only?.fetch?.ok ?? 0);
    for (const name of saved) expect(statSync(join(folder, "saved", name)).size).toBe(300_000);
    // Started again, it asks only for what is not there yet.
    const again = await lab([
      "run",
      file,
      "--headless",
      "-q",
      "--json",
      "-",
      "--set",
      "fetch.resume=true",
      "--set",
      "fetch.tiles.count=40",
      "--set",
      "fetch.target.mock.slowRate=0",
    ]);
    const resumed = (JSON.parse(again.stdout) as RunResult).cases[0]?.fetch;
    expect(resumed?.resumed ?? 0).toBeGreaterThan(10);
    expect((resumed?.resumed ?? 0) + (resumed?.attempts ?? 0) - (resumed?.retries ?? 0)).toBe(40);
  });

  test.concurrent.each([0, 30, 120])("Ctrl-C hammered, one each %d ms: what was measured is told, and no trace of code", async (gap) => {
    const file = write(`hammered-${gap}.yaml`, slow(""));
    const child = Bun.spawn([process.execPath, MAIN, "run", file, "--headless", "--json", "-"], {
      env: cleanEnv(),
      stdout: "pipe",
      stderr: "pipe",
    });
    const stdout = new Response(child.stdout).text();
    let said = "";
    let hammered = false;
    for await (const chunk of child.stderr) {
      said += new TextDecoder().decode(chunk);
      if (hammered || !said.includes("1 s")) continue;
      hammered = true;
      for (let i = 0; i < 6; i++, await Bun.sleep(gap)) child.kill("SIGINT");
    }
    expect(await child.exited).toBe(130);
    expect(said).not.toMatch(/\.ts:\d/);
    const [only] = (JSON.parse(await stdout) as RunResult).cases;
    expect([only?.status, imbalance(only?.ledger ?? ({} as never))]).toEqual(["aborted", 0]);
  });

  test("T-9 dead letters are kept from others and are a list again; the log names no place", async () => {
    const file = write(
      "dead.yaml",
      "title: dead\nworkload: fetch\nmodes: [async]\nfetch:\n  target: { mock: { latency: 1ms, errorRate: 1, errorStatus: 404 } }\n  tiles: { zoom: 4, count: 30 }\n  deadLetter: ./dead.ndjson\n",
    );
    const log = join(folder, "log.ndjson");
    const first = await lab(["run", file, "--headless", "-q", "--log", log]);
    expect(first.code).toBe(0);
    const dead = join(folder, "dead.ndjson");
    const lines = (of: string) =>
      readFileSync(of, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines(dead).length).toBe(30);
    expect(lines(dead)[0]).toMatchObject({ tile: "4/0/0", reason: "404", attempts: 1, status: 404 });
    expect(statSync(dead).mode & 0o777).toBe(0o600);
    expect(lines(log).length).toBe(30);
    expect(
      lines(log).every(
        ({ url, correlationId }) => /^http:\/\/127\.0\.0\.1:\d+$/.test(String(url)) && /^[0-9a-f]{8}-\d+$/.test(String(correlationId)),
      ),
    ).toBe(true);
    // A list again, and the file that is replaced meanwhile: the tiles are asked of the server there is now.
    const again = await lab(["run", file, "--headless", "-q", "--json", "-", "--set", "fetch.urlsFile=dead.ndjson"]);
    const { fetch, ledger } = (JSON.parse(again.stdout) as RunResult).cases[0] ?? {};
    expect([fetch?.byStatus, fetch?.byError, ledger?.rejected]).toEqual([{ "404": 30 }, {}, 0]);
    const tiles = lines(dead).map(({ tile }) => String(tile));
    expect(tiles.sort()).toEqual(Array.from({ length: 30 }, (_, i) => `4/${i % 16}/${Math.floor(i / 16)}`).sort());
  });

  test("T-9 a list of dead letters is replaced only once every mode has had it, and not by a run that was stopped", async () => {
    const dead = join(folder, "again.ndjson");
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async ({ url }) => {
        if (url.includes("slow")) await Bun.sleep(300);
        return new Response("", { status: url.includes("good") ? 200 : 404 });
      },
    });
    const list = (names: readonly string[]) =>
      writeFileSync(dead, names.map((name) => `{"url":"http://127.0.0.1:${server.port}/${name}"}\n`).join(""));
    const file = write(
      "again.yaml",
      "title: again\nworkload: fetch\nmodes: [sync, async]\nfetch: { urlsFile: ./again-0-sync.ndjson, deadLetter: ./again.ndjson }\n",
    );
    const own = join(folder, "again-0-sync.ndjson");
    list(["good", "bad", "good2"]);
    renameSync(dead, own);
    const { stdout } = await lab(["run", file, "--headless", "-q", "--no-store", "--json", "-"]);
    const { cases } = JSON.parse(stdout) as RunResult;
    expect(cases.map(({ fetch }) => [fetch?.ok, fetch?.failed])).toEqual([
      [2, 1],
      [2, 1],
    ]);
    const left = readFileSync(own, "utf8").trim().split("\n");
    expect(left.map((line) => (JSON.parse(line) as { url: string }).url)).toEqual([`http://127.0.0.1:${server.port}/bad`]);
    list(Array.from({ length: 100 }, (_, i) => `slow${i}`));
    renameSync(dead, own);
    const before = readFileSync(own, "utf8");
    const child = Bun.spawn([process.execPath, MAIN, "run", file, "--mode", "sync", "--headless", "--no-store"], {
      env: cleanEnv(),
      stdout: "ignore",
      stderr: "pipe",
    });
    for await (const chunk of child.stderr) if (new TextDecoder().decode(chunk).includes("processed")) child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    expect(readFileSync(own, "utf8")).toBe(before);
    expect(readdirSync(folder).filter((name) => name.endsWith(".new"))).toEqual([]);
    await server.stop(true);
  });

  test("files that cannot be written, or are needed, are refused before anything runs", async () => {
    const file = write("refused.yaml", "title: refused\nworkload: fetch\nfetch: { tiles: { zoom: 2, count: 4 } }\n");
    const link = join(folder, "link");
    symlinkSync(file, link);
    const log = join(folder, "the.log");
    const cases: readonly (readonly [string[], string])[] = [
      [["--set", `fetch.deadLetter=${folder}`], "fetch.deadLetter"],
      [["--set", `fetch.saveTo=${file}`], "fetch.saveTo"],
      [["--set", `fetch.deadLetter=${file}`], "is a scenario of this run"],
      [["--set", `fetch.deadLetter=${link}`], "is a scenario of this run"],
      [["--set", `fetch.deadLetter=${join(folder, "kept/result.json")}`, "--out", join(folder, "kept")], "is what --out writes"],
      [["--set", `fetch.deadLetter=${log}`, "--log", log], "is what --log writes"],
      [["--log", file], "is the scenario itself"],
    ];
    for (const [flags, sentence] of cases) {
      const { code, stderr } = await lab(["run", file, "--headless", "-q", ...flags]);
      expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
    }
    expect(readFileSync(file, "utf8")).toStartWith("title: refused");
  });

  test("T-6 the environment lies beneath flags and above the scenario; a swept field ignores it", async () => {
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => new Response(new URL(request.url).pathname) });
    const file = write(
      "env.yaml",
      "title: env\nworkload: fetch\nmodes: [async]\nfetch:\n  tiles: { zoom: 3, count: 20 }\n  target: { mock: { latency: 1ms } }\n",
    );
    const env = { MAX_CONCURRENCY: "3", TIMEOUT_SECONDS: "2", RETRIES: "0", TILE_BASE_URL: `http://127.0.0.1:${server.port}/base` };
    const run = async (args: readonly string[], more: Record<string, string> = env) =>
      lab(["run", file, "--headless", "-q", "--json", "-", ...args], { env: more });
    const figures = (stdout: string) =>
      (JSON.parse(stdout) as RunResult).cases.map(({ fetch }) => [fetch?.peakConcurrency, fetch?.ok, fetch?.server]);
    expect(figures((await run([])).stdout)).toEqual([[3, 20, null]]);
    expect(figures((await run(["--set", "fetch.concurrency.max=2"])).stdout)).toEqual([[2, 20, null]]);
    const swept = await run(["--set", "sweep={fetch.concurrency.max: [1, 4]}"]);
    expect(figures(swept.stdout).map(([peak]) => peak)).toEqual([1, 4]);
    const wrong = await run([], { MAX_CONCURRENCY: "many" });
    expect([wrong.code, wrong.stderr.trim()]).toEqual([
      2,
      expect.stringContaining("MAX_CONCURRENCY=many: fetch.concurrency.max: must be a whole number"),
    ]);
    await server.stop(true);
    const warned = write(
      "env2.yaml",
      "title: env\nworkload: fetch\nmodes: [async]\nfetch:\n  target: { mock: { latency: 1ms } }\n  tiles: { count: 5 }\nsweep: { fetch.concurrency.max: [1, 4] }\n",
    );
    const { stderr } = await lab(["run", warned, "--headless", "-q"], { env: { MAX_CONCURRENCY: "3" } });
    expect(stderr).toContain("warning: MAX_CONCURRENCY is ignored");
  });

  test("a public host is refused before anything is sent", async () => {
    const file = write("public.yaml", "title: public\nworkload: fetch\nfetch: { urls: ['http://example.com/', 'http://127.0.0.1/'] }\n");
    const { code, stderr } = await lab(["run", file, "--headless"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("--allow-host example.com allows it")]);
    const list = write("public.txt", "http://127.0.0.1/\nhttps://example.net/x\n");
    const listed = await lab(["run", write("public2.yaml", `title: p\nworkload: fetch\nfetch: { urlsFile: ${list} }\n`), "--headless"]);
    expect([listed.code, listed.stderr]).toEqual([2, expect.stringContaining("example.net")]);
  });

  test.concurrent.each(["async", "parallel"])("T-8 health while it runs, %s", async (mode) => {
    const file = write(`health-${mode}.yaml`, slow("  retry: { max: 0 }\n").replace("slowRate: 0.3", "errorRate: 0.5"));
    const child = Bun.spawn([process.execPath, MAIN, "run", file, "--headless", "--http", "0", "--mode", mode], {
      env: cleanEnv(),
      stdout: "ignore",
      stderr: "pipe",
    });
    let heard = "";
    let body: { status?: string; stats?: { requests?: Record<string, unknown> } } = {};
    let status = 0;
    for await (const chunk of child.stderr) {
      heard += new TextDecoder().decode(chunk);
      const url = /(http:\/\/127\.0\.0\.1:\d+)\/workers/.exec(heard)?.[1];
      if (url === undefined || !heard.includes("1 s") || status > 0) continue;
      const response = await fetch(`${url}/healthz`);
      status = response.status;
      body = (await response.json()) as typeof body;
      child.kill("SIGINT");
    }
    await child.exited;
    expect([status, body.status]).toEqual([503, "degraded"]);
    expect(body.stats?.requests).toMatchObject({ limit: 10, breaker: "closed" });
    expect(Number(body.stats?.requests?.["total"])).toBe(Number(body.stats?.requests?.["ok"]) + Number(body.stats?.requests?.["failed"]));
    expect(Number(body.stats?.requests?.["mean_latency_ms"])).toBeGreaterThan(30);
    const sum = (errors: unknown) => Object.values(errors as Record<string, number>).reduce((total, count) => total + count, 0);
    const { errors_by_kind: kinds, errors_by_host: hosts } = body.stats?.requests ?? {};
    expect(Object.keys(kinds as object)).toEqual(["503"]);
    expect([sum(hosts), sum(hosts) > 0]).toEqual([sum(kinds), true]);
  });

  test("serve tiles stands alone, says what it saw, and ends when told", async () => {
    const child = Bun.spawn(
      [process.execPath, MAIN, "serve", "tiles", "--port", "0", "--latency", "1ms-2ms", "--error-rate", "0.5", "--error-status", "500"],
      {
        env: cleanEnv(),
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    const reader = child.stdout.getReader();
    const said = new TextDecoder().decode((await reader.read()).value);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? "";
    const statuses = await Promise.all(
      Array.from({ length: 60 }, (_, i) => fetch(`${url}/3/1/${i}.png`).then((response) => response.status)),
    );
    expect(new Set(statuses)).toEqual(new Set([200, 500]));
    expect(await (await fetch(`${url}/_stats`)).json()).toMatchObject({ requests: 60 });
    expect((await fetch(`${url}/1/1/1.png`, { method: "POST", body: "x" })).status).toBeOneOf([200, 500]);
    expect((await fetch(`${url}/1/1/1.png`, { method: "PROPFIND" })).status).toBe(405);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(143);
    const usage = await lab(["serve", "tiles", "--error-rate", "7"]);
    expect([usage.code, usage.stderr]).toEqual([2, expect.stringContaining("--error-rate: must be a share from 0 to 1")]);
  });
});

test("A-3 kept requests and past runs", async () => {
  const file = write(
    "kept.yaml",
    "title: kept\nworkload: fetch\nmodes: [async, parallel]\nfetch: { target: { mock: { latency: 1ms } }, tiles: { zoom: 4, count: 20 } }\n",
  );
  const env = { XDG_DATA_HOME: join(folder, "data") };
  expect((await lab(["runs"], { env })).stdout).toBe("No run has been kept yet.\n");
  expect((await lab(["run", file, "--headless", "-q", "--keep-requests"], { env })).code).toBe(0);
  expect((await lab(["run", file, "--headless", "-q", "--mode", "async", "--no-store"], { env })).code).toBe(0);
  const listed = JSON.parse((await lab(["runs", "--json"], { env })).stdout) as { run: string; requests: number; scenario: string }[];
  expect(listed).toMatchObject([{ scenario: "kept", requests: 40, cases: 2, status: "completed" }]);
  expect((await lab(["show", "last"], { env })).stdout).toContain("kept");
  expect((await lab(["show", "nothing"], { env })).code).toBe(2);
  expect((await lab(["runs", "prune"], { env })).stderr).toContain("--keep N or --older-than");
  expect((await lab(["runs", "prune", "--keep", "5", "--older-than", "1d"], { env })).stdout).toBe("0 runs removed\n");
  expect((await lab(["runs", "rm", listed[0]?.run ?? ""], { env })).code).toBe(0);
  expect((await lab(["runs", "rm", "last"], { env })).code).toBe(2);
  expect((await lab(["runs"], { env })).stdout).toBe("No run has been kept yet.\n");
  // A store that cannot be used is a warning: the run is done and told all the same.
  writeFileSync(join(folder, "data", "lab-tui", "runs.sqlite"), "junk");
  const warned = await lab(["run", file, "--headless", "-q", "--mode", "async"], { env });
  expect([warned.code, warned.stderr]).toEqual([0, expect.stringContaining("this run is not kept")]);
});
