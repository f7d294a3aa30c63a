import { carriedKind, markedKind } from "./kinds.ts";

/**
 * The text of a payload: JSON, where JSON keeps it exactly; else `!` and JSON in which an object of one key that begins with `$` stands for
 * something else:
 *
 *     {"$date": 0}  {"$map": [[1, 2]]}  {"$set": []}  {"$Uint8Array": "AQI="}  {"$error": {…}}  the kinds of `kinds.ts`
 *     {"$bigint": "12"}  {"$number": "NaN"}  {"$undefined": 0}                                  scalars
 *     {"$object": {"$date": 0}}                                                                an object that happens to look so
 */
export function encode(payload: unknown): string {
  return isKeptByJson(payload, 0) ? JSON.stringify(payload) : `!${JSON.stringify(marked(payload))}`;
}

export function decode(text: string): unknown {
  return text.startsWith("!") ? unmarked(JSON.parse(text.slice(1))) : JSON.parse(text);
}

/** Deepest nesting. What refers to itself is deeper than that. */
export const DEEPEST_VALUE = 500;

/** True when JSON keeps a value exactly, an instance of a class as an object of its fields. `level`: how deep in another it is. */
export function isKeptByJson(value: unknown, level: number): boolean {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true;
  if (typeof value === "number") return isJsonNumber(value);
  if (typeof value !== "object" || level > DEEPEST_VALUE) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isKeptByJson(value[i], level + 1)) return false;
    return true;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return isJsonInstance(value, level);
  for (const key in value) if (!isKeptByJson((value as Record<string, unknown>)[key], level + 1)) return false;
  return true;
}

function isJsonInstance(value: object, level: number): boolean {
  if ("toJSON" in value || carriedKind(value) !== undefined || value instanceof String) return false;
  const fields = Object.values(value);
  return fields.length > 0 && fields.every((field) => isKeptByJson(field, level + 1));
}

function isJsonNumber(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

/** As `encode` writes it, before it is text: for logs, which take JSON only. */
export function marked(value: unknown): unknown {
  switch (typeof value) {
    case "bigint":
      return { $bigint: String(value) };
    case "number":
      return isJsonNumber(value) ? value : { $number: Object.is(value, -0) ? "-0" : String(value) };
    case "undefined":
      return { $undefined: 0 };
    case "object":
      return value === null ? null : markedObject(value);
    default:
      return value;
  }
}

function markedObject(value: object): unknown {
  if (Array.isArray(value)) return Array.from(value, marked);
  const kind = carriedKind(value);
  if (kind !== undefined) return { [`$${kind.mark}`]: kind.write(value as never, marked) };
  const fields = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, marked(inner)]));
  return markOf(fields) === null ? fields : { $object: fields };
}

/** The mark of an object that stands for something else; null: it is what it seems. */
function markOf(value: object): string | null {
  const [key, ...others] = Object.keys(value);
  return key !== undefined && others.length === 0 && key.startsWith("$") ? key.slice(1) : null;
}

function unmarked(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unmarked);
  const mark = markOf(value);
  if (mark === null) return unmarkedFields(value);
  const content = Object.values(value)[0] as unknown;
  if (mark === "bigint") return BigInt(content as string);
  if (mark === "number") return Number(content);
  if (mark === "undefined") return undefined;
  if (mark === "object") return unmarkedFields(content as object);
  const kind = markedKind(mark);
  if (kind === undefined) throw new Error(`a message has the mark $${mark}, which this version does not know`);
  return kind.read(content as never, unmarked);
}

function unmarkedFields(value: object): object {
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unmarked(inner)]));
}
