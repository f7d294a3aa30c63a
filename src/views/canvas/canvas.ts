import { columnsOf, cutTo, isSingleWidth } from "../../kernel/text.ts";
import { type Style, TEXT } from "./styles.ts";

/** The second cell of a character that takes two. */
export const CONTINUED = 1;
const SPACE = 32;

/** Characters of several code points (an emoji, a letter with its accents) get numbers beyond those of Unicode. */
const FIRST_CLUSTER = 0x110000;
const MOST_CLUSTERS = 4096;
const clusters: string[] = [];
const clusterNumbers = new Map<string, number>();

const CHARACTERS = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** A rectangle of a canvas, in cells. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A picture of `width` × `height` cells, each with a character and a style. Everything outside is cut off. */
export class Canvas {
  readonly glyphs: Uint32Array;
  readonly styles: Uint32Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.glyphs = new Uint32Array(width * height).fill(SPACE);
    this.styles = new Uint32Array(width * height).fill(TEXT);
  }

  clear(): void {
    this.glyphs.fill(SPACE);
    this.styles.fill(TEXT);
  }

  /** Sets one cell; `glyph`: a code point of one column. A wide character cut in two disappears entirely. */
  put(x: number, y: number, glyph: number, style: Style): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const { glyphs } = this;
    const at = y * this.width + x;
    if (glyphs[at] === CONTINUED && glyph !== CONTINUED) glyphs[at - 1] = SPACE;
    if (x + 1 < this.width && glyphs[at + 1] === CONTINUED) glyphs[at + 1] = SPACE;
    glyphs[at] = glyph === CONTINUED && x === 0 ? SPACE : glyph;
    this.styles[at] = style;
  }

  /** The style of a cell; outside the canvas, that of text. */
  styleAt(x: number, y: number): Style {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return TEXT;
    return this.styles[y * this.width + x] ?? TEXT;
  }

  fill({ x, y, width, height }: Rect, glyph: number, style: Style): void {
    for (let row = y; row < y + height; row++) for (let column = x; column < x + width; column++) this.put(column, row, glyph, style);
  }

  /**
   * Draws a line of text, cut with an ellipsis to `room` columns; returns the column after it. The text must have passed through
   * `printable`.
   */
  text(x: number, y: number, text: string, style: Style = TEXT, room: number = this.width - x): number {
    const space = Math.min(room, this.width - x);
    if (space <= 0) return x;
    const shown = cutTo(text, space);
    if (isSingleWidth(shown)) {
      for (let i = 0; i < shown.length; i++) this.put(x + i, y, shown.charCodeAt(i), style);
      return x + shown.length;
    }
    let column = x;
    for (const { segment } of CHARACTERS.segment(shown)) {
      const width = Bun.stringWidth(segment);
      if (width === 0) continue;
      this.put(column, y, glyphOf(segment), style);
      if (width > 1) this.put(column + 1, y, CONTINUED, style);
      column += width;
    }
    return column;
  }

  /** Draws a line of text that ends at column `end`; returns the column of its beginning. */
  textRight(end: number, y: number, text: string, style: Style = TEXT): number {
    const x = Math.max(0, end - columnsOf(text));
    this.text(x, y, text, style, end - x);
    return x;
  }

  /** The characters of a row. */
  row(y: number): string {
    let line = "";
    for (let x = 0; x < this.width; x++) line += glyphText(this.glyphs[y * this.width + x] ?? SPACE);
    return line;
  }

  /** The picture as plain text, without trailing spaces. */
  toString(): string {
    return Array.from({ length: this.height }, (_, y) => this.row(y).trimEnd()).join("\n");
  }
}

function glyphOf(character: string): number {
  const code = character.codePointAt(0) ?? SPACE;
  if (character.length === (code > 0xffff ? 2 : 1)) return code;
  const known = clusterNumbers.get(character);
  if (known !== undefined) return known;
  if (clusters.length >= MOST_CLUSTERS) return code;
  const number = FIRST_CLUSTER + clusters.length;
  clusters.push(character);
  clusterNumbers.set(character, number);
  return number;
}

/** The text of a glyph; empty for the second cell of a wide one. */
export function glyphText(glyph: number): string {
  if (glyph === CONTINUED) return "";
  return glyph >= FIRST_CLUSTER ? (clusters[glyph - FIRST_CLUSTER] ?? "") : String.fromCodePoint(glyph);
}

/** True where a terminal may give the glyph another width than assumed here, so that the cursor position after it is uncertain. */
export function isUncertain(glyph: number): boolean {
  return glyph === CONTINUED || glyph >= FIRST_CLUSTER;
}
