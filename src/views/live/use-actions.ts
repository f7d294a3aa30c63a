import { useInput } from "ink";
import { useEffect, useRef, useState } from "react";
import { type Action, pressed } from "./actions.ts";
import type { Keyboard } from "./keys.ts";
import type { Pointed } from "./mouse.ts";

/** The state of a screen and what sets it otherwise, as its keys have made it. `context` is asked anew at each key; `onIntent` hears what the outside is to do; `keyOf` gives the mouse names of keys. */
export function useActions<State, Context, Intent extends string>(
  keyboard: Keyboard,
  actions: readonly Action<State, Context, Intent>[],
  first: State,
  context: () => Context,
  onIntent: (intent: Intent, state: State) => void,
  keyOf: (pointed: Pointed, state: State) => string = ({ kind }) => kind,
): readonly [state: State, set: (state: State) => void] {
  const [state, setState] = useState(first);
  const latest = useRef(state);
  useInput((input, key) => {
    take(keyboard.keys(input, key));
  });
  // Ink keeps reports of the mouse from its listeners.
  useEffect(() => {
    keyboard.onPointed = (pointed) => take([keyOf(pointed, latest.current)]);
  });
  const take = (names: readonly string[]) => {
    for (const name of names) {
      const { state: next, intent } = pressed(actions, latest.current, context(), name);
      latest.current = next;
      if (intent !== "none") onIntent(intent, next);
    }
    setState(latest.current);
  };
  const set = (next: State) => {
    latest.current = next;
    setState(next);
  };
  return [state, set];
}
