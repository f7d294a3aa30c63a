import { UserError } from "../kernel/problem.ts";
import { printable, quoted, safeJson } from "../kernel/text.ts";
import { parseDuration } from "../kernel/units.ts";
import type { RunStore } from "../store/run-store.ts";
import { closingReport } from "../views/report/closing.ts";
import { outcomeText } from "../views/report/outcome.ts";
import { PLAIN_PAINTER } from "../views/report/painter.ts";
import { textTable } from "../views/report/table.ts";
import { wholeNumber } from "./flags.ts";
import { openStore } from "./keep.ts";
import { widthOf } from "./terminal.ts";

/** `lab-tui runs`: past runs, newest first. */
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

/** `lab-tui runs rm RUN` */
export function removeRun(run: string): void {
  const store = openStore();
  const gone = store.remove(run);
  store.close();
  if (!gone) throw unknownRun(run);
}

/** A hundred years, in microseconds: no run is older, and the calendar still reaches back so far. */
const OLDEST = 36_500 * 86_400e6;

/** `lab-tui runs prune` */
export function pruneRuns(flags: { readonly keep?: string; readonly olderThan?: string }): void {
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

export interface ShowFlags {
  readonly requests?: boolean;
  /** Every figure of every case. */
  readonly all?: boolean;
}

/** `lab-tui show RUN`: its summary again, or what became of each of its requests, a line of JSON each. */
export async function showRun(run: string, { requests = false, all = false }: ShowFlags): Promise<void> {
  if (requests && all) throw new UserError("show: --requests and --all tell different things: leave one of them out");
  const store = openStore();
  try {
    if (requests) await writeRequests(store, run);
    else writeSummary(store, run, all);
  } finally {
    store.close();
  }
}

function writeSummary(store: RunStore, run: string, all: boolean): void {
  const result = store.result(run);
  if (result === null) throw unknownRun(run);
  process.stdout.write(closingReport(result, widthOf(process.stdout), PLAIN_PAINTER, all));
}

async function writeRequests(store: RunStore, run: string): Promise<void> {
  let count = 0;
  for (const request of store.requests(run)) {
    count++;
    // Whoever reads sets the pace.
    if (!process.stdout.write(`${safeJson(request)}\n`)) await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
  if (count > 0) return;
  if (store.result(run) === null) throw unknownRun(run);
  throw new UserError(`No requests were kept with the run ${quoted(run)}; \`lab-tui run --keep-requests\` keeps them`);
}

function unknownRun(run: string): UserError {
  return new UserError(`There is no run ${quoted(run)}; \`lab-tui runs\` lists those there are`);
}
