import { columnsOf, printable } from "../../../kernel/text.ts";
import type { Canvas } from "../../canvas/canvas.ts";
import { drawFrame } from "../../canvas/frame.ts";
import { FAINT, FOCUSED, TEXT } from "../../canvas/styles.ts";
import { footerKeys } from "../actions.ts";
import { PALETTE_ACTIONS, type PaletteView } from "../palette.ts";
import { drawFooter } from "./footer.ts";
import type { PictureLook } from "./look.ts";

const WIDTH = 76;
const TOP = 2;
const SPACE = 32;

/** Draws the command palette over a screen, with its own keys in the last line. */
export function drawPalette(canvas: Canvas, { text, at, commands }: PaletteView, { glyphs }: PictureLook): void {
  const ascii = glyphs === "ascii";
  const width = Math.min(WIDTH, canvas.width - 4);
  const height = Math.min(Math.max(1, commands.length) + 2, canvas.height - TOP - 2);
  const place = { x: Math.floor((canvas.width - width) / 2), y: TOP, width, height };
  canvas.fill(place, SPACE, TEXT);
  const headline = `:${printable(text, 40)}_`;
  const inside = drawFrame(canvas, place, { number: 0, title: "Commands", headline, focused: true, ascii });
  if (commands.length === 0) canvas.text(inside.x + 1, inside.y, "none has all of these words", FAINT);
  const first = Math.max(0, Math.min(at - Math.floor(inside.height / 2), commands.length - inside.height));
  for (const [i, { what, key }] of commands.slice(first, first + inside.height).entries()) {
    const chosen = first + i === at;
    const end = inside.x + inside.width - 1;
    const sign = chosen ? (ascii ? ">" : "▸") : " ";
    canvas.text(inside.x, inside.y + i, `${sign} ${what}`, chosen ? FOCUSED : TEXT, inside.width - columnsOf(key) - 2);
    canvas.textRight(end, inside.y + i, key, FAINT);
  }
  canvas.fill({ x: 0, y: canvas.height - 1, width: canvas.width, height: 1 }, SPACE, TEXT);
  drawFooter(canvas, footerKeys(PALETTE_ACTIONS, { text, at }, { count: commands.length }));
}
