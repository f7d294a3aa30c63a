import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runScenario } from "../../src/index.ts";
import { imbalance } from "../../src/telemetry/ledger.ts";
import { lab, ROOT, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
const MODULE = join(ROOT, "test/scenarios/handlers/score.ts");

const scenario = (module: string, more: object = {}) => ({
  title: "handler",
  load: { executor: "bursts", size: 400 },
  keys: { count: 4, distribution: "round-robin" },
  work: { kind: "handler", module },
  ...more,
});

describe("P1-R2 a user's handler", () => {
  test("runs in every mode; what it throws counts failed with its message, and its key's later messages stay in order", async () => {
    const { cases } = await runScenario(scenario(MODULE, { async: { concurrency: 3 } }), { allowModules: true });
    expect(cases.map(({ mode, status }) => [mode, status])).toEqual([
      ["sync", "completed"],
      ["async", "completed"],
      ["parallel", "completed"],
    ]);
    for (const { ledger, failures, orderViolations, state, latency } of cases) {
      // Of each machine's 100 messages ten throw and ten leave a rejection behind.
      expect([ledger.processed, ledger.failed, imbalance(ledger), orderViolations]).toEqual([320, 80, 0, 0]);
      expect(failures.find(({ reason }) => reason.includes("a third"))?.count).toBe(40);
      expect(JSON.stringify(failures)).not.toContain("\u001b");
      expect(failures.find(({ reason }) => reason.includes("after it had returned: a stray seventh"))?.count).toBe(40);
      expect(state?.machines).toBe(4);
      // Whatever ended, however it ended; strays had been timed as what they seemed to be.
      expect([latency.sojourn.count, latency.ok?.count, latency.failed?.count]).toEqual([400, 360, 40]);
    }
    expect(new Set(cases.map(({ state }) => state?.digest)).size).toBe(1);
  });

  test("strays of the warm-up are none of the figures, and a threshold judges the figure that is told", async () => {
    const file = join(folder, "strays.ts");
    writeFileSync(file, "let n = 0;\nexport default () => {\n  if (n++ % 2) Promise.reject(new Error('late'));\n};\n");
    const load = { executor: "constant-arrival-rate", rate: 200, duration: "600ms" };
    const given = scenario(file, { load, warmup: "300ms", thresholds: { throughput: ["value<150"] } });
    const { cases, thresholds } = await runScenario(given, { allowModules: true });
    for (const [i, { throughput, durationMs }] of cases.entries()) {
      expect((throughput * durationMs) / 1000).toBeCloseTo(30, 0);
      expect(thresholds[i]?.value).toBe(throughput);
    }
  });

  test("what the digest does not see of its states is told once a case, in every mode", async () => {
    const file = join(folder, "maps.ts");
    writeFileSync(file, "export default (state: Map<string, unknown>) => void state.set('seen', new Map([['n', 1n]]));\n");
    const { cases } = await runScenario(scenario(file, { load: { executor: "bursts", size: 20 } }), { allowModules: true });
    expect(cases.map(({ mode }) => mode)).toEqual(["sync", "async", "parallel"]);
    for (const { warnings } of cases) {
      const told = warnings.filter((warning) => warning.includes("state.digest and the dump cannot tell it"));
      expect(told).toHaveLength(1);
      expect(told[0]).toStartWith('The state of "worker-0" holds a Map under "seen" (and so it is in 3 more machines)');
    }
  });

  test("imports the lab that runs it, though nothing is installed in its folder", async () => {
    const file = join(folder, "importing.ts");
    const lines = [
      'import { EventBus } from "lab-tui/flows";',
      'import type { Handler } from "lab-tui";',
      "const handler: Handler = (state) => void state.set('bus', typeof EventBus);",
      "export default handler;",
    ];
    writeFileSync(file, lines.join("\n"));
    const { cases } = await runScenario(scenario(file, { load: { executor: "bursts", size: 20 } }), { allowModules: true });
    expect(cases.map(({ status, ledger }) => [status, ledger.processed])).toEqual(new Array(3).fill(["completed", 20]));
  });

  test("is run only with leave", async () => {
    const file = join(folder, "mine.yaml");
    writeFileSync(file, `title: mine\nload: { executor: bursts, size: 5 }\nwork: { kind: handler, module: ${MODULE} }\n`);
    const refused = await lab(["run", file, "--headless"]);
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toContain("--allow-modules");
    const dump = join(folder, "state.json");
    const allowed = await lab(["run", file, "--headless", "-q", "--allow-modules", "--mode", "sync", "--dump-state", dump]);
    expect(allowed).toMatchObject({ code: 0 });
    const seen = Object.values(JSON.parse(readFileSync(dump, "utf8")) as Record<string, { seen: number }>);
    expect(seen.reduce((sum, machine) => sum + machine.seen, 0)).toBe(5);
  });

  test("one that holds its Worker for ever ends with gracefulStop too; the Worker is ended, and the case has failed", async () => {
    const never = join(folder, "spins.ts");
    writeFileSync(never, "export default () => { for (;;) {} };");
    const given = scenario(never, { modes: ["parallel"], gracefulStop: "300ms", parallel: { workers: 2 } });
    const [only] = (await runScenario(given, { allowModules: true })).cases;
    expect([only?.status, only?.ledger.unfinished, imbalance(only?.ledger ?? ({} as never))]).toEqual(["failed", 400, 0]);
    expect(only?.problems.join(" ")).toContain("did not end its item when the run was over");
  });

  test("one that never comes back ends with gracefulStop, queries and all, and its messages are unfinished", async () => {
    const never = join(folder, "never.ts");
    writeFileSync(never, "export default () => new Promise<void>(() => {});");
    const given = scenario(never, { gracefulStop: "300ms", load: { executor: "constant-arrival-rate", rate: 100, duration: "300ms" } });
    // Waits all the time, the rehearsal too.
    const modes = ["sync", "async", "parallel"];
    const runs = await Promise.all(
      modes.map((mode) => runScenario({ ...given, modes: [mode], queries: { rate: 50 } }, { allowModules: true })),
    );
    const cases = runs.flatMap((run) => run.cases);
    expect(cases.map(({ mode }): string => mode)).toEqual(modes);
    for (const { status, ledger, littlesLaw } of cases) {
      expect([status, ledger.processed, ledger.unfinished, imbalance(ledger)]).toEqual(["completed", 0, 30, 0]);
      expect(littlesLaw.relativeError).toBeLessThan(1e-6);
    }
  });

  test("a module that is none, throws when loaded, or ends the process fails its case with a sentence", async () => {
    const bad = {
      "none.ts": ["export const x = 1;", "no function as its default export"],
      "throws.ts": ['throw new Error("not today");', "could not be loaded: not today"],
      "exits.ts": ["export default () => process.exit(3);", "ended"],
    } as const;
    for (const [name, [text, sentence]] of Object.entries(bad)) {
      writeFileSync(join(folder, name), text);
      const { cases } = await runScenario(scenario(join(folder, name)), { allowModules: true, modes: ["async", "parallel"] });
      for (const one of cases) {
        expect(one.status).toBe("failed");
        expect(one.problems.join(" ")).toContain(sentence);
        expect(imbalance(one.ledger)).toBe(0);
      }
    }
  });
});

describe("P2-B async.offload", () => {
  test("hands processing to a helper Worker, per message or per batch; the loop is free meanwhile", async () => {
    const base = {
      title: "offload",
      modes: ["async"],
      load: { executor: "bursts", size: 120 },
      work: { kind: "sleep", time: "1ms" },
      batch: { size: 10 },
    };
    const digests = new Set<string | undefined>();
    for (const offload of ["none", "message", "batch"]) {
      const { cases } = await runScenario({ ...base, async: { offload } });
      const result = cases[0];
      expect([result?.status, result?.ledger.processed, result?.orderViolations]).toEqual(["completed", 120, 0]);
      expect(result?.batches).toEqual({ count: 12, meanSize: 10, limit: 10 });
      digests.add(result?.state?.digest);
      const names = result?.process.threads.map(({ name }) => name);
      expect(names).toEqual(offload === "none" ? ["main"] : ["main", "helper"]);
      if (offload !== "none") expect(result?.process.eventLoop.busy).toBeLessThan(0.5);
    }
    expect(digests.size).toBe(1);
  });
});
