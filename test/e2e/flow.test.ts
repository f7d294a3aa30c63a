import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runScenario } from "../../src/index.ts";
import { imbalance } from "../../src/telemetry/ledger.ts";
import type { CaseResult } from "../../src/telemetry/result.ts";
import { cleanEnv, lab, MAIN, ROOT, temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(90_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const LOAD = { executor: "constant-arrival-rate", rate: 800, duration: "250ms" };
const ONE = { modes: ["async"] };
const WORK = { kind: "io", time: "1ms" };

async function cases(flow: object, more: object = {}): Promise<readonly CaseResult[]> {
  const { cases } = await runScenario(
    {
      title: "flow",
      workload: "flow",
      load: LOAD,
      async: { concurrency: 100 },
      parallel: { workers: 2 },
      gracefulStop: "5s",
      flow,
      ...more,
    },
    { allowModules: true },
  );
  for (const each of cases) {
    expect(imbalance(each.ledger)).toBe(0);
    expect([each.status, each.orderViolations]).toEqual(["completed", 0]);
    expect(each.littlesLaw.relativeError).toBeLessThan(1e-6);
  }
  return cases;
}

const part = (result: CaseResult, name: string) => result.flow?.parts[name] as { kind: string; [figure: string]: unknown };
const sum = (list: unknown, figure: string) => (list as Record<string, number>[]).reduce((total, each) => total + (each[figure] ?? 0), 0);

describe("F workload flow", () => {
  test("F-1 an event bus: the same deliveries and the same failures in every mode, inline, at once, in Workers", async () => {
    const results = await cases({ kind: "event-bus", subscribers: 3, work: WORK, failureRate: 0.05 });
    expect(results.map(({ mode }) => mode)).toEqual(["sync", "async", "parallel"]);
    const [first] = results;
    expect(first?.ledger.failed).toBeGreaterThan(10);
    for (const result of results) {
      expect(result.ledger).toEqual(first?.ledger as never);
      expect(part(result, "event-bus")).toMatchObject({
        kind: "event-bus",
        published: 200,
        delivered: 600,
        dropped: 0,
        waiting: 0,
        inFlight: 0,
      });
      expect(part(result, "event-bus")["failed"]).toBe(part(first as CaseResult, "event-bus")["failed"]);
      expect(result.explanation).toContain("of 600 deliveries failed in their handlers");
    }
    // Three handlers in turn take three times as long as at once; other programs may make any of them longer, but none shorter.
    const [sync = 0, async = 0] = results.map(({ latency }) => latency.service.min);
    expect(async).toBeLessThan(sync / 2);
  });

  test("F-2 a pipeline with retries and a fallback; F-3 a stream; both in a runner of their own", async () => {
    for (const result of await cases(
      {
        kind: "data-pipeline",
        stages: 2,
        concurrency: 20,
        failureRate: 0.3,
        retry: { max: 2, baseDelay: "1ms" },
      },
      ONE,
    )) {
      const { fed, delivered, failed, stages } = part(result, "data-pipeline");
      expect([fed, delivered, failed]).toEqual([200, result.ledger.processed, result.ledger.failed]);
      expect(sum(stages, "retries")).toBeGreaterThan(100);
      expect(result.ledger.failed).toBeGreaterThan(0);
      expect(result.ledger.failed).toBeLessThan(30);
    }
    for (const result of await cases({ kind: "data-pipeline", stages: 1, failureRate: 0.5, fallback: true }, ONE)) {
      expect(result.ledger.processed).toBe(200);
      expect(sum(part(result, "data-pipeline")["stages"], "fallbacks")).toBeGreaterThan(50);
    }
    for (const result of await cases({ kind: "reactive-stream", subscribers: 2, transformers: 3 }, ONE)) {
      expect(result.ledger.processed).toBe(200);
      expect(sum(part(result, "reactive-stream")["subscribers"], "handled")).toBe(400);
    }
  });

  test("F-4 a queue, in memory and on disk: every group has acknowledged every message", async () => {
    for (const durability of ["memory", "process"]) {
      for (const result of await cases(
        {
          kind: "message-queue",
          groups: 2,
          consumers: 2,
          durability,
          order: "key",
          failureRate: 0.2,
          retry: { max: 5, baseDelay: "1ms" },
        },
        ONE,
      )) {
        const { sent, consumers } = part(result, "message-queue");
        expect([sent, sum(consumers, "acknowledged") + sum(consumers, "dead")]).toEqual([200, 400]);
        expect(sum(consumers, "retried")).toBeGreaterThan(40);
        expect(result.ledger.processed).toBeGreaterThan(195);
      }
    }
  });

  test("F-5 F-6 several parts side by side: what fails in one is the others' no trouble; samples show each", async () => {
    const parts = {
      calm: { kind: "event-bus", subscribers: 2 },
      broken: { kind: "data-pipeline", stages: 1, failureRate: 1, fallback: true, circuitBreaker: { failureThreshold: 3, openFor: "10s" } },
      lossy: { kind: "message-queue", failureRate: 0.1 },
    };
    for (const result of await cases({ kind: "orchestrator", parts, work: WORK }, { modes: ["async", "parallel"] })) {
      expect(part(result, "calm")).toMatchObject({ delivered: 400, handled: 400, failed: 0 });
      expect(sum(part(result, "broken")["stages"], "refused")).toBeGreaterThan(150);
      expect(part(result, "lossy")["kind"]).toBe("message-queue");
      expect(result.ledger.failed).toBe(sum(part(result, "lossy")["consumers"], "dead"));
      expect(result.explanation).toMatch(
        /By parts: broken: none of 200 items failed, with \d+ calls refused by its open circuit breaker and \d+ fallbacks; lossy: \d+ of 200 messages were given up/,
      );
      expect(result.series.at(-1)?.flow?.parts.map(({ name }) => name)).toEqual(["calm", "broken", "lossy"]);
    }
  });

  test("a handler that never returns: the case ends by its gracefulStop and what is inside is unfinished", async () => {
    const bounds = { modes: ["async", "parallel"], gracefulStop: "200ms", load: { ...LOAD, rate: 80 } };
    const work = { kind: "io", time: "60s" };
    // They wait, most of the time.
    const results = await Promise.all(["event-bus", "data-pipeline", "message-queue"].map((kind) => cases({ kind, work }, bounds)));
    expect(results.flat()).toHaveLength(6);
    for (const { ledger, durationMs } of results.flat()) {
      expect(ledger).toMatchObject({ scheduled: 20, processed: 0, failed: 0, unfinished: 20 });
      expect(durationMs).toBeLessThan(2000);
    }
  });

  test("a module of the user's own, with parts of its own; one that throws is the item's failure, one that cannot be loaded the case's", async () => {
    const file = join(folder, "mine.ts");
    writeFileSync(
      file,
      `import { DataPipeline } from ${JSON.stringify(join(ROOT, "src/flows.ts"))};
      export default (flows, lab) => {
        const p = flows.register(DataPipeline.of("mine").stage("half", async (item) => {
          await lab.handle(item, 0);
          if (item.index % 10 === 3) throw new Error("unlucky three");
          return item;
        }, { concurrency: 50 }).discard());
        p.onFailure(() => {});
        return (item) => p.process(item);
      };`,
    );
    for (const result of await cases({ kind: "orchestrator", module: file, work: WORK }, { modes: ["async", "parallel"] })) {
      expect(result.ledger).toMatchObject({ processed: 180, failed: 20 });
      expect(result.failures).toEqual([{ reason: "unlucky three", count: 20 }]);
      expect(part(result, "mine")).toMatchObject({ kind: "data-pipeline", delivered: 180, failed: 20 });
    }
    writeFileSync(join(folder, "none.ts"), "export const x = 1;");
    const none = await runScenario(
      { title: "x", workload: "flow", modes: ["async"], load: LOAD, flow: { module: join(folder, "none.ts") } },
      { allowModules: true },
    );
    expect(none.cases[0]?.status).toBe("failed");
    expect(none.cases[0]?.problems[0]).toContain("none.ts has no function as its default export");
    expect(runScenario({ title: "x", workload: "flow", flow: { module: file } })).rejects.toThrow("flow.module names code");
  });

  test("a module in a folder where nothing is installed imports the lab that runs it, in every mode", async () => {
    const file = join(folder, "own.ts");
    writeFileSync(
      file,
      [
        'import { runScenario, type FlowMaker } from "lab-tui";',
        'import { DataPipeline } from "lab-tui/flows";',
        "const make: FlowMaker = (flows) => {",
        '  const line = flows.register(DataPipeline.of<unknown>("line").stage(typeof runScenario, (item) => item).discard());',
        "  return (item) => line.process(item);",
        "};",
        "export default make;",
      ].join("\n"),
    );
    const given = { title: "own", workload: "flow", load: LOAD, flow: { kind: "orchestrator", module: file } };
    const { cases } = await runScenario(given, { allowModules: true });
    expect(cases.map(({ mode, status, problems }) => [mode, status, problems])).toEqual(
      ["sync", "async", "parallel"].map((mode) => [mode, "completed", []]),
    );
  });

  test("what is wrong in the part flow is named with its place", async () => {
    const file = join(folder, "wrong.yaml");
    writeFileSync(
      file,
      [
        "title: wrong",
        "workload: flow",
        "keys: { count: 3 }",
        "flow:",
        "  kind: event-bus",
        "  stages: 2",
        "  parts:",
        "    'a b': { kind: data-pipeline, groups: 3 }",
      ].join("\n"),
    );
    const { code, stderr } = await lab(["validate", file]);
    expect(code).toBe(104);
    expect(
      stderr
        .trim()
        .split("\n")
        .map((line) => line.replace(/^.*wrong\.yaml:/, "")),
    ).toEqual([
      '3:7: keys: is not a part of workload flow, got {"count":3}',
      "6:3: flow.stages: is of no use to kind event-bus, got 2",
      '7:3: flow.parts: is of no use to kind event-bus, got {"a b":{"kind":"data-pipeline","groups":3}}',
      '8:5: flow.parts.a b: must have a name of 1 to 40 letters, digits, - and _, got {"kind":"data-pipeline","groups":3}',
      "8:35: flow.parts.a b.groups: is of no use to kind data-pipeline, got 3",
    ]);
    writeFileSync(file, "title: x\nworkload: flow\nflow: { kind: event-buss }\n");
    expect((await lab(["validate", file])).stderr).toContain("must be one of event-bus, data-pipeline");
    writeFileSync(file, "title: x\nworkload: flow\nflow: { kind: orchestrator }\n");
    expect((await lab(["validate", file])).stderr).toContain("needs flow.parts, what it runs, or flow.module");
  });
});

describe("F-7 serve flows", () => {
  test("serves the demonstration until it is told to end, on this machine only", async () => {
    const child = Bun.spawn([process.execPath, MAIN, "serve", "flows", "--port", "0"], { env: cleanEnv(), stdout: "pipe", stderr: "pipe" });
    const first = await child.stdout.getReader().read();
    const url = /http:\/\/[\d.:]+/.exec(new TextDecoder().decode(first.value))?.[0] ?? "";
    const post = (path: string, body: object) =>
      fetch(url + path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
    const socket = new WebSocket(`${url.replace("http", "ws")}/streams/live`);
    const heard: unknown[] = [];
    socket.onmessage = ({ data }) => heard.push(JSON.parse(data));
    await new Promise((resolve) => (socket.onopen = resolve));
    expect((await post("/pipelines/words", { text: " Three small words " })).status).toBe(202);
    expect((await post("/pipelines/words", { text: 3 })).status).toBe(422);
    const queued = (await (await post("/queues/tasks", { seconds: 0 })).json()) as { task_id: string };
    while (heard.length < 2) await Bun.sleep(5);
    expect(heard).toEqual([
      { counted: { text: "three small words", words: 3 } },
      { event: "task.done", data: { task_id: queued.task_id } },
    ]);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('flow_up{part="words"} 1');
    child.kill("SIGTERM");
    expect(await child.exited).toBe(143);
  });

  test("refuses what it must not do, in a sentence", async () => {
    for (const [args, said] of [
      [["--host", "0.0.0.0"], "--host: to listen on 0.0.0.0, where others can ask, a token is needed"],
      [["--port", "x"], "--port: must be a whole number"],
      [["--module", "scenarios/shop.ts"], "--allow-modules lets it"],
      [["--module", "nowhere.ts", "--allow-modules"], "could not be loaded"],
      [["--token-file", "nowhere"], "--token-file: must be a file that can be read"],
    ] as const) {
      const { code, stderr } = await lab(["serve", "flows", ...args]);
      expect([code, stderr.includes(said) ? said : stderr]).toEqual([2, said]);
    }
    const { code, stderr } = await lab(["serve", "flows", "--host", "0.0.0.0"], { env: { LAB_TUI_TOKEN: "short" } });
    expect([code, stderr]).toEqual([2, expect.stringContaining("at least 128 bits")]);
  });
});
