import { Database } from "bun:sqlite";
import { printable } from "../../../kernel/text.ts";
import { QueueError, type StoreOptions } from "../store.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "./schema.ts";

export interface SqliteOptions extends StoreOptions {
  /** Made when it is not there; its folder must be. */
  readonly file: string;
  /** `process`: what was acknowledged outlives a killed process. `power`: also a machine that loses power. */
  readonly durability: "process" | "power";
  /** Longest to wait for another process that holds the file, in milliseconds. */
  readonly busyMs: number;
  /** Size the file may grow to, in bytes. */
  readonly maxBytes: number;
}

const PAGE = 4096;

/** Opens a file that is a queue or may become one; throws, leaving it as it is, when it is anything else. */
export function openFile({ file, durability, busyMs, maxBytes }: SqliteOptions): Database {
  const db = new Database(file, { create: true, readwrite: true });
  try {
    // Before anything else: switching to write-ahead mode needs the file for itself for a moment.
    db.run(`PRAGMA busy_timeout = ${busyMs}`);
    const id = pragma(db, "application_id");
    const version = pragma(db, "user_version");
    if (id !== 0 && id !== APPLICATION_ID)
      throw new QueueError("foreign", `${printable(file, 200)} is a database of something else; it was left as it is`);
    if (id === APPLICATION_ID && version !== SCHEMA_VERSION)
      throw new QueueError(
        "version",
        `${printable(file, 200)} is laid out as version ${version}, this library knows version ${SCHEMA_VERSION}; it was left as it is`,
      );
    if (id === 0 && (db.query<{ n: number }, []>("SELECT count(*) AS n FROM sqlite_schema").get()?.n ?? 0) > 0)
      throw new QueueError("foreign", `${printable(file, 200)} is a database of something else; it was left as it is`);
    db.run("PRAGMA journal_mode = WAL");
    db.run(`PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`);
    db.run("PRAGMA foreign_keys = OFF");
    if (Number.isFinite(maxBytes)) db.run(`PRAGMA max_page_count = ${Math.max(64, Math.floor(maxBytes / PAGE))}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

export function pragma(db: Database, name: string): number {
  return Number((db.query(`PRAGMA ${name}`).values()[0] ?? [0])[0]);
}
