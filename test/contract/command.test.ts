import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { WORK_STARTERS } from "../../src/cli/work-starter.ts";
import { runScenario } from "../../src/index.ts";
import { type CasePlan, planCases } from "../../src/plan/plan.ts";
import { SHIPPED } from "../../src/scenario/find.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import { DEFAULT_MODES, type Mode } from "../../src/scenario/modes.ts";
import { YamlFile } from "../../src/scenario/yaml-file.ts";
import { imbalance } from "../../src/telemetry/ledger.ts";
import { type CommandSpec, ProgramSupervisor } from "../../src/workloads/message/command/supervisor.ts";
import type { State } from "../../src/workloads/message/state.ts";
import { runHere } from "../support/case.ts";
import { temporaryFolder } from "../support/cli.ts";

// biome-ignore lint/suspicious/noTemplateCurlyInString: of the shell
const SHELL_ID = "id=${line#*:}; id=${id%%,*};";
/** Shell that answers every message; `$id` is the message's. */
const EACH = `while read -r line; do ${SHELL_ID} `;
const READY = `echo '{"ready":true}'; `;

setDefaultTimeout(60_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
const started: ProgramSupervisor[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.close()));
});

/** A supervisor of a shell script, with short limits. */
function supervise(script: string, settings: Partial<CommandSpec> = {}) {
  const spec: CommandSpec = {
    command: ["/bin/sh", "-c", script],
    folder,
    startup: 5e6,
    restarts: 1,
    timeout: 5e6,
    state: false,
    ...settings,
  };
  const supervisor = new ProgramSupervisor(spec);
  started.push(supervisor);
  const gaveUp = Promise.withResolvers<string>();
  return {
    supervisor,
    gaveUp: gaveUp.promise,
    start: () => supervisor.start(gaveUp.resolve),
    send: (state: State = new Map(), key = 1) =>
      outcome(supervisor.handle(state, { worker_id: `worker-${key}`, payload: [], timestamp: 0 })),
  };
}

function outcome(handled: Promise<void>): Promise<string> {
  return handled.then(
    () => "done",
    (why: unknown) => String(why),
  );
}

/** Waits until the process is gone; false after two seconds. */
async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 200; i++) {
    if (!isLive(pid)) return true;
    await Bun.sleep(10);
  }
  return false;
}

function isLive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z");
  } catch {
    return false;
  }
}

describe("a program that works on messages", () => {
  test("changes the state by what it answers", async () => {
    const one = supervise(`${READY}${EACH} echo "{\\"id\\":$id,\\"set\\":{\\"n\\":$id}}"; done`);
    await one.start();
    const state: State = new Map();
    expect([await one.send(state), await one.send(state)]).toEqual(["done", "done"]);
    expect(state.get("n")).toBe(2);
  });

  test("that does not say when it is ready is so once it waits for its input", async () => {
    const one = supervise(`${EACH} echo "{\\"id\\":$id}"; done`);
    const from = performance.now();
    await one.start();
    expect(performance.now() - from).toBeLessThan(4000);
    expect(await one.send()).toBe("done");
  });

  test("runs in the folder of the scenario, with its arguments as they are and without our secrets", async () => {
    process.env["LAB_TEST_TOKEN"] = "secret";
    const script = `${READY}read -r line; echo "{\\"id\\":1,\\"set\\":{\\"at\\":\\"$PWD\\",\\"argument\\":\\"$1\\",\\"secret\\":\\"$LAB_TEST_TOKEN\\"}}"; read -r line`;
    const one = supervise(script, { command: ["/bin/sh", "-c", script, "name", "$HOME *"] });
    await one.start();
    const state: State = new Map();
    await one.send(state);
    delete process.env["LAB_TEST_TOKEN"];
    expect(Object.fromEntries(state)).toEqual({ at: folder, argument: "$HOME *", secret: "" });
  });
});

describe("a program that misbehaves is named, and what it held has failed:", () => {
  test.each([
    ["it ends", `${READY}${EACH} echo "boom" >&2; exit 3; done`, /^the program ended with code 3: boom$/],
    ["it is ended by a signal", `${READY}${EACH} kill -9 $$; done`, /^the program was ended by SIGKILL/],
    ["it writes rubbish", `${READY}${EACH} echo hello; done`, /^the program wrote a line that is not JSON: "hello"$/],
    [
      "it answers what it was never sent",
      `${READY}${EACH} echo '{"id":99}'; done`,
      /^the program answered message 99, which it was never sent$/,
    ],
    [
      "it writes another encoding",
      `${READY}${EACH} printf '{"id":%d,"set":{"a":"\\351"}}\\n' $id; done`,
      /^the program wrote a line that is not UTF-8: /,
    ],
    ["it closes its output", `${READY}exec 1>&-; ${EACH} :; done`, /^the program closed its standard output$/],
  ])("%s", async (_, script, why) => {
    const one = supervise(script);
    await one.start();
    expect(await one.send()).toMatch(why);
    // It was started again, once; the second time it is given up.
    expect(await one.send()).toMatch(why);
    expect(await one.gaveUp).toMatch(/^The program of work\.command .* and work\.restarts: 1 allows no further start$/);
    expect(one.supervisor.report().restarts).toBe(1);
  });

  test("it answers twice", async () => {
    const one = supervise(`${READY}${EACH} echo "{\\"id\\":$id}"; echo "{\\"id\\":$id}"; done`, { restarts: 0 });
    await one.start();
    expect(await one.send()).toBe("done");
    expect(await one.gaveUp).toContain("answered message 1 twice");
  });

  test("it hangs", async () => {
    const one = supervise(
      `${READY}trap '' TERM; ${EACH} [ $id = 1 ] || { echo "{\\"id\\":$id}"; continue; }; while :; do sleep 1; done; done`,
      { timeout: 200e3 },
    );
    await one.start();
    expect(await one.send()).toMatch(/^the program answered nothing for 200 ms \(work\.timeout/);
    expect(await one.send()).toBe("done");
  });

  test("it floods standard error: the first 100 lines are kept, and it goes on", async () => {
    const one = supervise(
      `${READY}${EACH} i=0; while [ $i -lt 3000 ]; do echo "noise $i ...................................." >&2; i=$((i+1)); done; echo "{\\"id\\":$id}"; done`,
    );
    await one.start();
    expect(await one.send()).toBe("done");
    expect(one.supervisor.report().standardError).toHaveLength(100);
    expect(one.supervisor.report().standardError[99]).toStartWith("noise 99");
  });

  test("messages that come while it is started again wait for it", async () => {
    const one = supervise(`${READY}${EACH} [ $id = 1 ] && exit 1; echo "{\\"id\\":$id}"; done`);
    await one.start();
    const ends = await Promise.all([
      one.send(),
      one.send(new Map(), 2).then((end) => one.send(new Map(), 2).then((next) => `${end}, ${next}`)),
    ]);
    expect(ends[0]).toBe("the program ended with code 1");
    expect(ends[1]).toEndWith(", done");
  });
});

describe("a program that cannot be started is named:", () => {
  test.each([
    ["it is not there", { command: ["./nowhere/program"] }, /"\.\/nowhere\/program" cannot be run/],
    ["it dies at start", { command: ["/bin/sh", "-c", "echo no module >&2; exit 2"] }, /it ended with code 2: no module/],
    [
      "it is not ready in time",
      { command: ["/bin/sh", "-c", "while :; do :; done"], startup: 100e3 },
      /it was not ready within 100 ms \(work\.startup\)/,
    ],
  ])("%s", async (_, settings, why) => {
    const one = supervise("", settings);
    expect(await outcome(one.start())).toMatch(why);
  });
});

test("what a program computes is measured, and its children's", async () => {
  const busy = "i=0; while [ $i -lt 40000 ]; do i=$((i+1)); done";
  const one = supervise(`${READY}${EACH} ${busy}; (${busy}); echo "{\\"id\\":$id}"; done`);
  await one.start();
  expect(one.supervisor.report().cpuMs ?? 0).toBeLessThan(50);
  for (let i = 0; i < 3; i++) await one.send();
  const { cpuMs, peakRssBytes, restarts, ends } = one.supervisor.report();
  expect(cpuMs ?? 0).toBeGreaterThanOrEqual(60);
  expect(peakRssBytes ?? 0).toBeGreaterThan(100_000);
  expect([restarts, ends]).toEqual([0, 0]);
});

describe("no process is left", () => {
  test.each([
    ["that ends with its input", "cat > /dev/null"],
    ["that must be told", "trap 'exit 0' TERM; while :; do sleep 0.05; done"],
    ["that must be forced, with its children", "trap '' TERM HUP; sleep 100 & wait; while :; do sleep 0.05; done"],
  ])("of a program %s", async (_, rest) => {
    const file = join(folder, "pids");
    rmSync(file, { force: true });
    const one = supervise(`sleep 100 & echo $$ $! > ${file}; ${READY} ${rest}`);
    await one.start();
    const pids = readFileSync(file, "utf8").trim().split(" ").map(Number);
    expect(pids.map(isLive)).toEqual([true, true]);
    await one.supervisor.close();
    for (const pid of pids) expect(await gone(pid)).toBe(true);
  });

  test("when the process that started it is killed", async () => {
    const file = join(folder, "orphans");
    const source = `import { ProgramSupervisor } from ${JSON.stringify(join(import.meta.dir, "../../src/workloads/message/command/supervisor.ts"))};
      const command = ["/bin/sh", "-c", "trap '' HUP TERM; sleep 100 & echo $$ $! > ${file}; echo '{\\"ready\\":true}'; while :; do sleep 1; done"];
      await new ProgramSupervisor({ command, folder: "/", startup: 5e6, restarts: 0, timeout: 5e6, state: false }).start(() => {});
      console.log("started"); await Bun.sleep(1e6);`;
    const child = Bun.spawn({ cmd: [process.execPath, "-e", source], stdout: "pipe", stderr: "inherit" });
    await child.stdout.getReader().read();
    const pids = readFileSync(file, "utf8").trim().split(" ").map(Number);
    expect(pids.map(isLive)).toEqual([true, true]);
    child.kill("SIGKILL");
    for (const pid of pids) expect(await gone(pid)).toBe(true);
    expect(existsSync(file)).toBe(true);
  });
});

/** The id of a shell's message, and an answer to it. */
const ANSWER = 'echo "{\\"id\\":$id,\\"set\\":{\\"n\\":$id}}"';

function planOf(value: object, mode: Mode, file = join(folder, "x.yaml")): CasePlan {
  const { points } = resolveScenario(YamlFile.parse(file, JSON.stringify({ ...value, modes: [mode] })), file);
  const plan = planCases(points, 2)[0];
  if (plan === undefined) throw new Error("unreachable");
  return plan;
}

describe("a program to start from", () => {
  const named = Object.entries(WORK_STARTERS).map(([language, starter]) => ({ language, ...starter }));

  for (const { language, extension, command, startup, text } of named) {
    const there = Bun.which(command("")[0] ?? "") !== null;
    test.skipIf(!there)(`in ${language} works on messages (skipped where ${language} is missing)`, async () => {
      const file = join(folder, `mine${extension}`);
      writeFileSync(file, text);
      const one = supervise("", { command: command(file), startup: startup === "60s" ? 60e6 : 10e6 });
      await one.start();
      const state: State = new Map();
      const ops = [
        { op: "increment", key: "n", value: 2 },
        { op: "increment", key: "n", value: 3 },
        { op: "set", key: "status", value: "busy" },
      ] as const;
      for (const payload of [ops.slice(0, 1), ops.slice(1)]) {
        await one.supervisor.handle(state, { worker_id: "worker-1", payload, timestamp: 0 });
      }
      expect(Object.fromEntries(state)).toEqual({ n: 5, status: "busy" });
    });
  }
});

describe("a case whose messages a program works on", () => {
  const scenario = (script: string, rest: object = {}) => ({
    title: "command",
    work: { kind: "command", command: ["/bin/sh", "-c", script], restarts: 1 },
    keys: { count: 5 },
    load: { executor: "bursts", size: 60, every: "1s", count: 1 },
    async: { concurrency: 4 },
    parallel: { workers: 2 },
    ...rest,
  });

  test("is refused without leave", async () => {
    await expect(runScenario(scenario(""))).rejects.toThrow(/work\.command names a program .*--allow-commands/);
  });

  test.each(DEFAULT_MODES)(
    "fails by name in %s when the program is given up; the ledger is balanced and no process is left",
    async (mode) => {
      const mark = `lab-${process.pid}-${Date.now()}`;
      const script = `: ${mark}; ${READY} ${EACH} [ $((id % 10)) = 0 ] && { echo over >&2; exit 9; }; ${ANSWER}; done`;
      const { result } = await runHere(planOf(scenario(script), mode));
      expect(result.status).toBe("failed");
      expect(result.problems[0]).toMatch(
        /The program of work\.command ended with code 9: over, and work\.restarts: 1 allows no further start; what was held is unfinished\.$/,
      );
      expect(result.failures.map(({ reason }) => reason)).toEqual(["the program ended with code 9: over"]);
      const { processed, failed, unfinished } = result.ledger;
      expect([processed + failed + unfinished, imbalance(result.ledger)]).toEqual([60, 0]);
      expect(failed).toBeGreaterThanOrEqual(2);
      expect(unfinished).toBeGreaterThan(0);
      expect(result.warnings.join(" ")).toMatch(
        /program-\d ended, or had to be ended, 2 times, and was started again once\. On standard error it wrote: over/,
      );
      const programs = result.process.programs ?? [];
      expect(programs.map(({ name }) => name)).toEqual(mode === "parallel" ? ["program-0", "program-1"] : ["program-0"]);
      expect(result.process.threads.filter(({ name }) => name.startsWith("program-"))).toHaveLength(programs.length);
      expect(Math.max(...programs.map(({ restarts }) => restarts))).toBe(1);
      expect(Bun.spawnSync(["pgrep", "-f", mark]).stdout.toString()).toBe("");
    },
  );

  test("gives signs of life while its program starts", async () => {
    let signs = 0;
    const slow = `sleep 0.8; ${READY}${EACH} ${ANSWER}; done`;
    const { result } = await runHere(planOf(scenario(slow), "async"), undefined, { onPreparing: () => signs++ });
    expect([result.status, signs >= 1]).toEqual(["completed", true]);
  });

  test.each(["async", "parallel"] as const)("is failed in %s with what the program said when it dies at start", async (mode) => {
    const dying = scenario("echo 'no such module' >&2; exit 4");
    await expect(runHere(planOf(dying, mode))).rejects.toThrow("could not be started: it ended with code 4: no such module");
  });

  test.each(DEFAULT_MODES)("of a batch in %s they reach a program together that answers them with one line", async (mode) => {
    // It answers when it holds five, whatever the batch: one by one it would never be done.
    const five = `n=0; all=; ${EACH} all="$all,{\\"id\\":$id,\\"set\\":{\\"n\\":1}}"; n=$((n+1)); [ $n = 5 ] && { echo "[\${all#,}]"; n=0; all=; }; done`;
    const script = `echo '{"ready":true,"batch":true}'; ${five}`;
    const load = { load: { executor: "bursts", size: mode === "sync" ? 1 : 20, every: "1s", count: 1 }, gracefulStop: "3s" };
    const keys = { count: 20, distribution: "round-robin" };
    const given = scenario(mode === "sync" ? script.replace("= 5", "= 1") : script, {
      ...load,
      keys,
      batch: { size: 5 },
      async: { concurrency: 1 },
      parallel: { workers: 1 },
    });
    const { result } = await runHere(planOf(given, mode));
    expect([result.status, result.failures, result.ledger.unfinished, result.orderViolations]).toEqual(["completed", [], 0, 0]);
    if (mode !== "sync") expect(result.batches.meanSize).toBe(5);
  });
});

/** Programs of the shipped scenarios need Python. */
const PYTHON = Bun.which("python3");

describe.skipIf(PYTHON === null)("the shipped programs in Python (skipped where there is no python3)", () => {
  const shipped = (name: string, more: object, mode: Mode) => {
    const file = join(SHIPPED, name);
    return planOf({ ...(Bun.YAML.parse(readFileSync(file, "utf8")) as object), expect: undefined, ...more }, mode, file);
  };

  test("python-state-machine leaves the states of the lab's own ops, in every mode", async () => {
    const load = { executor: "bursts", size: 400, count: 1 };
    const own = await runHere(shipped("python-state-machine.yaml", { load, work: { kind: "none" } }, "sync"));
    for (const mode of DEFAULT_MODES) {
      const { result } = await runHere(shipped("python-state-machine.yaml", { load, parallel: { workers: 2 } }, mode));
      expect([result.status, result.failures]).toEqual(["completed", []]);
      expect(result.state).toEqual(own.result.state);
    }
  });

  test("python-asyncio overlaps its waits", async () => {
    const load = { executor: "bursts", size: 40, count: 1 };
    const { result } = await runHere(shipped("python-asyncio.yaml", { load, keys: { count: 40, distribution: "round-robin" } }, "async"));
    expect([result.status, result.failures, result.ledger.processed]).toEqual(["completed", [], 40]);
    // Two rounds of twenty at once, and no forty of one.
    expect(result.durationMs).toBeLessThan(400);
  });
});
