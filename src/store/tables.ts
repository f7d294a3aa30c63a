import type { Database } from "bun:sqlite";
import { hasTable, inTransaction, pragma } from "../kernel/sqlite.ts";

/** The tables of a store of past runs. */

/** Schema version; a store of a newer one is not touched. */
const VERSION = 1;
/** Finished cases of unfinished runs; later the result holds them. A store of the same version without the table works without it. */
const CASES_TABLE = `CREATE TABLE IF NOT EXISTS cases (
    run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    "index" INTEGER NOT NULL,
    "case" BLOB NOT NULL,
    PRIMARY KEY (run, "index")
  )`;

/** Saved baselines; an addition of the same kind. */
const BASELINES_TABLE = `CREATE TABLE IF NOT EXISTS baselines (
    name TEXT NOT NULL,
    scenario TEXT NOT NULL,
    started_at TEXT NOT NULL,
    cases INTEGER NOT NULL,
    result BLOB NOT NULL,
    PRIMARY KEY (name, scenario)
  )`;

const TABLES = [
  `CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    started_at TEXT NOT NULL,
    scenario TEXT NOT NULL,
    title TEXT NOT NULL,
    workload TEXT NOT NULL,
    cases INTEGER NOT NULL,
    status TEXT NOT NULL,
    result BLOB NOT NULL,
    verdicts TEXT
  )`,
  `CREATE TABLE requests (
    run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    "case" INTEGER NOT NULL,
    "index" INTEGER NOT NULL,
    url TEXT NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER NOT NULL,
    ms REAL NOT NULL,
    attempts INTEGER NOT NULL,
    error TEXT
  )`,
  "CREATE INDEX requests_of_run ON requests(run)",
];

/** Throws when a newer version wrote the store. */
export function checkVersion(database: Database): void {
  const version = pragma(database, "user_version");
  if (version > VERSION) throw new Error(`it was written by a newer version of lab-tui (form ${version}; this one knows ${VERSION})`);
}

/** Creates missing tables. */
export function setUp(database: Database): void {
  database.run("PRAGMA foreign_keys = ON");
  // The content of a removed run must not be readable in the file.
  database.run("PRAGMA secure_delete = ON");
  // WAL: readers do not wait for a writer.
  if (pragma(database, "user_version") === VERSION && hasVerdicts(database) && ADDED.every((name) => hasTable(database, name))) return;
  inTransaction(database, () => {
    if (pragma(database, "user_version") !== VERSION) {
      for (const statement of TABLES) database.run(statement);
      database.run(`PRAGMA user_version = ${VERSION}`);
    }
    // Optional additions that earlier versions of the same schema lack.
    if (!hasVerdicts(database)) database.run("ALTER TABLE runs ADD COLUMN verdicts TEXT");
    database.run(CASES_TABLE);
    database.run(BASELINES_TABLE);
  });
}

function hasVerdicts(database: Database): boolean {
  return database.query("SELECT 1 FROM pragma_table_info('runs') WHERE name = 'verdicts'").get() !== null;
}

/** Tables that earlier versions of the same schema lack. */
const ADDED = ["cases", "baselines"];
