/** How items are worked off. Apart from the schema, which takes a moment to load. */
export const MODES = ["sync", "async", "parallel"] as const;
export type Mode = (typeof MODES)[number];
