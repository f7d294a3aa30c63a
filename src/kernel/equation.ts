import { formatCount, formatMs } from "./units.ts";

/**
 * Arithmetic in sentences. What is printed is rounded; the result is worked out from the operands as they are printed, so that
 * whoever does the sum from the page gets what the page says.
 */

/** A figure as printed. */
export interface Term {
  readonly text: string;
  /** What the text says, durations in seconds, rates per second. */
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

/** A figure with the value that its text has. */
function asPrinted(text: string, suffix = ""): Term {
  const [digits, unit = ""] = text.split(" ");
  return { text: text + suffix, value: Number(digits) * (FACTORS[unit] ?? Number.NaN) };
}

/** Of milliseconds. */
export function duration(ms: number): Term {
  return asPrinted(formatMs(ms));
}

export function count(value: number, noun = ""): Term {
  return asPrinted(formatCount(value), noun === "" ? "" : ` ${noun}`);
}

export function perSecond(value: number): Term {
  return asPrinted(formatCount(value), "/s");
}

/** A duration worked out from terms, which hold seconds. */
export function seconds(value: number): Term {
  return duration(value * 1000);
}

type Step = readonly [operator: "×" | "÷", term: Term];

/** `20 ÷ 30.0 ms is 667/s`: operands from left to right, then what `as` makes of their value, behind `is`. */
export function equation(first: Term, steps: readonly Step[], as: (value: number) => Term, is = "="): string {
  const value = steps.reduce((so, [operator, term]) => (operator === "×" ? so * term.value : so / term.value), first.value);
  return `${[first.text, ...steps.map(([operator, { text }]) => `${operator} ${text}`)].join(" ")} ${is} ${as(value).text}`;
}
