import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunResult } from "../../src/telemetry/result.ts";
import { cleanEnv, lab, labProcess, MAIN, ROOT, temporaryFolder } from "../support/cli.ts";
import { alive, childrenOf } from "../support/processes.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const QUICK = "title: quick\nload: { executor: bursts, size: 50 }\nwork: { kind: none }\n";
const LONG =
  "title: long\nload: { executor: constant-arrival-rate, rate: 200, duration: 60s }\nwork: { kind: sleep, time: 1ms }\ngracefulStop: 2s\n";

function everyNumberIsFinite(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(everyNumberIsFinite);
}

describe("commands", () => {
  test("--version, --help, list, schema, validate", async () => {
    const version = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version as string;
    expect(await labProcess(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n` });
    expect((await lab(["--help"])).stdout).toContain("run [options] <scenario...>");
    const listed = JSON.parse((await lab(["list", "--json"])).stdout) as { name: string; file: string }[];
    expect(listed.map(({ name }) => name)).toContain("first-look");
    expect((await lab(["list"])).stdout).toContain("The same work, three ways");
    expect(JSON.parse((await lab(["schema"])).stdout)).toMatchObject({ type: "object", required: expect.any(Array) });
    expect(await lab(["validate", listed[0]?.file ?? ""])).toMatchObject({ code: 0 });
    const bare = await labProcess([]);
    expect(bare.code).toBe(0);
    expect(bare.stdout).toContain("first-look");
    expect(bare.stdout).toContain("lab-tui run NAME");
  });

  test("--version and list do not load Ink", () => {
    const child = Bun.spawnSync(
      [
        process.execPath,
        "-e",
        `process.argv.splice(1, 0, "x"); process.exit = () => { const ink = Object.keys(require.cache).filter((file) => /node_modules.(ink|react)./.test(file)); console.log("LOADED", ink.length); process.reallyExit(0); }; process.argv = ["bun", "main", "list"]; require(${JSON.stringify(MAIN)});`,
      ],
      { env: cleanEnv(), stdout: "pipe", stderr: "pipe" },
    );
    expect(child.stdout.toString()).toContain("LOADED 0");
  });

  test("a reader of a pipe gets all of it, however much and however slowly it reads", async () => {
    const place = temporaryFolder();
    mkdirSync(join(place, "scenarios"));
    for (let i = 0; i < 500; i++) writeFileSync(join(place, "scenarios", `s${i}.yaml`), `title: ${"t".repeat(190)}\n`);
    const child = Bun.spawn(["sh", "-c", '"$0" "$@" | (sleep 0.5; cat)', process.execPath, MAIN, "list", "--json"], {
      cwd: place,
      env: cleanEnv(),
      stdout: "pipe",
    });
    const listed = JSON.parse(await new Response(child.stdout).text()) as unknown[];
    expect(listed.length).toBeGreaterThanOrEqual(500);
    rmSync(place, { recursive: true });
  });

  test("new writes a starter that validates and is not overwritten by mistake", async () => {
    expect(await lab(["new", "mine"], { cwd: folder })).toMatchObject({ code: 0, stdout: "mine.yaml\n" });
    expect(await lab(["validate", "mine.yaml"], { cwd: folder })).toMatchObject({ code: 0 });
    const again = await lab(["new", "mine"], { cwd: folder });
    expect(again).toMatchObject({ code: 2 });
    expect(again.stderr).toContain("--force");
    expect((await lab(["new", "mine", "--force"], { cwd: folder })).code).toBe(0);
  });
});

describe("bad input never shows a stack trace", () => {
  test.each([
    ["an unknown command", ["rnu"], 2, 'did you mean "run"?'],
    ["an unknown scenario", ["run", "frist-look"], 2, 'did you mean "first-look"?'],
    ["a missing file", ["run", "./none.yaml"], 104, "./none.yaml"],
    ["a folder", ["run", "./src"], 104, "folder"],
    ["an unknown flag", ["run", "first-look", "--jsn", "x"], 2, "--jsn"],
    ["a flag without its value", ["run", "first-look", "--seed"], 2, "--seed"],
    ["a bad mode", ["run", "first-look", "--mode", "turbo"], 2, "sync, async, parallel"],
    ["a bad rate", ["run", "first-look", "-r", "-5"], 2, "load.rate"],
    ["a closing screen's time that is none", ["run", "first-look", "--close-after", "soon"], 2, "--close-after: must be a duration"],
    ["a closing screen's time beyond timers", ["run", "first-look", "--close-after", "30d"], 2, "--close-after: must be a duration"],
    ["a bad frame rate", ["run", "first-look", "--fps", "0"], 2, "--fps"],
    ["an unknown path", ["run", "first-look", "--set", "queue.capcity=5"], 2, 'did you mean "capacity"?'],
    [
      "a duration without meaning",
      ["run", "first-look", "--set", "load={executor: bursts, size: 5}", "-d", "5s"],
      2,
      "--duration has no meaning",
    ],
    ["a rate without meaning", ["run", "first-look", "--set", "load={executor: bursts, size: 5}", "-r", "5"], 2, "--rate has no meaning"],
    ["an output that cannot be written", ["run", "first-look", "--json", "/nowhere/x.json"], 2, "cannot be written"],
    ["an output folder that is a file", ["run", "first-look", "-o", "package.json"], 2, "cannot be written"],
    ["a recording of no size", ["run", "first-look", "--cast", "x", "--cast-size", "1x1"], 2, "--cast-size: must be COLSxROWS"],
    ["a flag that is for scenarios alone", ["compare", "a", "b", "--rounds", "8"], 2, "--rounds is for scenarios"],
    ["too many arguments", ["list", "x"], 2, "too many arguments"],
    ["a benchmark of a scenario", ["bench", "first-look"], 2, "with --truth"],
    ["a benchmark's JSON that there is not", ["bench", "--floors", "--json"], 2, "not with --floors"],
    ["an outage without its length", ["serve", "tiles", "--outages", "5s"], 2, "such as 5s+3s"],
    ["escape codes", ["run", "\u001b[31mred"], 2, "\\u001b[31mred"],
  ])("%s", async (_, args, code, part) => {
    const finished = await lab(args);
    expect(finished.code).toBe(code);
    expect(finished.stderr).toContain(part);
    expect(finished.stderr).not.toMatch(/\n\s+at |\.ts:\d+:\d+\)/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
    expect(finished.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  test("nor does that of a process", async () => {
    const { code, stdout, stderr } = await labProcess(["run", "frist-look"]);
    expect([code, stdout, stderr.trim()]).toEqual([2, "", expect.stringMatching(/^.*did you mean "first-look"\?$/)]);
  });

  test("wrong usage is told before a wrong scenario, which stays what it is; all scenarios' problems come together", async () => {
    const wrong = file("wrong.yaml", "title: T\nseeed: 1\n");
    const other = file("other.yaml", "title: T\nmodes: [snyc]\n");
    const right = file("right.yaml", QUICK);
    const linked = join(folder, "linked.json");
    symlinkSync(right, linked);
    const tape = file("tape.ndjson", '{"worker_id":"a","timestamp":0,"event":"e","payload":{"op":"compute"}}\n');
    const replay = file("from-tape.yaml", "title: T\nload: { executor: replay, file: tape.ndjson }\n");
    for (const [args, code, part] of [
      [[wrong, "nonexist"], 2, "no scenario named"],
      [[wrong, "--json", folder], 2, "it is a folder"],
      [[wrong, "-r", "0"], 2, "load.rate"],
      [[wrong, other], 104, 'did you mean "sync"'],
      [[wrong, other], 104, 'did you mean "seed"'],
      [[right, "--json", right], 2, "is the scenario itself"],
      [[right, "--json", linked], 2, "is the scenario itself"],
      [[replay, "--json", tape], 2, "is what load.file reads"],
      [[replay, "--dump-state", tape, "--mode", "sync"], 2, "is what load.file reads"],
      [[right, "--dump-state", right], 2, "is the scenario itself"],
      [[right, "--json", join(folder, "both"), "--log", join(folder, "both")], 2, "is what --json writes"],
    ] as const) {
      const told = await lab(["run", ...args, "--headless"]);
      expect([told.code, told.stderr]).toEqual([code, expect.stringContaining(part)]);
    }
    expect(readFileSync(right, "utf8")).toBe(QUICK);
  });

  test.each([
    [["--http", "x"]],
    [["--mode", "sideways"]],
    [["-d", "5s"]],
    [["-r", "5"]],
    [["--set", "work.kind=handler", "--set", `work.module=${MAIN}`]],
  ])("nothing runs with %j", async (flags) => {
    const { code, stdout } = await lab(["run", file("refusing.yaml", QUICK), "-q", ...flags]);
    expect([code, stdout]).toEqual([2, ""]);
  });

  test("a valid file, one that is not, and one that is not there", async () => {
    const [valid, invalid] = ["valid/minimal.yaml", "invalid/list.yaml"].map((name) => join(ROOT, "test/scenarios", name));
    const { code, stdout, stderr } = await lab(["validate", valid ?? "", invalid ?? "", "/none.yaml"]);
    expect([code, stdout]).toEqual([104, `${valid}: valid\n`]);
    for (const wrong of [invalid, "/none.yaml"]) expect(stderr).toContain(wrong ?? "");
  });

  test("a name that cannot be one is refused", async () => {
    expect(await lab(["new", "a b"])).toMatchObject({ code: 2, stderr: expect.stringContaining("letters, digits") });
  });
});

describe("hypotheses", () => {
  const EXPECTING =
    "title: expecting\ndescription: What it explores.\nmodes: [sync]\nload: { executor: bursts, size: 20 }\nwork: { kind: sleep, time: 1ms }\nexpect:\n  - sync.processed == 20\n  - that: sync.dropped.count > 0\n    because: Something is dropped.\n";

  test("are in the result with their figures, and one that does not hold fails the run only with --strict", async () => {
    const path = file("expecting.yaml", EXPECTING);
    const calm = await lab(["run", path, "--headless", "--json", "-"]);
    expect(calm.code).toBe(0);
    const { hypotheses = [], scenario } = JSON.parse(calm.stdout) as RunResult;
    expect(scenario.description).toBe("What it explores.");
    expect(hypotheses.map(({ sentence }) => sentence)).toEqual(["sync.processed == 20", "Something is dropped."]);
    expect(hypotheses[1]?.figures).toHaveProperty(["sync.dropped.count"]);
    const { code, stdout, stderr } = await lab(["run", path, "--headless", "--strict", "--json", "-"]);
    const told = (JSON.parse(stdout) as RunResult).hypotheses?.[1]?.ok;
    // On a machine that others use nothing can be told.
    expect([false, null]).toContain(told ?? null);
    expect(code).toBe(told === false ? 99 : 0);
    if (told === false)
      expect(stderr).toContain(`${path}:8:11: expect.1: must hold sync.dropped.count > 0, got sync.dropped.count (0) > 0`);
  });
});

describe("thresholds", () => {
  const GATED =
    'title: gated\nmodes: [sync, async]\nload: { executor: bursts, size: 20 }\nwork: { kind: sleep, time: 1ms }\nthresholds:\n  dropped: ["count==0"]\n  sojourn_ms:\n    - "p(99)<2000"\n    - "max<3"\n';

  test("one that fails is named with its line for each case, and the code is 99", async () => {
    const path = file("gated.yaml", GATED);
    const { code, stdout, stderr } = await labProcess(["run", path, "--headless", "--json", "-"]);
    expect(code).toBe(99);
    const { thresholds } = JSON.parse(stdout) as RunResult;
    expect(thresholds.map(({ case: index, metric, expression, ok }) => [index, metric, expression, ok])).toEqual(
      [0, 1].flatMap((index) => [
        [index, "dropped", "count==0", true],
        [index, "sojourn_ms", "p(99)<2000", true],
        [index, "sojourn_ms", "max<3", false],
      ]),
    );
    const failed = stderr.split("\n").filter((line) => line.includes("must hold"));
    expect(failed.length).toBe(2);
    for (const [i, line] of failed.entries()) {
      expect(line).toStartWith(`${path}:9:7: thresholds.sojourn_ms: must hold max<3 (case ${i}, `);
      expect(line).toMatch(/, got \d/);
    }
    const held = ["--mode", "sync", "--set", 'thresholds.sojourn_ms=["max>3"]'];
    expect(await lab(["run", path, "--headless", "-q", ...held])).toMatchObject({ code: 0 });
  });

  test("a scenario that cannot be read takes no finished one with it", async () => {
    writeFileSync(join(folder, "cut.ndjson.gz"), Bun.gzipSync(Buffer.from("{}\n".repeat(1000))).subarray(0, 30));
    const cut = file("cut.yaml", "title: cut\nload: { executor: replay, file: cut.ndjson.gz }\n");
    const { code, stdout } = await lab([
      "run",
      file("whole.yaml", QUICK),
      cut,
      "--mode",
      "sync",
      "--headless",
      "--no-store",
      "--json",
      "-",
    ]);
    const results = JSON.parse(stdout) as RunResult[];
    expect([code, results.length, results[0]?.cases[0]?.status]).toEqual([104, 1, "completed"]);
  });

  test("a search that is stopped says nothing of the rate it was at", async () => {
    const load = "load: { executor: constant-arrival-rate, rate: max, duration: 20s }";
    const path = file("max.yaml", `title: max\nmodes: [sync]\n${load}\nwork: { kind: sleep, time: 5ms }\n`);
    const child = Bun.spawn([process.execPath, MAIN, "run", path, "--headless", "--no-store", "--json", "-"], {
      env: cleanEnv(),
      stdout: "pipe",
      stderr: "pipe",
    });
    const written = new Response(child.stdout).text();
    for await (const chunk of child.stderr) if (/\b1 s\b/.test(new TextDecoder().decode(chunk))) child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    const one = (JSON.parse(await written) as RunResult).cases[0];
    expect([one?.status, one?.rate]).toMatchObject(["aborted", { low: 0, high: null, trials: [] }]);
  });

  test("abortOnFail ends the case early, after its delay", async () => {
    const rule = '[{ threshold: "value>500", abortOnFail: true, delayAbortEval: 250ms }]';
    const path = file(
      "early.yaml",
      `title: early\nmodes: [async]\nload: { executor: constant-arrival-rate, rate: 50, duration: 20s }\nwork: { kind: none }\nthresholds: { throughput: ${rule} }\n`,
    );
    const { code, stdout } = await lab(["run", path, "--headless", "--json", "-"]);
    const ended = (JSON.parse(stdout) as RunResult).cases[0];
    expect([code, ended?.status]).toEqual([99, "aborted"]);
    expect(ended?.warnings.join()).toContain("throughput value>500 was broken");
    expect(ended?.ledger.scheduled).toBeLessThan(900);
    expect(ended?.ledger.scheduled).toBeGreaterThan(10);
  });
});

describe("run", () => {
  test("--json - is the result of the contract and nothing else on stdout", async () => {
    const { code, stdout, stderr } = await labProcess(["run", file("quick.yaml", QUICK), "--headless", "--json", "-"]);
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as RunResult;
    expect(result).toMatchObject({
      schemaVersion: 2,
      scenario: { name: "quick", title: "quick", workload: "message", seed: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(result.cases.map(({ mode, status }) => [mode, status])).toEqual([
      ["sync", "completed"],
      ["async", "completed"],
      ["parallel", "completed"],
    ]);
    expect(new Set(result.cases.map(({ tape }) => tape.hash)).size).toBe(1);
    expect(new Set(result.cases.map(({ state }) => state?.digest)).size).toBe(1);
    expect(everyNumberIsFinite(result)).toBe(true);
    // A run can be shown again from what is kept of it.
    for (const { series, ledger, load } of result.cases) {
      expect([series.at(-1)?.ledger, load?.executor]).toEqual([ledger, "bursts"]);
      expect(series.every(({ running }) => running !== undefined)).toBe(true);
    }
    expect(stderr).toContain("[3/3 parallel] completed");
  });

  test.each(["2>/dev/full", "2>&-"])("with nobody to tell (%s) the result is written all the same", async (redirection) => {
    const quick = file("untold.yaml", QUICK);
    const command = `"${process.execPath}" "${MAIN}" run "${quick}" --headless --mode sync --json - ${redirection}`;
    const child = Bun.spawn(["sh", "-c", command], { env: cleanEnv(), stdout: "pipe", stderr: "ignore" });
    const { cases } = JSON.parse(await new Response(child.stdout).text()) as RunResult;
    expect([await child.exited, cases[0]?.ledger.processed]).toEqual([0, 50]);
  });

  test("a flag takes the place of what the file would try, and of a lone dash knows what it means", async () => {
    const swept = file("swept.yaml", `${QUICK.replace("size: 50", "size: 5")}sweep: { load.size: [10, 20], seed: [1, 2] }\n`);
    const { stdout } = await lab([
      "run",
      swept,
      "--mode",
      "sync",
      "--seed",
      "9",
      "--set",
      "load.size=7",
      "--headless",
      "-q",
      "--json",
      "-",
    ]);
    expect((JSON.parse(stdout) as RunResult).cases.map(({ params, ledger }) => [params, ledger.processed])).toEqual([[{}, 7]]);
    const replay = file("dash.yaml", "title: dash\nmodes: [sync]\nload: { executor: replay, file: x }\nwork: { kind: none }\n");
    const line = '{"worker_id":"w","payload":{"op":"increment","key":"a"},"timestamp":1}\n';
    const read = await labProcess(["run", replay, "--set", "load.file=-", "--headless", "-q", "--json", "-"], { stdin: line });
    expect((JSON.parse(read.stdout) as RunResult).cases[0]?.ledger.processed).toBe(1);
  });

  test("a title that would colour the terminal does not reach it", async () => {
    const path = file(
      "hostile.yaml",
      `title: "\\e[31mred\\e]0;owned\\a"\nmodes: [sync]\nload: { executor: bursts, size: 5 }\nwork: { kind: none }\n`,
    );
    const { code, stdout, stderr } = await lab(["run", path]);
    expect(code).toBe(0);
    expect(stdout + stderr).toContain("\\x1b[31mred");
    expect(stdout + stderr).not.toContain("\u001b");
    expect(stdout + stderr).not.toContain("\u0007");
  });

  // They wait for their runs, most of the time.
  test.concurrent.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 143],
  ] as const)("P2-S %s drains, writes what was measured and leaves nothing behind", async (signal, code) => {
    const out = join(folder, `${signal}.json`);
    const child = Bun.spawn([process.execPath, MAIN, "run", file(`${signal}.yaml`, LONG), "--json", out], {
      env: cleanEnv(),
      stdout: "pipe",
      stderr: "pipe",
    });
    const reader = child.stderr.getReader();
    let said = "";
    while (!said.includes("   1 s")) said += new TextDecoder().decode((await reader.read()).value);
    const runners = childrenOf(child.pid);
    expect(runners.length).toBeGreaterThan(0);
    child.kill(signal);
    expect(await child.exited).toBe(code);
    const result = JSON.parse(readFileSync(out, "utf8")) as RunResult;
    expect(result.cases).toHaveLength(1);
    expect(result.cases[0]).toMatchObject({ status: "aborted" });
    expect(result.cases[0]?.ledger.processed ?? 0).toBeGreaterThan(100);
    for (const pid of runners) expect(alive(pid)).toBe(false);
  });

  test.concurrent("a runner that is killed is a failed case with a sentence; the others still run", async () => {
    const out = join(folder, "killed.json");
    const path = file("killed.yaml", `${LONG}modes: [sync, async]\n`.replace("60s", "2s"));
    const child = Bun.spawn([process.execPath, MAIN, "run", path, "--json", out], { env: cleanEnv(), stdout: "pipe", stderr: "pipe" });
    const reader = child.stderr.getReader();
    let said = "";
    while (!said.includes("   1 s")) said += new TextDecoder().decode((await reader.read()).value);
    for (const pid of childrenOf(child.pid)) process.kill(pid, "SIGKILL");
    expect(await child.exited).toBe(1);
    const [sync, async] = (JSON.parse(readFileSync(out, "utf8")) as RunResult).cases;
    expect(sync).toMatchObject({ status: "failed", problems: [expect.stringContaining("SIGKILL")] });
    expect(sync?.ledger.processed ?? 0).toBeGreaterThan(0);
    // What its samples told is not lost.
    expect(sync?.durationMs ?? 0).toBeGreaterThan(500);
    expect(sync?.throughput ?? 0).toBeGreaterThan(0);
    expect(async).toMatchObject({ status: "completed", ledger: { processed: 400 } });
  });

  test("a runner that is killed over the calibration costs one case, and -q does not hide why", async () => {
    const out = join(folder, "uncalibrated.json");
    const text = "title: x\nmodes: [sync, async]\nload: { executor: bursts, size: 20 }\nwork: { kind: cpu, time: 1ms }\n";
    const env = cleanEnv();
    const child = Bun.spawn([process.execPath, MAIN, "run", file("uncalibrated.yaml", text), "--json", out, "-q"], {
      env,
      stdout: "pipe",
      stderr: "pipe",
    });
    let runners: number[] = [];
    while (runners.length === 0) {
      await Bun.sleep(5);
      runners = childrenOf(child.pid);
    }
    for (const pid of runners) process.kill(pid, "SIGKILL");
    expect(await child.exited).toBe(1);
    expect((JSON.parse(readFileSync(out, "utf8")) as RunResult).cases).toMatchObject([
      { status: "failed", problems: [expect.stringContaining("could not be calibrated")] },
      { status: "completed", ledger: { processed: 20 } },
    ]);
    expect(await new Response(child.stderr).text()).toMatch(
      /^uncalibrated: sync failed: The computation could not be calibrated\. .*SIGKILL/,
    );
  });

  test.skipIf(!existsSync("/dev/full")).each([
    ["list", 2],
    ["--version", 2],
    ["run", 99],
  ] as const)("standard output that takes nothing of %s is told, with the code of what failed first", async (asked, code) => {
    const strict = file("strict.yaml", `${QUICK}thresholds: { throughput: ["value<1"] }\n`);
    const args = asked === "run" ? [asked, strict, "-q", "--no-store", "--mode", "sync", "--json", "-"] : [asked];
    const child = Bun.spawn([process.execPath, MAIN, ...args], { env: cleanEnv(), stdout: Bun.file("/dev/full"), stderr: "pipe" });
    expect(await new Response(child.stderr).text()).toEndWith("lab-tui: standard output could not be written: the disk is full\n");
    expect(await child.exited).toBe(code);
  });

  test.skipIf(process.platform === "win32")("a reader that has seen enough is no failure", async () => {
    const command = `{ "${process.execPath}" "${MAIN}" schema; echo $? >&2; } | head -c 1`;
    const child = Bun.spawn(["sh", "-c", command], { env: cleanEnv(), stdout: "ignore", stderr: "pipe" });
    expect(await new Response(child.stderr).text()).toBe("0\n");
  });

  test("several scenarios are one list of results; files of a case have its number and mode, --rate and --duration are over the file", async () => {
    const rated = file(
      "rated.yaml",
      `${QUICK.replace("bursts, size: 50", "constant-arrival-rate, rate: 50, duration: 9s")}modes: [sync]\n`,
    );
    const [results, states] = [join(folder, "two.json"), join(folder, "states.json")];
    const out = join(folder, "both");
    const args = ["run", rated, rated, "-q", "-r", "40", "-d", "200ms", "--out", out, "--json", results, "--dump-state", states];
    expect(await lab(args)).toMatchObject({ code: 0 });
    const ledgers = (JSON.parse(readFileSync(results, "utf8")) as RunResult[]).map(({ cases }) => cases[0]?.ledger.processed);
    expect(ledgers).toEqual([8, 8]);
    expect(existsSync(join(folder, "states-0-sync.json"))).toBe(true);
    expect((await lab(["run", rated, "-q", "--out", out])).code).toBe(2);
  });

  test("as a library: runScenario gives the same result object", async () => {
    const { runScenario } = await import("../../src/index.ts");
    const result = await runScenario({
      title: "library",
      modes: ["async"],
      load: { executor: "bursts", size: 30 },
      work: { kind: "cpu", time: "100us" },
    });
    expect(result.cases[0]).toMatchObject({ status: "completed", ledger: { processed: 30 } });
    expect(result.machine.calibration?.roundsPerMs ?? 0).toBeGreaterThan(1000);
    await expect(runScenario({ title: 5 })).rejects.toThrow("title");
    expect((await runScenario(file("library.yaml", QUICK), { modes: ["sync"] })).cases).toHaveLength(1);
  });
});

test("C-1 explain draws a mode, or each; another word is refused with the one that was meant", async () => {
  const one = await lab(["explain", "parallel"]);
  expect([one.code, one.stderr, one.stdout.split(":")[0]]).toEqual([0, "", "parallel"]);
  const all = await lab(["explain"]);
  expect(all.stdout.match(/^(sync|async|parallel):/gm)).toEqual(["sync:", "async:", "parallel:"]);
  const none = await lab(["explain", "asinc"]);
  expect([none.code, none.stdout, none.stderr.trim()]).toEqual([
    2,
    "",
    'explain: must name sync, async, parallel, distributed; did you mean "async"?, got "asinc"',
  ]);
});

test("C-1 new writes any workload's scenario, with the schema that is shipped; another word is refused", async () => {
  for (const workload of ["message", "fetch", "flow"]) {
    const file = join(folder, `of-${workload}.yaml`);
    expect(await lab(["new", file, "--workload", workload])).toMatchObject({ code: 0, stderr: "" });
    const [first = "", ...rest] = readFileSync(file, "utf8").split("\n");
    expect(JSON.parse(readFileSync(first.replace("# yaml-language-server: $schema=", ""), "utf8"))).toHaveProperty(
      "title",
      "lab-tui scenario",
    );
    expect(rest.join("\n")).toContain(`\nworkload: ${workload} `);
  }
  const python = join(folder, "of-python.yaml");
  expect((await lab(["new", python, "--work", "python"])).stdout.trim().split("\n")).toEqual([join(folder, "of-python.py"), python]);
  expect(readFileSync(python, "utf8")).toContain('work: { kind: command, command: ["python3", "./of-python.py"]');
  const odd = await lab(["new", join(folder, "odd.yaml"), "--work", "phyton"]);
  expect([odd.code, odd.stderr.trim()]).toEqual([2, '--work: must be one of python, node, go; did you mean "python"?, got "phyton"']);
  const none = await lab(["new", join(folder, "none.yaml"), "--workload", "flows"]);
  expect([none.code, none.stderr.trim()]).toEqual([
    2,
    '--workload: must be one of message, fetch, flow; did you mean "flow"?, got "flows"',
  ]);
});
