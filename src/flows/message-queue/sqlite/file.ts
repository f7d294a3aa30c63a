import type { Database } from "bun:sqlite";
import { hasTable, inSnapshot, inTransaction, openSqlite, pragma } from "../../../kernel/sqlite.ts";
import { printable } from "../../../kernel/text.ts";
import { realTimers, type Timers } from "../../../kernel/timers.ts";
import { QueueError, type StoreOptions } from "../store.ts";
import { readFileClock, writeFileClock } from "./file-clock.ts";
import { ADDED_TABLES, ADDITIONS, APPLICATION_ID, CHAIN_INDICES, MOST_GROUPS, SCHEMA, SCHEMA_VERSION } from "./schema.ts";

export interface SqliteOptions extends StoreOptions {
  /** Created if absent; its folder must exist. */
  readonly file: string;
  /** `process`: acknowledgements survive a killed process. `power`: a loss of power, too. */
  readonly durability: "process" | "power";
  /** Longest wait for another process that locks the file, in milliseconds. */
  readonly busyMs: number;
  /** Largest size of the file, in bytes. */
  readonly maxBytes: number;
  readonly timers?: Timers;
}

/** Opens a queue's file, or turns an empty one into it; throws, leaving the file untouched, when it is anything else. */
export function openFile(options: SqliteOptions): Database {
  const { file, durability, busyMs } = options;
  return openSqlite(file, {
    busyMs,
    check: (database) => inSnapshot(database, () => check(database, printable(file, 200))),
    setUp: (database) => {
      database.run(`PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`);
      database.run("PRAGMA foreign_keys = OFF");
      // Usually all is there, and the lock that another process may have is not needed.
      if (!inSnapshot(database, () => isLaidOut(database, options))) inTransaction(database, () => layOut(database, options));
    },
  });
}

function check(database: Database, shown: string): void {
  const id = pragma(database, "application_id");
  const version = pragma(database, "user_version");
  if ((id !== 0 && id !== APPLICATION_ID) || (id === 0 && tableCount(database) > 0)) {
    throw new QueueError("foreign", `${shown} is a database of something else; it was left as it is`);
  }
  if (id === APPLICATION_ID && version !== SCHEMA_VERSION) {
    throw new QueueError(
      "version",
      `${shown} is laid out as version ${version}, this library knows version ${SCHEMA_VERSION}; it was left as it is`,
    );
  }
}

/** True when nothing is missing. */
function isLaidOut(database: Database, options: SqliteOptions): boolean {
  if (pragma(database, "application_id") === 0 || !ADDED_TABLES.every((name) => hasTable(database, name))) return false;
  checkOrder(database, options);
  checkAging(database, options);
  const groups = new Set(
    database
      .query<{ name: string }, []>("SELECT name FROM groups")
      .all()
      .map(({ name }) => name),
  );
  return options.groups.every((name) => groups.has(name)) && readFileClock(database, options.timers ?? realTimers) !== null;
}

function checkOrder(database: Database, { order, file }: SqliteOptions): void {
  const { ordering } = database.query<{ ordering: string }, []>("SELECT ordering FROM meta").get() ?? { ordering: order };
  if (ordering === order) return;
  throw new QueueError("invalid", `${printable(file, 200)} keeps order "${ordering}" and cannot be opened with "${order}"`);
}

/** Messages are ranked by it when they are sent. */
function checkAging(database: Database, { agingMs = 0, file }: SqliteOptions): void {
  const { ms } = database.query<{ ms: number }, []>("SELECT ms FROM aging").get() ?? { ms: 0 };
  if (ms === agingMs) return;
  const words = (span: number) => (span === 0 ? "no agingMs" : `agingMs ${span}`);
  throw new QueueError("invalid", `${printable(file, 200)} keeps ${words(ms)} and cannot be opened with ${words(agingMs)}`);
}

/** Creates missing tables and groups. */
function layOut(database: Database, options: SqliteOptions): void {
  const { order, file, groups: wanted, timers = realTimers } = options;
  const fresh = pragma(database, "application_id") === 0;
  if (fresh) create(database, order, printable(file, 200));
  checkOrder(database, options);
  database.run(ADDITIONS);
  database.query("INSERT OR IGNORE INTO aging VALUES (0, ?)").run(fresh ? (options.agingMs ?? 0) : 0);
  checkAging(database, options);
  writeFileClock(database, timers);
  const add = database.query("INSERT INTO groups (grp, name) VALUES (?, ?)");
  const known = database.query<{ grp: number; name: string }, []>("SELECT grp, name FROM groups ORDER BY grp").all();
  const groups = new Map(known.map(({ grp, name }) => [name, grp]));
  for (const name of wanted) {
    if (groups.has(name)) continue;
    const free = firstFree(new Set(groups.values()));
    if (free >= MOST_GROUPS) throw new QueueError("invalid", `a queue has at most ${MOST_GROUPS} groups`);
    add.run(free, name);
    groups.set(name, free);
  }
}

function create(database: Database, order: SqliteOptions["order"], shown: string): void {
  // Another process may have written to it meanwhile.
  if (tableCount(database) > 0) throw new QueueError("foreign", `${shown} is a database of something else; it was left as it is`);
  database.run(SCHEMA);
  if (order === "key") database.run(CHAIN_INDICES);
  database.query("INSERT INTO meta VALUES (0, 0, ?, 0)").run(order);
  database.run(`PRAGMA application_id = ${APPLICATION_ID}`);
  database.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
}

function tableCount(database: Database): number {
  return database.query<{ n: number }, []>("SELECT count(*) AS n FROM sqlite_schema").get()?.n ?? 0;
}

/** The lowest number that is free. */
function firstFree(taken: ReadonlySet<number>): number {
  let number = 0;
  while (taken.has(number)) number++;
  return number;
}
