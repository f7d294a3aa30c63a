import { Database } from "bun:sqlite";

export interface OpenSqlite {
  /** Longest to wait for another process that holds the file, in milliseconds. */
  readonly busyMs: number;
  /** Throws when the file is not what it should be; nothing has been changed by then. */
  readonly check: (database: Database) => void;
  /** Brings it to the form that is needed, in write-ahead mode. */
  readonly setUp: (database: Database) => void;
}

/** Opens a SQLite file, made when it is not there, for several processes at once. It is closed again when something throws. */
export function openSqlite(file: string, { busyMs, check, setUp }: OpenSqlite): Database {
  const database = new Database(file, { create: true, readwrite: true, strict: true });
  try {
    // Before anything else: switching to write-ahead mode needs the file for itself for a moment.
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

/** Does something as a whole or not at all, with the file locked for writing from the beginning. */
export function inTransaction<T>(database: Database, work: () => T): T {
  database.run("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.run("COMMIT");
    return result;
  } catch (error) {
    // A full disk has rolled back by itself.
    if (database.inTransaction) database.run("ROLLBACK");
    throw error;
  }
}

/** The value of a pragma that is a number. */
export function pragma(database: Database, name: string): number {
  return Number((database.query(`PRAGMA ${name}`).values()[0] ?? [0])[0]);
}

/** Why SQLite could not do something. */
export type SqliteTrouble = "damaged" | "locked" | "full" | "unusable";

const TROUBLES: readonly (readonly [RegExp, SqliteTrouble])[] = [
  [/^SQLITE_(NOTADB|CORRUPT)/, "damaged"],
  [/^SQLITE_(BUSY|LOCKED)/, "locked"],
  [/^SQLITE_FULL/, "full"],
  [/^SQLITE_(READONLY|CANTOPEN|IOERR|PERM)/, "unusable"],
];

/** The kind of an error by its code (https://sqlite.org/rescode.html); null: it is no such error of SQLite. */
export function sqliteTrouble(error: unknown): SqliteTrouble | null {
  const { code } = (typeof error === "object" && error !== null ? error : {}) as { code?: unknown };
  return TROUBLES.find(([pattern]) => pattern.test(String(code ?? "")))?.[1] ?? null;
}
