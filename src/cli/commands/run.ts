import { LEAST_REPEATS, tooFewRepeats } from "../../analysis/repeats.ts";
import { EXIT } from "../../kernel/exit.ts";
import { plannedModes } from "../../plan/plan.ts";
import { findScenario } from "../../scenario/find.ts";
import type { ReadText } from "../../scenario/load.ts";
import type { RunResult } from "../../telemetry/result.ts";
import type { Session } from "../../views/live/session.tsx";
import { BaselineCheck } from "../baseline.ts";
import { compose } from "../compose.ts";
import { type RunFlags, readFlags } from "../flags.ts";
import { RunKeeper } from "../keep.ts";
import { loadAllForRun } from "../load-scenario.ts";
import { checkTargets, Outputs } from "../outputs.ts";
import { repeatsOf } from "../repeat-flags.ts";
import { RunReporter } from "../run-reporter.ts";
import type { StopSignals } from "../signals.ts";
import { targetKind } from "../target.ts";
import { wantsSentences } from "../terminal.ts";

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
  const reporter = new RunReporter(flags, loaded, baselines, say);
  const outputs = new Outputs(flags, scenarios.length, modes, (result, scenario) => reporter.judged(result, scenario));
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
  reporter.report(results, session === null && !toStdout);
  for (const warning of stoppedBy === null ? baselines.save(results) : []) say(warning);
  if (stoppedBy !== null) return stoppedBy === "SIGTERM" ? EXIT.terminated : EXIT.interrupted;
  return viewBroken === null ? exitCodeOf(results, flags.strict, baselines.regressed(results)) : EXIT.internal;
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
