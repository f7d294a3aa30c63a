/** Names of themes, in the order of the key that cycles through them. */
export const THEME_NAMES = ["dark", "light", "contrast", "colour-blind", "none"] as const;
export type ThemeName = (typeof THEME_NAMES)[number];

/** Signs of curves: dots of eighths of a cell, quarters of a cell, or characters that every terminal has. */
export const GLYPHS = ["braille", "block", "ascii"] as const;
export type Glyphs = (typeof GLYPHS)[number];

/** The least that the screen of a run needs, in cells. */
export const SMALLEST_SCREEN = { columns: 60, rows: 18 } as const;

/** More cells than a terminal that a person looks at has: a larger picture would take seconds. */
export const MOST_CELLS = 500_000;
