/** Copies, writes or reads a value inside another. */
type Inner = (value: unknown) => unknown;

/** A kind of object, other than plain objects and lists, that messages carry. */
export interface Kind {
  /** Its mark in text, see `text.ts`. */
  readonly mark: string;
  copy(value: never, inner: Inner): object;
  /** Its content, as JSON can write it. */
  write(value: never, inner: Inner): unknown;
  read(content: never, inner: Inner): object;
  /** A bound of its size in characters, what `inner` visits aside. */
  size(value: never): number;
}

function kind<V extends object, C>(
  mark: string,
  methods: {
    copy(value: V, inner: Inner): V;
    write(value: V, inner: Inner): C;
    read(content: C, inner: Inner): V;
    size?(value: V): number;
  },
): Kind {
  return { size: () => 32, ...methods, mark } as Kind;
}

type View = ArrayBufferView<ArrayBuffer>;

const bytesOf = (view: View) => Buffer.from(view.buffer, view.byteOffset, view.byteLength);

/** Kinds of binary data: written as base64. */
function binary(name: string, make: (bytes: ArrayBuffer) => View): [object, Kind] {
  const fresh = (bytes: Uint8Array) => make(new Uint8Array(bytes).buffer);
  const methods = {
    copy: (value: View) => fresh(bytesOf(value)),
    write: (value: View) => bytesOf(value).toString("base64"),
    read: (content: string) => fresh(Buffer.from(content, "base64")),
    size: (value: View) => value.byteLength * 2 + 32,
  };
  return [Object.getPrototypeOf(make(new ArrayBuffer(0))) as object, kind(name, methods)];
}

const date = kind<Date, number | null>("date", {
  copy: (value) => new Date(value.getTime()),
  write: (value) => value.getTime(),
  read: (content) => new Date(content ?? Number.NaN),
});

const map = kind<Map<unknown, unknown>, unknown[]>("map", {
  copy: (value, inner) => new Map([...value].map(([key, of]) => [inner(key), inner(of)])),
  write: (value, inner) => [...value].map(([key, of]) => [inner(key), inner(of)]),
  read: (content, inner) => new Map((content as [unknown, unknown][]).map(([key, of]) => [inner(key), inner(of)])),
});

const set = kind<Set<unknown>, unknown[]>("set", {
  copy: (value, inner) => new Set([...value].map(inner)),
  write: (value, inner) => [...value].map(inner),
  read: (content, inner) => new Set(content.map(inner)),
});

const regexp = kind<RegExp, readonly [string, string]>("regexp", {
  copy: (value) => new RegExp(value.source, value.flags),
  write: ({ source, flags }) => [source, flags],
  read: ([source, flags]) => new RegExp(source, flags),
  size: ({ source }) => source.length + 32,
});

const buffer = kind<ArrayBuffer, string>("ArrayBuffer", {
  copy: (value) => value.slice(0),
  write: (value) => Buffer.from(value).toString("base64"),
  read: (content) => new Uint8Array(Buffer.from(content, "base64")).buffer,
  size: ({ byteLength }) => byteLength * 2 + 32,
});

/** What is kept of an error: these, where it has them, and what else of it is enumerable. */
const ERROR_FIELDS = ["name", "message", "stack", "cause", "errors"] as const;
const ERRORS = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError } as const;

type ErrorFields = Record<string, unknown>;

function fieldsOf(error: Error, inner: Inner): ErrorFields {
  const fields: ErrorFields = {};
  for (const key of new Set([...ERROR_FIELDS, ...Object.keys(error)])) {
    if (key in error) fields[key] = inner(error[key as keyof Error]);
  }
  return fields;
}

function errorOf(fields: ErrorFields, inner: Inner): Error {
  const { name, message, ...rest } = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, inner(value)]));
  const known = Object.hasOwn(ERRORS, String(name)) ? String(name) : null;
  const error = new ERRORS[(known ?? "Error") as keyof typeof ERRORS](String(message));
  const hidden = (value: unknown) => ({ value, configurable: true, writable: true, enumerable: false });
  if (known === null) Object.defineProperty(error, "name", hidden(name));
  for (const [key, value] of Object.entries(rest)) {
    if (ERROR_FIELDS.includes(key as never)) Object.defineProperty(error, key, hidden(value));
    else (error as unknown as ErrorFields)[key] = value;
  }
  return error;
}

const error = kind<Error, ErrorFields>("error", {
  copy: (value, inner) => errorOf(fieldsOf(value, inner), (field) => field),
  write: fieldsOf,
  read: errorOf,
});

/** By their prototypes. */
const KINDS = new Map<unknown, Kind>([
  [Date.prototype, date],
  [Map.prototype, map],
  [Set.prototype, set],
  [RegExp.prototype, regexp],
  [Error.prototype, error],
  [ArrayBuffer.prototype, buffer],
  binary("Buffer", (bytes) => Buffer.from(bytes)),
  binary("DataView", (bytes) => new DataView(bytes)),
  binary("Int8Array", (bytes) => new Int8Array(bytes)),
  binary("Uint8Array", (bytes) => new Uint8Array(bytes)),
  binary("Uint8ClampedArray", (bytes) => new Uint8ClampedArray(bytes)),
  binary("Int16Array", (bytes) => new Int16Array(bytes)),
  binary("Uint16Array", (bytes) => new Uint16Array(bytes)),
  binary("Int32Array", (bytes) => new Int32Array(bytes)),
  binary("Uint32Array", (bytes) => new Uint32Array(bytes)),
  // Not on Node before 24.
  ...(typeof Float16Array === "undefined" ? [] : [binary("Float16Array", (bytes) => new Float16Array(bytes))]),
  binary("Float32Array", (bytes) => new Float32Array(bytes)),
  binary("Float64Array", (bytes) => new Float64Array(bytes)),
  binary("BigInt64Array", (bytes) => new BigInt64Array(bytes)),
  binary("BigUint64Array", (bytes) => new BigUint64Array(bytes)),
]);

const BY_MARK = new Map([...KINDS.values()].map((each) => [each.mark, each]));

/** The kind of an object; undefined: it is plain, a list, or an instance of some other class. */
export function carriedKind(value: object): Kind | undefined {
  for (let of: unknown = Object.getPrototypeOf(value); of !== null; of = Object.getPrototypeOf(of)) {
    const found = KINDS.get(of);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function markedKind(mark: string): Kind | undefined {
  return BY_MARK.get(mark);
}
