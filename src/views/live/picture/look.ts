import { MODES, type Mode } from "../../../scenario/modes.ts";
import type { Glyphs } from "../../canvas/names.ts";
import type { CurveStroke } from "../../canvas/plot.ts";
import { type Ink, type Style, type StyleParts, style } from "../../canvas/styles.ts";
import { MODE_STROKES } from "../../report/chart.ts";

/** Appearance of a picture apart from colours: its signs, and whether areas are shown by signs because colours cannot. */
export interface PictureLook {
  readonly glyphs: Glyphs;
  readonly shaded: boolean;
}

function isDrawnMode(mode: string): mode is Mode {
  return (MODES as readonly string[]).includes(mode);
}

/** The style of a mode's line; that of text for an unknown mode. */
export function modeStyle(mode: string, parts: StyleParts = {}): Style {
  return style(isDrawnMode(mode) ? mode : "text", parts);
}

/** The background of a mode's area. */
export function modeArea(mode: string): Style {
  const ground: Ink = isDrawnMode(mode) ? `${mode}-area` : "track";
  return style(isDrawnMode(mode) ? mode : "text", { ground });
}

/** The stroke of a mode, which distinguishes curves without colour. */
export function strokeOf(mode: string): CurveStroke {
  return MODE_STROKES[mode] ?? "light";
}

/** A mode's stroke in three columns, for legends. */
export function strokeSample(mode: string, { glyphs }: PictureLook): string {
  if (glyphs === "ascii") return { light: "---", dashed: "- -", heavy: "===", "heavy-dashed": "= =" }[strokeOf(mode)];
  if (glyphs === "block") return { light: "▀▀▀", dashed: "▀ ▀", heavy: "███", "heavy-dashed": "█ █" }[strokeOf(mode)];
  return { light: "⠒⠒⠒", dashed: "⠒⠂⠒", heavy: "⠶⠶⠶", "heavy-dashed": "⠶⠆⠶" }[strokeOf(mode)];
}
