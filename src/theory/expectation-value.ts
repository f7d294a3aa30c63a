import type { Comparison, FigureReference, Sum } from "../scenario/expectation.ts";

/** What an expectation's sums come to. */

/** A number, or why there is none. */
export type Value = number | { readonly why: string };

/** What the words of a sum stand for. */
export interface Told {
  readonly figure: (figure: FigureReference) => Value;
  /** Of the machine. */
  readonly cores: number;
}

/** How near two figures have to be for `~`, as a share of the larger. */
const ABOUT = 0.1;

/** `sojourn_ms.avg`: a figure without its mode. */
export function plainName({ name, field }: FigureReference): string {
  return field.text === "" ? name.text : `${name.text}.${field.text}`;
}

export function evaluate(sum: Sum, told: Told): Value {
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

/** A side with its figures put in, and what it comes to where that is not to be seen. */
export function sideText(sum: Sum, told: Told): string {
  const text = sumText(sum, told);
  if (sum.kind === "number" || sum.kind === "figure" || sum.kind === "cores") return text;
  const value = evaluate(sum, told);
  return typeof value === "number" ? `${text} = ${shown(value)}` : text;
}

function sumText(sum: Sum, told: Told): string {
  switch (sum.kind) {
    case "number":
      return String(sum.value);
    case "cores":
      return `machine.cores (${told.cores})`;
    case "figure": {
      const { mode, point } = sum.figure;
      const value = told.figure(sum.figure);
      const at = point.length === 0 ? "" : `[${point.map(({ field, value: fixed }) => `${field.text}=${fixed.text}`).join(", ")}]`;
      return `${mode.text}${at}.${plainName(sum.figure)} (${typeof value === "number" ? shown(value) : "?"})`;
    }
    case "group":
      return `(${sumText(sum.of, told)})`;
    case "negative":
      return `-${sumText(sum.of, told)}`;
    case "operation":
      return `${sumText(sum.left, told)} ${sum.operator} ${sumText(sum.right, told)}`;
    default:
      return sum satisfies never;
  }
}

/** Four digits: enough to see why a comparison holds or not. */
function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}
