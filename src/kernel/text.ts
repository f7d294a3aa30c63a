/**
 * Text from outside may hold escape sequences, control characters and bidirectional overrides. Whatever is drawn passes through here first,
 * so that only the lab's own escape sequences reach the terminal.
 */

// C0 and C1 controls, line and paragraph separators, zero-width and bidirectional formatting, byte-order mark, lone surrogates.
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const NAMES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u001b": "\\x1b" };

/** Most code units for each column: a limit on what takes no column, such as accents stacked on one letter. */
const UNITS_PER_COLUMN = 8;

/** The text with everything that a terminal would act on written as an escape, cut to `limit` columns. */
export function printable(text: string, limit = 200): string {
  const most = limit * UNITS_PER_COLUMN;
  const shown = text.length > most ? text.slice(0, most + 1) : text;
  return cutTo(
    shown.replace(UNSAFE, (c) => NAMES[c] ?? escapeCode(c.charCodeAt(0))),
    limit,
  );
}

const CHARACTERS = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/**
 * Text in which each UTF-16 unit is one character of one column: ASCII, Latin letters, punctuation, arrows, mathematical signs, lines,
 * blocks, Braille. Most text drawn is of this kind, and segmenting and measuring other text costs a hundred times as much.
 */
const PLAIN =
  /^[ -~\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u2070-\u20a0\u2190-\u2199\u2200-\u22ff\u2500-\u25fc\u2605\u2713-\u2717\u2800-\u28ff]*$/;
/** Combining marks and letters that take a column of their own in some terminals and none in others. */
const SPACING = /[\p{Mc}\u1160-\u11ff\ud7b0-\ud7ff]/gu;
const SEEN = /[\p{L}\p{N}\p{P}\p{S}]/u;

/**
 * The text, or as much of its beginning as fits into `columns` terminal columns, followed by an ellipsis. What is one character to a reader
 * (an emoji, a letter with its accents, a flag) stays or goes whole: Unicode Standard Annex #29, extended grapheme clusters.
 */
export function cutTo(text: string, columns: number): string {
  if (PLAIN.test(text)) return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`.slice(0, columns);
  let taken = 0;
  let width = 0;
  for (const { segment, index } of CHARACTERS.segment(text)) {
    width += mostColumns(segment);
    const end = index + segment.length;
    if (width > columns || end > columns * UNITS_PER_COLUMN) return columns > 0 ? `${text.slice(0, taken)}…` : "";
    if (width < columns) taken = end;
  }
  return text;
}

/** True for text in which each UTF-16 unit is one character of one column. */
export function isSingleWidth(text: string): boolean {
  return PLAIN.test(text);
}

/** Where Bun is not, every character counts as one column: only messages of errors are cut there. */
const stringWidth = process.versions.bun === undefined ? (text: string) => [...text].length : Bun.stringWidth;

/** Width of a text in columns. */
export function columnsOf(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** Columns of one character in the terminal that gives it most. */
function mostColumns(character: string): number {
  const width = stringWidth(character) + (character.match(SPACING)?.length ?? 0);
  return width === 0 && SEEN.test(character) ? 1 : width;
}

/** The text, padded on the left to a number of columns. */
export function padLeft(text: string, columns: number): string {
  return " ".repeat(Math.max(0, columns - stringWidth(text))) + text;
}

function escapeCode(code: number): string {
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** JSON whose strings hold nothing that a terminal would act on: such characters are written as \\u escapes. */
export function safeJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(UNSAFE, (c) =>
    c === "\n" ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A value as it stood in a file, cut for a message: strings in quotes, the rest as JSON. */
export function quoted(value: unknown, limit = 60): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    text = String(value);
  }
  return printable(text, limit);
}
