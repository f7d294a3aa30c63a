import type { Comparison, Expectation, FigureReference, Sum } from "../scenario/expectation.ts";

/** Values of an expectation's expressions. */

/** A number, or why there is none. */
export type Value = number | { readonly why: string };

/** Values of the figures in an expression. */
export interface KnownFigures {
  readonly figure: (figure: FigureReference) => Value;
  /** Cores of the machine. */
  readonly cores: number;
}

/** Relative difference of two figures up to which `~` holds, as a share of the larger. */
const ABOUT = 0.1;

/** `sojourn_ms.avg`: a figure without its mode. */
export function plainName({ name, field }: FigureReference): string {
  return field.text === "" ? name.text : `${name.text}.${field.text}`;
}

export function evaluate(sum: Sum, told: KnownFigures): Value {
  switch (sum.kind) {
    case "number":
      return sum.value;
    case "cores":
      return told.cores;
    case "figure":
      return told.figure(sum.figure);
    case "group":
      return evaluate(sum.of, told);
    case "negative": {
      const value = evaluate(sum.of, told);
      return typeof value === "number" ? -value : value;
    }
    case "operation": {
      const left = evaluate(sum.left, told);
      if (typeof left !== "number") return left;
      const right = evaluate(sum.right, told);
      return typeof right === "number" ? operate(left, sum.operator, right) : right;
    }
    default:
      return sum satisfies never;
  }
}

function operate(left: number, operator: "+" | "-" | "*" | "/", right: number): Value {
  if (operator === "/" && right === 0) return { why: "it divides by 0" };
  const value = { "+": left + right, "-": left - right, "*": left * right, "/": left / right }[operator];
  return Number.isFinite(value) ? value : { why: "it comes to no finite number" };
}

export function compare(left: number, comparison: Comparison, right: number): boolean {
  switch (comparison) {
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "~":
      return Math.abs(left - right) <= ABOUT * Math.max(Math.abs(left), Math.abs(right));
    default:
      return comparison satisfies never;
  }
}

/** Bounds of a number. */
export interface FigureRange {
  readonly least: number;
  readonly most: number;
}

/** Most figures with a range in one comparison: each doubles the combinations. */
const MOST_RANGES = 8;

/**
 * True when a comparison comes out the same wherever its figures lie in their ranges. Sums of products are monotone in each figure, so
 * the combinations of the ranges' ends decide.
 */
export function isSettled(
  { left, comparison, right }: Expectation,
  told: KnownFigures,
  ranges: ReadonlyMap<FigureReference, FigureRange>,
): boolean {
  const ranged = [...ranges];
  if (ranged.length > MOST_RANGES) return false;
  const seen = new Set<string>();
  for (let corner = 0; corner < 2 ** ranged.length; corner++) {
    const ends = new Map(ranged.map(([figure, { least, most }], i) => [figure, (corner >> i) & 1 ? most : least]));
    const at: KnownFigures = { ...told, figure: (figure) => ends.get(figure) ?? told.figure(figure) };
    const [a, b] = [evaluate(left, at), evaluate(right, at)];
    if (typeof a !== "number" || typeof b !== "number") return false;
    const holds = compare(a, comparison, b);
    // Between two ends on either side the sides are equal somewhere, which `~` allows for and others do not.
    seen.add(comparison === "~" && holds ? "near" : `${holds} ${EQUALITIES.has(comparison) ? Math.sign(a - b) : ""}`);
  }
  return seen.size === 1;
}

/** Comparisons that hold, or not, at one distance only: being on different sides of it says nothing of what lies between. */
const EQUALITIES: ReadonlySet<Comparison> = new Set(["==", "!=", "~"]);

/** Both sides with their figures, and each side's value where that is not obvious; with as many digits as the comparison needs. */
export function comparisonText(left: Sum, comparison: Comparison, right: Sum, told: KnownFigures): string {
  const [a, b] = [evaluate(left, told), evaluate(right, told)];
  const digits = typeof a === "number" && typeof b === "number" ? digitsFor(a, comparison, b) : FEW_DIGITS;
  return `${sideText(left, told, digits)} ${comparison} ${sideText(right, told, digits)}`;
}

/** Enough digits to distinguish most figures. */
const FEW_DIGITS = 4;
/** All digits of a number. */
const ALL_DIGITS = 17;

/** Number of digits with which the rounded numbers compare like the exact ones. */
function digitsFor(left: number, comparison: Comparison, right: number): number {
  const holds = compare(left, comparison, right);
  let digits = FEW_DIGITS;
  while (digits < ALL_DIGITS && compare(rounded(left, digits), comparison, rounded(right, digits)) !== holds) digits++;
  return digits;
}

function sideText(sum: Sum, told: KnownFigures, digits: number): string {
  const text = sumText(sum, told, digits);
  if (sum.kind === "number" || sum.kind === "figure" || sum.kind === "cores") return text;
  const value = evaluate(sum, told);
  return typeof value === "number" ? `${text} = ${rounded(value, digits)}` : text;
}

function sumText(sum: Sum, told: KnownFigures, digits: number): string {
  switch (sum.kind) {
    case "number":
      return String(sum.value);
    case "cores":
      return `machine.cores (${told.cores})`;
    case "figure": {
      const { mode, point } = sum.figure;
      const value = told.figure(sum.figure);
      const at = point.length === 0 ? "" : `[${point.map(({ field, value: fixed }) => `${field.text}=${fixed.text}`).join(", ")}]`;
      return `${mode.text}${at}.${plainName(sum.figure)} (${typeof value === "number" ? rounded(value, digits) : "?"})`;
    }
    case "group":
      return `(${sumText(sum.of, told, digits)})`;
    case "negative":
      return `-${sumText(sum.of, told, digits)}`;
    case "operation":
      return `${sumText(sum.left, told, digits)} ${sum.operator} ${sumText(sum.right, told, digits)}`;
    default:
      return sum satisfies never;
  }
}

function rounded(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}
