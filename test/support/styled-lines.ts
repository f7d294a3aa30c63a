import { type Canvas, CONTINUED, glyphText } from "../../src/views/canvas/canvas.ts";
import type { StyleCode } from "../../src/views/canvas/difference.ts";

/** A canvas as lines of text with escape sequences. */
export function styledLines(canvas: Canvas, code: StyleCode): string[] {
  return Array.from({ length: canvas.height }, (_, y) => {
    let line = "";
    let style = -1;
    for (let at = y * canvas.width; at < (y + 1) * canvas.width; at++) {
      const wanted = canvas.styles[at] ?? 0;
      if (canvas.glyphs[at] === CONTINUED) continue;
      if (wanted !== style) line += code(wanted);
      style = wanted;
      line += glyphText(canvas.glyphs[at] ?? 32);
    }
    return `${line}\u001b[0m`;
  });
}
