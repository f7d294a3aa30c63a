import { MODES } from "../../../scenario/modes.ts";
import type { Action, Pressed } from "../actions.ts";
import { openPalette, type PaletteIntent } from "../palette.ts";
import { beginFilter, clearFilter, type FilterState, LIST_KEYS, mouseInList, placeAfter, typedAfter, typeFilter } from "../typing.ts";

/** Fields of the form for one run, in their order. */
export const FORM_FIELDS = ["mode", "rate", "duration", "workers"] as const;
export type FormField = (typeof FORM_FIELDS)[number];

/** Values for one run in place of its scenario's; an empty field changes nothing. */
export type FormValues = Readonly<Record<FormField, string>>;

const EMPTY_FORM: FormValues = { mode: "", rate: "", duration: "", workers: "" };

/** State of the scenario list as set by the keyboard. */
export interface BrowseState extends FilterState {
  /** The mode whose diagram is shown, by number; null: the list is. */
  readonly drawn: number | null;
  /** The form for one run; null: it is not open. */
  readonly form: { readonly field: number; readonly values: FormValues } | null;
  readonly help: boolean;
}

export const FIRST_PLACE: BrowseState = { at: 0, filter: "", typing: false, drawn: null, form: null, help: false };

export interface BrowseContext {
  /** Places, among all scenarios, of those that a filter leaves. */
  readonly matching: (filter: string) => readonly number[];
  /** Whether the scenario at a place among all can be run. */
  readonly runs: (place: number) => boolean;
}

/** What keys ask the session to do. */
export type BrowseIntent = "choose" | "quit" | "suspend" | "edit" | "new" | "history" | "theme" | "mouse";

export type BrowseAction = Action<BrowseState, BrowseContext, BrowseIntent | PaletteIntent>;
type BrowsePressed = Pressed<BrowseState, BrowseIntent>;

const always = () => true;
const listed = ({ drawn, typing, form, help }: BrowseState) => drawn === null && !typing && form === null && !help;
const drawing = ({ drawn }: BrowseState) => drawn !== null;
const filtering = ({ typing }: BrowseState) => typing;
const filling = ({ form }: BrowseState) => form !== null;
const only = (state: BrowseState, intent: BrowseIntent | "none" = "none"): BrowsePressed => ({ state, intent });

/** The place among all of the scenario that is chosen; undefined: the filter leaves none. */
export function chosenPlace({ at, filter }: BrowseState, { matching }: BrowseContext): number | undefined {
  const left = matching(filter);
  return left[Math.min(at, left.length - 1)];
}

function moved(state: BrowseState, { matching }: BrowseContext, key: string): BrowseState {
  return { ...state, at: placeAfter(state.at, matching(state.filter).length, key) };
}

function filled(state: BrowseState, change: (form: NonNullable<BrowseState["form"]>) => NonNullable<BrowseState["form"]>): BrowsePressed {
  return only(state.form === null ? state : { ...state, form: change(state.form) });
}

/** What keys do on the list of scenarios, its filter, its form and the diagrams of the modes. */
export const BROWSE_ACTIONS: readonly BrowseAction[] = [
  {
    id: "leave",
    keys: ["ctrl-c", "ctrl-d"],
    short: null,
    title: "quit",
    help: null,
    when: always,
    act: (state) => only(state, "quit"),
  },
  { id: "suspend", keys: ["ctrl-z"], short: null, title: "suspend", help: "suspend", when: always, act: (state) => only(state, "suspend") },
  {
    id: "choose",
    keys: LIST_KEYS,
    short: "↑ ↓",
    title: "choose",
    help: "choose a scenario",
    when: listed,
    act: (state, context, key) => only(moved(state, context, key)),
  },
  {
    id: "choose-while-filtering",
    keys: ["up", "down"],
    short: null,
    title: "choose",
    help: null,
    when: filtering,
    act: (state, context, key) => only(moved(state, context, key)),
  },
  {
    id: "run",
    keys: ["enter"],
    short: "Enter",
    title: "run",
    help: "run it",
    when: listed,
    act: (state, context) => {
      const place = chosenPlace(state, context);
      return only(state, place !== undefined && context.runs(place) ? "choose" : "none");
    },
  },
  {
    id: "form",
    keys: ["o"],
    short: "o",
    title: "run otherwise",
    help: "run it once with another mode, rate, duration or number of Workers",
    when: listed,
    act: (state, context) => {
      const place = chosenPlace(state, context);
      return only(place !== undefined && context.runs(place) ? { ...state, form: { field: 0, values: EMPTY_FORM } } : state);
    },
  },
  beginFilter("filter: words in any order, each anywhere in name, title, tags or description", listed),
  {
    id: "edit",
    keys: ["e"],
    short: "e",
    title: "edit",
    help: "edit it in $EDITOR; a shipped one as a copy in ./scenarios",
    when: listed,
    act: (state) => only(state, "edit"),
  },
  {
    id: "new",
    keys: ["n"],
    short: "n",
    title: "new",
    help: "write a new scenario in ./scenarios and edit it",
    when: listed,
    act: (state) => only(state, "new"),
  },
  {
    id: "history",
    keys: ["h"],
    short: "h",
    title: "past runs",
    help: "past runs: replay, compare",
    when: listed,
    act: (state) => only(state, "history"),
  },
  {
    id: "diagram",
    keys: ["d"],
    short: "d",
    title: "modes",
    help: "how a message travels in each mode, drawn",
    when: listed,
    act: (state) => only({ ...state, drawn: 0 }),
  },
  {
    id: "next-diagram",
    keys: ["d"],
    short: "d",
    title: "the next mode",
    help: null,
    when: drawing,
    act: (state) => {
      const next = (state.drawn ?? 0) + 1;
      return only({ ...state, drawn: next < MODES.length ? next : null });
    },
  },
  {
    id: "back",
    keys: ["q", "escape"],
    short: "q, Esc",
    title: "back",
    help: null,
    when: drawing,
    act: (state) => only({ ...state, drawn: null }),
  },
  { id: "theme", keys: ["t"], short: null, title: "theme", help: "the next theme", when: listed, act: (state) => only(state, "theme") },
  ...mouseInList<BrowseState, BrowseContext>(listed, ({ filter }, { matching }) => matching(filter).length),
  openPalette(listed),
  {
    id: "help",
    keys: ["?"],
    short: "?",
    title: "help",
    help: "this help; any key closes it",
    when: listed,
    act: (state) => only({ ...state, help: true }),
  },
  clearFilter(listed),
  { id: "quit", keys: ["q", "escape"], short: "q", title: "quit", help: "quit", when: listed, act: (state) => only(state, "quit") },
  ...typeFilter<BrowseState, BrowseContext, BrowseIntent>(),
  {
    id: "form-field",
    keys: ["tab", "down", "shift-tab", "up"],
    short: "Tab",
    title: "field",
    help: null,
    when: filling,
    act: (state, _, key) =>
      filled(state, (form) => {
        const by = key === "tab" || key === "down" ? 1 : FORM_FIELDS.length - 1;
        return { ...form, field: (form.field + by) % FORM_FIELDS.length };
      }),
  },
  { id: "form-run", keys: ["enter"], short: "Enter", title: "run", help: null, when: filling, act: (state) => only(state, "choose") },
  {
    id: "form-off",
    keys: ["escape"],
    short: "Esc",
    title: "back",
    help: null,
    when: filling,
    act: (state) => only({ ...state, form: null }),
  },
  {
    id: "form-text",
    keys: "any",
    short: null,
    title: "text",
    help: null,
    when: filling,
    act: (state, _, key) =>
      filled(state, ({ field, values }) => {
        const name = FORM_FIELDS[field] ?? "mode";
        return { field, values: { ...values, [name]: typedAfter(values[name], key) } };
      }),
  },
  {
    id: "close-help",
    keys: "any",
    short: "any key",
    title: "back",
    help: null,
    when: ({ help }) => help,
    act: (state) => only({ ...state, help: false }),
  },
];
