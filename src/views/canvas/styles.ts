/**
 * Parts that a cell can play. A theme gives each part its colour; a canvas knows only parts, so that one picture is drawn in every theme.
 */
const INKS = [
  "text",
  "faint",
  "accent",
  "good",
  "warn",
  "bad",
  "sync",
  "async",
  "parallel",
  "distributed",
  "sync-area",
  "async-area",
  "parallel-area",
  "distributed-area",
  "expected",
  "arriving",
  "border",
  "track",
  "key",
  "key-back",
  "heat-0",
  "heat-1",
  "heat-2",
  "heat-3",
  "heat-4",
  "heat-5",
  "heat-6",
  "heat-7",
  "dark",
  "bright",
] as const;

export type Ink = (typeof INKS)[number];

/** A style in one number: the ink of the sign, that of the background (0: the terminal's own) and attributes. */
export type Style = number;

const NUMBERS = new Map<Ink, number>(INKS.map((ink, i) => [ink, i]));
const GROUND_SHIFT = 8;
const BOLD = 1 << 16;
const INVERSE = 1 << 17;

export interface StyleParts {
  readonly ground?: Ink;
  readonly bold?: boolean;
  readonly inverse?: boolean;
}

export function style(ink: Ink, { ground, bold = false, inverse = false }: StyleParts = {}): Style {
  const below = ground === undefined ? 0 : (numberOf(ground) + 1) << GROUND_SHIFT;
  return numberOf(ink) | below | (bold ? BOLD : 0) | (inverse ? INVERSE : 0);
}

/** The same style on another background. */
export function onGround(one: Style, ground: Style): Style {
  const mask = 0xff << GROUND_SHIFT;
  return (one & ~mask) | (ground & mask);
}

export function partsOf(one: Style): { readonly ink: Ink; readonly ground: Ink | null; readonly bold: boolean; readonly inverse: boolean } {
  const below = (one >> GROUND_SHIFT) & 0xff;
  return {
    ink: INKS[one & 0xff] ?? "text",
    ground: below === 0 ? null : (INKS[below - 1] ?? null),
    bold: (one & BOLD) !== 0,
    inverse: (one & INVERSE) !== 0,
  };
}

function numberOf(ink: Ink): number {
  return NUMBERS.get(ink) ?? 0;
}

/** Styles of every picture. */
export const TEXT = style("text");
export const BOLD_TEXT = style("text", { bold: true });
export const FAINT = style("faint");
export const BORDER = style("border");
export const FOCUSED = style("accent", { bold: true });
export const GOOD = style("good");
export const WARN = style("warn", { bold: true });
export const BAD = style("bad", { bold: true });
