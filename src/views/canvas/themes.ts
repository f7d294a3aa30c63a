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
}

/** Cividis reads the same with and without colour blindness (J. R. Nuñez et al., 2018). */
const HEAT = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`heat-${i}`, hexOf(interpolateCividis(i / 7))])) as Record<
  `heat-${0 | 1 | 2 | 3 | 4 | 5 | 6 | 7}`,
  string
>;

interface Palette {
  readonly ground: string;
  readonly text: string | null;
  readonly faint: string;
  readonly border: string;
  readonly track: string;
  readonly accent: string;
  readonly good: string;
  readonly warn: string;
  readonly bad: string;
  readonly arriving: string;
  readonly modes: readonly [sync: string, async: string, parallel: string, distributed: string];
}

const PALETTES: Readonly<Record<Exclude<ThemeName, "none">, Palette>> = {
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

function themeOf(name: Exclude<ThemeName, "none">): Theme {
  const { ground, modes, ...rest } = PALETTES[name];
  const [sync, async, parallel, distributed] = modes;
  const area = (color: string) => mixed(color, ground, AREA_SHARE);
  return {
    name,
    ground,
    inks: {
      ...rest,
      ...{ sync, async, parallel, distributed, expected: rest.faint },
      ...{ "sync-area": area(sync), "async-area": area(async), "parallel-area": area(parallel), "distributed-area": area(distributed) },
      ...{ key: ground, "key-back": rest.faint, dark: "#000000", bright: "#ffffff", ...HEAT },
    },
  };
}

const NOTHING: Theme["inks"] = Object.fromEntries(Object.keys(themeOf("dark").inks).map((ink) => [ink, null])) as Record<Ink, null>;

export const THEMES: Readonly<Record<ThemeName, Theme>> = {
  dark: themeOf("dark"),
  light: themeOf("light"),
  contrast: themeOf("contrast"),
  "colour-blind": themeOf("colour-blind"),
  none: { name: "none", ground: "#000000", inks: NOTHING },
};

/** The sequence that sets a style on a terminal of a colour level (0: none, 1: 16, 2: 256, 3: all). Cached for each style. */
export function styleCodes({ inks }: Theme, level: ColorSupportLevel): (style: Style) => string {
  const chalk = new Chalk({ level });
  const known = new Map<Style, string>();
  return (style) => {
    let code = known.get(style);
    if (code === undefined) {
      const { ink, ground, bold, inverse } = partsOf(style);
      const sign = inks[ink];
      const below = ground === null ? null : inks[ground];
      // Without a background colour, keys are set off by inversion.
      const turned = inverse || (ground === "key-back" && (below === null || level === 0));
      const colours = [
        sign === null || level === 0 ? "" : opening(chalk.hex(sign)),
        below === null || level === 0 ? "" : opening(chalk.bgHex(below)),
      ];
      code = `\u001b[0m${bold ? "\u001b[1m" : ""}${turned ? "\u001b[7m" : ""}${colours.join("")}`;
      known.set(style, code);
    }
    return code;
  };
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
