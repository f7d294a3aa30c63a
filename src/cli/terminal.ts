/** Values of `CI` that say that this is none. */
const NO_CI: readonly (string | undefined)[] = [undefined, "", "0", "false"];

/** A terminal on both sides that can be drawn on. */
export function isInteractive(): boolean {
  const { CI, TERM } = process.env;
  return process.stdout.isTTY === true && process.stdin.isTTY === true && NO_CI.includes(CI) && TERM !== "dumb";
}
