import { MODES } from "../../../scenario/schema.ts";
import type { Action } from "../actions.ts";

/** State of the scenario list as set by the keyboard. */
export interface BrowseState {
  /** Index of the selected scenario. */
  readonly at: number;
  /** Index of the mode whose diagram is shown; null: the list is shown. */
  readonly drawn: number | null;
}

export const FIRST_PLACE: BrowseState = { at: 0, drawn: null };

export interface BrowseContext {
  /** Number of scenarios. */
  readonly count: number;
  /** Whether the scenario at an index can be run. */
  readonly runs: (at: number) => boolean;
}

/** Intents of keys for the session. */
export type BrowseIntent = "choose" | "quit" | "suspend";

type BrowseAction = Action<BrowseState, BrowseContext, BrowseIntent>;

const always = () => true;
const listed = ({ drawn }: BrowseState) => drawn === null;
const drawing = ({ drawn }: BrowseState) => drawn !== null;

/** Actions on the list of scenarios and on the diagrams of the modes. */
export const BROWSE_ACTIONS: readonly BrowseAction[] = [
  {
    id: "choose",
    keys: ["up", "k", "down", "j"],
    short: "↑ ↓",
    title: "choose",
    help: "choose a scenario",
    when: listed,
    act: (state, { count }, key) => {
      const by = key === "down" || key === "j" ? 1 : -1;
      return { state: { ...state, at: Math.max(0, Math.min(count - 1, state.at + by)) }, intent: "none" };
    },
  },
  {
    id: "run",
    keys: ["enter"],
    short: "Enter",
    title: "run",
    help: "run it",
    when: listed,
    act: (state, { runs }) => ({ state, intent: runs(state.at) ? "choose" : "none" }),
  },
  {
    id: "diagram",
    keys: ["e"],
    short: "e",
    title: "modes, drawn",
    help: "how a message travels in each mode, drawn",
    when: listed,
    act: (state) => ({ state: { ...state, drawn: 0 }, intent: "none" }),
  },
  {
    id: "next-diagram",
    keys: ["e"],
    short: "e",
    title: "the next mode",
    help: null,
    when: drawing,
    act: (state) => {
      const next = (state.drawn ?? 0) + 1;
      return { state: { ...state, drawn: next < MODES.length ? next : null }, intent: "none" };
    },
  },
  {
    id: "back",
    keys: ["q", "escape"],
    short: "q, Esc",
    title: "back",
    help: null,
    when: drawing,
    act: (state) => ({ state: { ...state, drawn: null }, intent: "none" }),
  },
  {
    id: "quit",
    keys: ["q", "escape"],
    short: "q, Esc",
    title: "quit",
    help: "quit",
    when: listed,
    act: (state) => ({ state, intent: "quit" }),
  },
  {
    id: "leave",
    keys: ["ctrl-c", "ctrl-d"],
    short: null,
    title: "quit",
    help: null,
    when: always,
    act: (state) => ({ state, intent: "quit" }),
  },
  {
    id: "suspend",
    keys: ["ctrl-z"],
    short: null,
    title: "suspend",
    help: "suspend",
    when: always,
    act: (state) => ({ state, intent: "suspend" }),
  },
];
