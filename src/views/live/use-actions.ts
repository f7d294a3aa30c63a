import { useInput } from "ink";
import { useRef, useState } from "react";
import { type Action, pressed } from "./actions.ts";
import type { Keyboard } from "./keys.ts";

/** The state of a screen and what sets it otherwise, as its keys have made it. `context` is asked anew at each key; `onIntent` hears what the outside is to do. */
export function useActions<State, Context, Intent extends string>(
  keyboard: Keyboard,
  actions: readonly Action<State, Context, Intent>[],
  first: State,
  context: () => Context,
  onIntent: (intent: Intent, state: State) => void,
): readonly [state: State, set: (state: State) => void] {
  const [state, setState] = useState(first);
  const latest = useRef(state);
  useInput((input, key) => {
    for (const name of keyboard.keys(input, key)) {
      const { state: next, intent } = pressed(actions, latest.current, context(), name);
      latest.current = next;
      if (intent !== "none") onIntent(intent, next);
    }
    setState(latest.current);
  });
  const set = (next: State) => {
    latest.current = next;
    setState(next);
  };
  return [state, set];
}
