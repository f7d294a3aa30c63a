import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { compareResults } from "../../../src/analysis/compare.ts";
import { type ComparedFigure, figureOf, HEADLINE_FIGURES } from "../../../src/analysis/figures.ts";
import { trendOf } from "../../../src/analysis/trend.ts";
import { resultInFile } from "../../../src/cli/kept-result.ts";
import { RunStore } from "../../../src/store/run-store.ts";
import { replayOf } from "../../../src/telemetry/replay.ts";
import type { RunResult } from "../../../src/telemetry/result.ts";
import { csvOf } from "../../../src/views/export/csv.ts";
import { hgrmOf } from "../../../src/views/export/hgrm.ts";
import { htmlOf } from "../../../src/views/export/html.ts";
import { junitOf } from "../../../src/views/export/junit.ts";
import { markdownOf } from "../../../src/views/export/markdown.ts";
import { closingReport } from "../../../src/views/report/closing.ts";
import { temporaryFolder } from "../../support/cli.ts";
import { runResult } from "../../support/results.ts";

/** Written by the last version whose results were of schema version 1: two runs, one of them with its requests. */
const OLD = join(import.meta.dir, "../../support/kept");
const unpackedFile = (name: string) => gunzipSync(readFileSync(join(OLD, name)));

const folder = temporaryFolder();
const file = join(folder, "runs.sqlite");
beforeAll(() => writeFileSync(file, unpackedFile("version-1.sqlite.gz")));
afterAll(() => rmSync(folder, { recursive: true }));

/** Everything in the tables of the first version. */
function contentOf(path: string): unknown[] {
  const database = new Database(path, { readonly: true });
  const rows = ["SELECT * FROM runs WHERE id <= 2 ORDER BY id", "SELECT * FROM requests ORDER BY rowid"].map((sql) =>
    database.query(sql).all(),
  );
  database.close();
  return rows;
}

describe("a store written by the version before", () => {
  test("is read whole, taken on, and nothing of it is lost", () => {
    const before = contentOf(file);
    const store = RunStore.open(file);
    expect(store.list().map(({ run, scenario, cases, status, requests }) => [run, scenario, cases, status, requests])).toEqual([
      ["20261130-2", "tiles", 1, "completed", 5],
      ["20261130-1", "orders", 2, "completed", 0],
    ]);
    expect(store.result("20261130-1")).toMatchObject({
      schemaVersion: 1,
      scenario: { title: "Orders" },
      cases: [{ mode: "sync" }, { mode: "async" }],
    });
    expect([...store.requests("20261130-2")].map(({ outcome, status }) => [outcome, status])).toEqual(new Array(5).fill(["ok", 200]));
    expect(store.baselines.list()).toEqual([]);
    const old = store.result("20261130-1") as RunResult;
    store.baselines.save("before", old);
    expect(store.add(runResult([]))).toBe("20260101-1");
    store.close();
    const again = RunStore.open(file);
    expect(again.baselines.result("before", "orders")).toEqual(old);
    expect(again.list()).toHaveLength(3);
    again.close();
    expect(contentOf(file)).toEqual(before);
  });

  test("is taken on too when only the latest addition is missing", () => {
    const database = new Database(file);
    database.run("DROP TABLE baselines");
    database.close();
    const store = RunStore.open(file);
    expect(store.baselines.list()).toEqual([]);
    store.close();
  });

  test("is still one that the version before reads: its tables have their columns, and the form its number", () => {
    const database = new Database(file, { readonly: true });
    expect(database.query("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    const columns = (table: string) => database.query(`SELECT name FROM pragma_table_info('${table}')`).values().flat();
    expect(columns("runs")).toEqual(["id", "run", "started_at", "scenario", "title", "workload", "cases", "status", "result", "verdicts"]);
    expect(columns("requests")).toEqual(["run", "case", "index", "url", "outcome", "status", "ms", "attempts", "error"]);
    database.close();
  });
});

describe("a result of the first version", () => {
  const path = join(folder, "old.json");
  const read = () => {
    writeFileSync(path, unpackedFile("version-1.json.gz"));
    return resultInFile(path);
  };

  test("is shown, replayed, and written in every format", () => {
    const old = read();
    expect(old.schemaVersion).toBe(1);
    expect(closingReport(old, 100)).toContain("Orders");
    expect(replayOf(old).length).toBeGreaterThan(5);
    for (const text of [htmlOf(old).replace(/<script[\s\S]*?<\/script>/g, ""), markdownOf(old), csvOf(old), junitOf(old), hgrmOf(old)]) {
      expect(text.length).toBeGreaterThan(500);
      expect(text).not.toMatch(/\bundefined\b|\bNaN\b/);
    }
  });

  test("is compared, and has its place in a trend", () => {
    const named = { name: "old", result: read() };
    const figures = HEADLINE_FIGURES.map((name) => figureOf(name) as ComparedFigure);
    expect(compareResults(named, named, figures).comparisons.map(({ verdict }) => verdict)).toContain("cannot tell");
    const { runs, figures: trends } = trendOf("orders", [{ run: "old", result: named.result }], figures);
    expect(runs).toMatchObject([{ run: "old", labVersion: "0.1.0" }]);
    expect(trends.find(({ mode, metric }) => mode === "sync" && metric === "throughput")?.values[0]).toBeGreaterThan(100);
  });

  test("a newer one is refused with a sentence, and stays as it is", () => {
    const text = JSON.stringify({ ...read(), schemaVersion: 3 });
    writeFileSync(path, text);
    expect(() => resultInFile(path)).toThrow(/is of a later version \(schemaVersion 3\); this one reads up to 2$/);
    expect(readFileSync(path, "utf8")).toBe(text);
  });
});

test("a store of a newer version is refused with a sentence, and stays as it is", () => {
  const newer = join(folder, "newer.sqlite");
  writeFileSync(newer, unpackedFile("version-1.sqlite.gz"));
  const database = new Database(newer);
  database.run("PRAGMA user_version = 2");
  database.close();
  const before = readFileSync(newer);
  expect(() => RunStore.open(newer)).toThrow(/cannot be used: it was written by a newer version of lab-tui \(form 2; this one knows 1\)$/);
  expect(readFileSync(newer).equals(before)).toBe(true);
});
