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
    if ((c === '"' || c === "'") && beginsToken(text, lineStart, i)) quote = c;
    else if (c === "#" && /\s/.test(before)) i = skipLine(text, i);
    else if ((c === "|" || c === ">") && flow === 0 && beginsToken(text, lineStart, i) && BLOCK_SCALAR.test(lineFrom(text, i))) {
      const end = endOfBlockScalar(text, lineStart, i);
      line += text.slice(i, end).split("\n").length - 1;
      i = end - 1;
      lineStart = text.lastIndexOf("\n", i) + 1;
    } else if (c === "[" || c === "{") flow++;
    else if (c === "]" || c === "}") flow = Math.max(0, flow - 1);
    if (flow > limit) return { line, column: i - lineStart + 1 };
  }
  return null;
}

const BLOCK_SCALAR = /^[|>][-+0-9]*[ \t]*(#.*)?$/;

/** A quote or block sign means something only where a value may begin. */
function beginsToken(text: string, lineStart: number, at: number): boolean {
  const before = text.slice(lineStart, at).trimEnd();
  return before === "" || /[[{,:?-]$/.test(before);
}

function lineFrom(text: string, at: number): string {
  const end = text.indexOf("\n", at);
  return text.slice(at, end === -1 ? text.length : end).replace(/\r$/, "");
}

/** Where the line break before the first line that is no part of the block scalar stands. */
function endOfBlockScalar(text: string, lineStart: number, at: number): number {
  const indent = /^ */.exec(text.slice(lineStart, at))?.[0].length ?? 0;
  let end = text.indexOf("\n", at);
  while (end !== -1) {
    const next = lineFrom(text, end + 1);
    if (next.trim() !== "" && (/^ */.exec(next)?.[0].length ?? 0) <= indent) return end;
    if (end + 1 >= text.length) break;
    end = text.indexOf("\n", end + 1);
  }
  return text.length;
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
