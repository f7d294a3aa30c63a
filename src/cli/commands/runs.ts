import { UserError } from "../../kernel/problem.ts";
import { printable, quoted, safeJson } from "../../kernel/text.ts";
import { parseDuration } from "../../kernel/units.ts";
import { outcomeText } from "../../views/report/outcome.ts";
import { textTable } from "../../views/report/table.ts";
import { wholeNumber } from "../flags.ts";
import { openStore, unknownRun } from "../keep.ts";

/** `lab-tui runs`: prints past runs, newest first. */
export function listRuns(json: boolean): void {
  const store = openStore();
  const runs = store.list();
  store.close();
  if (json) {
    process.stdout.write(`${safeJson(runs, 2)}\n`);
    return;
  }
  if (runs.length === 0) {
    process.stdout.write("No run has been kept yet.\n");
    return;
  }
  const heading = ["run", "started (UTC)", "scenario", "cases", "status", "requests"];
  const rows = runs.map(({ run, startedAt, scenario, cases, status, requests, verdicts }) => {
    const started = startedAt.slice(0, 19).replace("T", " ");
    return [run, started, printable(scenario, 40), String(cases), outcomeText(status, verdicts), requests === 0 ? "" : String(requests)];
  });
  process.stdout.write(`${textTable(heading, rows)}\n`);
}

/** `lab-tui runs rm RUN`: removes a run. */
export function removeRun(run: string): void {
  const store = openStore();
  const gone = store.remove(run);
  store.close();
  if (!gone) throw unknownRun(run);
}

export interface PruneFlags {
  readonly keep?: string;
  readonly olderThan?: string;
}

/** A hundred years, in microseconds: no run is older, and dates still reach that far back. */
const OLDEST = 36_500 * 86_400e6;

/** `lab-tui runs prune`: removes old runs. */
export function pruneRuns(flags: PruneFlags): void {
  const keep = flags.keep === undefined ? 0 : wholeNumber("--keep", flags.keep, 1e9);
  const age = flags.olderThan === undefined ? null : parseDuration(flags.olderThan);
  if (flags.olderThan !== undefined && (age === null || age > OLDEST)) {
    throw new UserError(`--older-than: must be a duration such as 30d (at most 36500d), got ${quoted(flags.olderThan)}`);
  }
  if (flags.keep === undefined && age === null) throw new UserError("runs prune: needs --keep N or --older-than 30d");
  const store = openStore();
  const gone = store.prune(keep, age === null ? null : new Date(Date.now() - age / 1000).toISOString());
  store.close();
  process.stdout.write(`${gone} ${gone === 1 ? "run" : "runs"} removed\n`);
}
