import { quoted } from "../../kernel/text.ts";
import type { State } from "./state.ts";

/** The first value in a machine's state that JSON does not represent, and the number of the thread's machines with such values. */
export interface Unseen {
  readonly machine: string;
  /** Key of the state that contains it. */
  readonly key: string;
  /** Its type with article: `a Map`. */
  readonly what: string;
  readonly machines: number;
}

/** Finds values that digest and dump of these states do not show. `states`: of each machine by name, in any order. */
export function unseenIn(states: Iterable<readonly [machine: string, state: State]>): Unseen | null {
  let first: Omit<Unseen, "machines"> | null = null;
  let machines = 0;
  for (const [machine, state] of states) {
    const found = unseenOf(state);
    if (found === null) continue;
    machines++;
    if (first === null || machine < first.machine) first = { machine, ...found };
  }
  return first === null ? null : { ...first, machines };
}

/** Merges the findings of threads; keeps the machine whose name comes first. */
export function mergeUnseen(found: readonly Unseen[]): Unseen | null {
  const [first] = found.toSorted((a, b) => (a.machine < b.machine ? -1 : 1));
  return first === undefined ? null : { ...first, machines: found.reduce((sum, { machines }) => sum + machines, 0) };
}

/** The warning for readers of the result. */
export function unseenWarning({ machine, key, what, machines }: Unseen): string {
  const others = machines === 1 ? "" : ` (and so it is in ${machines - 1} more ${machines === 2 ? "machine" : "machines"})`;
  return `The state of ${quoted(machine, 60)} holds ${what} under ${quoted(key, 60)}${others}, which JSON does not write as it is: state.digest and the dump cannot tell it from another. Keep text, finite numbers, true, false, null, lists and plain objects.`;
}

function unseenOf(state: State): { readonly key: string; readonly what: string } | null {
  for (const [key, value] of state as Map<unknown, unknown>) {
    const name = typeof key === "string" ? key : nameOf(key);
    if (typeof key !== "string")
      return { key: name, what: `a key that is ${kindOf(key) ?? article(Array.isArray(key) ? "list" : typeof key)}` };
    const what = unseenAt(value);
    if (what !== null) return { key: name, what };
  }
  return null;
}

function nameOf(key: unknown): string {
  try {
    return String(key);
  } catch {
    return "[not text]";
  }
}

/** Searches a value recursively; null when JSON represents all of it. */
function unseenAt(root: unknown): string | null {
  if (typeof root === "string") return null;
  const waiting: unknown[] = [root];
  const known = new Set<unknown>();
  try {
    while (waiting.length > 0) {
      const value = waiting.pop();
      const kind = kindOf(value);
      if (kind !== null) return kind;
      if (typeof value !== "object" || value === null || known.has(value)) continue;
      known.add(value);
      if (typeof (value as { toJSON?: unknown }).toJSON === "function") return "a value that writes itself (toJSON)";
      for (const inner of Object.values(value)) waiting.push(inner);
    }
    // A cyclic value has been searched by now, and JSON cannot represent it.
    if (known.size > 0) JSON.stringify(root);
    return null;
  } catch {
    return "something that cannot be read, or that holds itself";
  }
}

/** Type of a value that JSON does not represent, with article; null: it does, or its content decides. */
function kindOf(value: unknown): string | null {
  if (typeof value === "object") return value === null ? null : kindOfObject(value);
  switch (typeof value) {
    case "string":
    case "boolean":
      return null;
    case "number":
      return Number.isFinite(value) ? null : String(value);
    case "undefined":
      return "undefined";
    case "bigint":
      return "a BigInt";
    default:
      return article(typeof value);
  }
}

function kindOfObject(value: object): string | null {
  if (Array.isArray(value)) return Object.keys(value).length === value.length ? null : "a list with holes or names";
  const prototype: unknown = Object.getPrototypeOf(value);
  const plain = prototype === null || prototype === Object.prototype;
  if (!plain) return article((value.constructor as { name?: string } | undefined)?.name || "object of a class");
  return Object.getOwnPropertySymbols(value).length > 0 ? "a property named by a symbol" : null;
}

function article(word: string): string {
  return `${/^[aeio]/i.test(word) ? "an" : "a"} ${word}`;
}
