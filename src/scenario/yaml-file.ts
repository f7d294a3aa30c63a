import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  visit,
  type YAMLParseError,
} from "yaml";
import type { Path } from "../kernel/plain-value.ts";

/** Line and column, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Limit of nested brackets, and of nested indentation. */
export const MAX_NESTING = 64;

/** The merge key of YAML 1.1. */
export const MERGE_KEY = "<<";

/** A violation of YAML, or of the limits set here, with its place. */
export type YamlFault = { readonly at: Place } & (
  | { readonly kind: "binary" }
  | { readonly kind: "nesting" }
  /** `line`: the whole line; `rest`: its text from the mistake on. */
  | { readonly kind: "syntax"; readonly rule: string; readonly line: string; readonly rest: string }
  | { readonly kind: "second-document" }
  /** `path`: that of the key; empty if unknown. */
  | { readonly kind: "repeated-key"; readonly path: Path; readonly value: unknown }
  | { readonly kind: "merge-key"; readonly path: Path; readonly merged: string }
  | { readonly kind: "unresolved-alias"; readonly alias: string }
  | { readonly kind: "local-tag"; readonly tag: string }
  | { readonly kind: "endless-aliases"; readonly why: string }
  | { readonly kind: "unreadable"; readonly why: string }
);

const BEGINNING: Place = { line: 1, column: 1 };

/** True for faults that leave all values readable. */
function isMild({ kind }: YamlFault): boolean {
  return kind === "repeated-key" || kind === "merge-key";
}

/** A YAML text as plain values with their places. Immutable. */
export class YamlFile {
  /** True if the values are readable in spite of the faults, and so can be checked. */
  readonly checkable: boolean;

  private constructor(
    readonly file: string,
    private readonly text: string,
    private readonly document: Document | null,
    private readonly lines: LineCounter,
    /** Violations of YAML. */
    readonly faults: readonly YamlFault[],
    /** The plain value; undefined if faults make it unreadable. Must not be modified. */
    readonly value: unknown,
  ) {
    this.checkable = faults.every(isMild);
  }

  /** Parses a text. `file`: its name in problems. Never throws: mistakes are listed as faults. */
  static parse(file: string, text: string): YamlFile {
    const lines = new LineCounter();
    const faulty = (fault: YamlFault) => new YamlFile(file, text, null, lines, [fault], undefined);
    if (text.includes("\u0000")) return faulty({ kind: "binary", at: BEGINNING });
    try {
      const read = compose(text, lines);
      if ("kind" in read) return faulty(read);
      const { document } = read;
      const faults = [...read.faults, ...mergeKeys(document, lines), ...unresolvedAliases(document, lines), ...localTags(document, lines)];
      if (!faults.every(isMild)) return new YamlFile(file, text, document, lines, faults, undefined);
      const plain = plainValue(document);
      if ("kind" in plain) return new YamlFile(file, text, document, lines, [...faults, plain], undefined);
      return new YamlFile(file, text, document, lines, faults, plain.value);
    } catch (error) {
      return faulty({ kind: "unreadable", at: BEGINNING, why: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Place of the value at the path, or of the nearest value around it if it is missing. */
  placeOf(path: Path): Place {
    for (let length = path.length; length >= 0; length--) {
      const node = this.nodeAt(path.slice(0, length));
      if (isNode(node) && node.range) return placeAt(this.lines, node.range[0]);
    }
    return BEGINNING;
  }

  /** Place of a key in the map at the path. */
  placeOfKey(path: Path, key: string): Place {
    const map = this.nodeAt(path);
    if (isMap(map)) {
      const pair = map.items.find((item: Pair) => isPair(item) && isScalar(item.key) && String(item.key.value) === key);
      const node = pair?.key as Node | undefined;
      if (isNode(node) && node.range) return placeAt(this.lines, node.range[0]);
    }
    return this.placeOf(path);
  }

  /** Place of a character of the text at the path; that of its beginning if the file writes the text differently, such as folded. */
  placeInText(path: Path, text: string, at: number): Place {
    const node = this.nodeAt(path);
    if (!isScalar(node) || !node.range) return this.placeOf(path);
    const quotes = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE" ? 1 : 0;
    const from = node.range[0] + quotes;
    const asItIs = this.text.slice(from, from + text.length) === text;
    return placeAt(this.lines, asItIs ? from + Math.min(at, text.length) : node.range[0]);
  }

  /** A number as written in the file, since numbers cannot represent every integer beyond 2^53. */
  numberAsWritten(path: Path): string | null {
    const node = this.nodeAt(path);
    return isScalar(node) && typeof node.value === "number" && node.source !== undefined ? node.source : null;
  }

  private nodeAt(path: Path): unknown {
    return path.length === 0 ? this.document?.contents : this.document?.getIn(path, true);
  }
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/**
 * Parses a text into a document and its faults, or into the fault of nesting too deep. The iterative parser of `yaml` keeps open collections
 * on a stack, whose depth is checked after every token before the recursive composer gets them.
 */
function compose(text: string, lines: LineCounter): YamlFault | { readonly document: Document; readonly faults: readonly YamlFault[] } {
  const tokens: CST.Token[] = [];
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    const deep = tooDeep(parser.stack);
    if (deep !== null) return { kind: "nesting", at: placeAt(lines, deep.offset) };
  }
  for (const token of parser.end()) tokens.push(token);
  const composer = new Composer({ lineCounter: lines, prettyErrors: false, strict: true, uniqueKeys: true, logLevel: "error" });
  const [document, second] = composer.compose(tokens, true, text.length);
  if (document === undefined) throw new Error("there is no document");
  const faults = document.errors.filter(firstOfItsPlace).map((error) => faultOf(error, document, lines, text));
  if (second !== undefined) faults.push({ kind: "second-document", at: placeAt(lines, second.range[0]) });
  return { document, faults };
}

/** Brackets and indentation are counted separately. */
const NESTING: readonly (readonly CST.Token["type"][])[] = [["flow-collection"], ["block-map", "block-seq"]];

/** The open collection that exceeds the limit, or null. */
function tooDeep(stack: readonly CST.Token[]): CST.Token | null {
  if (stack.length <= MAX_NESTING) return null;
  for (const types of NESTING) {
    const deep = stack.filter(({ type }) => types.includes(type))[MAX_NESTING];
    if (deep !== undefined) return deep;
  }
  return null;
}

/** True for the first error at its place: the parser may report one mistake several times. */
function firstOfItsPlace({ pos }: YAMLParseError, at: number, all: readonly YAMLParseError[]): boolean {
  return all.findIndex((other) => other.pos[0] === pos[0]) === at;
}

function faultOf({ code, message, pos: [offset] }: YAMLParseError, document: Document, lines: LineCounter, text: string): YamlFault {
  const at = placeAt(lines, offset);
  if (code === "DUPLICATE_KEY") return { kind: "repeated-key", at, ...repeatedKey(document, offset) };
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1).split("\n", 1)[0] ?? "";
  const rest = text.slice(offset).split("\n", 1)[0] ?? "";
  return { kind: "syntax", at, rule: message, line, rest };
}

/** Path and value of the repeated key at the offset. */
function repeatedKey(document: Document, offset: number): { path: Path; value: unknown } {
  let found: { path: Path; value: unknown } = { path: [], value: undefined };
  visit(document, {
    Pair(_, { key, value }, around) {
      if (!isScalar(key) || key.range?.[0] !== offset) return;
      const given = isScalar(value) ? value.value : isMap(value) ? "a map" : "a list";
      found = { path: [...keysAround(around), String(key.value)], value: given };
      return visit.BREAK;
    },
  });
  return found;
}

/** Merge keys anywhere, also in maps of free names, where they are never meant as a name. */
function mergeKeys(document: Document, lines: LineCounter): YamlFault[] {
  const faults: YamlFault[] = [];
  visit(document, {
    Pair(_, { key, value }, around) {
      if (!isScalar(key) || key.value !== MERGE_KEY) return;
      const merged = isAlias(value) ? `*${value.source}` : isMap(value) ? "a map" : "no map";
      faults.push({ kind: "merge-key", at: placeAt(lines, key.range?.[0] ?? 0), path: [...keysAround(around), MERGE_KEY], merged });
    },
  });
  return faults;
}

/** The keys of the maps around a node. */
function keysAround(around: readonly unknown[]): string[] {
  return around.filter(isPair).map(({ key }) => String(isScalar(key) ? key.value : ""));
}

function unresolvedAliases(document: Document, lines: LineCounter): YamlFault[] {
  const faults: YamlFault[] = [];
  visit(document, {
    Alias(_, node) {
      if (node.resolve(document) !== undefined) return;
      faults.push({ kind: "unresolved-alias", at: placeAt(lines, node.range?.[0] ?? 0), alias: node.source });
    },
  });
  return faults;
}

/** Tags of another program, which mean nothing here: `!env RATE` would be read as the text RATE. */
function localTags(document: Document, lines: LineCounter): YamlFault[] {
  const faults: YamlFault[] = [];
  visit(document, {
    Node(_, { tag, range }) {
      if (tag !== undefined && /^!./.test(tag)) faults.push({ kind: "local-tag", at: placeAt(lines, range?.[0] ?? 0), tag });
    },
  });
  return faults;
}

/** The value of a document, or the fault that its aliases expand without end. */
function plainValue(document: Document): YamlFault | { readonly value: unknown } {
  try {
    return { value: document.toJS({ maxAliasCount: 100 }) };
  } catch (error) {
    return { kind: "endless-aliases", at: BEGINNING, why: error instanceof Error ? error.message : String(error) };
  }
}
