/** Deepest nesting a file of the lab may have. */
export const MAX_NESTING = 64;

/**
 * Line (from 1) and column at which a YAML text nests deeper than `limit`, or null. One pass without recursion, to be
 * asked before a parser that recurses. Counts flow brackets outside quotes and comments, indentation steps and `- - -`.
 */
export function nestsDeeperThan(text: string, limit = MAX_NESTING): { line: number; column: number } | null {
  let flow = 0;
  let line = 1;
  let lineStart = 0;
  let quote = "";
  const indents: number[] = [];
  if (blockDepth(text, 0, indents) > limit) return { line, column: 1 };
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? "";
    if (c === "\n") {
      line++;
      lineStart = i + 1;
      if (flow === 0 && quote === "") {
        const deep = blockDepth(text, lineStart, indents);
        if (deep > limit) return { line, column: 1 };
      }
      continue;
    }
    if (quote !== "") {
      if (c === "\\" && quote === '"') i++;
      else if (c === quote) quote = "";
      continue;
    }
    const before = text[i - 1] ?? "\n";
    if ((c === '"' || c === "'") && /[\s[{,:]/.test(before)) quote = c;
    else if (c === "#" && /\s/.test(before)) i = skipLine(text, i);
    else if (c === "[" || c === "{") flow++;
    else if (c === "]" || c === "}") flow = Math.max(0, flow - 1);
    if (flow > limit) return { line, column: i - lineStart + 1 };
  }
  return null;
}

function skipLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end - 1;
}

/** Depth of the block structure at the line starting at `start`; `indents` is the stack of open indentations. */
function blockDepth(text: string, start: number, indents: number[]): number {
  let i = start;
  let dashes = 0;
  while (text[i] === " " || (text[i] === "-" && text[i + 1] === " ") || (text[i] === "?" && text[i + 1] === " ")) {
    if (text[i] !== " ") dashes++;
    i++;
  }
  const indent = i - start;
  if (text[i] === "\n" || text[i] === undefined || text[i] === "#") return 0;
  while (indents.length > 0 && (indents.at(-1) ?? 0) >= indent) indents.pop();
  indents.push(indent);
  return indents.length + Math.max(0, dashes - 1);
}
