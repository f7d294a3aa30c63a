import { inForeground } from "../kernel/parent.ts";

/** Values of `CI` that say that this is none. */
const NO_CI: readonly (string | undefined)[] = [undefined, "", "0", "false"];

/** More cells than any terminal has that somebody looks at: a picture of so many would take seconds. */
const MOST_CELLS = 500_000;

function drawable({ columns = 0, rows = 0 }: { readonly columns?: number; readonly rows?: number }): boolean {
  return columns * rows <= MOST_CELLS;
}

/** A terminal on both sides that can be drawn on. */
export function isInteractive(): boolean {
  const { CI, TERM } = process.env;
  const terminal = process.stdout.isTTY === true && process.stdin.isTTY === true && TERM !== "dumb";
  return terminal && NO_CI.includes(CI?.toLowerCase()) && drawable(process.stdout) && inForeground();
}

/** Columns of what is written to, when it is a terminal that tells: one of width 0 does not know its own. */
export function widthOf({ columns }: { readonly columns?: number }): number | undefined {
  return columns === undefined || columns < 1 ? undefined : columns;
}

/** Whether what is said to a stream has colours: it is a terminal that has them, and nobody wants none (https://no-color.org). */
export function hasColors({ isTTY }: { readonly isTTY?: boolean }, wanted = true, { NO_COLOR, TERM } = process.env): boolean {
  return isTTY === true && wanted && !NO_COLOR && TERM !== "dumb";
}
