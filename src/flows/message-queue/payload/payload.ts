import { QueueError } from "../store.ts";
import { carriedKind } from "./kinds.ts";
import { DEEPEST_VALUE, encode, isKeptByJson } from "./text.ts";

/** Thrown inside for what cannot be carried. */
class Unfit {
  constructor(
    readonly what: unknown,
    readonly name: string,
  ) {}
}

/** Length of the texts and names visited since it was reset, and some more for each value: at most a sixth of the size as text. */
let extent = 0;

/** How values become payloads. */
export interface PayloadRule {
  /** Largest message, in bytes as text. */
  readonly maxMessageBytes: number;
  /** Values are neither copied nor checked. */
  readonly shares: boolean;
}

/** A message longer as text than this, in bytes, is refused, where no other limit is set. */
export const MOST_BYTES = 1_000_000;

/**
 * A copy of what is sent, which no change of the original reaches. It keeps what the structured clone algorithm keeps: plain objects, lists,
 * texts, numbers, bigints, dates, maps, sets, binary data, regular expressions and errors; an instance of a class becomes a plain object of
 * its fields. Throws `QueueError` that names what it cannot keep (functions, symbols, instances without fields, cycles), and for more than
 * `maxBytes` bytes as text.
 */
export function payloadOf(value: unknown, maxBytes: number): unknown {
  extent = 0;
  let copy: unknown;
  try {
    copy = copyOf(value);
  } catch (error) {
    if (error instanceof Unfit) throw new QueueError("invalid", `a message cannot carry ${error.name}${placeOf(error.what, value)}`);
    throw error;
  }
  // Six characters for one at most, as in \u0001.
  if (extent * 6 > maxBytes) checkSize(copy, maxBytes);
  return copy;
}

function checkSize(value: unknown, maxBytes: number): void {
  checkText(encode(value), maxBytes);
}

function checkText(text: string, maxBytes: number): void {
  // Three bytes for one character at most.
  const bytes = text.length * 3 > maxBytes ? Buffer.byteLength(text) : 0;
  if (bytes > maxBytes) throw new QueueError("invalid", `a message may be ${maxBytes} bytes as text, this one has ${bytes}`);
}

/** The text of a value, instead of a copy, for stores that keep text. */
class PayloadText {
  constructor(readonly text: string) {}
}

/** As `payloadOf`, for stores that keep text: it has the text of the value, see `textOf`. */
export function textPayloadOf(value: unknown, maxBytes: number): PayloadText {
  const text = isKeptByJson(value, 0) ? JSON.stringify(value) : encode(payloadOf(value, Number.POSITIVE_INFINITY));
  checkText(text, maxBytes);
  return new PayloadText(text);
}

/** What a store is given for a value. */
export function payloadFor(store: { readonly keepsText?: boolean }, value: unknown, rule: PayloadRule): unknown {
  if (rule.shares) return value;
  return store.keepsText === true ? textPayloadOf(value, rule.maxMessageBytes) : payloadOf(value, rule.maxMessageBytes);
}

/** The text of a payload. */
export function textOf(payload: unknown): string {
  return payload instanceof PayloadText ? payload.text : encode(payload);
}

/** A copy of a value. */
export function copyOf(value: unknown, depth = 0): unknown {
  switch (typeof value) {
    case "string":
      extent += value.length;
      return value;
    case "object":
      return value === null ? null : copyOfObject(value, depth);
    case "function":
    case "symbol":
      throw new Unfit(value, `a ${typeof value}`);
    case "bigint":
      extent += value.toString(16).length;
      return value;
    default:
      return value;
  }
}

function copyOfObject(value: object, depth: number): object {
  if (depth > DEEPEST_VALUE) throw new Unfit(value, `what is nested more than ${DEEPEST_VALUE} deep or refers to itself`);
  if (Array.isArray(value)) {
    const list = value.slice();
    for (let i = 0; i < list.length; i++) {
      extent += 8;
      const item = list[i];
      if (typeof item !== "number") list[i] = copyOf(item, depth + 1);
    }
    return list;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return copyOfInstance(value, depth);
  const copy: Record<string, unknown> = {};
  let characters = 0;
  for (const key in value) {
    const field = (value as Record<string, unknown>)[key];
    characters += key.length + 8;
    if (typeof field === "number") copy[key] = field;
    else if (key !== "__proto__") copy[key] = copyOf(field, depth + 1);
    else keep(copy, key, copyOf(field, depth + 1));
  }
  extent += characters;
  return copy;
}

/** Sets a field of any name: assigning `__proto__` would set the prototype. */
function keep(copy: object, key: string, value: unknown): void {
  Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true });
}

function copyOfInstance(value: object, depth: number): object {
  const kind = carriedKind(value);
  if (kind !== undefined) {
    extent += kind.size(value as never);
    return kind.copy(value as never, (inner) => copyOf(inner, depth + 1));
  }
  const keys = Object.keys(value);
  if (keys.length === 0 || isBoxed(value)) throw new Unfit(value, `an instance of ${nameOf(value)}, which has no fields to copy`);
  const copy: Record<string, unknown> = {};
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    const field = (value as Record<string, unknown>)[key];
    extent += key.length + 8;
    if (typeof field === "number") copy[key] = field;
    else if (key !== "__proto__") copy[key] = copyOf(field, depth + 1);
    else keep(copy, key, copyOf(field, depth + 1));
  }
  return copy;
}

function isBoxed(value: object): boolean {
  return value instanceof String || value instanceof Number || value instanceof Boolean;
}

function nameOf(value: object): string {
  const maker: unknown = value.constructor;
  return typeof maker === "function" && maker.name !== "" ? maker.name : "a class without a name";
}

/** Where in a value a part of it is, for people: ` (at value.items[2])`. */
function placeOf(part: unknown, value: unknown): string {
  const path = pathTo(part, value, 0);
  return path === null || path === "" ? "" : ` (at value${path})`;
}

function pathTo(part: unknown, value: unknown, depth: number): string | null {
  if (value === part) return "";
  // What is very deep has no place that is worth telling.
  if (typeof value !== "object" || value === null || depth > 20) return null;
  for (const [key, inner] of value instanceof Map ? value : Object.entries(value)) {
    const rest = pathTo(part, inner, depth + 1);
    if (rest !== null) return `${Array.isArray(value) ? `[${key}]` : `.${String(key)}`}${rest}`;
  }
  return null;
}
