import { printable, quoted } from "../../kernel/text.ts";

/** Effects of an op on a state machine's dictionary. */
export const INCREMENT = 0;
export const SET = 1;
export const COMPUTE = 2;
export type OpKind = typeof INCREMENT | typeof SET | typeof COMPUTE;

export interface Op {
  kind: OpKind;
  key: string;
  /** increment: the number added. set: any JSON value. compute: n. */
  value: unknown;
  /** Numbers of key and text value in the codec's dictionary; NO_NUMBER: not looked up yet. */
  keyNumber: number;
  valueNumber: number;
}

export const NO_NUMBER = -1;

export function makeOp(kind: OpKind, key: string, value: unknown): Op {
  return { kind, key, value, keyNumber: NO_NUMBER, valueNumber: NO_NUMBER };
}

/** The ops of one message; all of them apply, or none. */
export class Payload {
  /** Index after the last increment: only ops before it may have to be undone. */
  guarded: number;
  /** Upper bound of its encoded bytes; −1: not computed yet. */
  encodedBytes = -1;

  constructor(
    readonly ops: readonly Op[],
    /** Bytes of padding that travel with the message. */
    public padding = 0,
    /** Seconds; null: none of its own. */
    public timestamp: number | null = null,
  ) {
    let guarded = 0;
    for (let i = 0; i < ops.length; i++) if (ops[i]?.kind === INCREMENT) guarded = i + 1;
    this.guarded = guarded;
  }
}

export const MAX_OPS = 1000;
const MAX_NAME = 1000;
const MAX_DEPTH = 64;
const MAX_JSON = 1_000_000;
const KINDS: Readonly<Record<string, OpKind>> = { increment: INCREMENT, set: SET, compute: COMPUTE };
const FORBIDDEN: readonly string[] = ["__proto__", "constructor", "prototype"];

export type ParsedMessage =
  | { readonly ok: true; readonly workerId: string; readonly payload: Payload; readonly timestamp: number }
  | { readonly ok: false; readonly reason: string };

/** Parses and validates one message from JSON text. Never throws: returns the reason when it is invalid. */
export function parseMessage(text: string): ParsedMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`not valid JSON: ${printable(error instanceof Error ? error.message : String(error), 120)}`);
  }
  if (!isRecord(value)) return refuse(`must be a JSON object, got ${quoted(value)}`);
  const inexact = inexactInteger(text);
  if (inexact !== null) return refuse(inexact);
  const { worker_id: workerId, timestamp, payload } = value;
  const nameProblem = checkName("worker_id", workerId);
  if (nameProblem !== null) return refuse(nameProblem);
  if (typeof timestamp !== "number" || !Number.isFinite(timestamp)) {
    return refuse(`timestamp: must be a number of seconds, got ${quoted(timestamp)}`);
  }
  const list = Array.isArray(payload) ? payload : [payload];
  if (payload === undefined) return refuse("payload: must be an op or a list of ops, got nothing");
  if (list.length === 0 || list.length > MAX_OPS) return refuse(`payload: must hold 1 to ${MAX_OPS} ops, got ${list.length}`);
  const ops: Op[] = [];
  for (let i = 0; i < list.length; i++) {
    const op = parseOp(list[i], Array.isArray(payload) ? `payload[${i}]` : "payload");
    if (typeof op === "string") return refuse(op);
    ops.push(op);
  }
  // A value may become longer when written again: 1e20 becomes 21 digits.
  if (text.length > MAX_JSON / 8 && JSON.stringify(list).length > MAX_JSON)
    return refuse("payload: must be at most 1 MB when written out as JSON");
  return { ok: true, workerId: workerId as string, payload: new Payload(ops, 0, timestamp), timestamp };
}

/** Fewer digits than these always fit. */
const MANY_DIGITS = /\d{16}/;

/** The first integer that parsing would change, and its parsed value: from 2^53 on a number does not represent every integer. */
export function inexactInteger(text: string): string | null {
  if (!MANY_DIGITS.test(text)) return null;
  let found: string | null = null;
  JSON.parse(text, (key, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source ?? "";
    if (found === null && typeof value === "number" && /^-?\d+$/.test(source) && BigInt(source) !== BigInt(value))
      found = `${printable(key, 40)}: must be a number that is kept exactly, got ${printable(source, 60)}, which would be ${value}`;
    return value;
  });
  return found;
}

/** Finds a line's timestamp in seconds without validating the rest; null when there is none. */
export function timestampOf(text: string): number | null {
  const parsed = parseMessage(text);
  return parsed.ok ? parsed.timestamp : null;
}

function parseOp(value: unknown, where: string): Op | string {
  if (!isRecord(value)) return `${where}: must be an op, got ${quoted(value)}`;
  const { op, key, value: operand } = value;
  const kind = typeof op === "string" && Object.hasOwn(KINDS, op) ? KINDS[op] : undefined;
  if (kind === undefined) return `${where}.op: must be increment, set or compute, got ${quoted(op)}`;
  const nameProblem = checkName(`${where}.key`, key);
  if (nameProblem !== null) return nameProblem;
  const checked = checkOperand(kind, operand, where);
  return checked === null ? makeOp(kind, key as string, kind === INCREMENT ? (operand ?? 1) : operand) : checked;
}

function checkOperand(kind: OpKind, value: unknown, where: string): string | null {
  if (kind === INCREMENT) {
    if (value === undefined || (typeof value === "number" && Number.isFinite(value))) return null;
    return `${where}.value: must be a finite number for increment, got ${quoted(value)}`;
  }
  if (value === undefined) return `${where}.value: must be given, got nothing`;
  if (kind === COMPUTE) {
    if (Number.isSafeInteger(value) && (value as number) >= 0) return null;
    return `${where}.value: must be a whole number of 0 or more for compute, got ${quoted(value)}`;
  }
  if (depthOver(value, MAX_DEPTH)) return `${where}.value: must not nest deeper than ${MAX_DEPTH} levels`;
  if (tooLarge(value)) return `${where}.value: must hold no number beyond 1.8e308`;
  return null;
}

/** True for a key that a state may have. */
export function isStateKey(key: string): boolean {
  return checkName("key", key) === null;
}

function checkName(where: string, value: unknown): string | null {
  if (typeof value !== "string" || value === "" || value.length > MAX_NAME) {
    return `${where}: must be text of 1 to ${MAX_NAME} characters, got ${quoted(value)}`;
  }
  if (FORBIDDEN.includes(value)) return `${where}: must not be named ${value}`;
  return value.isWellFormed() ? null : `${where}: must be well-formed Unicode, got ${quoted(value)}`;
}

function refuse(reason: string): ParsedMessage {
  return { ok: false, reason };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** JSON can contain numbers that parse to Infinity, which JSON cannot represent. */
export function tooLarge(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  return typeof value === "object" && value !== null && Object.values(value).some(tooLarge);
}

function depthOver(value: unknown, limit: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (limit === 0) return true;
  return Object.values(value).some((inner) => depthOver(inner, limit - 1));
}
