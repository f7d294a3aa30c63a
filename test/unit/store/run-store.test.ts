import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type KeptRequest, RunStore, StoreProblem } from "../../../src/store/run-store.ts";
import type { RunResult } from "../../../src/telemetry/result.ts";
import { temporaryFolder } from "../../support/cli.ts";
import { caseResult, runOutline, runResult } from "../../support/results.ts";

const file = () => join(temporaryFolder(), "deep", "runs.sqlite");

function result(name: string, startedAt: string, statuses: readonly string[] = ["completed"]): RunResult {
  const scenario = { name, title: `title of ${name}`, workload: "fetch", seed: 1, hash: "x" };
  const cases = statuses.map((status) => ({ status, warnings: [], rejections: [], failures: [] }));
  return { scenario, startedAt, cases, conclusions: [] } as unknown as RunResult;
}

function requests(count: number): KeptRequest[] {
  return Array.from({ length: count }, (_, index) => ({
    case: 0,
    index,
    url: "http://h",
    outcome: "ok",
    status: 200,
    ms: 1.5,
    attempts: 1,
    error: index === 0 ? "x" : null,
  }));
}

describe("A-3 the store of past runs", () => {
  test("gives back what it was given, newest first, with the worst status", () => {
    const store = RunStore.open(file());
    expect([store.list(), store.result("last")]).toEqual([[], null]);
    const one = result("one", "2030-01-01T10:00:00Z");
    expect(store.add(one, requests(12_000))).toBe("20300101-1");
    expect(store.add(result("two", "2030-01-01T11:00:00Z", ["completed", "failed"]))).toBe("20300101-2");
    expect(store.list().map(({ run, scenario, status, requests: kept }) => [run, scenario, status, kept])).toEqual([
      ["20300101-2", "two", "failed", 0],
      ["20300101-1", "one", "completed", 12_000],
    ]);
    expect(store.result("20300101-1")).toEqual(one);
    expect(store.result("last")?.scenario.name).toBe("two");
    expect([...store.requests("20300101-1")]).toEqual(requests(12_000));
    store.close();
  });

  test("gives lists that earlier versions did not write, empty", () => {
    const store = RunStore.open(file());
    const early = { ...result("one", "2030-01-01T10:00:00Z"), conclusions: undefined, cases: [{ status: "completed" }] };
    const run = store.add(early as unknown as RunResult);
    expect(store.result(run)).toMatchObject({ conclusions: [], cases: [{ warnings: [], rejections: [], failures: [] }] });
    store.close();
  });

  test("says which runs broke a threshold, and which hypotheses held", () => {
    const store = RunStore.open(file());
    const failed = { case: 0, metric: "dropped", expression: "count==0", value: 3, ok: false };
    const held = { sentence: "s", that: "t", ok: true, figures: {}, reading: "", why: null };
    store.add({ ...result("one", "2030-01-01T10:00:00Z"), thresholds: [failed, { ...failed, ok: true }], hypotheses: [held] });
    expect(store.list()[0]?.verdicts).toMatchObject({ thresholds: { failed: 1, of: 2 }, hypotheses: { held: 1, broken: 0 } });
    store.close();
  });

  test("says it too of runs that an earlier version kept, which had no place for it", () => {
    const path = file();
    RunStore.open(path).close();
    const failed = { case: 0, metric: "dropped", expression: "count==0", value: 3, ok: false };
    const before = new Database(path);
    before.run("ALTER TABLE runs DROP COLUMN verdicts");
    const packed = Bun.gzipSync(JSON.stringify({ ...result("old", ""), thresholds: [failed] }));
    before.run(
      "INSERT INTO runs (run, started_at, scenario, title, workload, cases, status, result) VALUES ('a', '', '', '', '', 1, '', ?)",
      [packed],
    );
    before.close();
    const store = RunStore.open(path);
    expect(store.list()[0]?.verdicts.thresholds).toEqual({ failed: 1, of: 1 });
    store.close();
  });

  test("what is removed takes its requests along; pruning keeps the newest and the young", () => {
    const store = RunStore.open(file());
    for (let day = 1; day <= 6; day++) store.add(result(`r${day}`, `2030-01-0${day}T00:00:00Z`), requests(3));
    expect(store.remove("last")).toBe(true);
    expect(store.remove("nothing")).toBe(false);
    expect([...store.requests("20300106-1")]).toEqual([]);
    expect(store.prune(4, null)).toBe(1);
    expect(store.prune(3, "2040-01-01T00:00:00Z")).toBe(1);
    expect(store.prune(0, "2030-01-04T00:00:00Z")).toBe(1);
    expect(store.list().map(({ scenario }) => scenario)).toEqual(["r5", "r4"]);
    // A name is not given twice on one day.
    expect(store.add(result("again", "2030-01-05T09:00:00Z"))).toBe("20300105-2");
    store.close();
  });

  test("what is removed is not to be read in the file any more, which is its owner's alone", () => {
    const name = file();
    const store = RunStore.open(name);
    store.add(result("one", "2030-01-01T00:00:00Z"), [{ ...(requests(1)[0] as KeptRequest), url: "http://secret.test/path" }]);
    const bytes = () => [name, `${name}-wal`].map((each) => readFileSync(each, "latin1")).join("");
    expect(bytes()).toContain("secret.test");
    store.remove("last");
    expect(bytes()).not.toContain("secret.test");
    expect(statSync(name).mode & 0o077).toBe(0);
    expect(statSync(`${name}-wal`).mode & 0o077).toBe(0);
    store.close();
  });

  describe("a run that goes on", () => {
    const [first, second] = [caseResult({ mode: "sync", processed: 5 }), caseResult({ mode: "async" })];
    const begun = () => {
      const store = RunStore.open(file());
      return { store, run: store.begin(runOutline([first, second])) };
    };

    test("is among the others from its beginning, and not finished", () => {
      const { store, run } = begun();
      expect(store.list()).toMatchObject([{ run, cases: 0, status: "unfinished" }]);
      expect(store.result(run)).toMatchObject({ cases: [], unfinished: { planned: 2 } });
      store.close();
    });

    test("keeps each case as it is done, in their order, with its thresholds", () => {
      const { store, run } = begun();
      const verdict = { metric: "dropped", expression: "count==0", value: 3, ok: false };
      store.addCase(run, 1, { result: second, verdicts: [verdict] });
      store.addCase(run, 0, { result: first, verdicts: [] });
      expect(store.result(run)?.cases).toEqual([first, second]);
      expect(store.result(run)?.thresholds).toEqual([{ case: 1, ...verdict }]);
      expect(store.list()).toMatchObject([{ run, cases: 2, status: "unfinished", verdicts: { thresholds: { failed: 1, of: 1 } } }]);
      store.close();
    });

    test("is kept as a whole once it is finished, under the same name", () => {
      const { store, run } = begun();
      store.addCase(run, 0, { result: first, verdicts: [] });
      const whole = runResult([first, second]);
      store.finish(run, whole, requests(3));
      expect(store.result(run)).toEqual(whole);
      expect(store.list()).toMatchObject([{ run, cases: 2, status: "completed", requests: 3 }]);
      store.close();
    });

    test("is kept anew when it was removed meanwhile", () => {
      const { store, run } = begun();
      store.remove(run);
      store.addCase(run, 0, { result: first, verdicts: [] });
      store.finish(run, runResult([first]));
      expect(store.list()).toMatchObject([{ cases: 1, status: "completed" }]);
      store.close();
    });

    test("takes its cases along when it is removed", () => {
      const { store, run } = begun();
      store.addCase(run, 0, { result: first, verdicts: [] });
      store.remove(run);
      const again = store.begin(runOutline([first]));
      expect(store.result(again)?.cases).toEqual([]);
      store.close();
    });
  });

  test("several processes may use it; a second opening finds the first one's runs", () => {
    const name = file();
    const [one, other] = [RunStore.open(name), RunStore.open(name)];
    const names = Array.from({ length: 10 }, (_, i) => (i % 2 ? one : other).add(result("r", "2030-01-01T00:00:00Z")));
    expect(new Set(names).size).toBe(10);
    expect(RunStore.open(name).list().length).toBe(10);
  });

  test("a file that is damaged, of a newer form, held, or out of reach is a sentence and stays as it is", () => {
    const junk = join(temporaryFolder(), "junk");
    writeFileSync(junk, "no database at all, but long enough to look at".repeat(50));
    const before = readFileSync(junk, "utf8");
    expect(() => RunStore.open(junk)).toThrow("it is damaged, or no SQLite file");
    expect(readFileSync(junk, "utf8")).toBe(before);
    const newer = file();
    RunStore.open(newer).close();
    const raw = new Database(newer);
    raw.run("PRAGMA user_version = 7");
    raw.close();
    expect(() => RunStore.open(newer)).toThrow("written by a newer version of lab-tui (form 7");
    const folder = join(temporaryFolder(), "folder");
    mkdirSync(folder);
    expect(() => RunStore.open(folder)).toThrow(StoreProblem);
    writeFileSync(join(folder, "plain"), "");
    expect(() => RunStore.open(join(folder, "plain", "runs.sqlite"))).toThrow("cannot be used");
  });
});
