import { printable } from "../../kernel/text.ts";
import type { HypothesisResult, RunResult } from "../../telemetry/result.ts";

/** What a scenario is for, and what came of what it expected. */

/** Longest text of a scenario that is shown, in characters: as long as a file may have it. */
const WHOLE = 4000;

/** A text of several lines in one, with nothing in it that a terminal would act on. */
export function oneLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, " ").trim(), WHOLE);
}

export interface Intent {
  readonly description?: string | undefined;
  readonly hypothesis?: string | undefined;
}

/** What it explores and what it expects to be seen, a paragraph each. */
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

/** By what it was judged, or why it was not. */
export function verdictGrounds({ ok, reading, why }: HypothesisResult): string {
  return printable(ok === null ? (why ?? "") : reading, WHOLE);
}

/** Each expectation with its verdict and, below it, the figures that bear it. */
export function hypothesisLines({ hypotheses = [] }: RunResult): string[] {
  return hypotheses.flatMap((one) => {
    const { sentence, that } = one;
    const said = sentence === that ? printable(that, 500) : oneLine(sentence);
    return [`${verdictHead(one)}: ${said}`, `    ${verdictGrounds(one)}`];
  });
}
