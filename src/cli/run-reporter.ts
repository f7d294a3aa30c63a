import { printable } from "../kernel/text.ts";
import type { RunResult } from "../telemetry/result.ts";
import { changeTable } from "../views/export/comparison.ts";
import type { RunVerdicts } from "../views/export/test-cases.ts";
import type { BaselineCheck } from "./baseline.ts";
import type { RunFlags } from "./flags.ts";
import { isOnGitHub, tellGitHub, workspace } from "./github.ts";
import type { LoadedForRun } from "./load-scenario.ts";
import { placesIn } from "./places.ts";
import { verdictLines } from "./verdict-lines.ts";

/** Reports the verdicts on a run's results at its end: failed cases, thresholds and hypotheses, changes against baselines. */
export class RunReporter {
  constructor(
    private readonly flags: Pick<RunFlags, "quiet" | "strict" | "github">,
    /** By scenario, as the results are. */
    private readonly loaded: readonly LoadedForRun[],
    private readonly baselines: BaselineCheck,
    private readonly say: (line: string) => void,
  ) {}

  /** A result with the places of its verdicts, named from a folder, and its comparison with the baseline. */
  judged(result: RunResult, scenario: number, folder = process.cwd()): RunVerdicts {
    return { result, places: placesIn(this.loaded[scenario]?.source ?? null, folder), comparison: this.baselines.against(result) };
  }

  /** `tables`: whether tables of changes go to standard output. */
  report(results: readonly RunResult[], tables: boolean): void {
    const { quiet = false, strict = false } = this.flags;
    if (quiet) tellFailed(results);
    results.forEach((result, i) => {
      const source = this.loaded[i]?.source;
      for (const line of source === undefined ? [] : verdictLines(result, source, strict)) this.say(line);
    });
    if (isOnGitHub(this.flags)) {
      const judged = results.map((result, i) => this.judged(result, i, workspace()));
      tellGitHub(judged, strict, this.say);
    }
    if (quiet && !this.baselines.regressed(results)) return;
    const changes = results.flatMap((result) => this.baselines.against(result) ?? []).map(changeTable);
    if (!tables || quiet) for (const table of changes) this.say(table.trimEnd());
    else process.stdout.write(changes.join(""));
  }
}

/** Reports, even when quiet, why a case has no valid measurement. */
function tellFailed(results: readonly RunResult[]): void {
  for (const { scenario, cases } of results) {
    for (const { mode, status, problems } of cases) {
      if (status !== "failed" && status !== "invalid") continue;
      process.stderr.write(`${printable(scenario.name, 60)}: ${mode} ${status}: ${printable(problems.join(" "), 400)}\n`);
    }
  }
}
