import type { NamedRun } from "../../analysis/trend.ts";
import { UserError } from "../../kernel/problem.ts";
import { printable, quoted, safeJson } from "../../kernel/text.ts";
import { parseDuration } from "../../kernel/units.ts";
import { scenarioName } from "../../scenario/find.ts";
import { outcomeText } from "../../views/report/outcome.ts";
import { COLOR_PAINTER, PLAIN_PAINTER } from "../../views/report/painter.ts";
import { textTable } from "../../views/report/table.ts";
import { figuresAsked } from "../asked-figures.ts";
import { baselineNamed, unknownBaseline } from "../baseline-name.ts";
import { wholeNumber } from "../flags.ts";
import { unknownRun, withStore } from "../keep.ts";
import { writeText } from "../target.ts";
import { hasColors, widthOf } from "../terminal.ts";

/** `lab-tui runs`: prints past runs, newest first. */
export function listRuns(json: boolean): void {
  const runs = withStore((store) => store.list());
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
    return [
      run,
      started(startedAt),
      printable(scenario, 40),
      String(cases),
      outcomeText(status, verdicts),
      requests === 0 ? "" : String(requests),
    ];
  });
  process.stdout.write(`${textTable(heading, rows)}\n`);
}

/** `lab-tui runs baselines`: prints saved baselines. */
export function listBaselines(json: boolean): void {
  const saved = withStore((store) => store.baselines.list());
  if (json) process.stdout.write(`${safeJson(saved, 2)}\n`);
  else if (saved.length === 0) process.stdout.write("No baseline has been saved yet; `lab-tui run --save-baseline NAME` saves one.\n");
  else {
    const rows = saved.map(({ name, scenario, startedAt, cases }) => [
      printable(name, 60),
      printable(scenario, 40),
      started(startedAt),
      String(cases),
    ]);
    process.stdout.write(`${textTable(["baseline", "scenario", "started (UTC)", "cases"], rows)}\n`);
  }
}

function started(iso: string): string {
  return iso.slice(0, 19).replace("T", " ");
}

/** `lab-tui runs rm RUN`: removes a run, or a baseline. */
export function removeRun(run: string): void {
  const baseline = baselineNamed(run);
  if (baseline === null) {
    if (!withStore((store) => store.remove(run))) throw unknownRun(run);
    return;
  }
  const count = withStore(({ baselines }) => baselines.remove(baseline.name, baseline.scenario));
  if (count === 0) throw unknownBaseline(baseline.name, baseline.scenario);
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
  const before = age === null ? null : new Date(Date.now() - age / 1000).toISOString();
  const gone = withStore((store) => store.prune(keep, before));
  process.stdout.write(`${gone} ${gone === 1 ? "run" : "runs"} removed\n`);
}

export interface TrendFlags {
  readonly json?: boolean;
  readonly html?: string;
  readonly metrics?: string;
  readonly color?: boolean;
}

/** `lab-tui runs trend SCENARIO`: prints the figures of its runs in order, with change points. */
export async function showTrend(name: string, { json = false, html, metrics, color = true }: TrendFlags): Promise<void> {
  const { trendOf } = await import("../../analysis/trend.ts");
  const scenario = /\.ya?ml$/i.test(name) ? scenarioName(name) : name;
  const past = pastRuns(scenario);
  if (past.length === 0) throw new UserError(`There is no run of the scenario ${quoted(scenario)}; \`lab-tui runs\` lists those there are`);
  const trend = trendOf(scenario, past, figuresAsked(metrics));
  if (html !== undefined) await writeText("--html", html, (await import("../../views/export/trend-html.ts")).trendHtml(trend));
  if (json) process.stdout.write(`${safeJson(trend, 2)}\n`);
  if (json || html !== undefined) return;
  const { trendText } = await import("../../views/export/trend.ts");
  process.stdout.write(trendText(trend, widthOf(process.stdout) ?? 100, hasColors(process.stdout, color) ? COLOR_PAINTER : PLAIN_PAINTER));
}

/** The kept runs of a scenario, oldest first. */
function pastRuns(scenario: string): NamedRun[] {
  return withStore((store) => {
    const runs = store.list().filter((one) => one.scenario === scenario);
    return runs.reverse().flatMap(({ run }) => {
      const result = store.result(run);
      return result === null ? [] : [{ run, result }];
    });
  });
}
