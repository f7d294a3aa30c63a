import { type Canvas, CONTINUED, glyphText, isUncertain } from "./canvas.ts";
import { type Style, TEXT } from "./styles.ts";

/** Unchanged cells that are rewritten rather than skipped: as long as a cursor movement. */
const SHORT_GAP = 5;

/** The escape sequence that sets a style, whatever was set before. */
export type StyleCode = (style: Style) => string;

const RESET = "\u001b[0m";

/**
 * The output that turns a terminal which shows `before` into one that shows `now`; empty: no change. `before` null, or of another size: its
 * content is unknown, and every cell is written.
 */
export function difference(before: Canvas | null, now: Canvas, code: StyleCode): string {
  const known = before !== null && before.width === now.width && before.height === now.height ? before : null;
  const pen = new Pen(now, code);
  for (let y = 0; y < now.height; y++) {
    const base = y * now.width;
    const inked = inkedWidth(now, y);
    for (let x = 0; x < now.width; ) {
      if (known !== null && isSame(known, now, base + x, x)) {
        x++;
        continue;
      }
      let end = x + 1;
      for (let gap = 0; end + gap < now.width && gap <= SHORT_GAP; )
        if (known !== null && isSame(known, now, base + end + gap, end + gap)) gap++;
        else {
          end += gap + 1;
          gap = 0;
        }
      pen.cells(y, x, Math.min(end, inked));
      if (end > inked) pen.eraseFrom(y, Math.max(x, inked));
      x = end > inked ? now.width : end;
    }
  }
  return pen.out === "" ? "" : pen.out + RESET;
}

/** Writes cells of a canvas, with escape sequences where the style changes. */
class Pen {
  out = "";
  private style = -1;

  constructor(
    private readonly canvas: Canvas,
    private readonly code: StyleCode,
  ) {}

  /** Writes the cells of a row from `from` until before `end`, including the first half of a wide character whose second is among them. */
  cells(y: number, from: number, end: number): void {
    if (from >= end) return;
    const { glyphs, styles, width } = this.canvas;
    const start = from > 0 && glyphs[y * width + from] === CONTINUED ? from - 1 : from;
    this.out += `\u001b[${y + 1};${start + 1}H`;
    for (let x = start; x < end; x++) {
      const at = y * width + x;
      const glyph = glyphs[at] ?? 32;
      if (glyph === CONTINUED) {
        // The width that the terminal gave it is uncertain.
        if (x + 1 < end) this.out += `\u001b[${y + 1};${x + 2}H`;
        continue;
      }
      this.styled(styles[at] ?? 0);
      this.out += glyphText(glyph);
      if (isUncertain(glyph) && x + 1 < end && glyphs[at + 1] !== CONTINUED) this.out += `\u001b[${y + 1};${x + 2}H`;
    }
  }

  /** Erases the rest of a row. */
  eraseFrom(y: number, x: number): void {
    this.out += `\u001b[${y + 1};${x + 1}H${RESET}\u001b[K`;
    this.style = -1;
  }

  private styled(style: Style): void {
    if (style !== this.style) this.out += this.code(style);
    this.style = style;
  }
}

/** Columns of a row up to its last cell that is not empty. */
function inkedWidth({ glyphs, styles, width }: Canvas, y: number): number {
  let end = width;
  while (end > 0 && glyphs[y * width + end - 1] === 32 && styles[y * width + end - 1] === TEXT) end--;
  return end;
}

/** Whether a cell is unchanged; for a wide character both halves must be. */
function isSame(before: Canvas, now: Canvas, at: number, x: number): boolean {
  if (before.glyphs[at] !== now.glyphs[at] || before.styles[at] !== now.styles[at]) return false;
  if (x + 1 >= now.width || now.glyphs[at + 1] !== CONTINUED) return true;
  return before.glyphs[at + 1] === CONTINUED && before.styles[at + 1] === now.styles[at + 1];
}
