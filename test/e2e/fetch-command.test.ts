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
    [["fetch", url, "-c", "many"], 2, "--concurrency"],
    [["fetch", url, "-r", "fast"], 104, "load.rate"],
    [["fetch", url, "-d", "soon"], 104, "load.duration"],
    [["fetch", "http://example.org/"], 2, "--allow-host example.org"],
  ])("%j is exit %d", async (args, code, said) => {
    const ended = await lab(args);
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(said)]);
  });
});
