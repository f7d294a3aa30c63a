import { LEAST_REPEATS, tooFewRepeats } from "../../analysis/repeats.ts";
import { FEWEST_BEYOND } from "../../kernel/borne.ts";
import { EXIT } from "../../kernel/exit.ts";
import type { Path } from "../../kernel/plain-value.ts";
import { byPlace, formatProblem, type Problem } from "../../kernel/problem.ts";
import { printable } from "../../kernel/text.ts";
import { counted } from "../../kernel/wording.ts";
import { plannedModes } from "../../plan/plan.ts";
import { findScenario } from "../../scenario/find.ts";
import type { LayeredFile } from "../../scenario/layered-file.ts";
import type { ReadText } from "../../scenario/load.ts";
import type { RunResult, ThresholdResult } from "../../telemetry/result.ts";
import { changeTable } from "../../views/export/comparison.ts";
import type { Session } from "../../views/live/session.tsx";
import { BaselineCheck } from "../baseline.ts";
import { compose } from "../compose.ts";
import { type RunFlags, readFlags } from "../flags.ts";
import { isOnGitHub, tellGitHub, workspace } from "../github.ts";
import { RunKeeper } from "../keep.ts";
import { loadAllForRun } from "../load-scenario.ts";
import { checkTargets, Outputs } from "../outputs.ts";
import { expectationPath, placesIn, thresholdPath } from "../places.ts";
import { repeatsOf } from "../repeat-flags.ts";
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
    if (source === undefined) return;
    const problems = [...failedThresholds(result, source), ...(flags.strict === true ? brokenHypotheses(result, source) : [])];
    for (const problem of problems.sort(byPlace)) say(formatProblem(problem));
    // Under --strict, expectations without a verdict are reported.
    for (const line of flags.strict === true ? untold(result) : []) say(line);
    for (const problem of [...emptyThresholds(result, source), ...thinThresholds(result, source)])
      say(`warning: ${formatProblem(problem)}`);
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

/** The failed thresholds, at their places in the scenario file. */
function failedThresholds(result: RunResult, source: LayeredFile): Problem[] {
  const told = ({ expression, value }: ThresholdResult, where: string) =>
    `must hold ${printable(expression, 80)} (${where}), got ${Number(value.toPrecision(6))}`;
  return thresholdProblems(result, source, ({ ok }) => !ok, told);
}

/** Thresholds on empty metrics: they do not fail, unlike in k6, where an empty metric is 0, and so must be reported. */
function emptyThresholds(result: RunResult, source: LayeredFile): Problem[] {
  const told = ({ expression }: ThresholdResult, where: string) =>
    `${printable(expression, 80)} was judged on nothing (${where}): nothing was measured that it is about`;
  return thresholdProblems(result, source, ({ measured }) => measured === false, told);
}

/** Thresholds, once for all cases, on a percentile that too few items bear: they may hold or fail by chance. */
function thinThresholds({ thresholds }: RunResult, source: LayeredFile): Problem[] {
  const thin = thresholds.filter(({ tooFew }) => tooFew !== undefined);
  return [...Map.groupBy(thin, ({ metric, expression }) => `${metric} ${expression}`).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const fewest = counted(Math.floor(Math.min(...group.map(({ tooFew = 0 }) => tooFew))), "item");
    const few = group.length === 1 ? fewest : `as few as ${fewest}`;
    const told = `${printable(first.expression, 80)} was judged by a percentile with ${few} beyond it (${counted(group.length, "case")}), where ${FEWEST_BEYOND} bear one: chance decides; a longer run would tell`;
    return [source.problemAt(placeOfThreshold(source, first), `thresholds.${first.metric}: ${told}`)];
  });
}

function thresholdProblems(
  { thresholds, cases }: RunResult,
  source: LayeredFile,
  applies: (threshold: ThresholdResult) => boolean,
  told: (threshold: ThresholdResult, where: string) => string,
): Problem[] {
  return thresholds.filter(applies).map((threshold) => {
    const { metric, case: index } = threshold;
    const params = Object.entries(cases[index]?.params ?? {}).map(([field, at]) => `${field} ${JSON.stringify(at)}`);
    const where = `case ${index}, ${printable([cases[index]?.mode ?? "", ...params].join(", "), 160)}`;
    return source.problemAt(placeOfThreshold(source, threshold), `thresholds.${metric}: ${told(threshold, where)}`);
  });
}

/** The hypotheses that did not hold, at the places of their comparisons in the scenario file. */
function brokenHypotheses({ hypotheses = [] }: RunResult, source: LayeredFile): Problem[] {
  return hypotheses.flatMap(({ ok, that, reading }, i) => {
    if (ok !== false) return [];
    return [source.problemAt(expectationPath(source, i), `expect.${i}: must hold ${printable(that, 200)}, got ${printable(reading, 400)}`)];
  });
}

function untold({ hypotheses = [], scenario }: RunResult): string[] {
  return hypotheses
    .filter(({ ok }) => ok === null)
    .map(
      ({ that, why }) =>
        `warning: ${printable(scenario.name, 60)}: cannot tell whether ${printable(that, 200)}: ${printable(why ?? "", 200)}`,
    );
}

function placeOfThreshold(source: LayeredFile, { metric, expression }: ThresholdResult): Path {
  return thresholdPath(source, metric, expression) ?? ["thresholds", metric, 0];
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
