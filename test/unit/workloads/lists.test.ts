import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../src/kernel/temporary-folder.ts";
import { type FetchFiles, Records } from "../../../src/workloads/fetch/records.ts";
import type { Answer } from "../../../src/workloads/fetch/request-slot.ts";
import type { RequestState } from "../../../src/workloads/fetch/request-state.ts";
import { countTargets, publicHosts, type TargetList, Targets } from "../../../src/workloads/fetch/targets.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

function listFile(text: string): string {
  const file = join(folder, `list-${++files}.txt`);
  writeFileSync(file, text);
  return file;
}

/** The next so many of a list, as [line, what is asked for or why nothing is]. */
function taken(list: TargetList, count: number, base: string | null = null, allowed: readonly string[] | null = null) {
  const targets = new Targets(list, base, allowed);
  const all = Array.from({ length: count }, () => {
    const { line, url, problem } = targets.next();
    return [line, problem ?? url] as const;
  });
  targets.close();
  return all;
}

const A = "http://127.0.0.1:1/a";
const B = "http://127.0.0.1:1/b";
const BASE = "http://127.0.0.1:1/{z}/{x}/{y}.png";

describe("a list of addresses", () => {
  test("is gone through over and over, each under its place", () => {
    expect(taken({ urls: [A, B] }, 5)).toEqual([
      [1, A],
      [2, B],
      [1, A],
      [2, B],
      [1, A],
    ]);
    expect(countTargets({ urls: [A, B] })).toBe(2);
  });

  test("in a file is its lines but for blank ones and comments, each under its line, over and over", () => {
    const urlsFile = listFile(`${A}\n\n# ${B}\n  # not this\n  ${B}  \n`);
    expect(taken({ urlsFile }, 4)).toEqual([
      [1, A],
      [5, B],
      [1, A],
      [5, B],
    ]);
    expect(countTargets({ urlsFile })).toBe(2);
  });

  test("of an empty file has nothing to ask for", () => {
    const urlsFile = listFile("# nothing\n");
    expect(countTargets({ urlsFile })).toBe(0);
    expect(taken({ urlsFile }, 1)[0]?.[1]).toContain("must be an http or https URL");
  });

  test("may be dead letters: the tile where there is a server for it, else the address", () => {
    const letter = JSON.stringify({ url: A, tile: "1/0/1" });
    const urlsFile = listFile(`${letter}\n${JSON.stringify({ tile: "1/0/1" })}\n{broken\n`);
    expect(taken({ urlsFile }, 2, BASE)).toEqual([
      [1, "http://127.0.0.1:1/1/0/1.png"],
      [2, "http://127.0.0.1:1/1/0/1.png"],
    ]);
    const [first, second, third] = taken({ urlsFile }, 3);
    expect(first).toEqual([1, A]);
    expect([second?.[1], third?.[1]]).toEqual(new Array(2).fill(expect.stringContaining("must be an http or https URL")));
  });
});

describe("a list of tiles", () => {
  test("goes row by row, and begins anew after so many", () => {
    expect(taken({ tiles: { zoom: 1, count: 3 } }, 4, BASE)).toEqual([
      [1, "http://127.0.0.1:1/1/0/0.png"],
      [2, "http://127.0.0.1:1/1/1/0.png"],
      [3, "http://127.0.0.1:1/1/0/1.png"],
      [1, "http://127.0.0.1:1/1/0/0.png"],
    ]);
  });

  test("of more than its zoom has asks for some again", () => {
    expect(taken({ tiles: { zoom: 0, count: 2 } }, 2, BASE)).toEqual([
      [1, "http://127.0.0.1:1/0/0/0.png"],
      [2, "http://127.0.0.1:1/0/0/0.png"],
    ]);
    expect(countTargets({ tiles: { zoom: 0, count: 2 } })).toBe(2);
    expect(countTargets({})).toBe(100);
  });

  test("needs a server", () => {
    for (const list of [{ tiles: { zoom: 1, count: 3 } }, { urls: ["1/0/0"] }])
      expect(taken(list, 1)).toEqual([[1, "a tile needs fetch.target to say where it is asked for"]]);
  });

  test("is refused where there is no such tile", () => {
    expect(taken({ urls: ["1/2/0", "25/0/0"] }, 2, BASE)).toEqual([
      [1, "its column is not in 0…1, those of its zoom"],
      [2, "zoom 25 is deeper than 24"],
    ]);
  });
});

describe("an address", () => {
  test("is http or https", () => {
    expect(taken({ urls: ["ftp://127.0.0.1/", "https://127.0.0.1/"] }, 2, null, [])).toEqual([
      [1, "must be http or https, not ftp:"],
      [2, "https://127.0.0.1/"],
    ]);
  });

  test("is at most 8192 characters long, in a list and in a file", () => {
    const long = (length: number) => A.padEnd(length, "x");
    const [fits, beyond] = taken({ urls: [long(8192), long(8193)] }, 2);
    expect([fits?.[1], beyond?.[1]]).toEqual([long(8192), "an address must have at most 8192 characters"]);
  });

  test("of a public host needs leave, each host by itself", () => {
    const urls = ["http://one.example/", "http://two.example/", A];
    expect(taken({ urls }, 3, null, ["two.example"])).toEqual([
      [1, expect.stringContaining("one.example is a public host; --allow-host allows it")],
      [2, "http://two.example/"],
      [3, A],
    ]);
  });

  test("that begins like one that was allowed is looked at all the same", () => {
    const urls = ["http://one.example/", "http://one.example:80@two.example/", "http://one.example/x/../y"];
    const [first, second, third] = taken({ urls }, 3, null, ["one.example"]);
    expect([first?.[1], third?.[1]]).toEqual(["http://one.example/", "http://one.example/y"]);
    expect(second?.[1]).toContain("two.example is a public host");
  });
});

describe("public hosts of a list", () => {
  test("are named before anything is sent, each once, the first few", () => {
    const urls = ["a", "b", "b", "c", "d"].map((host) => `http://${host}.example/`);
    expect(publicHosts({ urls }, [], [])).toEqual(["a.example", "b.example", "c.example"]);
    expect(publicHosts({ urls }, [], ["a.example"], 2)).toEqual(["b.example", "c.example"]);
    expect(publicHosts({ urls: [A] }, [BASE], [])).toEqual([]);
    expect(publicHosts({}, ["http://tiles.example/{z}/{x}/{y}"], [])).toEqual(["tiles.example"]);
  });

  test("are found in a file too, but for what is no address", () => {
    const urlsFile = listFile(`${A}\nnonsense\nftp://b.example/\nhttp://a.example/x\n${JSON.stringify({ url: "http://c.example/" })}\n`);
    expect(publicHosts({ urlsFile }, [], [])).toEqual(["a.example", "c.example"]);
  });
});

describe("what is written down of requests", () => {
  const place = (name: string) => join(folder, name);
  const lines = (name: string) => {
    const text = readFileSync(place(name), "utf8").trim();
    return text === "" ? [] : text.split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  const pursuit = {
    url: "http://u:p@127.0.0.1:1/1/0/1.png?q",
    at: `${A}?q`,
    index: 7,
    attempts: 3,
    status: 503,
    cause: "retries",
  } as unknown as RequestState;
  const answer = (change: Partial<Answer>) => ({ status: 200, error: null, unmet: null, bytes: 5, ...change }) as Answer;

  function records(named: Partial<FetchFiles>, base: string | null = null): Records {
    const none: FetchFiles = { deadLetter: null, log: null, logUrls: false, requests: null };
    return new Records({ files: { ...none, ...named }, base, runId: "run" });
  }

  test("is what was asked for, or nothing", () => {
    const none = records({});
    none.attempted(pursuit, answer({}), 1);
    none.ended(pursuit, "ok", null, 1);
    expect(none.gaveUp(pursuit, "timeout")).toBe(false);
    none.flush();
    expect(none.problems).toEqual([]);
  });

  test("of attempts is a warning for each that did not end well", () => {
    const log = records({ log: place("log") });
    for (const change of [{ status: 399 }, { status: 400 }, { status: 0, error: "timeout" }]) log.attempted(pursuit, answer(change), 2.5e6);
    log.flush();
    expect(lines("log").map(({ level, status, error }) => [level, status, error])).toEqual([
      ["info", 399, null],
      ["warn", 400, null],
      ["warn", 0, "timeout"],
    ]);
    expect(lines("log")[0]).toMatchObject({
      correlationId: "run-7",
      attempt: 3,
      cause: "retries",
      url: "http://127.0.0.1:1",
      bytes: 5,
      ms: 2.5,
    });
  });

  test("has addresses in full only where that is asked for, and never with credentials", () => {
    for (const logUrls of [false, true]) {
      const requests = records({ requests: place(`requests-${logUrls}`), logUrls });
      requests.ended(pursuit, "failed", "timeout", 3e6);
      requests.flush();
    }
    expect(lines("requests-false")).toEqual([
      { index: 7, url: "http://127.0.0.1:1", outcome: "failed", status: 503, ms: 3, attempts: 3, error: "timeout" },
    ]);
    expect(lines("requests-true")[0]?.["url"]).toBe("http://127.0.0.1:1/1/0/1.png?q");
  });

  test("of what was given up holds what is needed to ask again, its tile where it is one", () => {
    const dead = records({ deadLetter: place("dead") }, BASE);
    expect(dead.gaveUp({ ...pursuit, url: "http://127.0.0.1:1/1/0/1.png" }, "timeout")).toBe(true);
    expect(dead.gaveUp({ ...pursuit, url: A }, "refused")).toBe(true);
    dead.flush();
    const [tile, plain] = lines("dead");
    expect(tile).toMatchObject({
      url: "http://127.0.0.1:1/1/0/1.png",
      tile: "1/0/1",
      reason: "timeout",
      attempts: 3,
      status: 503,
      correlationId: "run-7",
    });
    expect(plain).not.toContainKey("tile");
  });
});
