import { COLOR_PAINTER, MODE_COLORS, type Painter, PLAIN_PAINTER } from "../report/painter.ts";

/** Colours of the dashboard; without colour all are undefined, which Ink draws plainly. */
export interface Theme {
  readonly modes: Readonly<Record<string, string | undefined>>;
  readonly accent: string | undefined;
  readonly good: string | undefined;
  readonly warn: string | undefined;
  readonly bad: string | undefined;
  readonly faint: boolean;
  /** The same for pictures made of characters. */
  readonly painter: Painter;
}

export const COLORS: Theme = {
  modes: MODE_COLORS,
  accent: "#CC79A7",
  good: "#00B57F",
  warn: "#E69F00",
  bad: "#D55E00",
  faint: true,
  painter: COLOR_PAINTER,
};

export const PLAIN: Theme = {
  modes: {},
  accent: undefined,
  good: undefined,
  warn: undefined,
  bad: undefined,
  faint: false,
  painter: PLAIN_PAINTER,
};
