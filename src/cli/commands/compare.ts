import {
  type ChangeMargin,
  compareResults,
  DEFAULT_MARGIN,
  differencesOf,
  type NamedResult,
  type ResultComparison,
} from "../../analysis/compare.ts";
import { EXIT, type ExitCode } from "../../kernel/exit.ts";
import { UserError } from "../../kernel/problem.ts";
import { printable, quoted, safeJson } from "../../kernel/text.ts";
import { sentenceCase } from "../../kernel/wording.ts";
import { scenarioFiles, scenarioName } from "../../scenario/find.ts";
import { changeTable } from "../../views/export/comparison.ts";
import { figuresAsked } from "../asked-figures.ts";
import { shareOf } from "../flags.ts";
import { keptResult } from "../kept-result.ts";

export interface CompareFlags {
  readonly json?: boolean;
  readonly metrics?: string;
  readonly margin?: string;
  readonly anyway?: boolean;
  readonly failOnRegression?: boolean;
  readonly format?: string;
  readonly rounds?: string;
  readonly with?: readonly string[];
  readonly selfCheck?: boolean;
}

/** `lab-tui compare A B`: prints what changed between two results. */
export function compareRuns(a: string, b: string | undefined, flags: CompareFlags): ExitCode {
  refuseLater(flags);
  if (b === undefined) throw new UserError("compare: B is missing; two runs or result files are needed");
  const figures = figuresAsked(flags.metrics);
  const margin = marginAsked(flags.margin);
  const [first, second] = [namedResult(a), namedResult(b)];
  const differences = differencesOf(first.result, second.result);
  if (differences.length > 0 && flags.anyway !== true) {
    const told = differences.map((one) => sentenceCase(printable(one, 400)));
    throw new UserError(`${told.join("\n")}\ncompare: what differs may be the reason for any change; --anyway compares all the same`);
  }
  const compared = compareResults(first, second, figures, margin);
  if (compared.comparisons.length === 0) throw new UserError("compare: A and B have no case in common");
  const comparison = { ...compared, notes: [...differences, ...compared.notes] };
  process.stdout.write(flags.json === true ? `${safeJson(comparison, 2)}\n` : changeTable(comparison));
  return exitOf(comparison, flags);
}

function exitOf({ valid, comparisons }: ResultComparison, { failOnRegression = false }: CompareFlags): ExitCode {
  if (!valid) return EXIT.invalidMeasurement;
  return failOnRegression && comparisons.some(({ verdict }) => verdict === "worse") ? EXIT.regression : EXIT.done;
}

/** Flags whose feature is not there yet. */
const LATER = { format: "--format", rounds: "--rounds", with: "--with", selfCheck: "--self-check" } as const;

function refuseLater(flags: CompareFlags): void {
  for (const [flag, name] of Object.entries(LATER) as [keyof typeof LATER, string][]) {
    if (flags[flag] !== undefined) throw new UserError(`compare: ${name} is not available in this version`);
  }
}

function namedResult(name: string): NamedResult {
  try {
    return { name, result: keptResult(name) };
  } catch (error) {
    throw error instanceof UserError && isScenario(name)
      ? new UserError(
          `compare: ${quoted(name)} is a scenario; running scenarios is not available in this version: run it, then compare the runs`,
        )
      : error;
  }
}

function isScenario(name: string): boolean {
  return /\.ya?ml$/i.test(name) || scenarioFiles().some((file) => scenarioName(file) === name);
}

function marginAsked(text: string | undefined): ChangeMargin {
  return text === undefined ? DEFAULT_MARGIN : { margin: shareOf("--margin", text), marginFrom: "flag" };
}
