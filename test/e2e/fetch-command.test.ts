import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../src/telemetry/result.ts";
import { patience } from "../support/campaign.ts";
import { lab, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(patience(60_000));

const folder = temporaryFolder();
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => new Response(request.headers.get("user-agent") ?? "") });
afterAll(() => {
  void server.stop(true);
  rmSync(folder, { recursive: true });
});
const url = `http://127.0.0.1:${server.port}/a`;

describe("lab-tui fetch", () => {
  test("asks for an address at a rate, and what came of it is a result as any other", async () => {
    const file = join(folder, "result.json");
    const { code, stderr } = await lab(["fetch", url, "-r", "50", "-c", "4", "-d", "1s", "--headless", "--no-store", "--json", file]);
    expect([code, stderr.includes("error")]).toEqual([0, false]);
    const { scenario, cases } = JSON.parse(readFileSync(file, "utf8")) as RunResult;
    expect([scenario.name, cases.length, cases[0]?.mode]).toEqual(["fetch", 1, "async"]);
    expect([cases[0]?.ledger.scheduled, cases[0]?.fetch?.byStatus]).toEqual([50, { "200": 50 }]);
  });

  test("shows the scenario that it makes, which is valid, and holds nobody's password in its title", async () => {
    const { code, stdout } = await lab(["fetch", "http://me:secret@127.0.0.1:1/x", "-c", "7", "--print"]);
    expect([code, stdout.split("\n")[0]]).toEqual([0, 'title: "Requests to 127.0.0.1:1"']);
    expect(stdout).toContain('load: { executor: constant-vus, vus: 7, duration: "10s" }');
    const file = join(folder, "printed.yaml");
    writeFileSync(file, stdout);
    expect((await lab(["validate", file])).code).toBe(0);
  });

  test("says what is to go out and what is to come back, as curl and hey do", async () => {
    const heard: { method: string; type: string | null; key: string | null; accept: string | null; body: string }[] = [];
    const asked = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        const { method, headers } = request;
        heard.push({
          method,
          type: headers.get("content-type"),
          key: headers.get("x-key"),
          accept: headers.get("accept"),
          body: await request.text(),
        });
        return new Response(heard.length % 2 === 0 ? "done" : "undone?", { status: 201 });
      },
    });
    const file = join(folder, "posted.json");
    const says = ["-H", "Accept: a/b", "-H", "accept: c/d", "--data", '{"n":{{number}}}', "--idempotency-key", "X-Key", "--cookies"];
    const wants = ["--expect-status", "201,3xx", "--expect-body", "undone", "--max-bytes", "1KB"];
    const load = ["-r", "20", "-d", "1s", "-c", "1", "--headless", "--no-store", "--json", file];
    const { code } = await lab(["fetch", `http://127.0.0.1:${asked.port}/`, ...says, ...wants, ...load]);
    void asked.stop(true);
    const [only] = (JSON.parse(readFileSync(file, "utf8")) as RunResult).cases;
    expect([code, only?.fetch?.attempts, only?.fetch?.byStatus, only?.fetch?.byError]).toEqual([
      0,
      20,
      { "201": 10 },
      { "expect.body": 10 },
    ]);
    expect([only?.ledger.failed, only?.latency.failed?.count, only?.failures]).toEqual([10, 10, [{ reason: "expect.body", count: 10 }]]);
    expect(heard.map(({ body }) => (JSON.parse(body) as { n: number }).n)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(new Set(heard.map(({ key }) => key)).size).toBe(20);
    expect(heard[0]).toMatchObject({ method: "POST", type: "application/json", accept: "a/b, c/d" });
  });

  test("a secret of the environment reaches the server, and nothing that is written or shown", async () => {
    const heard: (string | null)[] = [];
    const asked = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => {
        heard.push(request.headers.get("authorization"), request.headers.get("x-key"));
        return new Response("no", { status: 503 });
      },
    });
    const scenario = join(folder, "secret.yaml");
    const out = join(folder, "out");
    writeFileSync(
      scenario,
      `title: t\nworkload: fetch\nmodes: [async, parallel]\nfetch: { urls: ["http://me:s3cret@127.0.0.1:${asked.port}/"], retry: { max: 1, baseDelay: 1ms }, deadLetter: ./dead.ndjson,
  auth: { bearer: env LAB_T }, headers: { X-Key: "key $\{LAB_K}" } }\n`,
    );
    const env = { LAB_T: "s3cret-token", LAB_K: "s3cret-key", XDG_DATA_HOME: join(folder, "data") };
    const files = [
      "--json",
      join(folder, "secret.json"),
      "--log",
      join(folder, "secret.log"),
      "--out",
      out,
      "--log-urls",
      "--keep-requests",
    ];
    const run = await lab(["run", scenario, ...files, "--headless"], { env });
    expect(run.code).toBe(0);
    const shown = await lab(["show", "last", "--all"], { env });
    const kept = await lab(["show", "last", "--requests"], { env });
    void asked.stop(true);
    expect([...new Set(heard)].sort()).toEqual(["Bearer s3cret-token", "key s3cret-key"]);
    const written = ["secret.json", "secret.log", join("out", "result.json"), join("out", "summary.txt")].map((file) =>
      readFileSync(join(folder, file), "utf8"),
    );
    for (const text of [...written, run.stdout, run.stderr, shown.stdout, kept.stdout]) expect(text).not.toContain("s3cret");
    expect((await lab(["run", scenario, "--headless", "--no-store"], { env: { LAB_T: "s3cret" } })).stderr).toMatch(
      /fetch.headers: the environment has no LAB_K/,
    );
  });

  test.each([
    [["fetch", "example.org"], 2, "must be an http or https URL"],
    [["fetch", url, "-c", "0"], 2, "--concurrency"],
    [["fetch", url, "--data", "a", "--data-file", "b"], 2, "--data-file: must not stand beside --data"],
    [["fetch", url, "-T", "a/b"], 2, "--content-type: needs a body"],
    [["fetch", url, "-I", "-X", "GET"], 2, "--head: must not stand beside --request"],
    [["fetch", url, "-H", "nonsense"], 2, "--header: must be a name and a value"],
    [["fetch", url, "--basic-env", "USER"], 2, "--basic-env: must be the names of two variables"],
    [["fetch", url, "--bearer-env", "LAB_NONE"], 2, "fetch.auth.bearer: the environment has no LAB_NONE"],
    [["fetch", url, "-X", "FETCH"], 104, "fetch.method"],
    [["fetch", url, "-X", "GET", "--data", "a"], 104, "fetch.body: must not stand beside fetch.method GET"],
    [["fetch", url, "--expect-status", "99"], 104, "fetch.expect.status"],
    [["fetch", url, "-c", "many"], 2, "--concurrency"],
    [["fetch", url, "-r", "fast"], 104, "load.rate"],
    [["fetch", url, "-d", "soon"], 104, "load.duration"],
    [["fetch", "http://example.org/"], 2, "--allow-host example.org"],
  ])("%j is exit %d", async (args, code, said) => {
    const ended = await lab(args);
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(said)]);
  });
});
