/**
 * Whatever comes from outside may hold escape sequences, control characters and bidirectional overrides. What is drawn
 * goes through here first, so that only the lab's own escape sequences reach the terminal.
 */

// C0 and C1 controls, line and paragraph separators, zero-width and bidirectional formatting, byte-order mark, lone surrogates.
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const NAMES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u001b": "\\x1b" };

/** The text with everything a terminal would act on written out as an escape, cut to `limit` characters. */
export function printable(text: string, limit = 200): string {
  const shown = text.length > limit * 4 ? text.slice(0, limit * 4) : text;
  const safe = shown.replace(UNSAFE, (c) => NAMES[c] ?? escapeCode(c.charCodeAt(0)));
  return safe.length > limit || shown.length < text.length ? `${safe.slice(0, limit - 1)}…` : safe;
}

function escapeCode(code: number): string {
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** JSON whose strings hold nothing a terminal would act on: such characters are written as \\u escapes. */
export function safeJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(UNSAFE, (c) =>
    c === "\n" ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A value as it stood in a file, short enough for a message: strings in quotes, the rest as JSON. */
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
