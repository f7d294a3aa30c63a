import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { numbered } from "../../src/engine/run/case-files.ts";
import { type Run, type RunOptions, startRun } from "../../src/engine/run/run.ts";
import { describeExit, RunnerProcess } from "../../src/engine/run/runner-process.ts";
import type { NamedScenario } from "../../src/plan/plan.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import { YamlFile } from "../../src/scenario/yaml-file.ts";
import type { RunEvent } from "../../src/telemetry/events.ts";
import type { RunResult } from "../../src/telemetry/result.ts";
import { temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "s.yaml");

function named(text: string): NamedScenario {
  const { scenario, points } = resolveScenario(YamlFile.parse(file, `title: A run\n${text}\n`), file);
  return { name: "a-run", file, scenario, points };
}

interface Told {
  readonly result: RunResult;
  readonly events: readonly RunEvent[];
}

/** Runs a scenario in processes of its own; `at`: what is done when something happens. */
async function run(
  text: string,
  options: RunOptions = {},
  at: (event: RunEvent, stop: () => void, running: Run) => void = () => {},
): Promise<Told> {
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent) => {
    events.push(event);
    at(event, () => running.stop(), running);
  };
  const running = startRun(named(text), { ...options, onEvent });
  return { result: await running.result, events };
}

/** Resolves once it is so. */
async function until(so: () => boolean): Promise<void> {
  while (!so()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const few = "work: { kind: none }\nload: { executor: bursts, size: 5 }";
const module = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return `modes: [sync]\nwork: { kind: handler, module: ./${name} }\nload: { executor: bursts, size: 5 }`;
};

describe("a run, each of its cases in a process of its own", () => {
  test("of a sweep has its cases in the order of the plan, whatever the order in which they ran", async () => {
    const text = `description: why\nseed: 4\n${few}\nmodes: [sync, async]\nsweep: { queue.capacity: [3, 4] }\nthresholds: { high_water: ["value<4"], failed: ["count==0"] }`;
    const { result, events } = await run(text);
    expect(result.cases.map(({ mode, params, status }) => [mode, params["queue.capacity"], status])).toEqual([
      ["sync", 3, "completed"],
      ["async", 3, "completed"],
      ["sync", 4, "completed"],
      ["async", 4, "completed"],
    ]);
    expect(result.cases.map(({ ledger }) => [ledger.scheduled, ledger.processed])).toEqual(new Array(4).fill([5, 5]));
    expect(result.scenario).toMatchObject({ name: "a-run", title: "A run", description: "why", seed: 4, workload: "message" });
    expect(result.scenario).not.toContainKey("hypothesis");
    expect(result.thresholds.map((one) => one.case)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    const ran = events.flatMap((event) => (event.type === "case-finished" ? [event.index] : []));
    expect(ran.toSorted()).toEqual([0, 1, 2, 3]);
    expect(result.machine.calibration).toBeNull();
  });

  test("is told as it goes: its outline, each case from beginning to end, its result", async () => {
    const { result, events } = await run(`${few}\nmodes: [sync]`);
    const types = events.map(({ type }) => type).filter((type) => type !== "sample");
    expect(types).toEqual(["run-started", "case-preparing", "case-started", "case-finished", "run-finished"]);
    expect(events[0]).toMatchObject({ cases: [{ mode: "sync", params: {}, parts: 0 }], scenario: result.scenario });
    expect(events.find(({ type }) => type === "case-started")).toMatchObject({ index: 0, count: 5, lastMs: 0, url: null });
    expect(events.at(-1)).toMatchObject({ result });
  });

  test("keeps of its samples those that are not about the warm-up", async () => {
    const load = "load: { executor: constant-arrival-rate, rate: 200, duration: 600ms }";
    const { result, events } = await run(`modes: [async]\nwork: { kind: none }\nwarmup: 300ms\n${load}`);
    const told = events.flatMap((event) => (event.type === "sample" ? [event.snapshot.t] : []));
    const later = told.filter((t, i) => ((told[i - 1] ?? 0) + t) / 2 >= 300);
    expect(later.length).toBeGreaterThan(0);
    expect(result.cases[0]?.series.map(({ t }) => t)).toEqual(later);
  });

  test("at a share of what can be done runs at that share of what theory knows", async () => {
    const load = "load: { executor: constant-arrival-rate, rate: 50%, duration: 200ms }";
    const { result } = await run(`modes: [sync]\nwork: { kind: sleep, time: 2ms }\n${load}`);
    const { rate } = result.cases[0] ?? {};
    expect(rate).toMatchObject({ asked: "50%", capacityFrom: "theory", probedMode: "sync" });
    expect(rate?.resolved).toBeCloseTo((rate?.capacity ?? 0) / 2, 9);
    expect(result.cases[0]?.ledger.scheduled).toBe(Math.round((rate?.resolved ?? 0) / 5));
  });

  test("of computing goes by the calibration that it is given, where that agreed", async () => {
    const calibration = { roundsPerMs: 1234, checkRatio: 1.01, cached: true };
    const { result } = await run("modes: [sync]\nwork: { kind: cpu, time: 1us }\nload: { executor: bursts, size: 5 }", { calibration });
    expect(result.machine.calibration).toEqual(calibration);
  });
});

describe("a run whose cases are repeated", () => {
  const one = `${few}\nmodes: [sync]\nthresholds: { failed: ["count==0"] }`;

  test("runs them round by round, each on the same tape; they are estimated and judged together", async () => {
    const { result, events } = await run(one, { repeats: { rounds: 2, untilShare: null } });
    expect(result.cases.map(({ repeat, status, tape }) => [repeat, status, tape.hash])).toEqual([
      [0, "completed", result.cases[0]?.tape.hash ?? ""],
      [1, "completed", result.cases[0]?.tape.hash ?? ""],
    ]);
    expect(result.repeats).toMatchObject([
      { mode: "sync", params: {}, n: 2, figures: { service_mean: { low: null, high: null, level: 0.95 } } },
    ]);
    expect(result.thresholds).toHaveLength(1);
    expect(events[0]).toMatchObject({ cases: [{ repeat: 0 }, { repeat: 1 }] });
  });

  test("stopped midway keeps the rounds that are whole", async () => {
    const long = "work: { kind: none }\nmodes: [sync]\nload: { executor: constant-arrival-rate, rate: 100, duration: 400ms }";
    const stopInSecond = (event: RunEvent, stop: () => void, running: Run) => {
      // No repeat's rate is changed: it would get another tape than those before it.
      if (event.type === "sample") running.stepRate("up");
      if (event.type === "case-preparing" && event.index === 1) stop();
    };
    const { result } = await run(long, { repeats: { rounds: 9, untilShare: null } }, stopInSecond);
    expect(result.cases[0]?.rateChanges).toBeUndefined();
    expect(result.cases.map(({ repeat, status }) => [repeat, status])).toEqual([
      [0, "completed"],
      [1, "aborted"],
    ]);
    expect(result.repeats?.map(({ n }) => n)).toEqual([1]);
  });
});

describe("a run whose arrival rate is changed by hand", () => {
  test("goes on at the new rate, and has the cases after it get the same tape from their beginning", async () => {
    const text =
      "modes: [sync, async]\nwork: { kind: none }\nload: { executor: constant-arrival-rate, rate: 100, duration: 1500ms, arrivals: poisson }";
    let asked = false;
    const { result, events } = await run(text, {}, ({ type }, _, running) => {
      if (type !== "sample" || asked) return;
      asked = true;
      running.stepRate("up");
    });
    const [first, second] = result.cases;
    expect(first?.rateChanges?.map(({ rate }) => rate)).toEqual([125]);
    expect([second?.rateChanges, second?.tape]).toEqual([first?.rateChanges, first?.tape]);
    for (const one of result.cases) {
      expect([one.status, one.ledger.scheduled, one.checks?.filter(({ ok }) => !ok)]).toEqual(["completed", one.tape.count, []]);
      expect(one.load?.executor).toBe("ramping-arrival-rate");
      expect(one.warnings.at(-1)).toStartWith("The arrival rate was changed by hand: 125/s from ");
    }
    expect(events.flatMap((event) => (event.type === "rate-changed" ? [event.index] : []))).toEqual([0, 1]);
  });
});

describe("a run that is stopped", () => {
  const long = "work: { kind: none }\nmodes: [sync, async]\nload: { executor: constant-arrival-rate, rate: 100, duration: 30s }";

  test("ends the case at hand and begins no other", async () => {
    const { result, events } = await run(long, {}, ({ type }, stop) => type === "case-started" && stop());
    expect(result.cases.map(({ mode, status }) => [mode, status])).toEqual([["sync", "aborted"]]);
    expect(events.filter(({ type }) => type === "stopping")).toEqual([{ type: "stopping", now: false }]);
  });

  test("twice ends what would go on until it is done, and a runner that is held by its work", async () => {
    const began = join(folder, "began");
    const work = `import { writeFileSync } from "node:fs";\nexport default () => { writeFileSync(${JSON.stringify(began)}, ""); for (;;); };`;
    let stops = 0;
    const { result, events } = await run(module("held.ts", work), {}, ({ type }, stop) => {
      if (type === "case-started") void until(() => existsSync(began)).then(stop);
      if (type === "stopping" && ++stops < 3) stop();
    });
    expect(result.cases[0]).toMatchObject({ status: "aborted", ledger: { scheduled: 5, unfinished: 5 } });
    expect(result.cases[0]?.warnings[0]).toStartWith("The runner was held by long work when it was told to stop at once");
    expect(events.flatMap((event) => (event.type === "stopping" ? [event.now] : []))).toEqual([false, true, true]);
  });

  test("before its first case has run none", async () => {
    const { result } = await run(long, {}, ({ type }, stop) => type === "run-started" && stop());
    expect(result.cases).toEqual([]);
  });
});

describe("a runner that ends without a result", () => {
  test("costs its case, and the next one runs", async () => {
    const killed = module("killed.ts", 'export default () => process.kill(process.pid, "SIGKILL");').replace("[sync]", "[sync, async]");
    const { result } = await run(killed);
    expect(result.cases.map(({ mode, status }) => [mode, status])).toEqual([
      ["sync", "failed"],
      ["async", "failed"],
    ]);
    expect(result.cases[0]?.problems[0]).toStartWith("The runner was killed (SIGKILL)");
    expect(result.cases[0]?.ledger).toMatchObject({ scheduled: 5, unfinished: 5 });
  });

  test("though it has not ended is noticed, named and ended, once it has been silent for too long", async () => {
    const runner: RunnerProcess = new RunnerProcess((message) => {
      if (message.type !== "hello") return;
      process.kill(runner.pid, "SIGSTOP");
      runner.setPatience(500);
    });
    const exit = await runner.exited;
    expect(exit).toMatchObject({ signal: "SIGKILL", silentMs: 500, spoke: true });
    // Why it is silent is known where the system tells the state of a process.
    expect(describeExit(exit)).toMatch(/^The runner gave no sign of life for 1 s(, since a signal had stopped it,)? and was ended\.$/);
  });

  test("since it met an error tells which", async () => {
    const { result } = await run(module("broken.ts", "export const nothing = 1;"));
    expect(result.cases[0]?.status).toBe("failed");
    expect(result.cases[0]?.problems.join(" ")).toContain("broken.ts");
  });
});

describe("files of several cases", () => {
  test("have the number and the mode of their case before the extension", () => {
    expect(numbered(join("a", "b.c.yaml"), 3, "async")).toBe(join("a", "b.c-3-async.yaml"));
    expect(numbered("plain", 0, "sync")).toBe("plain-0-sync");
  });

  test("are one for each case that has something to write", async () => {
    const place = join(folder, "dead");
    mkdirSync(place);
    const fetch = `fetch: { urls: ["http://127.0.0.1:1/"], retry: { max: 0 }, deadLetter: ./dead/letters.txt }`;
    await run(`workload: fetch\nmodes: [sync, async]\n${fetch}`);
    expect(readdirSync(place).sort()).toEqual(["letters-0-sync.txt", "letters-1-async.txt"]);
  });

  test("have their own name where there is one case", async () => {
    const fetch = `fetch: { urls: ["http://127.0.0.1:1/"], retry: { max: 0 }, deadLetter: ./alone.txt }`;
    await run(`workload: fetch\nmodes: [sync]\n${fetch}`);
    expect(existsSync(join(folder, "alone.txt"))).toBe(true);
  });
});
