import { formatCount, formatMs } from "./units.ts";

/**
 * Arithmetic in sentences. Printed operands are rounded, and the result is computed from them as printed, so that a reader who checks the
 * sum gets the same.
 */

/** A figure as printed. */
export interface Term {
  readonly text: string;
  /** Value of the text: durations in seconds, rates per second. */
  readonly value: number;
}

const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  ns: 1e-9,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  min: 60,
};

/** A figure with the value of its printed text. */
function asPrinted(text: string, suffix = ""): Term {
  const [digits, unit = ""] = text.split(" ");
  return { text: text + suffix, value: Number(digits) * (FACTORS[unit] ?? Number.NaN) };
}

/** A term from milliseconds. */
export function durationTerm(ms: number): Term {
  return asPrinted(formatMs(ms));
}

export function countTerm(value: number, noun = ""): Term {
  return asPrinted(formatCount(value), noun === "" ? "" : ` ${noun}`);
}

export function rateTerm(value: number): Term {
  return asPrinted(formatCount(value), "/s");
}

/** A term from seconds. */
export function secondsTerm(value: number): Term {
  return durationTerm(value * 1000);
}

type Step = readonly [operator: "×" | "÷", term: Term];

/** `20 ÷ 30.0 ms is 667/s`: operands from left to right, `is`, then the value as a term made by `as`. */
export function equation(first: Term, steps: readonly Step[], as: (value: number) => Term, is = "="): string {
  const value = steps.reduce((so, [operator, term]) => (operator === "×" ? so * term.value : so / term.value), first.value);
  return `${[first.text, ...steps.map(([operator, { text }]) => `${operator} ${text}`)].join(" ")} ${is} ${as(value).text}`;
}
