/** A terminal on both sides that can be drawn on. */
export function isInteractive(): boolean {
  const { CI, TERM } = process.env;
  return process.stdout.isTTY === true && process.stdin.isTTY === true && !CI && TERM !== "dumb";
}
