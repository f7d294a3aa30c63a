/** What the keyboard does to the screen; pure, so that it is tested without one. */
export interface ScreenState {
  /** Index of the focused panel, 0–4. */
  readonly focus: number;
  readonly zoomed: boolean;
  readonly help: boolean;
  readonly frozen: boolean;
  /** Asking whether to quit while a run is going on. */
  readonly asking: boolean;
}

export const FIRST_SCREEN: ScreenState = { focus: 0, zoomed: false, help: false, frozen: false, asking: false };

export const PANEL_COUNT = 5;

/** What a key asks the outside to do. */
export type Wish = "none" | "interrupt" | "quit" | "suspend";

export interface Key {
  readonly tab?: boolean;
  readonly shift?: boolean;
  readonly escape?: boolean;
  readonly return?: boolean;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
}

/** Of keys with Ctrl only these are ours; Ctrl-Q goes on after Ctrl-S, and Ctrl-Space is none. */
const WITH_CTRL = "cz";
/** What begins a string that terminals answer questions with (OSC, DCS, SOS, PM and APC of ECMA-48, 5.6): it comes as a key with Alt. */
const ANSWERS = "]PX^_";

/** Tells what a person typed from what a terminal says of itself. */
export class Keyboard {
  private answering = false;

  /** The characters of an input that are typed, one by one, since fast typing arrives as one; none: nobody typed it. */
  typed(input: string, key: Key): readonly string[] {
    const answer = this.answering && input.length > 1;
    this.answering = key.meta === true && input.length === 1 && ANSWERS.includes(input);
    if (key.meta === true || answer) return [];
    if (key.ctrl === true) return WITH_CTRL.includes(input) ? [input] : [];
    return input.length <= 1 ? [input] : [...input];
  }
}

export interface Pressed {
  readonly state: ScreenState;
  readonly wish: Wish;
}

/** The screen after one character or key. `running`: a run is going on. */
export function press(state: ScreenState, char: string, key: Key, running: boolean): Pressed {
  const stay = (change: Partial<ScreenState>): Pressed => ({ state: { ...state, ...change }, wish: "none" });
  const wish = (asked: Wish, change: Partial<ScreenState> = {}): Pressed => ({ state: { ...state, ...change }, wish: asked });
  if (key.ctrl === true && char === "c") return wish(running ? "interrupt" : "quit");
  if (key.ctrl === true && char === "z") return wish("suspend");
  // A run that has ended since it was asked leaves nothing to ask.
  if (state.asking && !running && char !== "y" && key.return !== true) return press({ ...state, asking: false }, char, key, running);
  if (state.asking) {
    if (char === "y" || key.return === true) return wish(running ? "interrupt" : "quit", { asking: false });
    return stay({ asking: false });
  }
  if (state.help) return stay({ help: false });
  if (key.tab === true) return stay({ focus: (state.focus + (key.shift === true ? PANEL_COUNT - 1 : 1)) % PANEL_COUNT });
  if (key.escape === true) return stay({ zoomed: false });
  if (key.return === true || char === "\r") return stay({ zoomed: !state.zoomed });
  if (char >= "1" && char <= String(PANEL_COUNT)) return stay({ focus: Number(char) - 1 });
  switch (char) {
    case "q":
      return running ? stay({ asking: true }) : wish("quit");
    case "?":
      return stay({ help: true });
    case "z":
      return stay({ zoomed: !state.zoomed });
    case " ":
      return stay({ frozen: !state.frozen });
    default:
      return stay({});
  }
}
