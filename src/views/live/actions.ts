import { writtenKey } from "./keys.ts";

/** The state of a screen after a key, and the intent for its surroundings. */
export interface Pressed<State, Intent extends string> {
  readonly state: State;
  readonly intent: Intent | "none";
}

/** One action of a screen's keys. Keys, footer and help of a screen are defined by such rows only. */
export interface Action<State, Context, Intent extends string> {
  readonly id: string;
  /** Names of keys; `any`: every key. */
  readonly keys: readonly string[] | "any";
  /** Its keys in short, for the footer; null: not in the footer. */
  readonly short: string | null;
  /** Its name in the footer. */
  readonly title: string;
  /** Its effect, for the help; null: not in the help. */
  readonly help: string | null;
  readonly when: (state: State, context: Context) => boolean;
  readonly act: (state: State, context: Context, key: string) => Pressed<State, Intent>;
}

/** Applies a key: the first action that has it and applies. Other keys change nothing. */
export function pressed<State, Context, Intent extends string>(
  actions: readonly Action<State, Context, Intent>[],
  state: State,
  context: Context,
  key: string,
): Pressed<State, Intent> {
  const action = actions.find(({ keys, when }) => (keys === "any" || keys.includes(key)) && when(state, context));
  return action?.act(state, context, key) ?? { state, intent: "none" };
}

/** A key in short with its effect, for the footer. */
export interface FooterKey {
  readonly short: string;
  readonly title: string;
}

/** The present effects of the keys. */
export function footerKeys<State, Context, Intent extends string>(
  actions: readonly Action<State, Context, Intent>[],
  state: State,
  context: Context,
): readonly FooterKey[] {
  return actions.flatMap(({ short, title, when }) => (short !== null && when(state, context) ? [{ short, title }] : []));
}

/** Every action of the help, with its keys as people write them. */
export function helpRows<State, Context, Intent extends string>(
  actions: readonly Action<State, Context, Intent>[],
): readonly (readonly [keys: string, what: string])[] {
  return actions.flatMap(({ keys, help }) => (help === null || keys === "any" ? [] : [[writtenKeys(keys), help] as const]));
}

/** Keys with commas; digits that follow each other as a range. */
function writtenKeys(keys: readonly string[]): string {
  const digits = keys.filter((key) => /^\d$/.test(key));
  const others = keys.filter((key) => !digits.includes(key)).map(writtenKey);
  return [...others, ...(digits.length > 0 ? [`${digits[0]}–${digits.at(-1)}`] : [])].join(", ");
}
