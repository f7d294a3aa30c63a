import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLParseError,
} from "yaml";
import type { Problem } from "../kernel/problem.ts";
import { printable } from "../kernel/text.ts";
import { isConfidential, shown } from "./confidential.ts";
import { nestsDeeperThan } from "./nesting.ts";
import { readBounded } from "./read.ts";
import { DEFAULT_EXECUTOR } from "./schema.ts";

export type Path = readonly (string | number)[];

/** Who says what a value is to be: a flag, or another place of the file. */
export type Source = string | Path;

/** A value that replaces what the file says. */
export interface Override {
  readonly source: Source;
  readonly path: Path;
  readonly value: unknown;
}

/** A YAML file with the place of every value in it. */
export class YamlFile {
  private readonly overrides: { readonly source: Source; readonly path: Path }[] = [];
  /** The value before the first change; null: nothing was changed. */
  private original: { readonly value: unknown } | null = null;

  private constructor(
    readonly file: string,
    private readonly text: string,
    private readonly document: Document | null,
    private readonly lines: LineCounter,
    /** What the YAML itself breaks: syntax, repeated keys, nesting, size. */
    readonly problems: readonly Problem[],
  ) {}

  static parse(file: string, text: string): YamlFile {
    const lines = new LineCounter();
    const refuse = (message: string, line = 1, column = 1) => new YamlFile(file, text, null, lines, [{ file, line, column, message }]);
    if (text.includes("\u0000")) return refuse("file: must be YAML text, got a binary file");
    const deep = nestsDeeperThan(text);
    if (deep !== null) return refuse(TOO_DEEP, deep.line, deep.column);
    try {
      const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true, uniqueKeys: true, logLevel: "error" });
      const problems = document.errors.filter(firstOfItsPlace).map((error): Problem => {
        const at = lines.linePos(error.pos[0]);
        return {
          file,
          line: Math.max(1, at.line),
          column: Math.max(1, at.col),
          message: error.code === "DUPLICATE_KEY" ? repeatedKey(document, error.pos[0]) : yamlMessage(error, text),
        };
      });
      if (problems.some(({ message }) => message.includes("call stack"))) return refuse(TOO_DEEP);
      return new YamlFile(file, text, document, lines, [
        ...problems,
        ...mergeKeys(file, document, lines),
        ...unresolvedAliases(file, document, lines),
      ]);
    } catch (error) {
      if (error instanceof RangeError) return refuse(TOO_DEEP);
      return refuse(`file: must be valid YAML, got ${printable(error instanceof Error ? error.message : String(error))}`);
    }
  }

  /** Reads and parses; a file that cannot be read is a UserError. */
  static read(file: string): YamlFile {
    return YamlFile.parse(file, readBounded(file));
  }

  /** True when the only problems are repeated keys and merge keys: what stands there can still be checked. */
  get checkable(): boolean {
    const mild = (message: string) => message.includes("must be given once") || message.includes(IS_MERGE_KEY);
    return this.document !== null && this.problems.every(({ message }) => mild(message));
  }

  /** The plain value, or undefined when the file cannot be parsed. */
  value(): unknown {
    if (this.document === null) return undefined;
    try {
      return this.document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** The plain value as the file has it, whatever flags have changed. */
  asWritten(): unknown {
    return this.original === null ? this.value() : this.original.value;
  }

  private remember(): void {
    this.original ??= { value: this.value() };
  }

  /** Replaces one value by what a flag, or another place of the file, says; problems with it are then reported as that one's. */
  override(source: Source, path: Path, value: unknown): void {
    if (this.document === null || !this.isMap) return;
    this.remember();
    for (let length = 1; length < path.length; length++) {
      if (!isMap(this.document.getIn(path.slice(0, length), true)))
        this.document.setIn(
          path.slice(0, length),
          this.document.createNode(path[length - 1] === "load" ? { executor: DEFAULT_EXECUTOR } : {}),
        );
    }
    this.document.setIn(path, this.document.createNode(value));
    this.overrides.push({ source, path });
  }

  /** Takes a value away, as if it did not stand there. */
  remove(path: Path): void {
    this.remember();
    if (this.isMap && this.document?.hasIn(path)) this.document.deleteIn(path);
  }

  /** Takes everything away from a map but these keys. */
  keepOnly(path: Path, keys: readonly string[]): void {
    const map = this.isMap ? this.document?.getIn(path, true) : undefined;
    if (!isMap(map)) return;
    this.remember();
    map.items = map.items.filter(({ key }) => keys.includes(String(isScalar(key) ? key.value : key)));
  }

  /** A field that is set has one value, whatever the file's sweep would try. */
  unsweep(field: string): void {
    const path = ["sweep", field];
    if (!this.isMap || !isMap(this.document?.get("sweep", true)) || !this.document?.hasIn(path)) return;
    this.remember();
    this.document.deleteIn(path);
    const left = this.document.get("sweep", true);
    if (isMap(left) && left.items.length === 0) this.document.delete("sweep");
  }

  /** Replaces values while something is done, and lets the places of the next ones take over. */
  withOverrides<T>(overrides: readonly Override[], work: () => T): T {
    const before = this.overrides.length;
    for (const { source, path, value } of overrides) this.override(source, path, value);
    try {
      return work();
    } finally {
      this.overrides.length = before;
    }
  }

  /** What set the value at the path or one around it, if something did. */
  private sourceOf(path: Path): Source | null {
    const along = (override: Path) => override.slice(0, path.length).every((part, i) => String(path[i]) === String(part));
    const found = this.overrides.findLast((override) => path.length > 0 && along(override.path));
    return found?.source ?? null;
  }

  get isMap(): boolean {
    return this.document !== null && isMap(this.document.contents);
  }

  /** A problem with the value at the path: its place in the file, or the flag that set it. */
  problemAt(path: Path, message: string, at = this.placeOf(path)): Problem {
    const source = this.sourceOf(path);
    if (typeof source === "string") return { file: source, line: 0, column: 0, message };
    // A place of the file that a flag wrote is the flag's.
    return source === null ? { file: this.file, ...at, message } : this.problemAt(source, message);
  }

  /** Where the value at the path stands; for one that is missing, the nearest thing around it. */
  placeOf(path: Path): { line: number; column: number } {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? this.document?.contents : this.document?.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return this.place(node.range[0]);
    }
    return { line: 1, column: 1 };
  }

  /** A number as it stands in the file: reading may have changed it, since from 2^53 on a number does not hold every integer. */
  numberAsWritten(path: Path): string | null {
    const node = this.document?.getIn(path, true);
    return isScalar(node) && typeof node.value === "number" && node.source !== undefined ? node.source : null;
  }

  /** Where a character of the text at the path stands; the beginning of it where the file writes it in another way. */
  placeInText(path: Path, text: string, at: number): { line: number; column: number } {
    const node = this.document?.getIn(path, true);
    if (!isScalar(node) || !node.range) return this.placeOf(path);
    const quotes = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE" ? 1 : 0;
    const from = node.range[0] + quotes;
    const asItIs = this.text.slice(from, from + text.length) === text;
    return this.place(asItIs ? from + Math.min(at, text.length) : node.range[0]);
  }

  /** Where a key itself stands in the map at the path. */
  placeOfKey(path: Path, key: string): { line: number; column: number } {
    const map = path.length === 0 ? this.document?.contents : this.document?.getIn(path, true);
    if (isMap(map)) {
      const pair = map.items.find((item: Pair) => isPair(item) && isScalar(item.key) && String(item.key.value) === key);
      const node = pair?.key as Node | undefined;
      if (isNode(node) && node.range) return this.place(node.range[0]);
    }
    return this.placeOf(path);
  }

  private place(offset: number): { line: number; column: number } {
    const at = this.lines.linePos(offset);
    return { line: Math.max(1, at.line), column: Math.max(1, at.col) };
  }
}

/** One mistake makes the parser complain more than once of one place. */
function firstOfItsPlace({ pos }: YAMLParseError, at: number, all: readonly YAMLParseError[]): boolean {
  return all.findIndex((other) => other.pos[0] === pos[0]) === at;
}

const TOO_DEEP = "file: must not nest deeper than 64 levels, got more";

/** The key that YAML 1.1 merged a map by. */
export const MERGE_KEY = "<<";
const IS_MERGE_KEY = "is a merge key, which YAML 1.2 does not have; write its fields out";

/** Wherever it stands, in maps of free names too: who writes it means a merge, and nobody a name. */
function mergeKeys(file: string, document: Document, lines: LineCounter): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Pair(_, { key, value }, around) {
      if (!isScalar(key) || key.value !== MERGE_KEY) return;
      const at = lines.linePos(key.range?.[0] ?? 0);
      const field = [...keysAround(around), MERGE_KEY].map((part) => printable(part, 60)).join(".");
      const got = isAlias(value) ? `*${printable(value.source, 40)}` : isMap(value) ? "a map" : "no map";
      problems.push({ file, line: Math.max(1, at.line), column: Math.max(1, at.col), message: `${field}: ${IS_MERGE_KEY}, got ${got}` });
    },
  });
  return problems;
}

/** The keys of the maps that a node stands in. */
function keysAround(around: readonly unknown[]): string[] {
  return around.filter(isPair).map(({ key }) => String(isScalar(key) ? key.value : ""));
}

function unresolvedAliases(file: string, document: Document, lines: LineCounter): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Alias(_, node) {
      if (node.resolve(document) !== undefined) return;
      const at = lines.linePos(node.range?.[0] ?? 0);
      problems.push({
        file,
        line: at.line,
        column: at.col,
        message: `file: must define an anchor before its alias, got *${printable(node.source, 40)}`,
      });
    },
  });
  return problems;
}

/** Names the field whose key stands at the offset for a second time, and what it says there. */
function repeatedKey(document: Document, offset: number): string {
  let field = "key";
  let path: Path = [];
  let value: unknown;
  visit(document, {
    Pair(_, { key, value: given }, around) {
      if (!isScalar(key) || key.range?.[0] !== offset) return;
      const keys = [...keysAround(around), String(key.value)];
      path = keys;
      field = keys.map((part) => printable(part, 60)).join(".");
      value = isScalar(given) ? given.value : isMap(given) ? "a map" : "a list";
      return visit.BREAK;
    },
  });
  return `${field}: must be given once, got another: ${shown(path, value)}`;
}

function yamlMessage({ code, message, pos }: YAMLParseError, text: string): string {
  if (code === "MULTIPLE_DOCS") return "file: must hold one scenario, got another document";
  const got = text.slice(pos[0]).split("\n", 1)[0]?.trim() ?? "";
  const line = text.slice(text.lastIndexOf("\n", pos[0] - 1) + 1).split("\n", 1)[0] ?? "";
  if (isConfidential(line.split(/[^\w-]+/))) return "file: must be valid YAML, got what is not shown here";
  const rule = printable(message.replace(/\s*\n[\s\S]*/, "").replace(/\.$/, ""), 160);
  return `file: must be valid YAML (${rule}), got ${got === "" ? "the end of a line" : `"${printable(got, 40)}"`}`;
}
