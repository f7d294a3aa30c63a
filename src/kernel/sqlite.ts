import type { Database } from "bun:sqlite";
import { openDatabase, sqliteCode } from "./sqlite-driver.ts";

export interface OpenSqlite {
  /** Longest wait for another process that locks the file, in milliseconds. */
  readonly busyMs: number;
  /** Throws when the file is not the right one, before anything is changed. */
  readonly check: (database: Database) => void;
  /** Creates or migrates the tables, in write-ahead mode. */
  readonly setUp: (database: Database) => void;
}

/**
 * Opens a SQLite file, created if absent, for several processes at once. Closes it again when something throws. Both functions may be
 * called several times: where other processes open a fresh file in the same moment, SQLite refuses some of what would wait otherwise.
 */
export function openSqlite(file: string, options: OpenSqlite): Database {
  const until = performance.now() + options.busyMs;
  for (let ms = 1; ; ms = Math.min(20, 2 * ms)) {
    try {
      return openOnce(file, options);
    } catch (error) {
      if (sqliteTrouble(error) !== "locked" || performance.now() > until) throw error;
      sleepSync(ms * (0.5 + Math.random()));
    }
  }
}

function sleepSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function openOnce(file: string, { busyMs, check, setUp }: OpenSqlite): Database {
  const database = openDatabase(file);
  try {
    // First of all: switching to write-ahead mode briefly needs the file exclusively.
    database.run(`PRAGMA busy_timeout = ${busyMs}`);
    check(database);
    database.run("PRAGMA journal_mode = WAL");
    setUp(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

export function hasTable(database: Database, name: string): boolean {
  return database.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== null;
}

/** Runs work in a transaction that locks the file for writing from its beginning. */
export function inTransaction<T>(database: Database, work: () => T): T {
  database.run("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.run("COMMIT");
    return result;
  } catch (error) {
    // A full disk has already rolled back.
    if (database.inTransaction) database.run("ROLLBACK");
    throw error;
  }
}

/** Runs reads that all see the same state of the file. */
export function inSnapshot<T>(database: Database, read: () => T): T {
  database.run("BEGIN");
  try {
    return read();
  } finally {
    if (database.inTransaction) database.run("ROLLBACK");
  }
}

/** The value of a pragma that is a number. */
export function pragma(database: Database, name: string): number {
  return Number((database.query(`PRAGMA ${name}`).values()[0] ?? [0])[0]);
}

/** Classes of SQLite errors. */
export type SqliteTrouble = "damaged" | "locked" | "full" | "unusable";

const TROUBLES: readonly (readonly [RegExp, SqliteTrouble])[] = [
  [/^SQLITE_(NOTADB|CORRUPT)/, "damaged"],
  [/^SQLITE_(BUSY|LOCKED)/, "locked"],
  [/^SQLITE_FULL/, "full"],
  [/^SQLITE_(READONLY|CANTOPEN|IOERR|PERM)/, "unusable"],
];

/** Class of an error by its code (https://sqlite.org/rescode.html); null: no such error of SQLite. */
export function sqliteTrouble(error: unknown): SqliteTrouble | null {
  const code = sqliteCode(error);
  return code === null ? null : (TROUBLES.find(([pattern]) => pattern.test(code))?.[1] ?? null);
}
