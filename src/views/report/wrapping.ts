/**
 * Breaks a sentence at spaces, never between a number and its unit; tables and short lines stay as they are. `hang`: prefix of further
 * lines, after the indentation of the first.
 */
export function wrappedText(line: string, columns: number, hang = "  "): string {
  if (Bun.stringWidth(line) <= columns || line.includes("\u001b") || line.includes("──") || / {3}/.test(line.trimStart())) return line;
  const indent = /^ */.exec(line)?.[0] ?? "";
  let column = 0;
  const words = line
    .slice(indent.length)
    .split(/ (?![kMG%]|ms\b|s\b|µs\b|min\b)/)
    .map((word) => {
      const width = Bun.stringWidth(word);
      const fits = column === 0 || column + 1 + width <= columns - indent.length;
      const before = column === 0 ? "" : fits ? " " : `\n${indent}${hang}`;
      column = fits ? column + (column === 0 ? 0 : 1) + width : hang.length + width;
      return before + word;
    })
    .join("");
  return indent + words;
}
