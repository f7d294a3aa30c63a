import type { Database } from "bun:sqlite";
import type { RunResult } from "../telemetry/result.ts";
import { packed, unpacked } from "./kept-result.ts";

/** A saved baseline, without its figures. */
export interface SavedBaseline {
  readonly name: string;
  readonly scenario: string;
  /** When its run began. */
  readonly startedAt: string;
  readonly cases: number;
}

/** Results saved under names of their own, one for each scenario; removing past runs leaves them. `guarded` makes problems of errors. */
export class Baselines {
  constructor(
    private readonly database: Database,
    private readonly guarded: <T>(work: () => T) => T,
  ) {}

  /** Saves a result under a name, in place of the one of the same scenario. */
  save(name: string, result: RunResult): void {
    const { scenario, startedAt, cases } = result;
    this.guarded(() =>
      this.database
        .query("INSERT OR REPLACE INTO baselines (name, scenario, started_at, cases, result) VALUES (?, ?, ?, ?, ?)")
        .run(name, scenario.name, startedAt, cases.length, packed(result)),
    );
  }

  /** All of them, or those of a name; by name and scenario. */
  list(name: string | null = null): SavedBaseline[] {
    return this.guarded(() =>
      this.database
        .query<SavedBaseline, [string | null]>(
          "SELECT name, scenario, started_at AS startedAt, cases FROM baselines WHERE ?1 IS NULL OR name = ?1 ORDER BY name, scenario",
        )
        .all(name),
    );
  }

  /** null: there is none. */
  result(name: string, scenario: string): RunResult | null {
    return this.guarded(() => {
      const row = this.database
        .query<{ result: Uint8Array }, [string, string]>("SELECT result FROM baselines WHERE name = ? AND scenario = ?")
        .get(name, scenario);
      return row === null ? null : unpacked<RunResult>(row.result);
    });
  }

  /** Removes that of a scenario, or of all (null); returns their number. */
  remove(name: string, scenario: string | null): number {
    return this.guarded(
      () => this.database.query("DELETE FROM baselines WHERE name = ?1 AND (?2 IS NULL OR scenario = ?2)").run(name, scenario).changes,
    );
  }
}
