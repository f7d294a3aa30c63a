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
