import { type Action, pressed } from "./actions.ts";
import { writtenKey } from "./keys.ts";
import { hasAllWords, placeAfter, typedAfter } from "./typing.ts";

/** State of the command palette as set by the keyboard. */
export interface PaletteState {
  /** The words that commands must have. */
  readonly text: string;
  /** The place among the commands that have them. */
  readonly at: number;
}

const FIRST_PALETTE: PaletteState = { text: "", at: 0 };

/** A command of the palette: an action of the screen below it that applies now. */
export interface Command {
  readonly id: string;
  readonly what: string;
  /** Its key, as people write it. */
  readonly key: string;
  /** Its key, as actions name it. */
  readonly name: string;
}

/** The palette as it is shown. */
export interface PaletteView extends PaletteState {
  readonly commands: readonly Command[];
}

/** The intent of the key that opens the palette. */
export type PaletteIntent = "palette";

/** The action that opens the palette of a screen. */
export function openPalette<State, Context>(when: (state: State, context: Context) => boolean): Action<State, Context, PaletteIntent> {
  return {
    ...{ id: "palette", keys: [":", "ctrl-p"], short: null, title: "commands", help: "commands, found by their words", when },
    act: (state) => ({ state, intent: "palette" }),
  };
}

interface PaletteContext {
  readonly count: number;
}

/** Actions of the palette itself. */
export const PALETTE_ACTIONS: readonly Action<PaletteState, PaletteContext, "do" | "close">[] = [
  {
    ...{ id: "choose", keys: ["up", "down", "page-up", "page-down", "wheel-up", "wheel-down"], short: "↑ ↓", title: "choose", help: null },
    when: () => true,
    act: (state, { count }, key) => ({ state: { ...state, at: placeAfter(state.at, count, key) }, intent: "none" }),
  },
  {
    ...{ id: "do", keys: ["enter"], short: "Enter", title: "do it", help: null, when: (_, { count }) => count > 0 },
    act: (state) => ({ state, intent: "do" }),
  },
  {
    ...{ id: "close", keys: ["escape"], short: "Esc", title: "back", help: null, when: () => true },
    act: (state) => ({ state, intent: "close" }),
  },
  {
    ...{ id: "text", keys: "any", short: null, title: "words", help: null, when: () => true },
    act: ({ text }, _, key) => ({ state: { text: typedAfter(text, key), at: 0 }, intent: "none" }),
  },
];

/** The commands of a screen that apply now and have all words. */
export function commandsOf<State, Context, Intent extends string>(
  actions: readonly Action<State, Context, Intent>[],
  state: State,
  context: Context,
  text: string,
): readonly Command[] {
  return actions.flatMap(({ id, keys, title, help, when }) => {
    const name = keys === "any" ? undefined : keys[0];
    if (help === null || name === undefined || id === "palette" || !when(state, context) || !hasAllWords(`${title} ${help}`, text))
      return [];
    return [{ id, what: help, key: writtenKey(name), name }];
  });
}

/** The command palette over a screen: while it is open it takes keys, except those with Ctrl, and gives the key of the chosen command. */
export class Palette {
  private state: PaletteState | null = null;

  get isOpen(): boolean {
    return this.state !== null;
  }

  open(): void {
    this.state = FIRST_PALETTE;
  }

  /** `commands`: those that have all words of a text. */
  view(commands: (text: string) => readonly Command[]): PaletteView | null {
    if (this.state === null) return null;
    const found = commands(this.state.text);
    return { ...this.state, at: Math.min(this.state.at, Math.max(0, found.length - 1)), commands: found };
  }

  /** The keys that are left for the screen: that of a chosen command, those with Ctrl, or all while the palette is closed. */
  take(key: string, commands: (text: string) => readonly Command[]): readonly string[] {
    if (this.state === null) return [key];
    if (key.startsWith("ctrl-")) {
      this.state = null;
      return [key];
    }
    const found = commands(this.state.text);
    const { state, intent } = pressed(PALETTE_ACTIONS, this.state, { count: found.length }, key);
    this.state = intent === "none" ? state : null;
    const chosen = intent === "do" ? found[Math.min(state.at, found.length - 1)] : undefined;
    return chosen === undefined ? [] : [chosen.name];
  }
}
