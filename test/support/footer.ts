import { type Action, footerKeys } from "../../src/views/live/actions.ts";

/** The present effects of the keys, as a line of text. */
export function footerText<State, Context, Intent extends string>(
  actions: readonly Action<State, Context, Intent>[],
  state: State,
  context: Context,
): string {
  return footerKeys(actions, state, context)
    .map(({ short, title }) => `${short} ${title}`)
    .join("  ");
}
