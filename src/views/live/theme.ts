import type { ColorSupportLevel } from "chalk";
import chalk from "chalk";
import type { StyleCode } from "../canvas/difference.ts";
import { type Glyphs, THEME_NAMES, type ThemeName } from "../canvas/names.ts";
import { styleCodes, THEMES, type Theme } from "../canvas/themes.ts";
import { COLOR_PAINTER, type Painter, PLAIN_PAINTER } from "../report/painter.ts";
import type { PictureLook } from "./picture/look.ts";

/** Colours of Ink's own components; undefined: the terminal's own. */
export interface InkTheme {
  readonly accent: string | undefined;
  readonly warn: string | undefined;
  readonly faint: boolean;
  /** The same for pictures made of characters. */
  readonly painter: Painter;
}

export interface AppearanceOptions {
  /** Colours are wanted, and the terminal has them. */
  readonly color: boolean;
  readonly theme?: ThemeName;
  readonly glyphs?: Glyphs;
  /** Colour level: 1: 16, 2: 256, 3: all. Default: that of the terminal. */
  readonly level?: 1 | 2 | 3;
}

/** Theme, colour level and signs of all drawing. */
export class Appearance {
  private name: ThemeName;
  /** 0: no colours, 1: 16, 2: 256, 3: all. */
  readonly level: ColorSupportLevel;
  private readonly glyphs: Glyphs;

  constructor({ color, theme = "dark", glyphs = localGlyphs(), level }: AppearanceOptions) {
    this.level = color ? (level ?? (chalk.level || 1)) : 0;
    this.name = color ? theme : "none";
    this.glyphs = glyphs;
  }

  get theme(): Theme {
    return THEMES[this.name];
  }

  /** Sixteen colours have no dark shades of the modes' own: areas are shown by signs. */
  get look(): PictureLook {
    return { glyphs: this.glyphs, shaded: this.level <= 1 || this.name === "none" };
  }

  get ink(): InkTheme {
    const { inks } = this.theme;
    const plain = this.name === "none";
    return {
      accent: inks.accent ?? undefined,
      warn: inks.warn ?? undefined,
      faint: !plain,
      painter: plain ? PLAIN_PAINTER : COLOR_PAINTER,
    };
  }

  /** The sequences that set styles on the terminal. */
  codes(): StyleCode {
    return styleCodes(this.theme, this.level);
  }

  /** Changes to the next theme; without colours there is none. */
  next(): void {
    if (this.level === 0) return;
    this.name = THEME_NAMES[(THEME_NAMES.indexOf(this.name) + 1) % THEME_NAMES.length] ?? "dark";
  }
}

/** ASCII where the locale has no Unicode; a missing locale counts as Unicode. */
function localGlyphs({ LC_ALL, LC_CTYPE, LANG } = process.env): Glyphs {
  const locale = LC_ALL || LC_CTYPE || LANG || "UTF-8";
  return /utf-?8/i.test(locale) ? "braille" : "ascii";
}
