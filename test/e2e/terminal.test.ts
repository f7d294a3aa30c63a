import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RunStore } from "../../src/store/run-store.ts";
import type { RunResult } from "../../src/telemetry/result.ts";
import { MAIN, ROOT, temporaryFolder } from "../support/cli.ts";
import { childrenOf } from "../support/processes.ts";
import { caseResult, runResult } from "../support/results.ts";
import { type Screen, screensOfTests } from "../support/terminal.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
const open = screensOfTests();
const openForAll = screensOfTests(afterAll);
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const SHORT = file(
  "short.yaml",
  "title: A short run\nload: { executor: constant-arrival-rate, rate: 500, duration: 600ms }\nwork: { kind: sleep, time: 1ms }\nparallel: { workers: 2 }\n",
);
const QUICK = file("quick.yaml", "title: A quick run\nmodes: [sync]\nload: { executor: bursts, size: 50 }\nwork: { kind: none }\n");
const LONG = file(
  "long.yaml",
  "title: A long run\nmodes: [async]\nload: { executor: constant-arrival-rate, rate: 100, duration: 60s }\nwork: { kind: sleep, time: 2ms }\ngracefulStop: 1s\n",
);

/** A result like one that a run has written, for what is shown of runs without running any. */
function kept(name: string, title: string): string {
  const result = runResult((["sync", "async"] as const).map((mode) => caseResult({ mode })));
  return file(name, JSON.stringify({ ...result, scenario: { ...result.scenario, title } }));
}

const PAST = kept("past.json", "A past run");
/** The past run, played in no time; its closing screen leaves by itself. */
const PLAYED = ["replay", PAST, "--speed", "1000", "--close-after", "0s"];

/** Sizes of terminals, from the smallest that is drawn on. */
const SIZES = [
  [60, 18],
  [200, 60],
  [120, 40],
  [80, 24],
] as const;

/** A mode's row of the table with its figures; on a busy machine with its status too. */
const rowOf = (mode: string) => new RegExp(`^${mode}(?: \\(\\w+\\))? +[\\d–]`, "m");

/** A whole picture of this size, with a part of its lower half and the keys in its last line. */
const whole = (title: string, part: string, columns: number, rows: number) =>
  new RegExp(`^(?=${title}[\\s\\S]*${part})(?:.{0,${columns}}\\n){${rows - 1}}q quit.{0,${columns}}$`);

const PANELS = ["Throughput", "Queue depth", "Drops", "Latency", "Cores"];

/** What stands on the main screen after the dashboard has gone. */
const left = (screen: Screen) => screen.raw.slice(screen.raw.lastIndexOf("\u001b[?1049l"));
/** All that was written while it was there. */
const drawn = (screen: Screen) => screen.raw.slice(0, screen.raw.lastIndexOf("\u001b[?1049l"));

describe("C-2 a run of all modes, from a folder of the user's", () => {
  let screen: Screen;
  let first = "";
  let shown = 0;
  beforeAll(async () => {
    screen = openForAll(["run", SHORT, "--no-store"], { cwd: folder });
    first = await screen.until(/sync \(mode 1 of 3\).* left/);
    await screen.until("% finished");
  });

  test("has its panels, its title and the ledger while it runs", () => {
    for (const part of [...PANELS, "A short run", "scheduled ="]) expect(first).toContain(part);
  });

  test.each(SIZES)("has a row for each mode and the keys when it is over, at %i×%i", async (columns, rows) => {
    screen.resize(columns, rows);
    const last = await screen.until(whole("A short run", "parallel", columns, rows));
    for (const mode of ["sync", "async", "parallel"]) expect(last).toMatch(rowOf(mode));
    expect(last).toContain("Throughput");
  });

  describe("at q", () => {
    beforeAll(async () => {
      await Bun.sleep(300);
      shown = screen.raw.length;
      screen.type("q");
    });

    test("ends with its exit code", async () => {
      expect(await screen.exited).toBe(0);
    });

    test("draws nothing more: the terminal is put back at once", () => {
      expect(screen.raw.slice(shown)).toStartWith("\u001b[?7h\u001b[?1049l\u001b[?25h");
      expect(screen.restored).toBe(true);
    });

    test("leaves the summary on the main screen, and nothing of the picture", () => {
      expect(left(screen)).toContain("ledger: 300 scheduled");
      expect(left(screen)).not.toContain("Throughput");
    });
  });
});

/** Each test finds the run as it is drawn at first, and leaves it so. */
describe("C-2 one long run", () => {
  const out = join(folder, "interrupted.json");
  let screen: Screen;
  beforeAll(async () => {
    screen = openForAll(["run", LONG, "--no-store", "--json", out], { columns: 120, rows: 40 });
    await screen.until(/ [1-9][\d.]* % .* left/);
  });

  test.each(SIZES)("fits at %i×%i", async (columns, rows) => {
    screen.resize(columns, rows);
    const text = await screen.until(whole("A long run", "Cores", columns, rows));
    for (const panel of PANELS) expect(text).toContain(panel);
  });

  test("says what it needs where the terminal is too small", async () => {
    screen.resize(50, 12);
    await screen.until("needs 60×18, has 50×12");
    screen.resize(80, 24);
    await screen.until("Throughput");
  });

  test("keys focus and zoom", async () => {
    screen.type("\t");
    await screen.until("┏━² Queue depth");
    screen.type("4z");
    expect(await screen.until(/┏━⁴ Latency/)).not.toContain("Queue depth");
    screen.type("\u001b");
    await screen.until("Queue depth");
    screen.type("1");
    await screen.until("┏━¹ Throughput");
  });

  test("? opens the help, any key closes it", async () => {
    screen.type("?");
    await screen.until("stop and drain");
    screen.type("x");
    await screen.until("Queue depth");
  });

  test("Space freezes the picture", async () => {
    screen.type(" ");
    await screen.until("frozen");
    const frozen = await screen.text();
    await Bun.sleep(500);
    expect(await screen.text()).toBe(frozen);
    screen.type(" ");
    await screen.until(/^(?![\s\S]*frozen)/);
  });

  test("its past can be looked at while it goes on, and is told from now", async () => {
    screen.type("\u001b[H");
    await screen.until("the past, at 0 s");
    screen.type("\u001b[F");
    await screen.until(/^(?!.*the past).* left/m);
    screen.type("\u001b[D");
    await screen.until(/the past, at \d/);
    screen.type("\u001b");
    await screen.until(/^(?!.*the past).* left/m);
  });

  test("after a storm of sizes the screen is what a whole picture makes it", async () => {
    for (let i = 0; i < 40; i++) {
      screen.resize(60 + ((i * 37) % 120), 18 + ((i * 13) % 40));
      await Bun.sleep(i % 3 === 0 ? 15 : 1);
    }
    screen.resize(100, 30);
    screen.type(" ");
    await screen.until("frozen");
    const settled = await screen.until(/Ctrl-C stop/);
    // Another theme writes every cell anew; after all of them it is the first again.
    screen.type("ttttt");
    await Bun.sleep(300);
    expect(await screen.until(/Ctrl-C stop/)).toBe(settled);
    screen.type(" ");
    await screen.until(/^(?![\s\S]*frozen)/);
  });

  test("+ has the arrivals come at the next rate, which is marked on the time axis", async () => {
    screen.type("+");
    await screen.until(/└0.*◇/);
    await screen.until(/arriving 12[3-7]/);
  });

  test("m has the mouse reported: a click focuses, another zooms, the wheel goes through time; m ends it", async () => {
    screen.resize(100, 40);
    await screen.until("← past");
    expect(screen.raw).not.toContain("\u001b[?1006h");
    screen.type("m");
    while (!screen.raw.includes("\u001b[?1000h\u001b[?1006h")) await Bun.sleep(20);
    screen.type("\u001b[<0;90;10M\u001b[<0;90;10m");
    await screen.until(/━² Queue depth/);
    screen.type("\u001b[<0;90;10M\u001b[<0;90;10m");
    await screen.until(/^(?![\s\S]*¹ Throughput)[\s\S]*━² Queue depth/);
    screen.type("\u001b[<64;90;10M");
    await screen.until("→ later");
    screen.type("m\u001b\u001b1");
    await screen.until("━¹ Throughput");
    expect(screen.raw.lastIndexOf("\u001b[?1006l")).toBeGreaterThan(screen.raw.lastIndexOf("\u001b[?1006h"));
  });

  test("q asks, n goes on", async () => {
    screen.type("q");
    await screen.until("Stop it and quit?");
    screen.type("n");
    await screen.until("q quit");
  });

  describe("at SIGTERM", () => {
    beforeAll(() => void process.kill(screen.pid, "SIGTERM"));

    test("ends with 143, and the terminal is as it was", async () => {
      expect(await screen.exited).toBe(143);
      expect(screen.restored).toBe(true);
      expect(left(screen)).toContain("aborted");
    });

    test("has written what was measured", async () => {
      expect(await Bun.file(out).json()).toMatchObject({ cases: [{ status: "aborted", rateChanges: [{ rate: 125 }] }] });
    });
  });
});

describe("signals", () => {
  test.each(["SIGQUIT", "SIGUSR1"] as const)("%s ends what is drawn, and restores the terminal first", async (signal) => {
    const screen = open(["replay", PAST, "--speed", "0.01"]);
    await screen.until("Throughput");
    process.kill(screen.pid, signal);
    await screen.exited;
    expect(screen.restored).toBe(true);
  });

  test("one at the closing screen ends it, with the exit code of the run", async () => {
    const screen = open(["run", QUICK, "--no-store"]);
    await screen.until("% finished");
    process.kill(screen.pid, "SIGTERM");
    expect(await screen.exited).toBe(0);
    expect(screen.restored).toBe(true);
  });

  test("a terminal that was told to show nothing more (Ctrl-S) holds up none; in CI there is no dashboard, but lines without an escape code", async () => {
    const screen = open(["run", LONG, "--no-store"], { env: { CI: "true" } });
    await screen.until(/ 1 s /);
    expect(screen.raw).toContain("[1/1 async] ");
    expect(screen.raw).not.toContain("\u001b");
    screen.type("\u0013");
    process.kill(screen.pid, "SIGTERM");
    expect(await screen.exited).toBe(143);
  });

  test("a terminal that goes away (SIGHUP) ends a run; what was measured is written", async () => {
    const out = join(folder, "gone.json");
    const screen = open(["run", LONG, "--no-store", "--json", out]);
    await screen.until(/ left/);
    expect(await screen.hangUp()).toBe(143);
    expect(await Bun.file(out).json()).toMatchObject({ cases: [{ status: "aborted" }] });
  });

  test.skipIf(Bun.which("script") === null)("a terminal that is not read holds up no measurement (needs script)", async () => {
    const out = join(folder, "unread.json");
    const brief = file("brief.yaml", readFileSync(LONG, "utf8").replace("60s", "1500ms"));
    const command = `${process.execPath} ${MAIN} run ${brief} --no-store --close-after 0s --json ${out}`;
    // It stands between the console's terminal and this one; while it is stopped nobody reads.
    const screen = open(["-qec", command, "/dev/null"], { command: ["script"], columns: 120, rows: 40 });
    await screen.until(/ left/);
    process.kill(screen.pid, "SIGSTOP");
    while (!existsSync(out)) await Bun.sleep(50);
    process.kill(screen.pid, "SIGCONT");
    expect(await screen.exited).toBe(0);
    const [one] = ((await Bun.file(out).json()) as RunResult).cases;
    expect([one?.status, one?.ledger.processed]).toEqual(["completed", 150]);
  });

  test("Ctrl-C between two scenarios drains, writes and stops them all", async () => {
    const out = join(folder, "two.json");
    const screen = open(["run", QUICK, LONG, "--no-store", "--json", out]);
    // Whichever is drawn first: the end of the one may last too short for a picture of its own.
    await screen.until(/% finished|A long run/);
    screen.type("\u0003");
    expect(await screen.exited).toBe(130);
    expect(screen.restored).toBe(true);
    expect((await Bun.file(out).json())[0]).toMatchObject({ cases: [{ status: "completed" }] });
  });

  test("a runner that is killed does not take the dashboard with it", async () => {
    const screen = open(["run", LONG, "--no-store"]);
    await screen.until(/ left/);
    for (const pid of childrenOf(screen.pid)) process.kill(pid, "SIGKILL");
    expect(await screen.until("% finished")).toContain("async (failed)");
    screen.type("q");
    expect(await screen.exited).toBe(1);
    expect(screen.restored).toBe(true);
  });
});

describe.skipIf(Bun.which("bash") === null)("a shell's jobs (needs bash)", () => {
  const home = join(folder, "started");
  let shell: Screen;
  beforeAll(async () => {
    mkdirSync(home);
    const go = `${process.execPath} ${MAIN} run ${LONG} --no-store`;
    writeFileSync(join(home, "package.json"), JSON.stringify({ name: "x", scripts: { go } }));
    shell = openForAll(["--norc", "-i"], { command: ["bash"], cwd: home, env: { PS1: "prompt: " } });
    await shell.until("prompt: ");
  });

  test("one behind the shell draws nothing on its terminal", async () => {
    shell.type(`${process.execPath} ${MAIN} run ${QUICK} --no-store & wait\n`);
    await shell.until(/ledger:/);
    expect(shell.raw).not.toContain("\u001b[?1049h");
  });

  test("Ctrl-Z gives the prompt back, whoever started it; fg goes on", async () => {
    shell.type(`${process.execPath} run go\n`);
    await shell.until(/ left/);
    shell.type("\u001a");
    await shell.until("Stopped");
    shell.type("echo $((1000 + 234))\n");
    await shell.until("1234");
    expect(shell.restored).toBe(true);
    shell.type("fg\n");
    await shell.until(/ left/);
    shell.type("\u0003");
    await shell.until(/ledger:[\s\S]*\nprompt: $/m);
  });
});

describe("terminals and wishes", () => {
  test.each([
    ["16 colours", { COLORTERM: "", TERM: "xterm" }, "\u001b[96m", "\u001b[38;"],
    ["256 colours", { COLORTERM: "", TERM: "xterm-256color" }, "\u001b[38;5;", "\u001b[38;2;"],
    ["all colours", { COLORTERM: "truecolor" }, "\u001b[38;2;", "\u001b[38;5;"],
    ["no colours wanted", { NO_COLOR: "1" }, "\u001b[1m", "\u001b[38;"],
  ])("a terminal of %s gets no others; --close-after 0s ends the closing screen without a key", async (_, env, its, others) => {
    const screen = open(PLAYED, { env });
    expect(await screen.exited).toBe(0);
    expect(screen.restored).toBe(true);
    expect(drawn(screen)).toContain("Throughput");
    expect(drawn(screen)).toContain(its);
    expect(drawn(screen)).not.toContain(others);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
    if ("NO_COLOR" in env) expect(screen.raw).not.toMatch(/\u001b\[[0-9;]*3[0-9][0-9;]*m/);
  });

  test("a locale without Unicode gets pictures of ASCII", async () => {
    const screen = open(PLAYED, { env: { LANG: "C", LC_ALL: "C" } });
    await screen.exited;
    expect(drawn(screen)).toContain("+=1");
    expect(drawn(screen)).not.toMatch(/[\u2500-\u28ff]/);
  });

  test("only our own escape sequences reach the terminal", async () => {
    const screen = open(["replay", kept("hostile.json", "\u001b]0;owned\u0007\u001b[31mred \u202egnp \u009b2J"), ...PLAYED.slice(2)]);
    await screen.exited;
    expect(drawn(screen)).toContain("\\x1b]0;owned\\x07\\x1b[31mred \\u202egnp \\x9b2J");
    expect(screen.raw).not.toContain("\u001b]0;");
    expect(screen.raw).not.toMatch(/\u202e|\u009b/);
  });

  test("--close-after shows the closing screen for that long", async () => {
    const screen = open([...PLAYED.slice(0, -1), "1s"]);
    await screen.until("% finished");
    const from = performance.now();
    expect(await screen.exited).toBe(0);
    expect(performance.now() - from).toBeGreaterThan(700);
  });

  test.each([
    ["before the first picture", null, "1000"],
    ["during the run", /sync \(mode 1 of 2\)/, "5"],
    ["after it", "% finished", "1000"],
  ] as const)("a keyboard at its end leaves the closing screen at once: %s", async (_, seen, speed) => {
    const screen = open(["replay", PAST, "--speed", speed]);
    if (seen !== null) await screen.until(seen);
    screen.type("\u0004");
    expect(await screen.exited).toBe(0);
    expect(screen.restored).toBe(true);
  });

  test("a view that crashes costs the picture, not the run", async () => {
    // Long enough that it goes on after the crash, however late the picture was drawn.
    const longer = readFileSync(SHORT, "utf8").replace("rate: 500, duration: 600ms", "rate: 150, duration: 2s");
    const alone = file("alone.yaml", `modes: [sync]\n${longer}`);
    const screen = open([alone], {
      entry: join(ROOT, "test/support/planted/crashing-view.tsx"),
      env: { NODE_ENV: "production" },
      columns: 120,
    });
    expect(await screen.exited).toBe(70);
    expect(screen.restored).toBe(true);
    for (const part of ["The dashboard met an error (planted \\x1b[31mcrash)", "[1/1 sync] completed", "ledger: 300 scheduled"])
      expect(left(screen)).toContain(part);
  });

  test("show has the colours of the run's own summary, and none where nobody wants them", async () => {
    const cells = (text: string) => text.split("\u001b[48;2;").length - 1;
    const swept = [1, 10].flatMap((size) =>
      [5, 50].map((rate) => ({ ...caseResult({ mode: "sync" }), params: { "batch.size": size, "load.rate": rate } })),
    );
    const data = join(folder, "data");
    const store = RunStore.open(join(data, "lab-tui/runs.sqlite"));
    store.add(runResult(swept));
    store.close();
    const env = { XDG_DATA_HOME: data };
    const run = open(["replay", "last", ...PLAYED.slice(2)], { env });
    await run.exited;
    expect(cells(left(run))).toBeGreaterThan(0);
    const shown = open(["show", "last"], { env });
    await shown.exited;
    expect(cells(shown.raw)).toBe(cells(left(run)));
    const plain = open(["show", "last", "--no-color"], { env });
    await plain.exited;
    expect(plain.raw).not.toContain("\u001b[");
  });
});
