import { printable } from "../../kernel/text.ts";
import type { HypothesisResult, RunResult } from "../../telemetry/result.ts";

/** The purpose of a scenario, and the outcome of its expectations. */

/** Longest text of a scenario that is shown, in characters: the longest allowed in a file. */
const WHOLE = 4000;

/** A text of several lines in one, without anything that a terminal would act on. */
export function oneLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, " ").trim(), WHOLE);
}

export interface Intent {
  readonly description?: string | undefined;
  readonly hypothesis?: string | undefined;
}

/** Description and hypothesis, a paragraph each. */
export function intentLines({ description, hypothesis }: Intent): string[] {
  return [
    ...(description === undefined ? [] : [oneLine(description)]),
    ...(hypothesis === undefined ? [] : [`Hypothesis: ${oneLine(hypothesis)}`]),
  ];
}

/** The verdict on an expectation in two words and a sign. */
export function verdictHead({ ok }: HypothesisResult): string {
  if (ok === null) return "? cannot tell";
  return ok ? "✓ held" : "✗ did not hold";
}

/** The figures of the verdict, or why there is none. */
export function verdictGrounds({ ok, reading, why }: HypothesisResult): string {
  return printable(ok === null ? (why ?? "") : reading, WHOLE);
}

/** Each expectation with its verdict and, below it, its figures. */
export function hypothesisLines({ hypotheses = [] }: RunResult): string[] {
  return hypotheses.flatMap((one) => {
    const { sentence, that } = one;
    const said = sentence === that ? printable(that, 500) : oneLine(sentence);
    return [`${verdictHead(one)}: ${said}`, `    ${verdictGrounds(one)}`];
  });
}
