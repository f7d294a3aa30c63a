import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MAIN, ROOT, temporaryFolder } from "../support/cli.ts";
import { screensOfTests } from "../support/terminal.ts";

setDefaultTimeout(90_000);

const folder = temporaryFolder();
const open = screensOfTests();
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
const LONG = file(
  "long.yaml",
  "title: A long run\nload: { executor: constant-arrival-rate, rate: 300, duration: 60s }\nwork: { kind: sleep, time: 2ms }\ngracefulStop: 1s\n",
);

const MUCH_TO_EXPLAIN = file(
  "much.yaml",
  "title: Much to explain\nload: { executor: constant-arrival-rate, rate: 3000, duration: 500ms }\nwork: { kind: cpu, time: 1ms }\nkeys: { distribution: zipf, count: 5 }\nqueue: { capacity: 10, overflow: drop-newest }\nqueries: { rate: 100 }\nparallel: { workers: 2 }\ngracefulStop: 1s\n",
);

const SWEPT = file(
  "swept.yaml",
  'title: "A \\e[31mswept run"\nmodes: [sync, async]\nload: { executor: constant-arrival-rate, rate: 100, duration: 500ms }\nwork: { kind: sleep, time: 2ms }\nsweep: { load.rate: [50, 200] }\n',
);

/** A mode's row of the table, ruled or not, with its figures; on a busy machine with its status too. */
const rowOf = (mode: string) => new RegExp(`^(?:│ )?${mode}(?: \\(\\w+\\))? +(?:│ +)?[\\d–]`, "m");

const EXPECTING = file(
  "expecting.yaml",
  "title: An expectation\nhypothesis: It keeps up.\nmodes: [async]\nload: { executor: constant-arrival-rate, rate: 200, duration: 1s }\nwork: { kind: none }\nexpect: [{ that: async.dropped == 0, because: Nothing is dropped. }]\n",
);

const PANELS = ["Throughput", "Queue depth", "Drops", "Latency", "Cores"];

describe("C-4 the dashboard in a real terminal", () => {
  test("says what is expected while it runs, and what came of it when it is over", async () => {
    const screen = open(["run", EXPECTING], { columns: 120, rows: 40, cwd: folder });
    await screen.until(/ left [\s\S]*^Hypothesis: It keeps up\.$/m);
    // On a machine that others use it cannot be told.
    await screen.until(/^(✓ held|\? cannot tell): Nothing is dropped\./m);
  });

  test.each([
    [80, 24],
    [120, 40],
    [200, 60],
  ])("C-2 runs all modes at %i×%i, fits, and stays as a closing screen", async (columns, rows) => {
    // From a folder of the user's, as an installed package runs.
    const screen = open(["run", SHORT], { columns, rows, cwd: folder });
    const first = await screen.until(/sync \(mode 1 of 3\).* left/);
    for (const panel of PANELS) expect(first).toContain(panel);
    expect(first).toContain("A short run");
    expect(first).toContain("scheduled =");
    const last = await screen.until("% finished");
    for (const mode of ["sync", "async", "parallel"]) expect(last).toMatch(rowOf(mode));
    expect(last).toContain("predicted");
    expect((await screen.lines()).at(-1)).toContain("q quit");
    screen.type("q");
    expect(await screen.exited).toBe(0);
    expect(screen.restored).toBe(true);
    const left = await screen.text();
    expect(left).toContain("ledger: 300 scheduled");
    expect(left).not.toContain("Throughput");
  });

  test.each([
    [80, 24],
    [120, 40],
  ])("C-2 a sweep at %i×%i: where it stands while it runs, its picture when it is over", async (columns, rows) => {
    const screen = open(["run", SWEPT], { columns, rows, cwd: folder });
    await screen.until(/(sync|async) \(\d of 4\) rate (50|200)/);
    const last = await screen.until(/★ best|None is (?:called )?best/);
    expect(last).toContain("Throughput, messages/s against load.rate");
    expect(last).toMatch(/→ (?:sync keeps up with every rate tried|\d cases? of 4)/);
    screen.type("4");
    // A hundred items bear no 99th percentile.
    await screen.until("Latency, mean of the sojourn time (too few items for a p99) against load.rate");
    for (const line of await screen.lines()) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(columns);
    screen.type("q");
    expect(await screen.exited).toBe(0);
    expect(screen.restored).toBe(true);
    expect(await screen.text()).toMatch(/async, load\.rate 200†?:/);
  });

  test("keys focus, zoom, freeze, help and quit with a question", async () => {
    const screen = open(["run", LONG]);
    await screen.until("┏━¹ Throughput");
    screen.type("\t");
    await screen.until("┏━² Queue depth");
    screen.type("4z");
    await screen.until(/┏━⁴ Latency/);
    expect(await screen.text()).not.toContain("Queue depth");
    screen.type("\u001b");
    await screen.until("Queue depth");
    screen.type("5");
    await screen.until("┏━⁵ Cores");
    screen.type("?");
    await screen.until("stop and drain");
    screen.type("x");
    await screen.until("Queue depth");
    screen.type(" ");
    await screen.until("frozen");
    const frozen = (await screen.lines()).slice(2).join("\n");
    await Bun.sleep(700);
    expect((await screen.lines()).slice(2).join("\n")).toBe(frozen);
    screen.type(" ");
    screen.type("q");
    await screen.until("Stop it and quit?");
    screen.type("n");
    await screen.until("q quit");
    screen.type("qy");
    expect(await screen.exited).toBe(130);
    expect(screen.restored).toBe(true);
    expect(await screen.text()).toContain("aborted");
  });

  test("survives being resized, and says what it needs when it is too small", async () => {
    const screen = open(["run", LONG], { columns: 120, rows: 40 });
    await screen.until("Throughput");
    screen.resize(50, 12);
    await screen.until("needs 60×18, has 50×12");
    screen.resize(60, 18);
    const small = await screen.until("Throughput");
    for (const panel of PANELS) expect(small).toContain(panel);
    screen.resize(100, 30);
    await screen.until(/q quit .*freeze/);
    screen.type("\u0003");
    expect(await screen.exited).toBe(130);
    expect(screen.restored).toBe(true);
  });

  test("Ctrl-C drains, writes and restores", async () => {
    const out = join(folder, "interrupted.json");
    const screen = open(["run", LONG, "--json", out]);
    await screen.until(/ left/);
    screen.type("\u0003");
    expect(await screen.exited).toBe(130);
    expect(screen.restored).toBe(true);
    expect(await Bun.file(out).json()).toMatchObject({ cases: [{ status: "aborted" }] });
  });

  test("SIGTERM restores the terminal too", async () => {
    const screen = open(["run", LONG]);
    await screen.until(/ left/);
    process.kill(screen.pid, "SIGTERM");
    expect(await screen.exited).toBe(143);
    expect(screen.restored).toBe(true);
  });

  test("a signal ends the closing screen, with the exit code of the run", async () => {
    const screen = open(["run", SHORT, "--mode", "sync", "-d", "500ms"]);
    await screen.until("% finished");
    process.kill(screen.pid, "SIGTERM");
    expect(await screen.exited).toBe(0);
    expect(screen.restored).toBe(true);
  });

  test.skipIf(Bun.which("bash") === null)("Ctrl-Z gives the prompt back, whoever started it; fg goes on (needs bash)", async () => {
    const home = join(folder, "started");
    mkdirSync(home);
    const go = `${process.execPath} ${MAIN} run ${LONG} --no-store`;
    writeFileSync(join(home, "package.json"), JSON.stringify({ name: "x", scripts: { go } }));
    const screen = open(["--norc", "-i"], { command: ["bash"], cwd: home, env: { PS1: "prompt: " } });
    await screen.until("prompt: ");
    screen.type(`${process.execPath} run go\n`);
    await screen.until(/ left/);
    screen.type("\u001a");
    await screen.until("Stopped");
    screen.type("echo $((1000 + 234))\n");
    await screen.until("1234");
    expect(screen.restored).toBe(true);
    screen.type("fg\n");
    await screen.until(/ left/);
    screen.type("\u0003");
    await screen.until(/ledger:[\s\S]*\nprompt: $/m);
    screen.type("exit\n");
    await screen.exited;
  });

  test("a terminal that was told to show nothing more (Ctrl-S) holds up no signal", async () => {
    const screen = open(["run", LONG, "--headless", "--no-store"]);
    await screen.until(/ 1 s /);
    screen.type("\u0013");
    process.kill(screen.pid, "SIGTERM");
    expect(await screen.exited).toBe(143);
  });

  test.each(["SIGQUIT", "SIGUSR1"] as const)("%s ends it, and restores the terminal first", async (signal) => {
    const screen = open(["run", LONG]);
    await screen.until(/ left/);
    process.kill(screen.pid, signal);
    await screen.exited;
    expect(screen.restored).toBe(true);
  });

  test.skipIf(Bun.which("bash") === null)("a job behind the shell draws nothing on its terminal (needs bash)", async () => {
    const screen = open(["--norc", "-i"], { command: ["bash"], env: { PS1: "prompt: " } });
    await screen.until("prompt: ");
    screen.type(`${process.execPath} ${MAIN} run ${SHORT} --mode sync -d 500ms --no-store & wait\n`);
    await screen.until(/ledger:/);
    expect(screen.raw).not.toContain("\u001b[?1049h");
    screen.type("exit\n");
    await screen.exited;
  });

  test("Ctrl-C between two scenarios stops them all", async () => {
    const screen = open(["run", SHORT, LONG, "--mode", "sync"]);
    // Whichever is drawn first: the end of the one may last too short for a picture of its own.
    await screen.until(/% finished|A long run/);
    screen.type("\x03");
    expect(await screen.exited).toBe(130);
    expect(screen.restored).toBe(true);
  });

  test("a runner that is killed does not take the dashboard with it", async () => {
    const screen = open(["run", SHORT, "--mode", "sync,async", "-d", "3s"]);
    await screen.until(/ left/);
    const runners = Bun.spawnSync(["pgrep", "-P", String(screen.pid)])
      .stdout.toString()
      .trim()
      .split("\n")
      .filter(Boolean);
    for (const pid of runners) process.kill(Number(pid), "SIGKILL");
    const last = await screen.until("% finished");
    expect(last).toContain("sync (failed)");
    screen.type("q");
    expect(await screen.exited).toBe(1);
    expect(screen.restored).toBe(true);
  });

  test("a view that crashes costs the picture, not the run", async () => {
    const screen = open([SHORT], {
      entry: join(ROOT, "test/support/planted/crashing-view.tsx"),
      env: { NODE_ENV: "production" },
      columns: 120,
    });
    expect(await screen.exited).toBe(70);
    expect(screen.restored).toBe(true);
    const text = screen.raw.slice(screen.raw.indexOf("[?1049l"));
    expect(text).toContain("The dashboard met an error (planted \\x1b[31mcrash)");
    expect(text).toContain("[3/3 parallel] completed");
    expect(text).toContain("ledger: 300 scheduled");
  });

  test("only our own escape sequences reach the terminal", async () => {
    const hostile = file(
      "hostile.yaml",
      `title: "\\e]0;owned\\a\\e[31mred \\u202egnp \\u009b2J"\nmodes: [sync]\nload: { executor: bursts, size: 5 }\nwork: { kind: none }\n`,
    );
    const screen = open(["run", hostile]);
    const text = await screen.until("% finished");
    expect(text).toContain("\\x1b]0;owned\\x07\\x1b[31mred \\u202egnp \\x9b2J");
    screen.type("q");
    await screen.exited;
    expect(screen.raw).not.toContain("\u001b]0;");
    expect(screen.raw).not.toMatch(/\u202e|\u009b/);
  });

  test("NO_COLOR draws without colours, CI and TERM=dumb without a dashboard", async () => {
    const plain = open(["run", SHORT, "--mode", "sync"], { env: { NO_COLOR: "1" } });
    await plain.until("% finished");
    plain.type("q");
    await plain.exited;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
    expect(plain.raw).not.toMatch(/\u001b\[[0-9;]*3[0-9][0-9;]*m/);
    const without = [{ CI: "true" }, { TERM: "dumb" }].map((env) => open(["run", SHORT, "--mode", "sync"], { env }));
    for (const lines of without) {
      expect(await lines.exited).toBe(0);
      expect(lines.raw).not.toContain("\u001b");
      expect(lines.raw).toContain("[1/1 sync] completed");
    }
  });

  test("--close-after ends the closing screen without a key", async () => {
    for (const after of ["0s", "400ms"]) {
      const screen = open(["run", SHORT, "--mode", "sync", "--no-store", "--close-after", after]);
      expect(await screen.exited).toBe(0);
      expect(screen.restored).toBe(true);
      expect(screen.raw.slice(screen.raw.lastIndexOf("\u001b[?1049l"))).toContain("ledger: 300 scheduled");
    }
  });

  test("--close-after shows the closing screen for so long", async () => {
    const screen = open(["run", SHORT, "--mode", "sync", "--no-store", "--close-after", "1s"]);
    await screen.until("% finished");
    const from = performance.now();
    expect(await screen.exited).toBe(0);
    expect(performance.now() - from).toBeGreaterThan(700);
  });

  test("a keyboard at its end leaves the closing screen at once, whether it ended before, during or after the run", async () => {
    const during = open(["run", SHORT, "--mode", "sync", "--no-store"]);
    await during.until("sync (mode 1 of 1)");
    during.type("\u0004");
    expect(await during.exited).toBe(0);
    const before = open(["run", SHORT, "--mode", "sync", "--no-store"]);
    before.type("\u0004");
    expect(await before.exited).toBe(0);
    const after = open(["run", SHORT, "--mode", "sync", "--no-store"]);
    await after.until("% finished");
    after.type("\u0004");
    expect(await after.exited).toBe(0);
    expect([before, during, after].map(({ restored }) => restored)).toEqual([true, true, true]);
  });

  test("leaving draws nothing more: the terminal is put back at once", async () => {
    const screen = open(["run", SHORT, "--mode", "sync", "--no-store"]);
    await screen.until("% finished");
    await Bun.sleep(500);
    const { length } = screen.raw;
    screen.type("q");
    await screen.exited;
    expect(screen.raw.slice(length).startsWith("\u001b[?7h\u001b[?1049l\u001b[?25h")).toBe(true);
  });

  test("C-2 the closing screen keeps every row of its table and a chart where there is much to explain; the panels' keys choose it, z opens it", async () => {
    const screen = open(["run", MUCH_TO_EXPLAIN, "--no-store"], { columns: 80, rows: 24, cwd: folder });
    const last = await screen.until("% finished");
    for (const mode of ["sync", "async", "parallel"]) expect(last).toMatch(rowOf(mode));
    // On a busy machine it is other programs that are told.
    expect(last).toMatch(/sync: (One core is the limit|Other programs (had part|used))/);
    expect(last).toContain("Throughput");
    screen.type("2");
    expect(await screen.until("Queue depth")).toMatch(/sync: /);
    screen.type("z");
    await screen.until("Esc back");
    screen.type("\u001b");
    await screen.until(/sync: /);
    screen.type("q");
    await screen.exited;
  });

  test("C-2 the past of a run can be looked at while it goes on, and is told from now", async () => {
    const screen = open(["run", LONG, "--no-store"], { columns: 120 });
    await screen.until(/ [1-9]\d* % .* left/);
    screen.type("\u001b[H");
    await screen.until("the past, at 0 s");
    screen.type("\u001b[F");
    await screen.until(/^(?!.*the past).* left/m);
    screen.type("\u001b[D");
    await screen.until(/the past, at \d/);
    screen.type("\u001b");
    await screen.until(/^(?!.*the past).* left/m);
    screen.type("\u0003");
    expect(await screen.exited).toBe(130);
  });

  test("after a storm of sizes the screen is what a whole picture makes it", async () => {
    const screen = open(["run", LONG, "--no-store"], { columns: 120, rows: 40 });
    await screen.until(/ left/);
    for (let i = 0; i < 40; i++) {
      screen.resize(60 + ((i * 37) % 120), 18 + ((i * 13) % 40));
      await Bun.sleep(i % 3 === 0 ? 15 : 1);
    }
    screen.resize(100, 30);
    screen.type(" ");
    await screen.until("frozen");
    const settled = await screen.until(/Ctrl-C stop/);
    for (const line of await screen.lines()) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(100);
    // Another theme writes every cell anew.
    screen.type("tttt");
    await Bun.sleep(300);
    await screen.until(/Ctrl-C stop/);
    expect(await screen.text()).toBe(settled);
    screen.type("\u0003");
    expect(await screen.exited).toBe(130);
  });

  test.each([
    ["16 colours", { COLORTERM: "", TERM: "xterm" }, "\u001b[96m", "\u001b[38;"],
    ["256 colours", { COLORTERM: "", TERM: "xterm-256color" }, "\u001b[38;5;", "\u001b[38;2;"],
    ["all colours", { COLORTERM: "truecolor" }, "\u001b[38;2;", "\u001b[38;5;"],
  ])("a terminal of %s gets no others", async (_, env, its, others) => {
    const screen = open(["run", SHORT, "--mode", "sync", "--no-store"], { env });
    const last = await screen.until("% finished");
    expect(last).toContain("Throughput");
    screen.type("q");
    await screen.exited;
    const drawn = screen.raw.slice(0, screen.raw.lastIndexOf("\u001b[?1049l"));
    expect(drawn).toContain(its);
    expect(drawn).not.toContain(others);
  });

  test("a locale without Unicode gets pictures of ASCII", async () => {
    const screen = open(["run", SHORT, "--mode", "sync", "--no-store"], { env: { LANG: "C", LC_ALL: "C" } });
    const last = await screen.until("% finished");
    expect(last).toContain("+=1 Throughput");
    expect(last.match(/[\u2500-\u28ff]/g) ?? []).toEqual([]);
    screen.type("q");
    await screen.exited;
  });

  test("a panel that cannot be drawn says so, and the rest lives", async () => {
    const screen = open([SHORT], { entry: join(ROOT, "test/support/planted/crashing-panel.ts"), columns: 120 });
    const last = await screen.until("% finished");
    expect(last).toContain("Latency: cannot be drawn (planted \\x1b[31mcrash)");
    expect(last).toContain("Throughput");
    screen.type("q");
    expect(await screen.exited).toBe(0);
  });

  test("show has the colours of the run's own summary, and none where nobody wants them", async () => {
    const swept = file(
      "two-fields.yaml",
      "title: Two fields\nmodes: [sync]\nload: { executor: bursts, size: 20 }\nwork: { kind: io, time: 1ms }\nsweep: { batch.size: [1, 10], work.time: [1ms, 2ms] }\n",
    );
    const cells = (text: string) => text.split("\u001b[48;2;").length - 1;
    const env = { XDG_DATA_HOME: join(folder, "data"), COLORTERM: "truecolor" };
    const run = open(["run", swept], { env });
    await run.until("% finished");
    run.type("q");
    await run.exited;
    const summary = cells(run.raw.slice(run.raw.lastIndexOf("\u001b[?1049l")));
    expect(summary).toBeGreaterThan(0);
    const shown = open(["show", "last"], { env });
    await shown.exited;
    expect(cells(shown.raw)).toBe(summary);
    const plain = open(["show", "last", "--no-color"], { env });
    await plain.exited;
    expect(plain.raw).not.toContain("\u001b[");
  });

  test("C-1 bare lab-tui shows the scenarios, Enter runs one, q leaves", async () => {
    const screen = open([], { cwd: folder });
    await screen.until(/▸ \S/);
    screen.type("j");
    screen.type("k");
    screen.type("\r");
    await screen.until(/warming up|ms left|s left/);
    screen.type("\u0003");
    expect(await screen.exited).toBe(130);
    expect(screen.restored).toBe(true);
    const again = open([], { cwd: folder });
    await again.until(/▸ \S/);
    again.type("d");
    await again.until("sync: one thread does everything in turn");
    again.type("d");
    await again.until("async: one event loop");
    again.type("q");
    await again.until(/▸ \S/);
    again.type("q");
    expect(await again.exited).toBe(0);
    expect(again.restored).toBe(true);
  });
});
