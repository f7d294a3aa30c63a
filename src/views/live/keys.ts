import type { Pointed } from "./mouse.ts";

/** Ink's description of a key beside its character. */
export interface Key {
  readonly tab?: boolean;
  readonly shift?: boolean;
  readonly escape?: boolean;
  readonly return?: boolean;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
  readonly super?: boolean;
  readonly hyper?: boolean;
  /** Told by terminals that report releases (kitty's keyboard protocol). */
  readonly eventType?: "press" | "repeat" | "release" | undefined;
  readonly upArrow?: boolean;
  readonly downArrow?: boolean;
  readonly leftArrow?: boolean;
  readonly rightArrow?: boolean;
  readonly backspace?: boolean;
  readonly delete?: boolean;
  readonly pageUp?: boolean;
  readonly pageDown?: boolean;
  readonly home?: boolean;
  readonly end?: boolean;
}

/** The keys used with Ctrl; Ctrl-Q follows Ctrl-S, and Ctrl-Space is none. */
const WITH_CTRL = "cdpz";
/** First characters of terminals' replies (OSC, DCS, SOS, PM and APC of ECMA-48, 5.6): they arrive as a key with Alt. */
const ANSWERS = "]PX^_";

/** Time after taking the keyboard in which earlier input may still arrive, in milliseconds. */
const TYPED_BEFORE_MS = 1000;

/** Distinguishes typed keys from replies of the terminal. */
export class Keyboard {
  /** Called with what is done with the mouse, while it is reported. */
  onPointed = (_: Pointed): void => {};
  private answering = false;
  private readonly until: number;

  /** `now`: milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.until = now() + TYPED_BEFORE_MS;
  }

  /** The names of the keys of an input, in order; empty: it was not typed. */
  keys(input: string, key: Key): readonly string[] {
    // An end of input (Ctrl-D) typed while the terminal still edited lines arrives as NUL, which is Ctrl-Space too.
    if (key.ctrl === true && input === " " && this.now() < this.until) return ["ctrl-d"];
    return this.typed(input, key).map((char) => keyName(char, key));
  }

  /** The typed characters of an input, one by one, since fast typing arrives as one; empty: it was not typed. */
  typed(input: string, key: Key): readonly string[] {
    const answer = this.answering && input.length > 1;
    this.answering = key.meta === true && input.length === 1 && ANSWERS.includes(input);
    if (key.eventType === "release" || key.super === true || key.hyper === true) return [];
    if (key.meta === true || answer) return [];
    if (key.ctrl === true) return WITH_CTRL.includes(input) ? [input] : [];
    return input.length <= 1 ? [input] : [...input];
  }
}

/** The name of a key in actions: its character, or a name such as `enter`, `shift-tab`, `ctrl-c`; empty: unknown. */
export function keyName(char: string, key: Key): string {
  if (key.ctrl === true) return `ctrl-${char}`;
  if (key.tab === true) return key.shift === true ? "shift-tab" : "tab";
  if (key.escape === true) return "escape";
  if (key.return === true || char === "\r") return "enter";
  // Keys that were typed so fast that they came as one are known by their characters alone.
  if (char === "\t") return "tab";
  if (char === "\b" || char === "\x7f") return "backspace";
  if (key.upArrow === true) return "up";
  if (key.downArrow === true) return "down";
  if (key.leftArrow === true) return key.shift === true ? "shift-left" : "left";
  if (key.rightArrow === true) return key.shift === true ? "shift-right" : "right";
  // Most terminals say "delete" where the key says backspace.
  if (key.backspace === true || key.delete === true) return "backspace";
  if (key.pageUp === true) return "page-up";
  if (key.pageDown === true) return "page-down";
  if (key.home === true) return "home";
  if (key.end === true) return "end";
  return char === " " ? "space" : char;
}

const WRITTEN: Readonly<Record<string, string>> = {
  "shift-tab": "Shift-Tab",
  tab: "Tab",
  escape: "Esc",
  enter: "Enter",
  space: "Space",
  up: "↑",
  down: "↓",
  left: "←",
  right: "→",
  "shift-left": "Shift-←",
  "shift-right": "Shift-→",
  backspace: "Backspace",
  "page-up": "PgUp",
  "page-down": "PgDn",
  home: "Home",
  end: "End",
};

/** A key as shown to people. */
export function writtenKey(name: string): string {
  return WRITTEN[name] ?? name.replace(/^ctrl-(.)$/, (_, letter: string) => `Ctrl-${letter.toUpperCase()}`);
}

/** Names of keys that are no character. */
export const KEY_NAMES: readonly string[] = [...Object.keys(WRITTEN), ...[...WITH_CTRL].map((letter) => `ctrl-${letter}`)];

/** True for the name of a key that can be typed: one character, or one of `KEY_NAMES`. */
export function isKeyName(name: string): boolean {
  return KEY_NAMES.includes(name) || /^[^\s\p{C}]$/u.test(name);
}
