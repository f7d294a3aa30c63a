import { FEWEST_BEYOND } from "../../kernel/borne.ts";
import { EXIT } from "../../kernel/exit.ts";
import { byPlace, formatProblem, InvalidScenario, type Problem } from "../../kernel/problem.ts";
import { printable } from "../../kernel/text.ts";
import { counted } from "../../kernel/wording.ts";
import type { NamedScenario } from "../../plan/plan.ts";
import type { Path, YamlFile } from "../../scenario/document.ts";
import { findScenario, scenarioName } from "../../scenario/find.ts";
import { loadScenarioFile } from "../../scenario/load.ts";
import { checkPermissions } from "../../scenario/permission.ts";
import type { RunResult, ThresholdResult } from "../../telemetry/result.ts";
import type { Session } from "../../views/live/session.tsx";
import { checkFiles, checkHostsOf } from "../../workloads/fetch/permission.ts";
import type { Declare } from "../command.ts";
import { compose } from "../compose.ts";
import { environmentOf } from "../environment.ts";
import { overridesOf, type RunFlags, readFlags, withRunFlags } from "../flags.ts";
import { RunKeeper } from "../keep.ts";
import { checkTargets, Outputs } from "../outputs.ts";
import type { StopSignals } from "../signals.ts";
import { targetKind } from "../target.ts";

export const declare: Declare = (program, host) => {
  const command = program
    .command("run")
    .description("runs scenarios: a live dashboard on a terminal, progress lines otherwise")
    .argument("<scenario...>", "paths, or names of shipped scenarios")
    .option("-d, --duration <duration>", "how long the load lasts, such as 30s")
    .option("-r, --rate <rate>", "arrivals per time unit");
  withRunFlags(command).action(async (scenarios: string[], flags: RunFlags) => host.exit(await run(scenarios, flags, host.signals)));
};

/** `lab-tui run SCENARIO…`. `session`: the console that it was chosen in. */
export async function run(
  asked: readonly string[],
  flags: RunFlags,
  signals: StopSignals,
  session: Session | null = null,
): Promise<number> {
  const { fps, http, closeAfterMs, appearance } = readFlags(flags);
  const files = asked.map((name) => findScenario(name));
  checkTargets(flags, files);
  const loaded = loadAll(files, flags, (line) => (session === null ? process.stderr.write(`${line}\n`) : session.terminal.note(line)));
  const scenarios = loaded.map(({ named }) => named);
  const modes = scenarios.flatMap(({ points }) => points.flatMap(({ scenario }) => scenario.modes));
  const outputs = new Outputs(flags, scenarios.length, modes);
  outputs.checkStateFiles();
  outputs.spareInputs(scenarios.map(({ file, points }) => ({ file, points: points.map(({ scenario }) => scenario) })));
  let measured: readonly RunResult[] = [];
  // Then nothing else goes there.
  const toStdout = [flags.json, flags.dumpState, flags.log].some((path) => path !== undefined && targetKind(path) === "stdout");
  // Told when the dashboard no longer covers them.
  const keeper = flags.store === false ? null : new RunKeeper();
  const { results, stoppedBy, viewBroken } = await compose(scenarios, {
    signals,
    session,
    closeAfterMs,
    headless: flags.headless === true || toStdout,
    quiet: flags.quiet === true,
    color: flags.color !== false,
    fps,
    appearance,
    http,
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
  if (keeper?.warning != null) process.stderr.write(`${keeper.warning}\n`);
  if (flags.quiet === true) tellFailed(results);
  results.forEach((result, i) => {
    const yaml = loaded[i]?.yaml;
    if (yaml === undefined) return;
    const problems = [...failedThresholds(result, yaml), ...(flags.strict === true ? brokenHypotheses(result, yaml) : [])];
    for (const problem of problems.sort(byPlace)) process.stderr.write(`${formatProblem(problem)}\n`);
    // Who wants to be strict does not take silence for an answer.
    for (const line of flags.strict === true ? untold(result) : []) process.stderr.write(`${line}\n`);
    for (const problem of [...emptyThresholds(result, yaml), ...thinThresholds(result, yaml)])
      process.stderr.write(`warning: ${formatProblem(problem)}\n`);
  });
  if (stoppedBy !== null) return stoppedBy === "SIGTERM" ? EXIT.terminated : EXIT.interrupted;
  return viewBroken === null ? exitCodeOf(results, flags.strict) : EXIT.internal;
}

interface Loaded {
  readonly named: NamedScenario;
  readonly yaml: YamlFile;
}

type Warn = (line: string) => void;

/** All of them, or what is wrong with any. */
function loadAll(files: readonly string[], flags: RunFlags, warn: Warn): Loaded[] {
  const problems: Problem[] = [];
  const loaded = files.flatMap((file) => {
    try {
      return [load(file, flags, warn)];
    } catch (error) {
      if (!(error instanceof InvalidScenario)) throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (problems.length > 0) throw new InvalidScenario(problems);
  return loaded;
}

function load(file: string, flags: RunFlags, warn: Warn): Loaded {
  const { scenario, points, yaml } = loadScenarioFile(file, overridesOf(flags, file));
  for (const point of points) {
    checkPermissions(point.scenario, flags);
    checkFiles(point.scenario);
  }
  checkHostsOf(
    points.map((point) => point.scenario),
    flags.allowHost ?? [],
  );
  if (flags.log !== undefined && scenario.workload !== "fetch") {
    warn(`warning: --log: ${printable(scenarioName(file), 60)} makes no requests, so there is nothing of it to log`);
  }
  for (const name of environmentOf(file).ignored) {
    warn(`warning: ${name} is ignored: ${printable(scenarioName(file), 60)} sweeps that field`);
  }
  const problemAt = (path: Path, message: string) => yaml.problemAt(path, message);
  return { named: { name: scenarioName(file), file, scenario, points, problemAt }, yaml };
}

/** Who wants to hear nothing hears why a case has no measurement that counts. */
function tellFailed(results: readonly RunResult[]): void {
  for (const { scenario, cases } of results) {
    for (const { mode, status, problems } of cases) {
      if (status !== "failed" && status !== "invalid") continue;
      process.stderr.write(`${printable(scenario.name, 60)}: ${mode} ${status}: ${printable(problems.join(" "), 400)}\n`);
    }
  }
}

/** Each threshold that failed, where it stands in the scenario file. */
function failedThresholds(result: RunResult, yaml: YamlFile): Problem[] {
  const told = ({ expression, value }: ThresholdResult, where: string) =>
    `must hold ${printable(expression, 80)} (${where}), got ${Number(value.toPrecision(6))}`;
  return thresholdProblems(result, yaml, ({ ok }) => !ok, told);
}

/** Each that nothing was measured of: it breaks nothing, unlike in k6, where an empty metric is 0, and so must not pass for kept. */
function emptyThresholds(result: RunResult, yaml: YamlFile): Problem[] {
  const told = ({ expression }: ThresholdResult, where: string) =>
    `${printable(expression, 80)} was judged on nothing (${where}): nothing was measured that it is about`;
  return thresholdProblems(result, yaml, ({ measured }) => measured === false, told);
}

/** Each, once for all cases, that was judged by a percentile that too few items bear: it may be kept, or broken, by chance. */
function thinThresholds({ thresholds }: RunResult, yaml: YamlFile): Problem[] {
  const thin = thresholds.filter(({ tooFew }) => tooFew !== undefined);
  return [...Map.groupBy(thin, ({ metric, expression }) => `${metric} ${expression}`).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const fewest = counted(Math.floor(Math.min(...group.map(({ tooFew = 0 }) => tooFew))), "item");
    const few = group.length === 1 ? fewest : `as few as ${fewest}`;
    const told = `${printable(first.expression, 80)} was judged by a percentile with ${few} beyond it (${counted(group.length, "case")}), where ${FEWEST_BEYOND} bear one: chance decides; a longer run would tell`;
    return [yaml.problemAt(placeOfThreshold(yaml, first.metric, first.expression), `thresholds.${first.metric}: ${told}`)];
  });
}

function thresholdProblems(
  { thresholds, cases }: RunResult,
  yaml: YamlFile,
  applies: (threshold: ThresholdResult) => boolean,
  told: (threshold: ThresholdResult, where: string) => string,
): Problem[] {
  return thresholds.filter(applies).map((threshold) => {
    const { metric, expression, case: index } = threshold;
    const params = Object.entries(cases[index]?.params ?? {}).map(([field, at]) => `${field} ${JSON.stringify(at)}`);
    const where = `case ${index}, ${printable([cases[index]?.mode ?? "", ...params].join(", "), 160)}`;
    return yaml.problemAt(placeOfThreshold(yaml, metric, expression), `thresholds.${metric}: ${told(threshold, where)}`);
  });
}

/** Each hypothesis that did not hold, where its comparison stands in the scenario file. */
function brokenHypotheses({ hypotheses = [] }: RunResult, yaml: YamlFile): Problem[] {
  return hypotheses.flatMap(({ ok, that, reading }, i) => {
    if (ok !== false) return [];
    const { expect = [] } = yaml.value() as { readonly expect?: readonly unknown[] };
    const path: Path = typeof expect[i] === "string" ? ["expect", i] : ["expect", i, "that"];
    return [yaml.problemAt(path, `expect.${i}: must hold ${printable(that, 200)}, got ${printable(reading, 400)}`)];
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

/** Which of a metric's list it is. */
function placeOfThreshold(yaml: YamlFile, metric: string, expression: string): Path {
  const value = yaml.value() as { thresholds?: Record<string, unknown[]> };
  const texts = (value.thresholds?.[metric] ?? []).map((rule) =>
    typeof rule === "object" && rule !== null ? (rule as { threshold?: unknown }).threshold : rule,
  );
  return ["thresholds", metric, Math.max(0, texts.indexOf(expression))];
}

/** The first that applies, in the order of the contract. `strict`: a hypothesis that does not hold counts as a threshold does. */
export function exitCodeOf(results: readonly RunResult[], strict = false): number {
  const cases = results.flatMap((result) => result.cases);
  if (cases.some(({ status }) => status === "failed")) return EXIT.caseFailed;
  if (cases.some(({ status }) => status === "invalid")) return EXIT.invalidMeasurement;
  if (results.some(({ thresholds }) => thresholds.some(({ ok }) => !ok))) return EXIT.threshold;
  if (strict && results.some(({ hypotheses = [] }) => hypotheses.some(({ ok }) => ok === false))) return EXIT.threshold;
  return EXIT.done;
}
