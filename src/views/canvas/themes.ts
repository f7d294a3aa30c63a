import { Chalk, type ChalkInstance, type ColorSupportLevel } from "chalk";
import { interpolateCividis } from "d3-scale-chromatic";
import type { ThemeName } from "./names.ts";
import { type Ink, partsOf, type Style } from "./styles.ts";

/** Colours of the parts, as `#rrggbb`; null: the terminal's own. */
export interface Theme {
  readonly name: ThemeName;
  /** The background that its colours are chosen for. */
  readonly ground: string;
  readonly inks: Readonly<Record<Ink, string | null>>;
  /** The same on terminals of 16 colours, whose shades are the terminal's own: 0 to 7, and 8 to 15 for the bright ones (ECMA-48, aixterm). */
  readonly few: Readonly<Record<Ink, number | null>>;
}

/** Cividis reads the same with and without colour blindness (J. R. Nuñez et al., 2018). */
const HEAT = heatOf(Array.from({ length: 8 }, (_, i) => hexOf(interpolateCividis(i / 7))));

interface Palette<Color> {
  readonly ground: Color;
  readonly text: Color | null;
  readonly faint: Color;
  readonly border: Color;
  readonly track: Color;
  readonly accent: Color;
  readonly good: Color;
  readonly warn: Color;
  readonly bad: Color;
  readonly arriving: Color;
  readonly modes: readonly [sync: Color, async: Color, parallel: Color, distributed: Color];
}

type Coloured = Exclude<ThemeName, "none">;

/** Numbers of colours that most terminals let be read on black (bright ones, yellow, green, cyan) or on white (red, blue, magenta, grey). */
const FEW: Readonly<Record<Coloured, Palette<number>>> = {
  dark: {
    ...{ ground: 0, text: null, faint: 7, border: 8, track: 8, accent: 13 },
    ...{ good: 10, warn: 11, bad: 9, arriving: 11, modes: [14, 3, 2, 13] },
  },
  light: {
    ...{ ground: 15, text: null, faint: 8, border: 8, track: 7, accent: 4 },
    ...{ good: 4, warn: 5, bad: 1, arriving: 8, modes: [4, 5, 0, 8] },
  },
  contrast: {
    ...{ ground: 0, text: 15, faint: 7, border: 15, track: 8, accent: 13 },
    ...{ good: 10, warn: 11, bad: 9, arriving: 11, modes: [14, 3, 10, 13] },
  },
  "colour-blind": {
    ...{ ground: 0, text: null, faint: 7, border: 8, track: 8, accent: 15 },
    ...{ good: 14, warn: 11, bad: 3, arriving: 11, modes: [14, 3, 15, 13] },
  },
};

/** From dark to light. */
const FEW_HEAT = [0, 4, 12, 8, 6, 3, 11, 15];

const PALETTES: Readonly<Record<Coloured, Palette<string>>> = {
  // The modes' colours are from Okabe and Ito's palette, which colour-blind readers can distinguish.
  dark: {
    ground: "#0c0c10",
    text: null,
    faint: "#8a8a94",
    border: "#55555f",
    track: "#2a2a33",
    accent: "#d687b3",
    good: "#3ddc97",
    warn: "#f0c000",
    bad: "#ff6b4a",
    arriving: "#f0e442",
    modes: ["#56b4e9", "#e69f00", "#00b57f", "#cc79a7"],
  },
  light: {
    ground: "#ffffff",
    text: null,
    faint: "#666670",
    border: "#8c8c96",
    track: "#e2e2ea",
    accent: "#9e3a72",
    good: "#007346",
    warn: "#8a5a00",
    bad: "#c22a00",
    arriving: "#6b6100",
    modes: ["#0067a8", "#9a5b00", "#00704d", "#94427a"],
  },
  contrast: {
    ground: "#000000",
    text: "#ffffff",
    faint: "#d0d0d0",
    border: "#ffffff",
    track: "#404040",
    accent: "#ff9df0",
    good: "#5dff9b",
    warn: "#ffe14d",
    bad: "#ff8f75",
    arriving: "#ffff66",
    modes: ["#7fd0ff", "#ffb833", "#3dffb3", "#ff9df0"],
  },
  // Blue, orange and grey only, distinguished by lightness as well as by hue: good and bad are never red and green.
  "colour-blind": {
    ground: "#0c0c10",
    text: null,
    faint: "#8f8f99",
    border: "#55555f",
    track: "#2a2a33",
    accent: "#ffffff",
    good: "#56b4e9",
    warn: "#f0e442",
    bad: "#e8883a",
    arriving: "#f0e442",
    modes: ["#56b4e9", "#e69f00", "#f5f5f5", "#cc79a7"],
  },
};

/** Share of a mode's colour in the background of its area. */
const AREA_SHARE = 0.38;

function themeOf(name: Coloured): Theme {
  const area = (color: string) => mixed(color, PALETTES[name].ground, AREA_SHARE);
  return {
    name,
    ground: PALETTES[name].ground,
    inks: { ...partsIn(PALETTES[name], area), dark: "#000000", bright: "#ffffff", ...HEAT },
    few: { ...partsIn(FEW[name], (color) => color), dark: 0, bright: 15, ...heatOf(FEW_HEAT) },
  };
}

/** Colours of the parts from a palette. `area`: the colour of the area under a curve, from that of the curve. */
function partsIn<Color>(palette: Palette<Color>, area: (color: Color) => Color) {
  const { ground, modes, ...rest } = palette;
  const [sync, async, parallel, distributed] = modes;
  return {
    ...rest,
    ...{ sync, async, parallel, distributed, expected: rest.faint },
    ...{ "sync-area": area(sync), "async-area": area(async), "parallel-area": area(parallel), "distributed-area": area(distributed) },
    ...{ key: ground, "key-back": rest.faint },
  };
}

function heatOf<Color>(shades: readonly Color[]) {
  return Object.fromEntries(shades.map((shade, i) => [`heat-${i}`, shade])) as Record<`heat-${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7}`, Color>;
}

const NOTHING = Object.fromEntries(Object.keys(themeOf("dark").inks).map((ink) => [ink, null])) as Record<Ink, null>;

export const THEMES: Readonly<Record<ThemeName, Theme>> = {
  dark: themeOf("dark"),
  light: themeOf("light"),
  contrast: themeOf("contrast"),
  "colour-blind": themeOf("colour-blind"),
  none: { name: "none", ground: "#000000", inks: NOTHING, few: NOTHING },
};

/** The sequence that sets a style on a terminal of a colour level (0: none, 1: 16, 2: 256, 3: all). Cached for each style. */
export function styleCodes(theme: Theme, level: ColorSupportLevel): (style: Style) => string {
  const { signs, grounds } = colourCodes(theme, level);
  const known = new Map<Style, string>();
  return (style) => {
    let code = known.get(style);
    if (code === undefined) {
      const { ink, ground, bold, inverse } = partsOf(style);
      const below = ground === null ? "" : grounds(ground);
      // Without a background colour, keys are set off by inversion.
      const turned = inverse || (ground === "key-back" && below === "");
      code = `\u001b[0m${bold ? "\u001b[1m" : ""}${turned ? "\u001b[7m" : ""}${signs(ink)}${below}`;
      known.set(style, code);
    }
    return code;
  };
}

/** The sequences that set an ink as the colour of signs and of the ground; "" where it has none. */
function colourCodes({ inks, few }: Theme, level: ColorSupportLevel): Record<"signs" | "grounds", (ink: Ink) => string> {
  if (level === 0) return { signs: () => "", grounds: () => "" };
  if (level === 1) {
    const code = (ink: Ink, dark: number, bright: number) => {
      const color = few[ink];
      return color === null ? "" : `\u001b[${color < 8 ? dark + color : bright + color - 8}m`;
    };
    return { signs: (ink) => code(ink, 30, 90), grounds: (ink) => code(ink, 40, 100) };
  }
  const chalk = new Chalk({ level });
  const code = (color: string | null, paint: (color: string) => ChalkInstance) => (color === null ? "" : opening(paint(color)));
  return { signs: (ink) => code(inks[ink], (color) => chalk.hex(color)), grounds: (ink) => code(inks[ink], (color) => chalk.bgHex(color)) };
}

/** The sequence that chalk writes before a text. */
function opening(paint: ChalkInstance): string {
  return paint("x").split("x")[0] ?? "";
}

/** Contrast of two colours: WCAG 2.2, from 1 (none) to 21. */
export function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = channels(color).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function mixed(color: string, ground: string, share: number): string {
  const below = channels(ground);
  return `#${channels(color)
    .map((value, i) => Math.round(value * share + (below[i] ?? 0) * (1 - share)))
    .map((value) => value.toString(16).padStart(2, "0"))
    .join("")}`;
}

function channels(color: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
}

/** `rgb(r, g, b)` or `#rrggbb` as `#rrggbb`. */
function hexOf(color: string): string {
  if (color.startsWith("#")) return color;
  return `#${(color.match(/\d+/g) ?? []).map((value) => Number(value).toString(16).padStart(2, "0")).join("")}`;
}
