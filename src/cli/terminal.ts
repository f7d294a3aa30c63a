import { inForeground } from "../kernel/parent.ts";

/** Values of `CI` that say that this is none. */
const NO_CI: readonly (string | undefined)[] = [undefined, "", "0", "false"];

/** A terminal on both sides that can be drawn on. */
export function isInteractive(): boolean {
  const { CI, TERM } = process.env;
  const terminal = process.stdout.isTTY === true && process.stdin.isTTY === true && TERM !== "dumb";
  return terminal && NO_CI.includes(CI) && inForeground();
}

/** Columns of what is written to, when it is a terminal that tells: one of width 0 does not know its own. */
export function widthOf({ columns }: { readonly columns?: number }): number | undefined {
  return columns === undefined || columns < 1 ? undefined : columns;
}
