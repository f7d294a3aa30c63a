/** What was done with the mouse, at a cell of the terminal, both from 0. */
export interface Pointed {
  readonly kind: "click" | "wheel-up" | "wheel-down";
  readonly column: number;
  readonly row: number;
}

/** Sequences that make a terminal report buttons and the wheel, in SGR form (modes 1000 and 1006 of xterm's control sequences). */
export const MOUSE_ON = "\x1b[?1000h\x1b[?1006h";
export const MOUSE_OFF = "\x1b[?1006l\x1b[?1000l";

/** A report: button, column and row from 1; `m` for a button that is let go. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: reports begin with ESC
const REPORT = /\u001b\[<(\d+);(\d+);(\d+)([Mm])/g;

/** Bits of Shift, Alt and Ctrl in a report's button number. */
const MODIFIERS = 4 | 8 | 16;
const BUTTONS: Readonly<Record<number, Pointed["kind"]>> = { 0: "click", 64: "wheel-up", 65: "wheel-down" };

/** What the reports of the mouse in an input say, in order. */
export function pointedBy(input: string): readonly Pointed[] {
  return [...input.matchAll(REPORT)].flatMap(([, button, column, row, end]) => {
    const kind = end === "M" ? BUTTONS[Number(button) & ~MODIFIERS] : undefined;
    return kind === undefined ? [] : [{ kind, column: Number(column) - 1, row: Number(row) - 1 }];
  });
}
