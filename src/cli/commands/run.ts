import { LEAST_REPEATS, tooFewRepeats } from "../../analysis/repeats.ts";
import { EXIT } from "../../kernel/exit.ts";
import { printable } from "../../kernel/text.ts";
import { plannedModes } from "../../plan/plan.ts";
import { findScenario } from "../../scenario/find.ts";
import type { ReadText } from "../../scenario/load.ts";
import type { RunResult } from "../../telemetry/result.ts";
import { changeTable } from "../../views/export/comparison.ts";
import type { Session } from "../../views/live/session.tsx";
import { BaselineCheck } from "../baseline.ts";
import { compose } from "../compose.ts";
import { type RunFlags, readFlags } from "../flags.ts";
import { isOnGitHub, tellGitHub, workspace } from "../github.ts";
import { RunKeeper } from "../keep.ts";
import { loadAllForRun } from "../load-scenario.ts";
import { checkTargets, Outputs } from "../outputs.ts";
import { placesIn } from "../places.ts";
import { repeatsOf } from "../repeat-flags.ts";
import type { StopSignals } from "../signals.ts";
import { targetKind } from "../target.ts";
import { wantsSentences } from "../terminal.ts";
import { verdictLines } from "../verdict-lines.ts";

/** `lab-tui run SCENARIO…`. `session`: the console in which it was chosen. */
export async function run(
  asked: readonly string[],
  flags: RunFlags,
  signals: StopSignals,
  { session = null, read }: { readonly session?: Session | null; readonly read?: ReadText } = {},
): Promise<number> {
  const { fps, http, closeAfterMs, appearance, cast } = readFlags(flags);
  const repeats = repeatsOf(flags);
  const files = asked.map((name) => findScenario(name));
  checkTargets(flags, files);
  // Printed once the dashboard no longer covers them.
  const say = (line: string) => (session === null ? process.stderr.write(`${line}\n`) : session.terminal.note(line));
  const loaded = loadAllForRun(files, flags, read);
  for (const warning of loaded.flatMap(({ warnings }) => warnings)) say(warning);
  const scenarios = loaded.map(({ named }) => named);
  if (repeats !== null && repeats.rounds < LEAST_REPEATS) say(`warning: ${tooFewRepeats(repeats.rounds)}`);
  const modes = scenarios.flatMap(({ points }) => plannedModes(points, repeats?.rounds ?? null));
  const baselines = BaselineCheck.of(flags, scenarios);
  const judgedFrom = (folder: string) => (result: RunResult, i: number) => {
    return { result, places: placesIn(loaded[i]?.source ?? null, folder), comparison: baselines.against(result) };
  };
  const outputs = new Outputs(flags, scenarios.length, modes, judgedFrom(process.cwd()));
  outputs.checkStateFiles();
  outputs.spareInputs(scenarios.map(({ file, points }) => ({ file, points: points.map(({ scenario }) => scenario) })));
  let measured: readonly RunResult[] = [];
  // Then standard output carries nothing else.
  const toStdout = [flags.json, flags.junit, flags.dumpState, flags.log].some(
    (path) => path !== undefined && targetKind(path) === "stdout",
  );
  const keeper = flags.store === false ? null : new RunKeeper();
  const { results, stoppedBy, viewBroken } = await compose(scenarios, {
    signals,
    session,
    closeAfterMs,
    headless: flags.headless === true || toStdout,
    quiet: flags.quiet === true,
    plain: session === null && wantsSentences(flags.plain),
    color: flags.color !== false,
    fps,
    appearance,
    cast,
    http,
    repeats,
    access: (scenario) => outputs.access(scenario, scenarios[scenario]?.scenario.workload === "fetch"),
    dumpState: (index, plan) => outputs.stateFile(index, plan.mode),
    onResult: (all) => {
      measured = all;
      outputs.write(all);
      const latest = all.at(-1);
      if (latest !== undefined) keeper?.finish(latest, outputs.requestFiles(all.length - 1, latest));
    },
    ...(keeper === null ? {} : { onEvent: keeper.onEvent }),
    summaryTo: toStdout ? "stderr" : "stdout",
  }).finally(() => outputs.finish(measured));
  if (keeper?.warning != null) say(keeper.warning);
  if (flags.quiet === true) tellFailed(results);
  results.forEach((result, i) => {
    const source = loaded[i]?.source;
    for (const line of source === undefined ? [] : verdictLines(result, source, flags.strict === true)) say(line);
  });
  if (isOnGitHub(flags)) tellGitHub(results.map(judgedFrom(workspace())), flags.strict === true, say);
  const regressed = baselines.regressed(results);
  const changes = flags.quiet === true && !regressed ? [] : results.flatMap((result) => baselines.against(result) ?? []).map(changeTable);
  if (session !== null || toStdout || flags.quiet === true) for (const table of changes) say(table.trimEnd());
  else process.stdout.write(changes.join(""));
  for (const warning of stoppedBy === null ? baselines.save(results) : []) say(warning);
  if (stoppedBy !== null) return stoppedBy === "SIGTERM" ? EXIT.terminated : EXIT.interrupted;
  return viewBroken === null ? exitCodeOf(results, flags.strict, regressed) : EXIT.internal;
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

/**
 * The exit code: the first that applies, in the order of the contract. `strict`: a failed hypothesis counts as a failed threshold.
 * `regressed`: a figure is worse than in the baseline.
 */
export function exitCodeOf(results: readonly RunResult[], strict = false, regressed = false): number {
  const cases = results.flatMap((result) => result.cases);
  if (cases.some(({ status }) => status === "failed")) return EXIT.caseFailed;
  if (cases.some(({ status }) => status === "invalid")) return EXIT.invalidMeasurement;
  if (regressed) return EXIT.regression;
  if (results.some(({ thresholds }) => thresholds.some(({ ok }) => !ok))) return EXIT.threshold;
  if (strict && results.some(({ hypotheses = [] }) => hypotheses.some(({ ok }) => ok === false))) return EXIT.threshold;
  return EXIT.done;
}
