import type { Action } from "./actions.ts";

/** Characters of a line that is typed, at most. */
const LONGEST = 40;

/** A line that is typed after a key: a character more, or the last one less; other keys change nothing. */
export function typedAfter(text: string, key: string): string {
  if (key === "backspace") return [...text].slice(0, -1).join("");
  const written = key === "space" ? " " : key;
  return [...written].length === 1 && text.length < LONGEST ? text + written : text;
}

const STEPS: Readonly<Record<string, number>> = {
  ...{ down: 1, j: 1, up: -1, k: -1, "page-down": 10, "page-up": -10 },
  ...{ home: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY },
  ...{ "wheel-up": -1, "wheel-down": 1 },
};

/** What is done with the wheel of the mouse, as keys. */
const WHEEL = ["wheel-up", "wheel-down"] as const;

/** Keys that go through a list. */
export const LIST_KEYS = Object.keys(STEPS).filter((key) => !WHEEL.some((wheel) => wheel === key));

/** The mouse in a list: the key that has it reported, and its wheel. */
export function mouseInList<State extends FilterState, Context>(
  listed: (state: State) => boolean,
  count: (state: State, context: Context) => number,
): readonly Action<State, Context, "mouse">[] {
  return [
    {
      ...{ id: "mouse", keys: ["m"], short: null, title: "mouse", help: "the mouse, on or off: the wheel goes through the list" },
      when: listed,
      act: (state) => ({ state, intent: "mouse" }),
    },
    {
      ...{ id: "wheel", keys: WHEEL, short: null, title: "choose", help: null, when: listed },
      act: (state, context, key) => ({ state: { ...state, at: placeAfter(state.at, count(state, context), key) }, intent: "none" }),
    },
  ];
}

/** The place in a list of `count` after a key that goes through it. */
export function placeAfter(at: number, count: number, key: string): number {
  return Math.max(0, Math.min(count - 1, Math.min(at, count - 1) + (STEPS[key] ?? 0)));
}

/** What a list that can be filtered keeps of its filter. */
export interface FilterState {
  /** The place among those that the filter leaves. */
  readonly at: number;
  readonly filter: string;
  /** Keys are written into the filter. */
  readonly typing: boolean;
}

/** Whether each word of a filter is somewhere in a text, whatever its case. */
export function hasAllWords(text: string, filter: string): boolean {
  const lower = text.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}

/** The key that begins a filter, and what it looks through; `listed`: the list has the keys. */
export function beginFilter<State extends FilterState, Context, Intent extends string>(
  help: string,
  listed: (state: State) => boolean,
): Action<State, Context, Intent> {
  return {
    ...{ id: "filter", keys: ["/"], short: "/", title: "filter", help, when: listed },
    act: (state) => ({ state: { ...state, typing: true, at: 0 }, intent: "none" }),
  };
}

/** The key that has all of a filtered list again. It stands before what else that key does. */
export function clearFilter<State extends FilterState, Context, Intent extends string>(
  listed: (state: State) => boolean,
): Action<State, Context, Intent> {
  return {
    ...{ id: "clear-filter", keys: ["escape"], short: "Esc", title: "all", help: null },
    when: (state) => listed(state) && state.filter !== "",
    act: (state) => ({ state: { ...state, filter: "", at: 0 }, intent: "none" }),
  };
}

/** What keys do while a filter is typed. */
export function typeFilter<State extends FilterState, Context, Intent extends string>(): readonly Action<State, Context, Intent>[] {
  const when = ({ typing }: State) => typing;
  return [
    {
      ...{ id: "filter-done", keys: ["enter"], short: "Enter", title: "done", help: null, when },
      act: (state) => ({ state: { ...state, typing: false }, intent: "none" }),
    },
    {
      ...{ id: "filter-off", keys: ["escape"], short: "Esc", title: "all", help: null, when },
      act: (state) => ({ state: { ...state, typing: false, filter: "", at: 0 }, intent: "none" }),
    },
    {
      ...{ id: "filter-text", keys: "any", short: null, title: "filter", help: null, when },
      act: (state, _, key) => ({ state: { ...state, filter: typedAfter(state.filter, key), at: 0 }, intent: "none" }),
    },
  ];
}
