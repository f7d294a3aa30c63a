import type { Database } from "bun:sqlite";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { openSqlite, type SqliteTrouble, sqliteTrouble } from "../kernel/sqlite.ts";
import type { RunOutline } from "../telemetry/events.ts";
import type { RunResult } from "../telemetry/result.ts";
import { NO_VERDICTS, type Verdicts, verdictsOf, worstOf } from "../telemetry/verdicts.ts";
import { Baselines } from "./baselines.ts";
import { type KeptCase, packed, resultSoFar, unpacked, withCases, withLaterFields } from "./kept-result.ts";
import { checkVersion, setUp } from "./tables.ts";

/** A past run, without its figures. */
export interface KeptRun {
  /** Short name that identifies it on the command line. */
  readonly run: string;
  readonly startedAt: string;
  readonly scenario: string;
  readonly title: string;
  readonly workload: string;
  readonly cases: number;
  /** The worst of its cases; "unfinished" while it runs, and after it was killed. */
  readonly status: string;
  /** Number of requests stored with it. */
  readonly requests: number;
  /** Its thresholds and hypotheses, and the numbers of disturbed and of invalid cases. */
  readonly verdicts: Verdicts;
}

/** Outcome of one request. */
export interface KeptRequest {
  readonly case: number;
  readonly index: number;
  readonly url: string;
  readonly outcome: string;
  readonly status: number;
  readonly ms: number;
  readonly attempts: number;
  readonly error: string | null;
}

/** Longest wait for another process, in milliseconds. */
const BUSY_MS = 3000;
const REQUESTS_AT_ONCE = 5000;
const UNFINISHED = "unfinished";

/** A sentence saying why a store cannot be used. */
export class StoreProblem extends Error {}

/** Past runs in one SQLite file. Every method throws a `StoreProblem` when the file cannot be used; its content is left as it is. */
export class RunStore {
  readonly baselines: Baselines;

  private constructor(
    private readonly file: string,
    private readonly database: Database,
  ) {
    this.baselines = new Baselines(database, (work) => this.guarded(work));
  }

  static open(file: string): RunStore {
    try {
      mkdirSync(dirname(file), { recursive: true });
      // Runs may hold private addresses, so other users must not read them. SQLite gives its side files the same mode.
      closeSync(openSync(file, "a", 0o600));
      return new RunStore(file, openSqlite(file, { busyMs: BUSY_MS, check: checkVersion, setUp }));
    } catch (error) {
      throw problemOf(file, error);
    }
  }

  /** Stores a run with its requests; returns its name. */
  add(result: RunResult, requests: Iterable<KeptRequest> = []): string {
    return this.guarded(() => {
      const { id, run } = this.insert(result, worstOf(result), JSON.stringify(verdictsOf(result)));
      this.addRequests(id, requests);
      return run;
    });
  }

  /** Stores a run that has just begun, without finished cases; returns its name. */
  begin(outline: RunOutline): string {
    return this.guarded(() => this.insert(resultSoFar(outline), UNFINISHED, null).run);
  }

  /** Stores a finished case of a run in progress. */
  addCase(run: string, index: number, done: KeptCase): void {
    this.guarded(() => {
      const write = this.database.transaction(() => {
        this.database
          .query('INSERT OR REPLACE INTO cases (run, "index", "case") SELECT id, ?, ? FROM runs WHERE run = ?')
          .run(index, packed(done), run);
        this.database.query("UPDATE runs SET cases = (SELECT count(*) FROM cases WHERE cases.run = runs.id) WHERE run = ?").run(run);
      });
      write.immediate();
    });
  }

  /** Stores the result of a run that was begun; as a new run if it has been removed meanwhile. */
  finish(run: string, result: RunResult, requests: Iterable<KeptRequest> = []): void {
    this.guarded(() => {
      const row = this.database
        .query("UPDATE runs SET cases = ?, status = ?, result = ?, verdicts = ? WHERE run = ? RETURNING id")
        .get(result.cases.length, worstOf(result), packed(result), JSON.stringify(verdictsOf(result)), run) as { id: number } | null;
      if (row === null) {
        this.add(result, requests);
        return;
      }
      this.database.query("DELETE FROM cases WHERE run = ?").run(row.id);
      this.addRequests(row.id, requests);
    });
  }

  private insert(result: RunResult, status: string, verdicts: string | null): { readonly id: number; readonly run: string } {
    const { scenario, cases, startedAt } = result;
    const { name, title, workload } = scenario;
    const insert = this.database.query(
      "INSERT INTO runs (run, started_at, scenario, title, workload, cases, status, result, verdicts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    );
    // One write for name and row: two runs that end together get two names.
    return this.database
      .transaction(() => {
        const run = this.freshName(startedAt);
        const row = insert.get(run, startedAt, name, title, workload, cases.length, status, packed(result), verdicts);
        return { id: (row as { id: number }).id, run };
      })
      .immediate();
  }

  /** Newest first. */
  list(): KeptRun[] {
    return this.guarded(() => {
      const rows = this.database
        .query(
          `SELECT run, started_at AS startedAt, scenario, title, workload, cases, status,
             (SELECT count(*) FROM requests WHERE requests.run = runs.id) AS requests, verdicts FROM runs ORDER BY id DESC`,
        )
        .all() as (Omit<KeptRun, "verdicts"> & { readonly verdicts: string | null })[];
      return rows.map((row) => ({
        ...row,
        verdicts: row.verdicts === null ? this.judged(row.run) : (JSON.parse(row.verdicts) as Verdicts),
      }));
    });
  }

  /** Verdicts of a run stored by an earlier version, without a column of its own for them. */
  private judged(run: string): Verdicts {
    const result = this.result(run);
    return result === null ? NO_VERDICTS : verdictsOf(result);
  }

  /** The result of a run, by its name or `last`; null when there is none. */
  result(run: string): RunResult | null {
    return this.guarded(() => {
      const row = this.database.query("SELECT id, status, result FROM runs WHERE run = ?").get(this.nameOf(run)) as {
        readonly id: number;
        readonly status: string;
        readonly result: Uint8Array;
      } | null;
      if (row === null) return null;
      const result = withLaterFields(unpacked<RunResult>(row.result));
      return row.status === UNFINISHED ? withCases(result, this.casesOf(row.id)) : result;
    });
  }

  /** Finished cases of a run in progress, in their order. */
  private casesOf(id: number): KeptCase[] {
    const rows = this.database.query('SELECT "case" FROM cases WHERE run = ? ORDER BY "index"').all(id) as { case: Uint8Array }[];
    return rows.map((row) => unpacked<KeptCase>(row.case));
  }

  /** Stored outcomes of a run's requests, in order of sending; read row by row. */
  *requests(run: string): Generator<KeptRequest> {
    try {
      const rows = this.database.query<KeptRequest, [string]>(
        `SELECT "case", "index", url, outcome, requests.status AS status, ms, attempts, error
         FROM requests JOIN runs ON runs.id = requests.run WHERE runs.run = ? ORDER BY "case", "index"`,
      );
      yield* rows.iterate(this.nameOf(run));
    } catch (error) {
      throw problemOf(this.file, error);
    }
  }

  /** Removes a run; false when there is none of that name. */
  remove(run: string): boolean {
    return this.guarded(() => {
      const gone = this.delete(this.nameOf(run));
      if (gone) this.giveRoomBack();
      return gone;
    });
  }

  /** Removes runs that are not among the newest `keep` and older than `before` (ISO); returns their number. */
  prune(keep: number, before: string | null): number {
    return this.guarded(() => {
      const gone = this.list().filter(({ startedAt }, i) => i >= keep && (before === null || startedAt < before));
      for (const { run } of gone) this.delete(run);
      if (gone.length > 0) this.giveRoomBack();
      return gone.length;
    });
  }

  private delete(run: string): boolean {
    return this.database.query("DELETE FROM runs WHERE run = ?").run(run).changes > 0;
  }

  /** Shrinks the file by what was removed (and already overwritten), unless another process uses it. */
  private giveRoomBack(): void {
    try {
      this.database.run("VACUUM");
      this.database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (error) {
      const trouble = sqliteTrouble(error);
      if (trouble !== "locked" && trouble !== "full") throw error;
    }
  }

  close(): void {
    this.database.close();
  }

  private addRequests(run: number, requests: Iterable<KeptRequest>): void {
    const insert = this.database.query(
      `INSERT INTO requests (run, "case", "index", url, outcome, status, ms, attempts, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    const write = this.database.transaction((some: readonly KeptRequest[]) => {
      for (const one of some) insert.run(run, one.case, one.index, one.url, one.outcome, one.status, one.ms, one.attempts, one.error);
    });
    let some: KeptRequest[] = [];
    for (const request of requests) {
      some.push(request);
      if (some.length < REQUESTS_AT_ONCE) continue;
      write(some);
      some = [];
    }
    write(some);
  }

  private nameOf(run: string): string {
    if (run !== "last") return run;
    const row = this.database.query("SELECT run FROM runs ORDER BY id DESC LIMIT 1").get() as { run: string } | null;
    return row?.run ?? run;
  }

  /** The day and a number: short enough to type. */
  private freshName(startedAt: string): string {
    const day = startedAt.slice(0, 10).replaceAll("-", "");
    const taken = this.database.query("SELECT run FROM runs WHERE run LIKE ?").all(`${day}-%`) as { run: string }[];
    const highest = Math.max(0, ...taken.map(({ run }) => Number(run.slice(day.length + 1)) || 0));
    return `${day}-${highest + 1}`;
  }

  private guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw problemOf(this.file, error);
    }
  }
}

const REASONS: Readonly<Record<SqliteTrouble, string>> = {
  damaged: "it is damaged, or no SQLite file",
  locked: "another process holds it",
  full: "the disk is full",
  unusable: "it cannot be written",
};

/** Operating-system errors, by code. */
const BEYOND_SQLITE: readonly (readonly [RegExp, string])[] = [
  [/^ENOSPC/, REASONS.full],
  [/^ENOENT/, "its folder cannot be made"],
  [/^(EACCES|EROFS|EPERM|ENOTDIR|EEXIST|EISDIR)/, REASONS.unusable],
];

function problemOf(file: string, error: unknown): StoreProblem {
  if (error instanceof StoreProblem) return error;
  const trouble = sqliteTrouble(error);
  const { code = "", message = String(error) } = error as { code?: string; message?: string };
  const why = trouble === null ? BEYOND_SQLITE.find(([pattern]) => pattern.test(code))?.[1] : REASONS[trouble];
  return new StoreProblem(`the store of past runs (${file}) cannot be used: ${why ?? message}`);
}
