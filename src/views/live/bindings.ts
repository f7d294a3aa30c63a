import { listed } from "../../kernel/wording.ts";
import type { Action } from "./actions.ts";
import { isKeyName, writtenKey } from "./keys.ts";
import { BROWSE_ACTIONS } from "./screens/browse-actions.ts";
import { HISTORY_ACTIONS } from "./screens/history-actions.ts";
import { RUN_ACTIONS } from "./screens/run-actions.ts";

/** Keys that a user has given to actions, each named by its screen and its id: `run.quit`. */
export type Bindings = Readonly<Record<string, readonly string[]>>;

/** The id and keys of an action. */
interface Bindable {
  readonly id: string;
  readonly keys: readonly string[] | "any";
}

/** The tables of all screens, by the word before the dot. */
const SCREENS: Readonly<Record<string, readonly Bindable[]>> = { run: RUN_ACTIONS, browse: BROWSE_ACTIONS, history: HISTORY_ACTIONS };

interface Named {
  readonly name: string;
  readonly screen: string;
  readonly keys: readonly string[];
}

const NAMED: readonly Named[] = Object.entries(SCREENS).flatMap(([screen, actions]) =>
  actions.flatMap(({ id, keys }) => (keys === "any" || !keys.every(isKeyName) ? [] : [{ name: `${screen}.${id}`, screen, keys }])),
);

/** The names of all actions whose keys may be chosen, with their default keys. */
export const DEFAULT_KEYS: Bindings = Object.fromEntries(NAMED.map(({ name, keys }) => [name, keys]));

/** A key that would be the key of two actions of one screen. */
export interface Conflict {
  readonly action: string;
  readonly key: string;
  readonly other: string;
}

/** The first conflict of each action. Actions that share a key by default, since they never apply together, may share one. */
export function conflictsOf(bindings: Bindings): Conflict[] {
  const now = NAMED.map((one) => ({ ...one, bound: bindings[one.name] ?? one.keys }));
  return now.flatMap(({ name, screen, keys, bound }) => {
    if (bindings[name] === undefined) return [];
    for (const other of now) {
      if (other.name === name || other.screen !== screen || other.keys.some((key) => keys.includes(key))) continue;
      const key = bound.find((one) => other.bound.includes(one));
      if (key !== undefined) return [{ action: name, key, other: other.name }];
    }
    return [];
  });
}

/** The actions of a screen with the keys that a user has given them; footer and help tell these. */
export function rebound<State, Context, Intent extends string>(
  screen: string,
  actions: readonly Action<State, Context, Intent>[],
  bindings: Bindings,
): readonly Action<State, Context, Intent>[] {
  return actions.map((action) => {
    const { keys: defaults, short, act } = action;
    const keys = bindings[`${screen}.${action.id}`];
    if (keys === undefined || defaults === "any") return action;
    return {
      ...action,
      keys,
      short: short === null ? null : keys.slice(0, 2).map(writtenKey).join(" "),
      // An action that does another thing for each of its keys knows them by its default ones.
      act: (state, context, key) => act(state, context, defaults[keys.indexOf(key)] ?? defaults[0] ?? key),
    };
  });
}

/** A conflict as the end of a sentence. */
export function conflictText({ key, other }: Conflict, bindings: Bindings): string {
  const how = bindings[other] === undefined ? "by default" : "here too";
  return `must give a key to one action of a screen, but ${writtenKey(key)} is that of ${other} ${how} (${listed((bindings[other] ?? DEFAULT_KEYS[other] ?? []).map(writtenKey))})`;
}
