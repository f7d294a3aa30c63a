import { printable } from "../../kernel/text.ts";

const SIGNS: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text between tags or in a quoted attribute, of XML or HTML: markup as references. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => SIGNS[sign] ?? sign);
}

// Extensible Markup Language 1.0, production 2: Char.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

const WHOLE = 10_000;

/** Text from outside on one line: without what XML 1.0 forbids, and with what a terminal would act on written as an escape. */
export function foreign(text: string): string {
  return escaped(printable(text.replace(FORBIDDEN, ""), WHOLE));
}

/** Attributes by name, each after a space; those without a value are left out. */
export function attributes(values: Readonly<Record<string, string | number | null>>): string {
  return Object.entries(values)
    .map(([name, value]) => (value === null ? "" : ` ${name}="${typeof value === "number" ? value : foreign(value)}"`))
    .join("");
}
