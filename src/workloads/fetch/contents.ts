import { readFileSync, statSync } from "node:fs";
import { hasContent } from "../../http/method.ts";
import type { Content } from "../../http/transport.ts";
import { hashOf } from "../../kernel/hash.ts";
import { UserError } from "../../kernel/problem.ts";
import { printable } from "../../kernel/text.ts";
import { withoutCredentials } from "../../scenario/confidential.ts";
import { type BodySettings, LARGEST_FILE } from "../../scenario/request-schema.ts";
import type { FetchSettings } from "../../scenario/schema.ts";
import { fill, isJson, isJsonType, isTemplate, type Placeholder, parseTemplate, sampleOf, type Template } from "../../scenario/template.ts";

/** Content of each item's request. */
export interface Contents {
  /** null: the method has none. */
  of(index: number, url: string): Content | null;
}

/** Data for the bodies of one case beside its settings. */
export interface ContentSource {
  /** Content of the body file, in memory shared by threads; null: there is none. */
  readonly bytes: Uint8Array | null;
  readonly seed: number;
  /** UUID of this run, from which each item's key is made. */
  readonly keys: string;
}

const TEXT = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json";

/** Contents by the settings; `fields`: further header lines about the content. Parts that do not vary are made here, once. */
export function contentsOf(
  { method, body }: Pick<FetchSettings, "method" | "body">,
  source: ContentSource,
  fields: readonly string[],
): Contents {
  if (!hasContent(method)) return { of: () => null };
  if (body === undefined) return constant({ fields, bytes: new Uint8Array() });
  const settings = typeof body === "string" ? { text: body } : body;
  const typed = fields.some((line) => /^content-type:/i.test(line));
  const type = settings.type ?? guessedType(settings);
  const said = typed ? fields : [`Content-Type: ${type}`, ...fields];
  const { text, template, rows } = settings;
  if (text !== undefined) return constant({ fields: said, bytes: new TextEncoder().encode(text) });
  const bytes = source.bytes ?? new Uint8Array();
  if (rows !== undefined) return new Rows(bytes, said);
  if (template === undefined) return constant({ fields: said, bytes });
  return new Filled(templateOf(template), source, isJsonType(type), said);
}

function constant(content: Content): Contents {
  return { of: () => content };
}

/** Contents from a template with values of each item. */
class Filled implements Contents {
  constructor(
    private readonly template: Template,
    private readonly source: ContentSource,
    private readonly json: boolean,
    private readonly fields: readonly string[],
  ) {}

  of(index: number, url: string): Content {
    const text = fill(this.template, (name) => this.valueOf(name, index, url), this.json);
    return { fields: this.fields, bytes: Buffer.from(text) };
  }

  private valueOf(name: Placeholder, index: number, url: string): string | number {
    const { seed, keys } = this.source;
    switch (name) {
      case "number":
        return index;
      case "key":
        return keyOf(keys, index);
      case "seed":
        return seed;
      case "random":
        return hashOf(`body/${seed}/${index}`);
      case "url":
        return withoutCredentials(url, "");
      default:
        return name satisfies never;
    }
  }
}

/** Contents from the lines of a file, in turn. */
class Rows implements Contents {
  private readonly rows: readonly (readonly [from: number, to: number])[];

  constructor(
    private readonly bytes: Uint8Array,
    private readonly fields: readonly string[],
  ) {
    this.rows = rowsOf(bytes);
  }

  of(index: number): Content {
    const [from, to] = this.rows[index % this.rows.length] ?? [0, 0];
    return { fields: this.fields, bytes: this.bytes.subarray(from, to) };
  }
}

const NEWLINE = 10;
const BLANKS = [9, 13, 32];

/** Ranges of the non-empty lines. */
function rowsOf(bytes: Uint8Array): (readonly [from: number, to: number])[] {
  const rows: (readonly [number, number])[] = [];
  const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  for (let from = mark; from < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, from);
    const next = end < 0 ? bytes.length : end;
    let to = next;
    while (from < to && BLANKS.includes(bytes[to - 1] as number)) to--;
    if (to > from) rows.push([from, to]);
    from = next + 1;
  }
  return rows;
}

/** Idempotency key of an item: a UUID (RFC 9562, version 4 except for its last group, which is the item's number). */
export function keyOf(keys: string, index: number): string {
  return `${keys.slice(0, 24)}${index.toString(16).padStart(12, "0")}`;
}

/** Reads the body file, if there is one, and checks it; throws a UserError when it is unusable. */
export function readBody(body: FetchSettings["body"]): Uint8Array | null {
  const { file, rows } = typeof body === "object" ? body : {};
  const path = rows ?? file;
  if (path === undefined) return null;
  const field = `fetch.body.${rows === undefined ? "file" : "rows"}: ${printable(path, 200)}`;
  const { size } = statSync(path);
  if (size > LARGEST_FILE) throw new UserError(`${field} has ${size} bytes; a body may have at most ${LARGEST_FILE}`);
  const read = readFileSync(path);
  const bytes = new Uint8Array(new SharedArrayBuffer(read.length));
  bytes.set(read);
  if (rows !== undefined) checkRows(read, field);
  return bytes;
}

function checkRows(bytes: Buffer, field: string): void {
  const rows = rowsOf(bytes);
  if (rows.length === 0) throw new UserError(`${field} has no rows`);
  for (const [from, to] of rows) {
    if (isJson(bytes.toString("utf8", from, to))) continue;
    const line = bytes.subarray(0, from).reduce((count, byte) => (byte === NEWLINE ? count + 1 : count), 1);
    throw new UserError(`${field}:${line} is not JSON; each line must be`);
  }
}

function templateOf(text: string): Template {
  const parsed = parseTemplate(text);
  if (!isTemplate(parsed)) throw new Error(parsed.problem);
  return parsed;
}

/** Content type where the scenario sets none. */
function guessedType({ text, template, file, rows }: BodySettings): string {
  if (rows !== undefined) return JSON_TYPE;
  if (file !== undefined) return Bun.file(file).type;
  const sample = text ?? fill(templateOf(template ?? ""), sampleOf, true);
  return /^\s*[[{]/.test(sample) && isJson(sample) ? JSON_TYPE : TEXT;
}
