import type { Database } from "bun:sqlite";
import { createRequire } from "node:module";

/** What is used of `node:sqlite`; the types of its module may be missing. */
interface NodeStatement {
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
  run(...values: unknown[]): { readonly changes: number };
}

interface NodeDatabase {
  /** Since Node 22.16. */
  readonly isTransaction?: boolean;
  prepare(sql: string): NodeStatement;
  exec(sql: string): void;
  close(): void;
}

type NodeSqlite = { readonly DatabaseSync: new (file: string) => NodeDatabase };

/** A statement of `node:sqlite`, as `bun:sqlite` has them. */
class PortedStatement {
  constructor(private readonly statement: NodeStatement) {}

  get(...values: unknown[]): unknown {
    return this.statement.get(...values) ?? null;
  }

  all(...values: unknown[]): unknown[] {
    return this.statement.all(...values);
  }

  values(...values: unknown[]): unknown[][] {
    return this.statement.all(...values).map((row) => Object.values(row as object));
  }

  run(...values: unknown[]): { readonly changes: number } {
    return this.statement.run(...values);
  }

  /** Closing the database does. */
  finalize(): void {}
}

/** A database of `node:sqlite`, as far as this library uses those of `bun:sqlite`. */
class PortedDatabase {
  private readonly database: NodeDatabase;

  constructor(file: string) {
    const sqlite = process.getBuiltinModule?.("node:sqlite") as unknown as NodeSqlite | undefined;
    this.database = sqlite === undefined ? tooOld() : new sqlite.DatabaseSync(file);
    if (this.database.isTransaction === undefined) tooOld();
  }

  get inTransaction(): boolean {
    return this.database.isTransaction === true;
  }

  run(sql: string): void {
    this.database.exec(sql);
  }

  prepare(sql: string): PortedStatement {
    return new PortedStatement(this.database.prepare(sql));
  }

  query(sql: string): PortedStatement {
    return this.prepare(sql);
  }

  close(): void {
    this.database.close();
  }
}

function tooOld(): never {
  throw new Error("a file needs Bun, or Node 22.16 or later, for SQLite");
}

/** Opens a database file, created if absent: by `bun:sqlite`, on Node by `node:sqlite`. */
export function openDatabase(file: string): Database {
  if (process.versions.bun === undefined) return new PortedDatabase(file) as unknown as Database;
  const { Database: Bundled } = createRequire(import.meta.url)("bun:sqlite") as typeof import("bun:sqlite");
  return new Bundled(file, { create: true, readwrite: true, strict: true });
}

/** Names of the classes of errors, by the lowest byte of the codes of `node:sqlite`. */
const NAMES: Readonly<Record<number, string>> = {
  3: "SQLITE_PERM",
  5: "SQLITE_BUSY",
  6: "SQLITE_LOCKED",
  8: "SQLITE_READONLY",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  26: "SQLITE_NOTADB",
};

/** The code of an error of SQLite by name; null: it is none. */
export function sqliteCode(error: unknown): string | null {
  if (typeof error !== "object" || error === null) return null;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (typeof errcode === "number") return NAMES[errcode & 0xff] ?? null;
  return typeof code === "string" ? code : null;
}
