import { useInput } from "ink";
import { useEffect, useRef, useState } from "react";
import { type Action, pressed } from "./actions.ts";
import type { Keyboard } from "./keys.ts";
import type { Pointed } from "./mouse.ts";
import { commandsOf, Palette, type PaletteIntent, type PaletteView } from "./palette.ts";

/** A screen's state as its keys have made it, what sets it otherwise, and the palette over it; null: that is closed. */
export type Acting<State> = readonly [state: State, set: (state: State) => void, palette: PaletteView | null];

/**
 * The keys of a screen. `context` is asked anew at each key; `onIntent` hears what the outside is to do; `keyOf` gives the mouse names of
 * keys.
 */
export function useActions<State, Context, Intent extends string>(
  keyboard: Keyboard,
  actions: readonly Action<State, Context, Intent | PaletteIntent>[],
  first: State,
  context: () => Context,
  onIntent: (intent: Intent, state: State) => void,
  keyOf: (pointed: Pointed, state: State) => string = ({ kind }) => kind,
): Acting<State> {
  const [state, setState] = useState(first);
  const [, draw] = useState(0);
  const latest = useRef(state);
  const [palette] = useState(() => new Palette());
  const commands = (text: string) => commandsOf(actions, latest.current, context(), text);
  useInput((input, key) => {
    take(keyboard.keys(input, key));
  });
  // Ink keeps reports of the mouse from its listeners.
  useEffect(() => {
    keyboard.onPointed = (pointed) => take([keyOf(pointed, latest.current)]);
  });
  const take = (names: readonly string[]) => {
    // What is typed into the palette changes no state of the screen.
    if (palette.isOpen) draw((times) => times + 1);
    for (const name of names) for (const key of palette.take(name, commands)) press(key);
    setState(latest.current);
  };
  const press = (key: string) => {
    const { state: next, intent } = pressed(actions, latest.current, context(), key);
    latest.current = next;
    if (intent === "palette") {
      palette.open();
      draw((times) => times + 1);
    } else if (intent !== "none") onIntent(intent as Intent, next);
  };
  const set = (next: State) => {
    latest.current = next;
    setState(next);
  };
  return [state, set, palette.view(commands)];
}
