import { inForeground } from "../kernel/parent.ts";
import { MOST_CELLS } from "../views/canvas/names.ts";
import { settings } from "./settings.ts";

/** Values of `CI` that mean "not CI". */
const NO_CI: readonly (string | undefined)[] = [undefined, "", "0", "false"];

function drawable({ columns = 0, rows = 0 }: { readonly columns?: number; readonly rows?: number }): boolean {
  return columns * rows <= MOST_CELLS;
}

/** True when input and output are a terminal that can be drawn on. */
export function isInteractive(): boolean {
  const { CI, TERM } = process.env;
  const terminal = process.stdout.isTTY === true && process.stdin.isTTY === true && TERM !== "dumb";
  return terminal && NO_CI.includes(CI?.toLowerCase()) && drawable(process.stdout) && inForeground();
}

/** Width of an output in columns, when it is a terminal that reports one: 0 means unknown. */
export function widthOf({ columns }: { readonly columns?: number }): number | undefined {
  return columns === undefined || columns < 1 ? undefined : columns;
}

/** Whether output to a stream has colours: a terminal that supports them, unless disabled (https://no-color.org). */
export function hasColors({ isTTY }: { readonly isTTY?: boolean }, wanted = true, { NO_COLOR, TERM } = process.env): boolean {
  return isTTY === true && wanted && !NO_COLOR && TERM !== "dumb";
}

/** Whether sentences are wanted instead of pictures: by the flag `--plain`, by INK_SCREEN_READER as of every program on Ink, or by the settings. */
export function wantsSentences(asked?: boolean, { INK_SCREEN_READER } = process.env): boolean {
  if (asked !== undefined) return asked;
  return INK_SCREEN_READER === undefined ? settings().plain === true : INK_SCREEN_READER === "true";
}
