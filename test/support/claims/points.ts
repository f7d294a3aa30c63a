import type { CaseResult } from "../../../src/telemetry/result.ts";

/** Points of a sweep that a text names. */

export type Cases = readonly CaseResult[];

export const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** The cases that a label names: a mode, and values of fields. */
export function labelled(label: string, cases: Cases): Cases {
  const [mode, ...fields] = label.split(", ");
  return cases.filter(
    (one) =>
      one.mode === mode && fields.every((field) => Object.entries(one.params).some(([name, value]) => field === `${name} ${text(value)}`)),
  );
}

/**
 * The cases of a list in words: clauses with ";" between them, each with a value, several values ("10, 100 and 500"), a range of the
 * sweep ("10 to 500") or "any" of each thing by which they differ. null: what it says cannot be read.
 */
export function named(list: string, cases: Cases): CaseResult[] | null {
  const clauses = list.split("; ").map((clause) => constraintsOf(clause, cases));
  if (clauses.includes(null)) return null;
  return cases.filter((one) => clauses.some((clause) => clause?.every((holds) => holds(one))));
}

type Constraint = (one: CaseResult) => boolean;

function constraintsOf(clause: string, cases: Cases): Constraint[] | null {
  const modes = [...new Set(cases.map(({ mode }) => mode))];
  const fields = Object.keys(cases[0]?.params ?? {});
  const names = fields.map((field) => field.replaceAll(".", "\\.")).join("|") || "(?!)";
  const holds: Constraint[] = [];
  const left = clause
    .replaceAll(new RegExp(`any (${names}|mode)\\b`, "g"), "any")
    .replaceAll(
      new RegExp(`\\b(${names}) (.+?)(?=(?:, |; | with | and )(?:any\\b|${names})|$)`, "g"),
      (_, field: string, values: string) => {
        const order = [...new Set(cases.map(({ params }) => text(params[field])))];
        const these = valuesOf(values, order);
        holds.push(({ params }) => these.includes(text(params[field]) ?? ""));
        return these.every((value) => order.includes(value)) ? "" : "?";
      },
    );
  const words = left.split(/, | and | with |,/).filter((word) => word.trim() !== "" && word !== "any");
  if (words.length > 0) holds.push(({ mode }) => words.includes(mode));
  return words.every((word) => modes.includes(word)) ? holds : null;
}

function valuesOf(list: string, order: readonly (string | undefined)[]): string[] {
  const range = /^(.+) to (.+)$/.exec(list);
  if (range === null) return list.split(/, | and /);
  const [from, to] = [order.indexOf(range[1]), order.indexOf(range[2])];
  return order.slice(from, to + 1).map((value) => value ?? "");
}
