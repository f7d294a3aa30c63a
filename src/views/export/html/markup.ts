import { foreign } from "../xml.ts";

/** A piece of HTML. */
export class Markup {
  constructor(readonly text: string) {}
}

type Value = Markup | readonly Value[] | string | number | null;

/** HTML from a template: text between the parts is escaped, pieces of HTML are kept, null is nothing. */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(parts.map((part, i) => part + textOf(values[i] ?? null)).join(""));
}

function textOf(value: Value): string {
  if (value === null) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map(textOf).join("");
  return typeof value === "number" ? String(value) : foreign(value);
}

type Cell = string | Markup;

/** A table of figures, each row headed by its first cell. Wide ones scroll. */
export function table(caption: string, heading: readonly string[], rows: readonly (readonly Cell[])[]): Markup {
  return tableOf("figures", caption, heading, rows, (cell) => html`<td>${cell}</td>`);
}

/** A table of sentences, which wrap; on narrow screens the cells of a row stand below each other, each after its heading. */
export function sentenceTable(caption: string, heading: readonly string[], rows: readonly (readonly Cell[])[]): Markup {
  return tableOf("texts", caption, heading, rows, (cell, title) => html`<td data-title="${title}">${cell}</td>`);
}

function tableOf(
  kind: string,
  caption: string,
  heading: readonly string[],
  rows: readonly (readonly Cell[])[],
  cellOf: (cell: Cell, title: string) => Markup,
): Markup {
  const line = ([first = "", ...others]: readonly Cell[]) =>
    html`<tr><th scope="row">${first}</th>${others.map((cell, i) => cellOf(cell, heading[i + 1] ?? ""))}</tr>\n`;
  return html`<div class="wide" tabindex="0"><table class="${kind}"><caption>${caption}</caption>
<thead><tr>${heading.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>
${rows.map(line)}</tbody></table></div>\n`;
}

export function section(title: string, ...content: readonly Value[]): Markup {
  return html`<section><h2>${title}</h2>\n${content}</section>\n`;
}

export function items(texts: readonly (string | Markup)[]): Markup | null {
  return texts.length === 0 ? null : html`<ul>${texts.map((text) => html`<li>${text}</li>\n`)}</ul>\n`;
}

/** Content that is shown on demand, without a script. */
export function details(summary: string, content: Value): Markup {
  return html`<details><summary>${summary}</summary>\n${content}</details>\n`;
}
