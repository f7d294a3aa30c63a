import { compareResults, differencesOf, type NamedResult, type ResultComparison } from "../../analysis/compare.ts";
import { EXIT, type ExitCode } from "../../kernel/exit.ts";
import { UserError } from "../../kernel/problem.ts";
import { printable, safeJson } from "../../kernel/text.ts";
import { sentenceCase } from "../../kernel/wording.ts";
import { Noise } from "../compare/noise.ts";
import { writeComparison } from "../compare/output.ts";
import { accessOf, compareScenarios, isScenario, loadArm, say } from "../compare/scenarios.ts";
import { selfCheck, selfCheckText } from "../compare/self-check.ts";
import { type ComparedFigures, type CompareFlags, comparedFigures, roundsAsked, timesAsked } from "../compare/settings.ts";
import { keptResult } from "../kept-result.ts";
import { tryFile } from "../outputs.ts";
import type { StopSignal, StopSignals } from "../signals.ts";

/** `lab-tui compare A B`: prints what changed between two results, or between two scenarios, which it runs. */
export async function compareCommand(a: string, b: string | undefined, flags: CompareFlags, signals: StopSignals): Promise<ExitCode> {
  if (flags.out !== undefined) tryFile("--out", flags.out);
  const figures = comparedFigures(flags);
  if (flags.selfCheck === true) return await checkSelf(a, b, flags, figures, signals);
  if (isScenario(a) || (b !== undefined && isScenario(b))) {
    const { comparison, stoppedBy } = await compareScenarios(a, b, flags, figures, signals);
    return await print(comparison, flags, stoppedBy);
  }
  for (const [flag, value] of [
    ["--with", flags.with],
    ["--rounds", flags.rounds],
    ["--reruns", flags.reruns],
    ["--times", flags.times],
  ] as const) {
    if (value !== undefined) throw new UserError(`compare: ${flag} is for scenarios, which compare runs; these are runs`);
  }
  if (b === undefined) throw new UserError("compare: B is missing; two runs or result files are needed");
  return await print(compareKept(a, b, flags, figures), flags, null);
}

function compareKept(a: string, b: string, { anyway }: CompareFlags, { figures, ...options }: ComparedFigures): ResultComparison {
  const [first, second] = [namedResult(a), namedResult(b)];
  const differences = differencesOf(first.result, second.result);
  if (differences.length > 0 && anyway !== true) {
    const told = differences.map((one) => sentenceCase(printable(one, 400)));
    throw new UserError(`${told.join("\n")}\ncompare: what differs may be the reason for any change; --anyway compares all the same`);
  }
  const compared = compareResults(first, second, figures, { ...options, gated: false, floorOf: Noise.own().floorOf(first.result) });
  if (compared.comparisons.length + compared.information.length === 0) throw new UserError("compare: A and B have no case in common");
  return { ...compared, notes: [...differences, ...compared.notes] };
}

function namedResult(name: string): NamedResult {
  return { name, result: keptResult(name) };
}

async function checkSelf(
  name: string,
  other: string | undefined,
  flags: CompareFlags,
  figures: ComparedFigures,
  signals: StopSignals,
): Promise<ExitCode> {
  if (other !== undefined || flags.with !== undefined)
    throw new UserError("compare: --self-check takes one scenario: it is compared with itself");
  const options = { ...roundsAsked(flags), times: timesAsked(flags), figures, noise: Noise.own(), access: accessOf(flags), say };
  const { check, valid, stoppedBy } = await selfCheck(loadArm(name, flags).named, options, signals);
  process.stdout.write(flags.json === true ? `${safeJson(check, 2)}\n` : selfCheckText(check));
  if (stoppedBy !== null) return codeOf(stoppedBy);
  return valid ? EXIT.done : EXIT.invalidMeasurement;
}

async function print(comparison: ResultComparison, flags: CompareFlags, stoppedBy: StopSignal | null): Promise<ExitCode> {
  await writeComparison(comparison, flags);
  if (stoppedBy !== null) return codeOf(stoppedBy);
  if (!comparison.valid) return EXIT.invalidMeasurement;
  return flags.failOnRegression === true && comparison.comparisons.some(({ verdict }) => verdict === "worse") ? EXIT.regression : EXIT.done;
}

function codeOf(signal: StopSignal): ExitCode {
  return signal === "SIGTERM" ? EXIT.terminated : EXIT.interrupted;
}
