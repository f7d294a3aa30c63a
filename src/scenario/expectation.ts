import { plainValue } from "../kernel/units.ts";
import { valueText } from "../telemetry/params.ts";

/**
 * What a scenario expects of its cases, as a comparison of two sums over their figures:
 *
 *     comparison = sum ("<" | "<=" | ">" | ">=" | "==" | "!=" | "~") sum      "~": within 10 % of the larger
 *     sum        = product { ("+" | "-") product }
 *     product    = factor { ("*" | "/") factor }
 *     factor     = "-" factor | "(" sum ")" | NUMBER | "machine.cores" | figure
 *     figure     = MODE [ "[" FIELD "=" VALUE { "," FIELD "=" VALUE } "]" ] "." NAME [ "." FIELD ]
 *
 * `sync.throughput`, `async.sojourn_ms.p(99)`, `parallel[load.rate=100].dropped.rate`. Figures without a point of the
 * sweep are of every point: the comparison has to hold at each.
 */

const COMPARISONS = ["<=", ">=", "==", "!=", "<", ">", "~"] as const;
export type Comparison = (typeof COMPARISONS)[number];

export interface Expectation {
  readonly left: Sum;
  readonly comparison: Comparison;
  readonly right: Sum;
}

export type Sum =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "cores" }
  | { readonly kind: "figure"; readonly figure: FigureReference }
  | { readonly kind: "negative"; readonly of: Sum }
  | { readonly kind: "group"; readonly of: Sum }
  | { readonly kind: "operation"; readonly operator: "+" | "-" | "*" | "/"; readonly left: Sum; readonly right: Sum };

/** A word of an expression and its offset, in characters from 0. */
export interface Word {
  readonly text: string;
  readonly at: number;
}

export interface FigureReference {
  readonly mode: Word;
  /** Point of the sweep: swept fields and their values, as written. */
  readonly point: readonly { readonly field: Word; readonly value: Word }[];
  readonly name: Word;
  /** "" if the name has none. */
  readonly field: Word;
}

/** The rule that an expression breaks, the offset, and the text there. */
export interface ExpressionProblem {
  readonly at: number;
  readonly rule: string;
  readonly got: string;
}

/** Longest expression, in characters. */
const LONGEST_EXPRESSION = 500;

/** Parses an expression. Never throws: any text results in an expectation or a problem. */
export function parseExpectation(text: string): Expectation | ExpressionProblem {
  if (text.length > LONGEST_EXPRESSION) {
    return { at: 0, rule: `must have at most ${LONGEST_EXPRESSION} characters`, got: `${text.length}` };
  }
  return new Parser(text).comparison();
}

export function isProblem<T extends object>(read: T | ExpressionProblem): read is ExpressionProblem {
  return "rule" in read;
}

/** The figures in an expectation, in order. */
export function figuresIn({ left, right }: Expectation): FigureReference[] {
  return [...figuresOf(left), ...figuresOf(right)];
}

function figuresOf(sum: Sum): FigureReference[] {
  switch (sum.kind) {
    case "figure":
      return [sum.figure];
    case "negative":
    case "group":
      return figuresOf(sum.of);
    case "operation":
      return [...figuresOf(sum.left), ...figuresOf(sum.right)];
    case "number":
    case "cores":
      return [];
    default:
      return sum satisfies never;
  }
}

const FACTOR_RULE = "must have a number, a figure such as sync.throughput, machine.cores or ( here";

/** A recursive-descent parser with one word of look-ahead. Stops at the first mistake. */
class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  comparison(): Expectation | ExpressionProblem {
    const left = this.sum();
    if (isProblem(left)) return left;
    const comparison = this.take(COMPARISONS);
    if (comparison === null) return this.problem(this.rest() === "" ? "must compare two sides, with < > <= >= == != or ~" : OPERATOR_RULE);
    const right = this.sum();
    if (isProblem(right)) return right;
    if (this.rest() === "") return { left, comparison, right };
    const again = COMPARISONS.some((sign) => this.rest().startsWith(sign));
    return this.problem(again ? "must have one comparison; another is an expectation of its own" : OPERATOR_RULE);
  }

  private sum(): Sum | ExpressionProblem {
    return this.chain(["+", "-"], () => this.product());
  }

  private product(): Sum | ExpressionProblem {
    return this.chain(["*", "/"], () => this.factor());
  }

  private chain<const O extends "+" | "-" | "*" | "/">(
    operators: readonly O[],
    part: () => Sum | ExpressionProblem,
  ): Sum | ExpressionProblem {
    let left = part();
    while (!isProblem(left)) {
      const operator = this.take(operators);
      if (operator === null) return left;
      const right = part();
      if (isProblem(right)) return right;
      left = { kind: "operation", operator, left, right };
    }
    return left;
  }

  private factor(): Sum | ExpressionProblem {
    if (this.take(["-"]) !== null) {
      const of = this.factor();
      return isProblem(of) ? of : { kind: "negative", of };
    }
    if (this.take(["("]) !== null) {
      const of = this.sum();
      if (isProblem(of)) return of;
      return this.take([")"]) === null ? this.problem("must close what it opens with )") : { kind: "group", of };
    }
    const number = this.match(/\d[\d_]*(?:\.\d+)?(?:e[-+]?\d+)?/iy);
    if (number !== null) return this.number(number);
    const mode = this.word();
    return mode === null ? this.problem(FACTOR_RULE) : this.figure(mode);
  }

  private number(word: Word): Sum | ExpressionProblem {
    const unit = this.touching(/[a-zµ%]+/iy);
    if (unit !== null) {
      const rule = "must be a plain number: times are in milliseconds, rates per second, shares from 0 to 1, memory in bytes";
      return { at: word.at, rule, got: word.text + unit };
    }
    const value = Number(word.text.replaceAll("_", ""));
    return Number.isFinite(value) ? { kind: "number", value } : { at: word.at, rule: "must be a finite number", got: word.text };
  }

  private figure(mode: Word): Sum | ExpressionProblem {
    const point = this.take(["["]) === null ? [] : this.point();
    if (!Array.isArray(point)) return point;
    if (this.take(["."]) === null) return this.problem("must name a figure of the mode, such as sync.throughput");
    const name = this.word();
    if (name === null) return this.problem("must name a figure after the point, such as throughput");
    if (mode.text === "machine" && name.text === "cores" && point.length === 0) return { kind: "cores" };
    const field = this.take(["."]) === null ? { text: "", at: name.at } : this.field();
    return isProblem(field) ? field : { kind: "figure", figure: { mode, point, name, field } };
  }

  private field(): Word | ExpressionProblem {
    const word = this.word();
    if (word === null) return this.problem("must name what of the figure is meant, such as avg or p(99)");
    if (this.take(["("]) === null) return word;
    const number = this.match(/\d+(?:\.\d+)?/y);
    if (number === null) return this.problem("must have a percentile in the brackets, such as p(99)");
    if (this.take([")"]) === null) return this.problem("must close what it opens with )");
    return { text: `${word.text}(${Number(number.text)})`, at: word.at };
  }

  /** The fields and values between [ and ]. */
  private point(): FigureReference["point"][number][] | ExpressionProblem {
    const point: FigureReference["point"][number][] = [];
    do {
      const field = this.match(/[A-Za-z_][\w.-]*/y);
      if (field === null) return this.problem("must name a swept field, such as [load.rate=100]");
      if (this.take(["="]) === null) return this.problem("must have = and a value after the swept field, such as [load.rate=100]");
      const value = this.value();
      if (value === null) return this.problem("must have a swept value after =, such as [load.rate=100]");
      point.push({ field, value });
    } while (this.take([","]) !== null);
    return this.take(["]"]) === null ? this.problem("must close the point of the sweep with ]") : point;
  }

  /** A swept value as written in the file: up to a comma or ] outside brackets of its own. */
  private value(): Word | null {
    this.skip();
    const from = this.at;
    let open = 0;
    for (; this.at < this.text.length; this.at++) {
      const char = this.text[this.at] ?? "";
      if (open === 0 && (char === "," || char === "]")) break;
      if (char === "{" || char === "[") open++;
      if (char === "}" || char === "]") open--;
    }
    const text = this.text.slice(from, this.at).trim();
    return text === "" ? null : { text, at: from };
  }

  private word(): Word | null {
    return this.match(/[A-Za-z_]\w*/y);
  }

  private match(pattern: RegExp): Word | null {
    this.skip();
    const at = this.at;
    const text = this.touching(pattern);
    return text === null ? null : { text, at };
  }

  /** The same, without skipping space. */
  private touching(pattern: RegExp): string | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? null;
    this.at += found?.length ?? 0;
    return found;
  }

  private take<const S extends string>(signs: readonly S[]): S | null {
    this.skip();
    const found = signs.find((sign) => this.text.startsWith(sign, this.at)) ?? null;
    this.at += found?.length ?? 0;
    return found;
  }

  private skip(): void {
    while (/\s/.test(this.text[this.at] ?? "")) this.at++;
  }

  private rest(): string {
    this.skip();
    return this.text.slice(this.at);
  }

  private problem(rule: string): ExpressionProblem {
    const rest = this.rest();
    return { at: this.at, rule, got: rest === "" ? "the end" : (/^(?:\w+|\W)/.exec(rest)?.[0] ?? rest) };
  }
}

const OPERATOR_RULE = "must have + - * / or a comparison (< > <= >= == != ~) here";

/** True if a swept value equals the written one: `10_000` is 10000, 1ms is 1000us. */
export function isSweptValue(value: unknown, written: string): boolean {
  return written === valueText(value) || plainValue(written) === plainValue(value) || sameJson(value, written);
}

function sameJson(value: unknown, written: string): boolean {
  try {
    return JSON.stringify(JSON.parse(written)) === JSON.stringify(value);
  } catch {
    return false;
  }
}
