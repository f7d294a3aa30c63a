import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Terminal } from "@xterm/headless";
import { RunStore } from "../../src/store/run-store.ts";
import { cleanEnv, lab, labProcess, MAIN, temporaryFolder } from "../support/cli.ts";
import { caseResult, runResult, sample } from "../support/results.ts";
import { type Screen, screensOfTests } from "../support/terminal.ts";

setDefaultTimeout(60_000);

const folder = temporaryFolder();
const env = { XDG_DATA_HOME: join(folder, "data") };
const open = screensOfTests();
const openForAll = screensOfTests(afterAll);
afterAll(() => rmSync(folder, { recursive: true }));

const QUICK = join(folder, "quick.yaml");
writeFileSync(
  QUICK,
  "title: A quick run\nmodes: [async]\nload: { executor: constant-arrival-rate, rate: 100, duration: 500ms }\nwork: { kind: none }\n",
);

/** A kept run for all that is played again. */
beforeAll(() => {
  const series = Array.from({ length: 6 }, (_, i) => sample((i + 1) * 100));
  const store = RunStore.open(join(folder, "data/lab-tui/runs.sqlite"));
  store.add(runResult((["sync", "async"] as const).map((mode) => ({ ...caseResult({ mode }), series }))));
  store.close();
});

const cast = (name: string) => join(folder, name);
const eventsOf = (file: string) =>
  readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** What a terminal shows once a recording was played into it. */
async function played(file: string): Promise<string> {
  const [header, ...events] = eventsOf(file);
  const terminal = new Terminal({ cols: header.width, rows: header.height, allowProposedApi: true, scrollback: 1000 });
  for (const [, kind, data] of events) {
    if (kind === "o") await new Promise<void>((resolve) => terminal.write(data, resolve));
    if (kind === "r") terminal.resize(...(String(data).split("x").map(Number) as [number, number]));
  }
  const { active } = terminal.buffer;
  const text = Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? "").join("\n");
  terminal.dispose();
  return text.trimEnd();
}

const TERMINAL = cast("terminal.cast");
let first: Screen;
beforeAll(async () => {
  first = openForAll(["run", QUICK, "--no-store", "--cast", TERMINAL, "--close-after", "300ms"], {
    cwd: folder,
    columns: 100,
    rows: 30,
    env,
  });
  await first.until(/ left/);
  first.resize(90, 28);
  expect(await first.exited).toBe(0);
});

describe("a recording of a terminal", () => {
  test("has its changes of size and the run's events", () => {
    const labels = (wanted: string) =>
      eventsOf(TERMINAL)
        .slice(1)
        .flatMap(([, kind, label]) => (kind === wanted ? [label] : []));
    expect(labels("r")).toContain("90x28");
    expect(labels("m")).toEqual(["async", "finished"]);
  });

  test("played, ends as the terminal did", async () => {
    expect((await played(TERMINAL)).split("\n").slice(-6)).toEqual((await first.history()).trimEnd().split("\n").slice(-6));
  });
});

test("a recording without a terminal is of the size that was asked for, and ends with the summary", async () => {
  const file = cast("headless.cast");
  const { code } = await labProcess(["run", QUICK, "--no-store", "--headless", "--cast", file, "--cast-size", "90x30"], { env });
  expect(code).toBe(0);
  expect(eventsOf(file)[0]).toMatchObject({ version: 2, width: 90, height: 30, title: "A quick run" });
  const all = eventsOf(file)
    .slice(1)
    .flatMap(([, kind, data]) => (kind === "o" ? [data] : []));
  for (const part of ["Throughput", "Cores", "finished"]) expect(all.join("")).toContain(part);
  expect(await played(file)).toContain("ledger: 50 scheduled");
});

test("replay without a terminal draws nothing, and says what it can do", async () => {
  const { code, stderr } = await lab(["replay", "last"], { env });
  expect([code, stderr.trim()]).toEqual([2, "replay draws on a terminal, and there is none; --cast FILE writes a recording"]);
});

test.skipIf(Bun.which("asciinema") === null)(
  "asciinema's own recording of a run ends by itself, on the screen that ours ends on (needs asciinema)",
  async () => {
    const [ours, theirs] = [cast("ours.cast"), cast("theirs.cast")];
    const command = `${process.execPath} ${MAIN} run ${QUICK} --no-store --cast ${ours} --close-after 300ms`;
    const args = ["rec", "-q", "--overwrite", "--cols", "100", "--rows", "30", "-c", command, theirs];
    const child = Bun.spawn(["asciinema", ...args], { env: cleanEnv(env), stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    expect(await child.exited).toBe(0);
    const ends = await Promise.all([played(ours), played(theirs)]);
    expect(ends[0]).toContain("ledger: 50 scheduled");
    expect(ends[1]).toBe(ends[0]);
  },
);

describe("a replay in the dashboard", () => {
  const cwd = join(folder, "kept");
  let screen: Screen;
  beforeAll(async () => {
    mkdirSync(cwd);
    screen = openForAll(["replay", "last", "--speed", "0.5"], { env, cwd, columns: 100, rows: 30 });
    await screen.until(/sync \(mode 1 of 2\).* [1-9][\d.]* %/);
  });

  test("waits while it is frozen", async () => {
    screen.type(" ");
    await screen.until("frozen");
    const frozen = await screen.text();
    await Bun.sleep(600);
    expect(await screen.text()).toBe(frozen);
  });

  test("s saves a picture, and says so", async () => {
    screen.type("s");
    await screen.until(/saved x-1\.svg, x-1\.png/);
    const svg = readFileSync(join(cwd, "x-1.svg"), "utf8");
    expect(svg).toStartWith("<svg ");
    expect(svg).toContain("Throughput");
    expect(readFileSync(join(cwd, "x-1.png")).subarray(1, 4).toString()).toBe("PNG");
  });

  test("r records until it is pressed again, from the whole picture on; both say so", async () => {
    screen.type("r");
    await screen.until("recording x-1.cast; r ends it");
    await screen.until("rec · x");
    screen.type("r");
    await screen.until("recorded x-1.cast");
    const all = eventsOf(join(cwd, "x-1.cast"));
    expect(all[0]).toMatchObject({ version: 2, width: 100, height: 30 });
    expect(String(all[1]?.[2])).toContain("Throughput");
  });

  test("goes on to the closing screen, and scrubs there", async () => {
    screen.type(" ");
    await screen.until(/async \(mode 2 of 2\)/);
    await screen.until("% finished");
    screen.type("\u001b[D");
    await screen.until("the past, at");
    screen.type("q");
    expect(await screen.exited).toBe(0);
    expect(screen.restored).toBe(true);
  });
});

test("where nothing can be written it is said; q leaves a replay at once", async () => {
  const screen = open(["replay", "last", "--speed", "0.1"], { env, cwd: "/proc", columns: 100, rows: 30 });
  await screen.until("Throughput");
  screen.type("s");
  await screen.until(/x-1\.svg cannot be written/);
  screen.type("r");
  await screen.until(/--cast: x-1\.cast cannot be written/);
  screen.type("q");
  expect(await screen.exited).toBe(0);
  expect(screen.restored).toBe(true);
});
