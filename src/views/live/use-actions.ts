import { useInput } from "ink";
import { useRef, useState } from "react";
import { type Action, pressed } from "./actions.ts";
import type { Keyboard } from "./keys.ts";

/** The state of a screen as changed by its keys. `context` is read anew at each key; `onIntent` receives intents. */
export function useActions<State, Context, Intent extends string>(
  keyboard: Keyboard,
  actions: readonly Action<State, Context, Intent>[],
  first: State,
  context: () => Context,
  onIntent: (intent: Intent, state: State) => void,
): State {
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
  return state;
}
