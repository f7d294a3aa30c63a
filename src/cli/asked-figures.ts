import { type ComparedFigure, figureOf, HEADLINE_FIGURES } from "../analysis/figures.ts";
import { UserError } from "../kernel/problem.ts";
import { suggestion } from "../kernel/spelling.ts";
import { quoted } from "../kernel/text.ts";

/** The figures that --metrics names, with commas; the headline figures where it is not given. */
export function figuresAsked(names: string | undefined): ComparedFigure[] {
  const asked = names === undefined ? HEADLINE_FIGURES : [...new Set(names.split(",").map((name) => name.trim()))];
  return asked.map((name) => {
    const figure = figureOf(name);
    if (figure !== null) return figure;
    throw new UserError(`--metrics: no figure ${quoted(name)} can be compared${suggestion(name, HEADLINE_FIGURES)}`);
  });
}
