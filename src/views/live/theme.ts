/** Colours of the dashboard; without colour all are undefined, which Ink draws plainly. */
export interface Theme {
  readonly modes: Readonly<Record<string, string | undefined>>;
  readonly accent: string | undefined;
  readonly good: string | undefined;
  readonly warn: string | undefined;
  readonly bad: string | undefined;
  readonly faint: boolean;
}

/** Okabe and Ito's palette, told apart by colour-blind eyes too. */
export const COLORS: Theme = {
  modes: { sync: "#56B4E9", async: "#E69F00", parallel: "#00B57F" },
  accent: "#CC79A7",
  good: "#00B57F",
  warn: "#E69F00",
  bad: "#D55E00",
  faint: true,
};

export const PLAIN: Theme = { modes: {}, accent: undefined, good: undefined, warn: undefined, bad: undefined, faint: false };
