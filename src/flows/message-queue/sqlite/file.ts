import type { Database } from "bun:sqlite";
import { inTransaction, openSqlite, pragma } from "../../../kernel/sqlite.ts";
import { printable } from "../../../kernel/text.ts";
import { QueueError, type StoreOptions } from "../store.ts";
import { APPLICATION_ID, CHAIN_INDICES, MOST_GROUPS, SCHEMA, SCHEMA_VERSION } from "./schema.ts";

export interface SqliteOptions extends StoreOptions {
  /** Created if absent; its folder must exist. */
  readonly file: string;
  /** `process`: acknowledgements survive a killed process. `power`: a loss of power, too. */
  readonly durability: "process" | "power";
  /** Longest wait for another process that locks the file, in milliseconds. */
  readonly busyMs: number;
  /** Largest size of the file, in bytes. */
  readonly maxBytes: number;
}

const PAGE = 4096;

/** Opens a queue's file, or turns an empty one into it; throws, leaving the file untouched, when it is anything else. */
export function openFile(options: SqliteOptions): Database {
  const { file, durability, busyMs, maxBytes } = options;
  return openSqlite(file, {
    busyMs,
    check: (database) => check(database, printable(file, 200)),
    setUp: (database) => {
      database.run(`PRAGMA synchronous = ${durability === "power" ? "FULL" : "NORMAL"}`);
      database.run("PRAGMA foreign_keys = OFF");
      if (Number.isFinite(maxBytes)) database.run(`PRAGMA max_page_count = ${Math.max(64, Math.floor(maxBytes / PAGE))}`);
      inTransaction(database, () => layOut(database, options));
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

/** Creates missing tables and groups. */
function layOut(database: Database, { order, file, groups: wanted }: SqliteOptions): void {
  const shown = printable(file, 200);
  if (pragma(database, "application_id") === 0) create(database, order, shown);
  const { ordering } = database.query<{ ordering: string }, []>("SELECT ordering FROM meta").get() ?? { ordering: order };
  if (ordering !== order) throw new QueueError("invalid", `${shown} keeps order "${ordering}" and cannot be opened with "${order}"`);
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
