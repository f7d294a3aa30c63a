import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Terminal } from "@xterm/headless";
import { cleanEnv, lab, MAIN, temporaryFolder } from "../support/cli.ts";
import { screensOfTests } from "../support/terminal.ts";

setDefaultTimeout(90_000);

const folder = temporaryFolder();
const env = { XDG_DATA_HOME: join(folder, "data") };
const open = screensOfTests();
afterAll(() => rmSync(folder, { recursive: true }));

const SHORT = join(folder, "short.yaml");
writeFileSync(
  SHORT,
  "title: A short run\nmodes: [sync, async]\nload: { executor: constant-arrival-rate, rate: 500, duration: 600ms }\nwork: { kind: sleep, time: 1ms }\n",
);

/** One run is kept for all that is played again. */
beforeAll(async () => {
  const { code } = await lab(["run", SHORT, "--headless", "-q", "--json", join(folder, "result.json")], { env });
  expect(code).toBe(0);
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

describe("recordings", () => {
  test("of a terminal: played, it ends as the terminal did; sizes and markers are in it", async () => {
    const file = cast("terminal.cast");
    const screen = open(["run", SHORT, "--no-store", "--cast", file, "--close-after", "300ms"], { cwd: folder, columns: 100, rows: 30 });
    await screen.until(/ left/);
    screen.resize(90, 28);
    expect(await screen.exited).toBe(0);
    const kinds = eventsOf(file).slice(1);
    expect(kinds.filter(([, kind]) => kind === "r").map(([, , size]) => size)).toContain("90x28");
    expect(kinds.filter(([, kind]) => kind === "m").map(([, , label]) => label)).toEqual(["sync", "async", "finished"]);
    expect((await played(file)).split("\n").slice(-6)).toEqual((await screen.history()).trimEnd().split("\n").slice(-6));
  });

  test("without a terminal, of the size that was asked for; it ends with the summary", async () => {
    const file = cast("headless.cast");
    const { code } = await lab(["run", SHORT, "--no-store", "--headless", "--cast", file, "--cast-size", "90x30"], { env });
    expect(code).toBe(0);
    expect(eventsOf(file)[0]).toMatchObject({ version: 2, width: 90, height: 30, title: "A short run" });
    const all = eventsOf(file)
      .filter((line) => line[1] === "o")
      .map((line) => line[2])
      .join("");
    for (const part of ["Throughput", "Cores", "finished"]) expect(all).toContain(part);
    expect(await played(file)).toContain("ledger: 300 scheduled");
  });

  test("of a kept run: the same bytes each time, faster if asked, from a later instant", async () => {
    const [one, two, fast, late] = ["one.cast", "two.cast", "fast.cast", "late.cast"].map(cast) as [string, string, string, string];
    expect((await lab(["replay", "last", "--cast", one], { env })).code).toBe(0);
    expect((await lab(["replay", "last", "--cast", two], { env })).code).toBe(0);
    expect(readFileSync(one, "utf8")).toBe(readFileSync(two, "utf8"));
    expect((await lab(["replay", "last", "--cast", fast, "--speed", "10", "--cast-version", "3"], { env })).code).toBe(0);
    expect(eventsOf(fast)[0]).toMatchObject({ version: 3, term: { cols: 120, rows: 40 } });
    expect((await lab(["replay", "last", "--cast", late, "--from", "800ms"], { env })).code).toBe(0);
    const end = (file: string) => eventsOf(file).at(-1)?.[0];
    expect(end(late)).toBeCloseTo(end(one) - 0.8, 3);
  });

  test("a result file is replayed like a kept run; what is none is refused with a sentence", async () => {
    const file = join(folder, "result.json");
    expect((await lab(["replay", file, "--cast", cast("file.cast")], { env })).code).toBe(0);
    const refused = async (text: string) => {
      const bad = join(folder, "bad.json");
      writeFileSync(bad, text);
      const { code, stderr } = await lab(["replay", bad, "--cast", cast("bad.cast")], { env });
      return `${code} ${stderr.replace(bad, "FILE").trim()}`;
    };
    expect(await refused("{")).toBe("2 FILE is no result: it is not JSON");
    expect(await refused("{}")).toBe("2 FILE is no result: a run writes them by --json or --out");
    const later = { ...(await Bun.file(file).json()), schemaVersion: 9 };
    expect(await refused(JSON.stringify(later))).toBe("2 FILE is of a later version (schemaVersion 9); this one reads up to 2");
  });

  test.each([
    [["--cast-size", "120x40"], "--cast-size is of a recording: name its file by --cast"],
    [["--cast", "x.cast", "--cast-size", "10x10"], '--cast-size: must be COLSxROWS such as 120x40, from 60x18 to 1000x1000, got "10x10"'],
    [["--cast", "x.cast", "--cast-version", "4"], '--cast-version: must be 2 or 3, got "4"'],
    [["--cast", "nowhere/x.cast"], "--cast: nowhere/x.cast cannot be written"],
    [["--speed", "0"], '--speed: must be a number above 0, at most 1000, got "0"'],
    [["--from", "soon"], '--from: must be a duration such as 3s, got "soon"'],
    [[], "replay draws on a terminal, and there is none; --cast FILE writes a recording"],
  ])("replay %p is refused: %s", async (flags, sentence) => {
    const { code, stderr } = await lab(["replay", "last", ...flags], { env, cwd: folder });
    expect([code, stderr.trim().slice(0, sentence.length)]).toEqual([2, sentence]);
  });
});

describe("asciinema", () => {
  test.skipIf(Bun.which("asciinema") === null)(
    "its own recording of a run ends by itself, on the screen that ours ends on (needs asciinema)",
    async () => {
      const [ours, theirs] = [cast("ours.cast"), cast("theirs.cast")];
      const command = `${process.execPath} ${MAIN} run ${SHORT} --no-store --cast ${ours} --close-after 300ms`;
      const args = ["rec", "-q", "--overwrite", "--cols", "100", "--rows", "30", "-c", command, theirs];
      const child = Bun.spawn(["asciinema", ...args], { env: cleanEnv(env), stdin: "ignore", stdout: "ignore", stderr: "ignore" });
      expect(await child.exited).toBe(0);
      const ends = await Promise.all([played(ours), played(theirs)]);
      expect(ends[0]).toContain("ledger: 300 scheduled");
      expect(ends[1]).toBe(ends[0]);
    },
  );
});

describe("what is kept while one looks", () => {
  test("s saves a picture, r records until it is pressed again; both say so", async () => {
    const cwd = join(folder, "kept");
    mkdirSync(cwd);
    const screen = open(["replay", "last", "--speed", "0.3"], { env, cwd, columns: 100, rows: 30 });
    await screen.until(/sync \(mode 1 of 2\).* [1-9]\d* %/);
    screen.type("s");
    await screen.until(/saved short-1\.svg, short-1\.png/);
    screen.type("r");
    await screen.until("recording short-1.cast; r ends it");
    await screen.until("rec · short");
    screen.type("r");
    await screen.until("recorded short-1.cast");
    screen.type("q");
    expect(await screen.exited).toBe(0);
    const svg = readFileSync(join(cwd, "short-1.svg"), "utf8");
    expect(svg).toStartWith("<svg ");
    expect(svg).toContain("Throughput");
    expect(readFileSync(join(cwd, "short-1.png")).subarray(1, 4).toString()).toBe("PNG");
    const all = eventsOf(join(cwd, "short-1.cast"));
    expect(all[0]).toMatchObject({ version: 2, width: 100, height: 30 });
    // It begins with the whole picture.
    expect(String(all[1]?.[2])).toContain("Throughput");
  });

  test("where nothing can be written it is said", async () => {
    const screen = open(["replay", "last", "--speed", "0.3"], { env, cwd: "/proc", columns: 100, rows: 30 });
    await screen.until("Throughput");
    screen.type("s");
    await screen.until(/short-1\.svg cannot be written/);
    screen.type("r");
    await screen.until(/--cast: short-1\.cast cannot be written/);
    screen.type("q");
    expect(await screen.exited).toBe(0);
  });
});

describe("a replay in the dashboard", () => {
  test("plays the run, waits while it is frozen, scrubs, and ends with the closing screen", async () => {
    const screen = open(["replay", "last", "--speed", "0.5"], { env, cwd: folder, columns: 100, rows: 30 });
    await screen.until(/sync \(mode 1 of 2\).* [1-9]\d* %/);
    screen.type(" ");
    await screen.until("frozen");
    const frozen = await screen.text();
    await Bun.sleep(900);
    expect(await screen.text()).toBe(frozen);
    screen.type(" ");
    await screen.until(/async \(mode 2 of 2\)/);
    await screen.until("% finished");
    screen.type("\u001b[D");
    await screen.until("the past, at");
    screen.type("q");
    expect(await screen.exited).toBe(0);
    expect(screen.restored).toBe(true);
  });

  test("q leaves it at once, Ctrl-C too", async () => {
    for (const [key, code] of [
      ["q", 0],
      ["\u0003", 0],
    ] as const) {
      const screen = open(["replay", "last", "--speed", "0.1"], { env, cwd: folder });
      await screen.until("Throughput");
      screen.type(key);
      expect(await screen.exited).toBe(code);
      expect(screen.restored).toBe(true);
    }
  });
});
