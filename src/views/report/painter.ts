import chalk from "chalk";
import { interpolateCividis } from "d3-scale-chromatic";
import type { Mode } from "../../scenario/modes.ts";

/** Distinguishes parts of a picture made of characters. */
export interface Painter {
  /** A mode's own line, or `expected`; null: the rest. */
  readonly series: (name: string | null, text: string) => string;
  /** A cell of a heat map; `share` from 0 (least) to 1 (most). */
  readonly heat: (share: number, text: string) => string;
  /** A sign for the share in the cell itself, where colour does not show it. */
  readonly shade: (share: number) => string;
}

/** Okabe and Ito's palette, which colour-blind readers can distinguish. */
const MODE_COLORS: Readonly<Record<string, string>> = {
  sync: "#56B4E9",
  async: "#E69F00",
  parallel: "#00B57F",
  distributed: "#CC79A7",
} satisfies Record<Mode, string>;

export const PLAIN_PAINTER: Painter = { series: (_, text) => text, heat: (_, text) => text, shade: shadeOf };

const SHADES = ["", "░", "▒", "▓", "█"] as const;

function shadeOf(share: number): string {
  return SHADES[Math.min(4, Math.floor(share * 5))] ?? "";
}

/** Cividis reads the same with and without colour blindness (J. R. Nuñez et al., 2018). */
export const COLOR_PAINTER: Painter = {
  series(name, text) {
    if (name === "expected") return chalk.dim(text);
    const color = name === null ? undefined : MODE_COLORS[name];
    return color === undefined ? text : chalk.hex(color)(text);
  },
  heat(share, text) {
    const [r = 0, g = 0, b = 0] = (interpolateCividis(share).match(/\d+/g) ?? []).map(Number);
    const ink = share > 0.5 ? chalk.rgb(0, 0, 0) : chalk.rgb(255, 255, 255);
    return ink.bgRgb(r, g, b)(text);
  },
  shade: () => "",
};
