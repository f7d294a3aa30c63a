import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Canvas } from "../../../src/views/canvas/canvas.ts";
import { arranged, type Choice, groupOf, matching } from "../../../src/views/live/choices.ts";
import { type BrowseView, drawBrowse } from "../../../src/views/live/picture/browse-picture.ts";
import { drawHistory, type HistoryView } from "../../../src/views/live/picture/history-picture.ts";
import { firstList } from "../../../src/views/live/screens/browse-drawing.ts";
import { LIST_KEYS, placeAfter, typedAfter } from "../../../src/views/live/typing.ts";

const SCENARIOS = join(import.meta.dir, "../../../scenarios");
const LOOK = { glyphs: "braille", shaded: false } as const;

function choice(name: string, phase?: string, description = ""): Choice {
  return {
    name,
    file: `/${name}.yaml`,
    title: `Title of ${name}`,
    description,
    modes: ["sync"],
    workload: "message",
    tags: phase === undefined ? {} : { phase },
  };
}

const broken: Choice = { name: "a-broken", file: "/a-broken.yaml", why: "1:1: title: is required; 2:1: load: is wrong" };
const choices = arranged([
  choice("zeta", "P2"),
  choice("beta", "P1", "About queues"),
  broken,
  choice("own"),
  choice("alpha", "P2"),
  choice("tiles", "A"),
]);

describe("scenarios to choose", () => {
  test("stand by what they explore, the user's own first, those that cannot be run last", () => {
    expect(choices.map(({ name }) => name)).toEqual(["own", "beta", "alpha", "zeta", "tiles", "a-broken"]);
    expect(choices.map(groupOf)).toEqual([
      ...["Others", "One stream of messages", "Async, queues and batches", "Async, queues and batches", "Requests over HTTP"],
      "Cannot be run",
    ]);
  });

  test("each that comes along stands in a group of its subject", () => {
    const shipped = readdirSync(SCENARIOS).filter((file) => file.endsWith(".yaml"));
    expect(shipped.length).toBeGreaterThan(30);
    const phases = shipped.map((file) => /phase: (\w+)/.exec(readFileSync(join(SCENARIOS, file), "utf8"))?.[1] ?? "");
    expect(phases.filter((phase) => groupOf(choice("shipped", phase)) === "Others")).toEqual([]);
  });

  test.each([
    ["", [0, 1, 2, 3, 4, 5]],
    ["queues about", [1]],
    ["P2", [2, 3]],
    ["ALPHA title", [2]],
    ["requests", [4]],
    ["is required", [5]],
    ["nothing of the kind", []],
  ])("a filter of %p leaves those that have all of its words", (filter, places) => {
    expect(matching(choices, filter)).toEqual(places);
  });

  test("those whose names have the words come first", () => {
    const two = [choice("x", "P1", "all about the last"), choice("last", "P1")];
    expect(matching(two, "last")).toEqual([1, 0]);
  });
});

describe("a line that is typed", () => {
  test.each([
    ["ab", "c", "abc"],
    ["ab", "backspace", "a"],
    ["", "backspace", ""],
    ["a", "space", "a "],
    ["a", "left", "a"],
    ["a", "é", "aé"],
    ["x".repeat(40), "y", "x".repeat(40)],
  ])("%p after %s is %p", (text, key, after) => {
    expect(typedAfter(text, key)).toBe(after);
  });

  test("a list is gone through, never beyond its ends, and from a place that is no more", () => {
    expect(["down", "up", "page-down", "end", "home", "x"].map((key) => placeAfter(2, 5, key))).toEqual([3, 1, 4, 4, 0, 2]);
    expect([placeAfter(9, 3, "down"), placeAfter(0, 0, "down")]).toEqual([2, 0]);
    expect(LIST_KEYS).toContain("page-up");
  });
});

describe("the list of scenarios, drawn", () => {
  const drawn = (change: Partial<BrowseView>, [width, height] = [120, 40]) => {
    const canvas = new Canvas(width ?? 0, height ?? 0);
    const view: BrowseView = {
      ...{ choices, left: [0, 1, 2, 3, 4, 5], chosen: 1, filter: "", typing: false, preview: null, last: null, form: null },
      ...change,
    };
    drawBrowse(canvas, view, LOOK);
    return canvas.toString();
  };
  const predicted = {
    capacity: 200,
    throughput: 100,
    sojournMean: 5,
    sojournP99: 7,
    utilization: 0.5,
    bottleneck: "arrivals",
    model: "M/D/1",
  };

  test("has groups, the one that is chosen, and all about it", () => {
    const text = drawn({});
    for (const part of ["One stream of messages", "▸ beta", "Title of beta", "About queues", "is being worked out"])
      expect(text).toContain(part);
  });

  test("tells what theory expects, when arrivals come, and how the last run went", () => {
    const done = [
      { mode: "sync", throughput: 99, rateChanged: false },
      { mode: "async", throughput: 200, rateChanged: true },
    ];
    const text = drawn({
      preview: { cases: [{ mode: "sync", params: {}, predicted }], arrivals: [10, 50, 10], untilMs: 3000 },
      last: { startedAt: "2026-01-02T03:04:05Z", status: "completed", done },
    });
    expect(text).toMatch(/sync +100\/s +≤ 200\/s +7\.00 ms +arrivals/);
    expect(text).toMatch(/Last run 2026-01-02 03:04, completed: sync 99\/s, async 200\/s \(rate *│\n.*│ changed\) /);
    expect(text).toContain("Arrivals per second");
  });

  test("a file that cannot be run says why, each problem in a line of its own", () => {
    const text = drawn({ chosen: 5 });
    expect(text).toMatch(/1:1: title: is required *│?\n/);
    expect(text).toContain("2:1: load: is wrong");
  });

  test("a form shows what is written and what is left as it is", () => {
    const form = {
      field: 1,
      fields: [
        ["mode", ""],
        ["rate", "50"],
      ] as const,
    };
    const text = drawn({ form });
    expect(text).toMatch(/mode +as the scenario says/);
    expect(text).toContain("50_");
  });

  test("what is typed stands in the head; a filter that leaves none says so", () => {
    expect(drawn({ filter: "ab", typing: true })).toContain("/ab_");
    expect(drawn({ filter: "ab", left: [], chosen: undefined })).toContain("none has all of these words");
  });

  test("on a narrow screen the list stands above", () => {
    const text = drawn({}, [60, 18]);
    expect(text).toContain("▸ beta");
    expect(text).toContain("Title of beta");
  });

  test("names from outside are harmless", () => {
    const hostile = [choice("e\u001b[2Jvil")];
    expect(drawn({ choices: hostile, left: [0], chosen: 0 })).toContain("e\\x1b[2Jvil");
  });
});

describe("past runs, drawn", () => {
  const run = (name: string, cases = 3) => ({
    run: name,
    startedAt: "2026-01-02T03:04:05Z",
    ...{ scenario: "quick-as-anything", title: "T", cases, status: "completed" },
  });
  const view: HistoryView = { runs: [run("one"), run("two", 1)], all: 2, chosen: "two", marked: ["one"], filter: "", typing: false };
  const rows = (width: number) => {
    const canvas = new Canvas(width, 18);
    drawHistory(canvas, view, LOOK);
    return [canvas.row(1), canvas.row(2)];
  };

  test("each in a line, with what is marked", () => {
    const [first = "", second = ""] = rows(120);
    expect(first).toMatch(/A one +2026-01-02 03:04 +quick-as-anything +completed +3 cases +T/);
    expect(second).toMatch(/▸ two .* 1 case /);
  });

  test("their status has room on the smallest screen: names are cut before", () => {
    expect(rows(60)[0]).toMatch(/A one +2026-01-02 03:04 +quick-as-… completed/);
  });
});

test("the list opens with the first choice, the keys at its foot, and nothing known of it yet", () => {
  const canvas = new Canvas(100, 20);
  firstList([choice("zeta", "P2"), choice("beta", "P1")], {}, LOOK)(canvas);
  const lines = canvas.toString().split("\n");
  expect(lines.findIndex((line) => line.includes("beta"))).toBeLessThan(lines.findIndex((line) => line.includes("zeta")));
  expect(lines.join("\n")).toContain("Title of beta");
  expect(lines.join("\n")).not.toContain("Title of zeta");
  expect(lines[19]).toContain("Enter run");
});
