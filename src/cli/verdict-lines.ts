import { FEWEST_BEYOND } from "../kernel/borne.ts";
import type { Path } from "../kernel/plain-value.ts";
import { byPlace, formatProblem, type Problem } from "../kernel/problem.ts";
import { printable } from "../kernel/text.ts";
import { counted } from "../kernel/wording.ts";
import type { LayeredFile } from "../scenario/layered-file.ts";
import type { RunResult, ThresholdResult } from "../telemetry/result.ts";
import { expectationPath, thresholdPath } from "./places.ts";

/**
 * A line for each threshold that failed, was judged on nothing or by too few items, at its place in the scenario file. `strict`: hypotheses
 * that did not hold, or have no verdict, are listed as well.
 */
export function verdictLines(result: RunResult, source: LayeredFile, strict: boolean): string[] {
  const problems = [...failedThresholds(result, source), ...(strict ? brokenHypotheses(result, source) : [])];
  const warnings = [...emptyThresholds(result, source), ...thinThresholds(result, source)];
  return [
    ...problems.sort(byPlace).map(formatProblem),
    ...(strict ? untold(result) : []),
    ...warnings.map((problem) => `warning: ${formatProblem(problem)}`),
  ];
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
