import type { Action, Pressed } from "../actions.ts";
import { openPalette, type PaletteIntent } from "../palette.ts";

/** State of the run screen as set by the keyboard. */
export interface RunState {
  /** Index of the focused panel, 0–4. */
  readonly focus: number;
  readonly zoomed: boolean;
  readonly help: boolean;
  readonly frozen: boolean;
  /** The instant of the current case that is shown, in milliseconds since its t = 0; null: now. */
  readonly past: number | null;
  /** Asking whether to quit during a run. */
  readonly asking: boolean;
  /** The sojourn times by percentile are shown, of a run that is over. */
  readonly percentiles: boolean;
  /** The point of a finished sweep that is shown, as an index of the result's cases; null: the best. */
  readonly point: number | null;
}

export const FIRST_STATE: RunState = {
  ...{ focus: 0, zoomed: false, help: false, frozen: false, past: null, asking: false },
  percentiles: false,
  point: null,
};

export const PANEL_COUNT = 5;

export interface RunContext {
  /** A run is in progress. */
  readonly running: boolean;
  /** A run of the past is being played. */
  readonly replaying: boolean;
  /** Whether a focused panel is visible without zoom. */
  readonly shows: (panel: number) => boolean;
  /** The running case has an arrival rate that can be changed. */
  readonly steerable: boolean;
  /** End of the known part of the current case, in milliseconds; 0: nothing is known. */
  readonly until: number;
  /** Instants of its changes, in order. */
  readonly moments: readonly number[];
  /** Where an arrow leads on the picture of a finished sweep, by the index of its case; null: there is no such picture. */
  readonly pointAfter: ((point: number | null, key: string) => number | null) | null;
}

/** Intents of keys for the session. */
export type RunIntent = RateIntent | "interrupt" | "quit" | "suspend" | "freeze" | "unfreeze" | Beside | "input-over";
type RateIntent = "rate-up" | "rate-down";
type Beside = "theme" | "picture" | "record" | "mouse";

export type RunAction = Action<RunState, RunContext, RunIntent | PaletteIntent>;

const PANEL_KEYS = Array.from({ length: PANEL_COUNT }, (_, i) => String(i + 1));

/** Whatever is done, a question that outlived its run ends. */
const change = (state: RunState, changes: Partial<RunState>, intent: RunIntent | "none" = "none"): Pressed<RunState, RunIntent> => ({
  state: { ...state, asking: false, ...changes },
  intent,
});

const always = () => true;
/** True while neither the help nor a question captures every key. */
const plain = ({ help, asking }: RunState, { running }: RunContext) => !help && !(asking && running);
/** True while the picture of a finished sweep is shown. */
const onPicture = ({ zoomed, past, percentiles }: RunState, { pointAfter }: RunContext) =>
  pointAfter !== null && !zoomed && past === null && !percentiles;
const ending = ({ running }: RunContext): RunIntent => (running ? "interrupt" : "quit");

/** Actions during and after a run; the first that applies is done. */
export const RUN_ACTIONS: readonly RunAction[] = [
  {
    id: "answer-yes",
    keys: ["y", "enter"],
    short: null,
    title: "yes",
    help: null,
    when: ({ asking }) => asking,
    act: (state, context) => change(state, {}, ending(context)),
  },
  {
    id: "quit",
    keys: ["q"],
    short: "q",
    title: "quit",
    help: "quit; asks while a run is going on",
    when: plain,
    act: (state, { running }) => (running ? change(state, { asking: true }) : change(state, {}, "quit")),
  },
  {
    id: "help",
    keys: ["?"],
    short: "?",
    title: "help",
    help: "this help; any key closes it",
    when: plain,
    act: (state) => change(state, { help: true }),
  },
  openPalette(plain),
  {
    id: "focus",
    keys: ["tab", "shift-tab", ...PANEL_KEYS],
    short: "1–5",
    title: "panel",
    help: "focus a panel",
    when: plain,
    act: (state, { shows }, key) => {
      const focus = focusAfter(state.focus, key);
      return change(state, { focus, zoomed: state.zoomed || !shows(focus) });
    },
  },
  {
    id: "zoom",
    keys: ["enter", "z"],
    short: "z",
    title: "zoom",
    help: "zoom the focused panel, and back",
    when: plain,
    act: (state) => change(state, { zoomed: !state.zoomed }),
  },
  {
    id: "back",
    keys: ["escape"],
    short: "Esc",
    title: "back",
    help: "back to all panels",
    when: (state, context) =>
      plain(state, context) &&
      (state.percentiles || state.zoomed || state.past !== null || (state.point !== null && onPicture(state, context))),
    act: (state) => {
      if (state.percentiles) return change(state, { percentiles: false });
      if (state.point !== null && state.past === null && !state.zoomed) return change(state, { point: null });
      return state.past === null ? change(state, { zoomed: false }) : change(state, { past: null });
    },
  },
  {
    id: "percentiles",
    keys: ["p"],
    short: "p",
    title: "percentiles",
    help: "sojourn times by percentile, when it is over, and back",
    when: (state, context) => plain(state, context) && !context.running && !context.replaying,
    act: (state) => change(state, { percentiles: !state.percentiles }),
  },
  {
    id: "freeze",
    keys: ["space"],
    short: "Space",
    title: "freeze",
    help: "freeze the picture; the run goes on, a replay waits",
    when: (state, context) => plain(state, context) && (context.running || context.replaying),
    act: (state) => change(state, { frozen: !state.frozen }, state.frozen ? "unfreeze" : "freeze"),
  },
  {
    id: "rate",
    keys: ["+", "-"],
    short: "+ -",
    title: "rate",
    help: "change the arrival rate by a quarter, in this case and the modes after it; reports say so",
    when: (state, context) => plain(state, context) && context.running && context.steerable && state.past === null && !state.frozen,
    act: (state, _, key) => change(state, {}, key === "+" ? "rate-up" : "rate-down"),
  },
  {
    id: "point",
    keys: ["left", "right", "up", "down"],
    short: "← ↑ ↓ →",
    title: "point",
    help: "another point of a finished sweep: its figures, and what limited it",
    when: (state, context) => plain(state, context) && onPicture(state, context),
    act: (state, { pointAfter }, key) => change(state, { point: pointAfter?.(state.point, key) ?? state.point }),
  },
  {
    id: "back-in-time",
    keys: ["left", "shift-left"],
    short: "←",
    title: "past",
    help: "back in time by 1 s, with Shift by 10 s; the run goes on",
    when: (state, context) => plain(state, context) && context.until > 0 && state.past !== 0 && !onPicture(state, context),
    act: (state, { until }, key) => change(state, { past: Math.max(0, (state.past ?? until) - stepOf(key)) }),
  },
  {
    id: "forth-in-time",
    keys: ["right", "shift-right"],
    short: "→",
    title: "later",
    help: "forth in time by 1 s, with Shift by 10 s, until now",
    when: (state, context) => plain(state, context) && state.past !== null,
    act: (state, { until }, key) => {
      const t = (state.past ?? until) + stepOf(key);
      return change(state, { past: t >= until ? null : t });
    },
  },
  {
    id: "ends",
    keys: ["home", "end"],
    short: null,
    title: "the beginning, now",
    help: "the beginning of the case, and now",
    when: (state, context) => plain(state, context) && context.until > 0,
    act: (state, _, key) => change(state, { past: key === "home" ? 0 : null }),
  },
  {
    id: "moments",
    keys: ["n", "N"],
    short: null,
    title: "next event",
    help: "the next event and the one before: another rate, queue full, drops, breaker",
    when: (state, context) => plain(state, context) && context.moments.length > 0,
    act: (state, { until, moments }, key) => {
      const at = state.past ?? until;
      const found = key === "n" ? moments.find((t) => t > at) : moments.findLast((t) => t < at);
      return change(state, found === undefined ? {} : { past: found });
    },
  },
  {
    id: "theme",
    keys: ["t"],
    short: null,
    title: "theme",
    help: "the next theme: dark, light, contrast, colour-blind, none",
    when: plain,
    act: (state) => change(state, {}, "theme"),
  },
  {
    id: "picture",
    keys: ["s"],
    short: null,
    title: "save",
    help: "save a picture (SVG; PNG too where @resvg/resvg-js is installed)",
    when: plain,
    act: (state) => change(state, {}, "picture"),
  },
  {
    id: "record",
    keys: ["r"],
    short: null,
    title: "record",
    help: "record the terminal (asciicast), and end that",
    when: plain,
    act: (state) => change(state, {}, "record"),
  },
  {
    id: "mouse",
    keys: ["m"],
    short: null,
    title: "mouse",
    help: "the mouse, on or off: click focuses, again zooms; the wheel goes through time",
    when: plain,
    act: (state) => change(state, {}, "mouse"),
  },
  {
    id: "click",
    keys: PANEL_KEYS.map((key) => `click-${key}`),
    short: null,
    title: "focus or zoom",
    help: null,
    when: plain,
    act: (state, _, key) => {
      const focus = Number(key.slice("click-".length)) - 1;
      return change(state, focus === state.focus ? { zoomed: !state.zoomed } : { focus });
    },
  },
  {
    id: "wheel",
    keys: ["wheel-up", "wheel-down"],
    short: null,
    title: "past, later",
    help: null,
    when: (state, context) => plain(state, context) && context.until > 0,
    act: (state, { until }, key) => {
      const t = (state.past ?? until) + (key === "wheel-up" ? -WHEEL_MS : WHEEL_MS);
      return change(state, { past: t >= until ? null : Math.max(0, t) });
    },
  },
  {
    id: "interrupt",
    keys: ["ctrl-c"],
    short: "Ctrl-C",
    title: "stop",
    help: "stop and drain; again: stop at once",
    when: (_, { running }) => running,
    act: (state) => change(state, {}, "interrupt"),
  },
  {
    id: "leave",
    keys: ["ctrl-c"],
    short: null,
    title: "quit",
    help: null,
    when: (_, { running }) => !running,
    act: (state) => change(state, {}, "quit"),
  },
  {
    id: "suspend",
    keys: ["ctrl-z"],
    short: null,
    title: "suspend",
    help: "suspend the dashboard; the run goes on",
    when: always,
    act: (state) => ({ state, intent: "suspend" }),
  },
  {
    id: "input-over",
    keys: ["ctrl-d"],
    short: null,
    title: "no more keys",
    help: "no more keys: this screen ends with the run",
    when: always,
    act: (state) => ({ state, intent: "input-over" }),
  },
  {
    id: "close-help",
    keys: "any",
    short: "any key",
    title: "back",
    help: null,
    when: ({ help }) => help,
    act: (state) => change(state, { help: false }),
  },
  {
    id: "answer-no",
    keys: "any",
    short: null,
    title: "no",
    help: null,
    when: ({ asking }) => asking,
    act: (state) => change(state, {}),
  },
];

/** Step of the wheel through time, in milliseconds. */
const WHEEL_MS = 1000;

/** Step of an arrow key through time, in milliseconds. */
function stepOf(key: string): number {
  return key.startsWith("shift-") ? 10_000 : 1000;
}

function focusAfter(focus: number, key: string): number {
  if (key === "tab") return (focus + 1) % PANEL_COUNT;
  return key === "shift-tab" ? (focus + PANEL_COUNT - 1) % PANEL_COUNT : Number(key) - 1;
}
