import type { Action, Pressed } from "../actions.ts";
import { openPalette, type PaletteIntent } from "../palette.ts";
import { beginFilter, clearFilter, type FilterState, LIST_KEYS, mouseInList, placeAfter, typeFilter } from "../typing.ts";

/** What the keyboard has done to the list of past runs. */
export interface HistoryState extends FilterState {
  /** Names of the runs that are marked, at most two, in the order in which they were. */
  readonly marked: readonly string[];
}

export const FIRST_HISTORY: HistoryState = { at: 0, filter: "", typing: false, marked: [] };

export interface HistoryContext {
  /** Names of the runs that a filter leaves, newest first. */
  readonly matching: (filter: string) => readonly string[];
}

export type HistoryIntent = "replay" | "compare" | "back" | "suspend" | "theme" | "mouse";

type HistoryAction = Action<HistoryState, HistoryContext, HistoryIntent | PaletteIntent>;

const MOST_MARKED = 2;

const only = (state: HistoryState, intent: HistoryIntent | "none" = "none"): Pressed<HistoryState, HistoryIntent> => ({ state, intent });
const listed = ({ typing }: HistoryState) => !typing;
const always = () => true;

/** The name of the run that is chosen; undefined: there is none. */
export function chosenRun({ at, filter }: HistoryState, { matching }: HistoryContext): string | undefined {
  const left = matching(filter);
  return left[Math.min(at, left.length - 1)];
}

function marked(state: HistoryState, run: string | undefined): HistoryState {
  if (run === undefined) return state;
  if (state.marked.includes(run)) return { ...state, marked: state.marked.filter((one) => one !== run) };
  // Of three the first is let go.
  return { ...state, marked: [...state.marked, run].slice(-MOST_MARKED) };
}

/** What keys do on the list of past runs. */
export const HISTORY_ACTIONS: readonly HistoryAction[] = [
  { id: "leave", keys: ["ctrl-c", "ctrl-d"], short: null, title: "back", help: null, when: always, act: (state) => only(state, "back") },
  { id: "suspend", keys: ["ctrl-z"], short: null, title: "suspend", help: "suspend", when: always, act: (state) => only(state, "suspend") },
  {
    id: "choose",
    keys: LIST_KEYS,
    short: "↑ ↓",
    title: "choose",
    help: "choose a run",
    when: listed,
    act: (state, { matching }, key) => {
      return only({ ...state, at: placeAfter(state.at, matching(state.filter).length, key) });
    },
  },
  {
    id: "replay",
    keys: ["enter"],
    short: "Enter",
    title: "replay",
    help: "play it again",
    when: listed,
    act: (state, context) => only(state, chosenRun(state, context) === undefined ? "none" : "replay"),
  },
  {
    id: "mark",
    keys: ["space"],
    short: "Space",
    title: "mark",
    help: "mark two to be compared",
    when: listed,
    act: (state, context) => only(marked(state, chosenRun(state, context))),
  },
  {
    id: "compare",
    keys: ["c"],
    short: "c",
    title: "compare",
    help: "the two that are marked, side by side",
    when: (state) => listed(state) && state.marked.length === MOST_MARKED,
    act: (state) => only(state, "compare"),
  },
  beginFilter("filter: words in any order, each anywhere in scenario, title, status or time", listed),
  { id: "theme", keys: ["t"], short: null, title: "theme", help: "the next theme", when: listed, act: (state) => only(state, "theme") },
  ...mouseInList<HistoryState, HistoryContext>(listed, ({ filter }, { matching }) => matching(filter).length),
  openPalette(listed),
  clearFilter(listed),
  {
    id: "back",
    keys: ["q", "escape"],
    short: "q",
    title: "back",
    help: "back to the scenarios",
    when: listed,
    act: (state) => only(state, "back"),
  },
  ...typeFilter<HistoryState, HistoryContext, HistoryIntent>(),
];

/** What keys do on two runs side by side. */
export const COMPARISON_ACTIONS: readonly Action<null, null, "back" | "suspend">[] = [
  {
    ...{ id: "suspend", keys: ["ctrl-z"], short: null, title: "suspend", help: null, when: always },
    act: (state) => ({ state, intent: "suspend" }),
  },
  { id: "back", keys: "any", short: "any key", title: "back", help: null, when: always, act: (state) => ({ state, intent: "back" }) },
];
