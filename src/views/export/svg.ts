import { type Canvas, CONTINUED, glyphText } from "../canvas/canvas.ts";
import { partsOf, type Style } from "../canvas/styles.ts";
import type { Theme } from "../canvas/themes.ts";
import { escaped } from "./xml.ts";

/** Size of a cell in units of the picture. */
const WIDTH = 9;
const HEIGHT = 18;
/** Baseline of letters in a cell. */
const BASELINE = 13.5;
const FONT_SIZE = 15;

const FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace";

/**
 * A canvas as a picture (SVG 1.1): backgrounds and bars as rectangles, dots as circles, the rest as text that keeps to the grid whatever
 * the font. The same canvas gives the same bytes.
 */
export function svgOf(canvas: Canvas, theme: Theme, title: string): string {
  const text = theme.inks.text ?? (isLight(theme.ground) ? "#1a1a1e" : "#e6e6ea");
  const [width, height] = [canvas.width * WIDTH, canvas.height * HEIGHT];
  const shapes: string[] = [];
  for (let y = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; ) {
      const end = runEnd(canvas, x, y);
      shapes.push(...runShapes(canvas, x, end, y, colorsOf(canvas.styles[y * canvas.width + x] ?? 0, theme, text)));
      x = end;
    }
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="${FONTS}" font-size="${FONT_SIZE}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="${theme.ground}"/>`,
    ...shapes,
    "</svg>\n",
  ].join("\n");
}

interface Colors {
  readonly sign: string;
  readonly ground: string | null;
  readonly bold: boolean;
}

function colorsOf(style: Style, { inks, ground: below }: Theme, text: string): Colors {
  const { ink, ground, bold, inverse } = partsOf(style);
  const sign = inks[ink] ?? text;
  const behind = ground === null ? null : inks[ground];
  return inverse ? { sign: behind ?? below, ground: sign, bold } : { sign, ground: behind, bold };
}

/** End of the cells of a row with one style. */
function runEnd(canvas: Canvas, from: number, y: number): number {
  const base = y * canvas.width;
  let end = from + 1;
  while (end < canvas.width && canvas.styles[base + end] === canvas.styles[base + from]) end++;
  return end;
}

function runShapes(canvas: Canvas, from: number, end: number, y: number, { sign, ground, bold }: Colors): string[] {
  const shapes: string[] = [];
  if (ground !== null) shapes.push(rect(from * WIDTH, y * HEIGHT, (end - from) * WIDTH, HEIGHT, ground));
  let letters = "";
  let start = from;
  const flush = (x: number) => {
    if (letters.trim() !== "") {
      const lead = letters.length - letters.trimStart().length;
      const shown = letters.trim();
      const weight = bold ? ' font-weight="bold"' : "";
      shapes.push(
        `<text x="${(start + lead) * WIDTH}" y="${y * HEIGHT + BASELINE}" textLength="${Bun.stringWidth(shown) * WIDTH}" lengthAdjust="spacingAndGlyphs" fill="${sign}"${weight} xml:space="preserve">${escaped(shown)}</text>`,
      );
    }
    letters = "";
    start = x;
  };
  for (let x = from; x < end; x++) {
    const glyph = canvas.glyphs[y * canvas.width + x] ?? 32;
    if (glyph === CONTINUED) continue;
    const drawn = glyphShapes(glyph, x * WIDTH, y * HEIGHT, sign);
    if (drawn === null) letters += glyphText(glyph);
    else {
      flush(x + 1);
      shapes.push(...drawn);
      start = x + 1;
    }
  }
  flush(end);
  return shapes;
}

/** Shapes of signs that are areas or dots; null: a letter. */
function glyphShapes(glyph: number, x: number, y: number, color: string): string[] | null {
  // Unicode block 2580: ▁ to █ from below by eighths, █ to ▏ from the left by eighths, then shades and quarters.
  if (glyph >= 0x2581 && glyph <= 0x2588) {
    const high = ((glyph - 0x2580) * HEIGHT) / 8;
    return [rect(x, y + HEIGHT - high, WIDTH, high, color)];
  }
  if (glyph >= 0x2589 && glyph <= 0x258f) return [rect(x, y, ((0x2590 - glyph) * WIDTH) / 8, HEIGHT, color)];
  if (glyph >= 0x2591 && glyph <= 0x2593) return [rect(x, y, WIDTH, HEIGHT, color, (glyph - 0x2590) / 4)];
  if (glyph >= 0x2800 && glyph <= 0x28ff) return brailleDots(glyph - 0x2800, x, y, color);
  return null;
}

/** Dots by bits: the left column 1, 2, 4, 64, the right 8, 16, 32, 128 (Unicode block 2800). */
const DOTS = [0x01, 0x02, 0x04, 0x40, 0x08, 0x10, 0x20, 0x80] as const;

function brailleDots(bits: number, x: number, y: number, color: string): string[] {
  return DOTS.flatMap((bit, i) => {
    if ((bits & bit) === 0) return [];
    const [column, row] = [Math.floor(i / 4), i % 4];
    return [rect(x + column * (WIDTH / 2) + 0.75, y + row * (HEIGHT / 4) + 0.75, 3, 3, color)];
  });
}

function rect(x: number, y: number, width: number, height: number, color: string, opacity = 1): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${color}"${opacity === 1 ? "" : ` fill-opacity="${opacity}"`}/>`;
}

function isLight(color: string): boolean {
  return Number.parseInt(color.slice(1, 3), 16) > 127;
}
