/** How many times more than in `bun test` a campaign runs. */
const effort = Number(process.env["LAB_TUI_EFFORT"] ?? 1);

/** Rounds of a campaign: the slice that `bun test` runs, or all of it, but never more than `most`. */
export function rounds(slice: number, most = Number.POSITIVE_INFINITY): number {
  return Math.min(most, Math.round(slice * effort));
}

/** Milliseconds a test may take, the whole of its campaign included. */
export function patience(slice: number): number {
  return slice * Math.max(1, effort);
}
