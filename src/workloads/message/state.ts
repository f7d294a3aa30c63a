import { createHash } from "node:crypto";
import { quoted } from "../../kernel/text.ts";
import type { StateEntry } from "../workload.ts";
import { COMPUTE, INCREMENT, type Op, type Payload } from "./message.ts";

/** The dictionary of one state machine. */
export type State = Map<string, unknown>;

const MULTIPLIER = 1664525;
const INCREMENT_TERM = 1013904223;

/** The n-th term of x₀ = 1, xₖ₊₁ = (1664525·xₖ + 1013904223) mod 2³², in O(log n) steps (squaring the affine map). */
export function computeTerm(n: number): number {
  let multiplier = MULTIPLIER;
  let increment = INCREMENT_TERM;
  let x = 1;
  for (let left = n; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) x = (Math.imul(multiplier, x) + increment) >>> 0;
    increment = (Math.imul(multiplier, increment) + increment) >>> 0;
    multiplier = Math.imul(multiplier, multiplier) >>> 0;
  }
  return x;
}

const UNDO_KEYS: string[] = [];
const UNDO_VALUES: unknown[] = [];

/** Applies all ops, or none: returns the reason when an increment meets a value that is not a number, or makes it too large. */
export function apply(state: State, payload: Payload): string | null {
  const { ops, guarded } = payload;
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    if (i < guarded) {
      const before = state.get(op.key);
      if (op.kind === INCREMENT) {
        if (before === undefined) {
          state.set(op.key, 0 + (op.value as number)); // −0 counts as 0
        } else if (typeof before === "number") {
          const sum = before + (op.value as number);
          // Infinity − Infinity is not a number.
          if (sum - sum !== 0) {
            undo(state, i);
            return `increment of ${quoted(op.key, 40)} beyond what a number can hold`;
          }
          // From 2^53 on numbers have gaps: an increment within one would be lost silently.
          if ((sum > Number.MAX_SAFE_INTEGER || sum < Number.MIN_SAFE_INTEGER) && sum - before !== op.value) {
            undo(state, i);
            return `increment of ${quoted(op.key, 40)} by ${quoted(op.value, 40)} is lost: from 2^53 on a number does not hold every integer`;
          }
          state.set(op.key, sum);
        } else {
          undo(state, i);
          return `increment of ${quoted(op.key, 40)}, which holds no number`;
        }
        if (guarded > 1) remember(i, op.key, before);
        continue;
      }
      remember(i, op.key, before);
    }
    state.set(op.key, op.kind === COMPUTE ? computeTerm(op.value as number) : op.value);
  }
  return null;
}

function remember(i: number, key: string, before: unknown): void {
  UNDO_KEYS[i] = key;
  UNDO_VALUES[i] = before;
}

function undo(state: State, count: number): void {
  for (let i = count - 1; i >= 0; i--) {
    const key = UNDO_KEYS[i] as string;
    const before = UNDO_VALUES[i];
    if (before === undefined) state.delete(key);
    else state.set(key, before);
  }
}

/** A state as JSON, with keys in code-unit order even when they look like integers. */
export function stateJson(state: State): string {
  const entries = [...state].map(([key, value]): [string, string] => [nameText(key), valueJson(value)]);
  entries.sort(([a], [b]) => byCodeUnits(a, b));
  return `{${entries.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join(",")}}`;
}

/** The state that `stateJson` wrote. Throws when it is none. */
export function parseState(json: string): State {
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("a state that is no object");
  return new Map(Object.entries(value));
}

/** Replaces what a handler stored and JSON cannot represent: a cycle, a BigInt, a getter that throws. */
const UNWRITABLE = '"[not JSON]"';

function valueJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? UNWRITABLE;
  } catch {
    return UNWRITABLE;
  }
}

/** Keys are text, but a handler may have used anything. */
function nameText(key: unknown): string {
  if (typeof key === "string") return key;
  try {
    return String(key);
  } catch {
    return "[not text]";
  }
}

/** All states as one JSON document, sorted by worker id in code-unit order, in pieces. */
export function* dumpPieces(entries: readonly StateEntry[]): Generator<string> {
  const sorted = [...entries].sort((a, b) => byCodeUnits(a.key, b.key));
  yield "{";
  for (let i = 0; i < sorted.length; i++) {
    const entry = sorted[i] as StateEntry;
    yield `${i > 0 ? "," : ""}${JSON.stringify(entry.key)}:${entry.json}`;
  }
  yield "}";
}

/** SHA-256 of the dump in UTF-8. */
export function digestOf(entries: readonly StateEntry[]): string {
  const hash = createHash("sha256");
  for (const piece of dumpPieces(entries)) hash.update(piece);
  return hash.digest("hex");
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
