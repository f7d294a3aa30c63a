import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imbalance } from "../../src/telemetry/ledger.ts";
import type { RunResult } from "../../src/telemetry/result.ts";
import { cleanEnv, lab, MAIN, ROOT, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(120_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

interface Asked {
  readonly result: RunResult;
  readonly code: number;
}

/** Runs a scenario with an HTTP face on any port, asks it as soon as it says where it listens, and interrupts it once it has answered. */
async function whileRunning(text: string, args: readonly string[], ask: (url: string) => Promise<void>): Promise<Asked> {
  const file = join(folder, `asked-${Math.random().toString(36).slice(2)}.yaml`);
  writeFileSync(file, text);
  const child = Bun.spawn([process.execPath, MAIN, "run", file, "--headless", "--json", "-", "--http", "0", ...args], {
    env: cleanEnv(),
    stdout: "pipe",
    stderr: "pipe",
  });
  const stdout = new Response(child.stdout).text();
  let heard = "";
  let asking: Promise<void> | null = null;
  for await (const chunk of child.stderr) {
    heard += new TextDecoder().decode(chunk);
    const url = /(http:\/\/127\.0\.0\.1:\d+)\/workers/.exec(heard)?.[1];
    if (url !== undefined) asking ??= ask(url).finally(() => child.kill("SIGINT"));
  }
  await asking;
  return { result: JSON.parse(await stdout) as RunResult, code: await child.exited };
}

/** Asks again and again, until `times` answers satisfied. */
async function answered(times: number, ask: (i: number) => Promise<boolean>): Promise<void> {
  for (let i = 0, seen = 0; seen < times; i++) if (await ask(i)) seen++;
}

const scenario = (mode: string, more: string) =>
  `title: asked\nmodes: [${mode}]\nload: { executor: constant-arrival-rate, rate: 300, duration: 60s }\nkeys: { count: 3 }\n${more}\n`;

describe.each(["sync", "async", "parallel"])("P1-R3 over HTTP while it runs, %s", (mode) => {
  test("states are seen between whole messages, never half of one", async () => {
    const { result, code } = await whileRunning(
      scenario(mode, "work: { kind: sleep, time: 1ms }\nmessage: { updates: 3, ops: [increment] }"),
      [],
      (url) =>
        answered(100, async (i) => {
          const response = await fetch(`${url}/workers/worker-${i % 3}`);
          if (response.status !== 200) return false;
          const state = (await response.json()) as Record<string, number>;
          expect(new Set(Object.values(state)).size).toBe(1);
          expect(Object.keys(state)).toEqual(["counter", "counter2", "counter3"]);
          return true;
        }),
    );
    expect([code, result.cases[0]?.status]).toEqual([130, "aborted"]);
    expect(imbalance(result.cases[0]?.ledger ?? ({} as never))).toBe(0);
  });

  test("nor of one that a handler is in the middle of", async () => {
    const module = join(ROOT, "test/scenarios/handlers/pairs.ts");
    const { code } = await whileRunning(
      scenario(mode, `work: { kind: handler, module: ${module} }\nasync: { concurrency: 3 }`),
      ["--allow-modules"],
      (url) =>
        answered(60, async (i) => {
          const response = await fetch(`${url}/workers/worker-${i % 3}`);
          if (response.status !== 200) return false;
          const { a, b } = (await response.json()) as Record<string, number>;
          expect(b).toBe(a as number);
          return true;
        }),
    );
    expect(code).toBe(130);
  });
});

describe("the HTTP face", () => {
  test("lists machines, shows health and metrics, and answers nobody but this machine", async () => {
    const seen: Record<string, unknown> = {};
    await whileRunning(scenario("async", "work: { kind: sleep, time: 1ms }"), [], async (url) => {
      const get = (path: string, init: RequestInit = {}) => fetch(url + path, init);
      await answered(1, async () => {
        const workers: unknown = await (await get("/workers")).json();
        const metrics = await get("/metrics");
        const text = await metrics.text();
        seen["metrics"] = [metrics.headers.get("content-type"), text];
        // After the metrics: both show the same sample.
        const health = await get("/healthz");
        seen["health"] = [health.status, await health.json()];
        seen["workers"] = Array.isArray(workers) ? workers.sort() : [];
        // Figures come with the first sample, machines with their first message.
        return text.includes("lab_processed_total{") && (seen["workers"] as string[]).length === 3;
      });
      const codes = await Promise.all([
        get("/workers/worker-99"),
        get("/workers/%E0%A4%A"),
        get(`/workers/${"x".repeat(5000)}`),
        get("/nowhere"),
        get("/workers", { method: "POST", body: "{}" }),
        get("/workers", { headers: { origin: "https://example.com" } }),
        get("/workers", { headers: { host: "example.com" } }),
        get("/workers", { headers: { origin: "http://localhost:3000" } }),
      ]);
      seen["codes"] = codes.map(({ status }) => status);
      seen["allowed"] = codes[4].headers.get("allow");
    });
    expect(seen["workers"]).toEqual(["worker-0", "worker-1", "worker-2"]);
    expect(seen["health"]).toMatchObject([200, { status: "healthy", uptime_seconds: expect.any(Number), stats: { mode: "async" } }]);
    const [type, text] = seen["metrics"] as [string, string];
    expect(type).toStartWith("application/openmetrics-text");
    expect(text).toMatch(/lab_processed_total\{mode="async"\} \d+\n/);
    expect(text.endsWith("# EOF\n")).toBe(true);
    expect(seen["codes"]).toEqual([404, 400, 400, 404, 405, 403, 403, 200]);
    expect(seen["allowed"]).toBe("GET, HEAD");
  });

  test("snapshots are what anyone sees, with no queries of the scenario's own", async () => {
    const { code } = await whileRunning(scenario("parallel", "work: { kind: none }\nqueries: { consistency: snapshot }"), [], (url) =>
      answered(1, async (i) => {
        const { status, headers } = await fetch(`${url}/workers/worker-${i % 3}`);
        return status === 200 && Number(headers.get("x-state-age-ms")) > 0;
      }),
    );
    expect(code).toBe(130);
  });

  test("a port that is taken, or none, is refused before anything runs", async () => {
    const file = join(folder, "quick.yaml");
    writeFileSync(file, "title: quick\nload: { executor: bursts, size: 5 }\nwork: { kind: none }\n");
    const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    expect(await lab(["run", file, "--headless", "--http", String(taken.port)])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("cannot be listened on"),
    });
    taken.stop(true);
    for (const bad of ["-1", "70000", "x", "8.5"]) expect((await lab(["run", file, "--http", bad])).code).toBe(2);
  });
});

describe("interrupted", () => {
  test.concurrent.each(["sync", "parallel"])("a closed loop that is asked over HTTP drains and ends, %s", async (mode) => {
    const file = join(folder, `interrupted-${mode}.yaml`);
    const load = "load: { executor: shared-iterations, vus: 20, iterations: 100000 }";
    writeFileSync(file, `title: t\nmodes: [${mode}]\n${load}\nwork: { kind: sleep, time: 2ms }\nqueries: { rate: 200, via: http }\n`);
    const child = Bun.spawn([process.execPath, MAIN, "run", file, "--headless", "--json", "-"], {
      env: cleanEnv(),
      stdout: "pipe",
      stderr: "pipe",
    });
    const stdout = new Response(child.stdout).text();
    let heard = "";
    for await (const chunk of child.stderr) {
      heard += new TextDecoder().decode(chunk);
      if (/ 1 s /.test(heard) && !heard.includes("stopping")) child.kill("SIGINT");
    }
    expect(await child.exited).toBe(130);
    const one = (JSON.parse(await stdout) as RunResult).cases[0];
    // sync stops taking; what its clients had sent by then stays undone.
    expect(one?.status).toBe("aborted");
    expect(one?.ledger.unfinished).toBeLessThanOrEqual(mode === "sync" ? 20 : 0);
    expect(one?.queries.answered).toBe(one?.queries.sent as number);
    expect(one?.queries.sent).toBeGreaterThan(50);
  });
});

describe("P2-R4 queries.via: http", () => {
  test("are sent over real HTTP while messages flow, and all are answered, with their age where they are snapshots", async () => {
    const file = join(folder, "via.yaml");
    writeFileSync(
      file,
      'title: via\nload: { executor: constant-arrival-rate, rate: 200, duration: 600ms }\nkeys: { count: 20 }\nwork: { kind: sleep, time: 2ms }\nqueries: { rate: 100, via: http, consistency: snapshot }\nthresholds: { query_ms: ["p(99)<500", "count>50"] }\n',
    );
    const { code, stdout } = await lab(["run", file, "--headless", "--json", "-"]);
    expect(code).toBe(0);
    for (const { mode, queries, status } of (JSON.parse(stdout) as RunResult).cases) {
      expect([status, queries.sent, queries.answered]).toEqual(["completed", 60, 60]);
      if (mode === "parallel") expect(queries.staleness?.max).toBeLessThan(1000);
      else expect(queries.staleness).toBeUndefined();
    }
  });
});
