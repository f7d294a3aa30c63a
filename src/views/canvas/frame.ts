import { columnsOf, printable } from "../../kernel/text.ts";
import type { Canvas, Rect } from "./canvas.ts";
import { BOLD_TEXT, BORDER, FOCUSED, type Style, style, TEXT } from "./styles.ts";

export interface FrameOptions {
  /** The key that focuses it; 0: none. */
  readonly number: number;
  readonly title: string;
  /** The figure at the right of the title. */
  readonly headline: string;
  readonly headlineStyle?: Style;
  readonly focused: boolean;
  readonly ascii: boolean;
}

const codeOf = (sign = " "): number => sign.codePointAt(0) ?? 32;

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const ACCENT = style("accent");

/** Draws the border of a panel with its number, title and figure in the upper edge; returns the rectangle inside. */
export function drawFrame(canvas: Canvas, place: Rect, options: FrameOptions): Rect {
  const { x, y, width, height } = place;
  const { focused, ascii, number, title, headline, headlineStyle = BOLD_TEXT } = options;
  const [corners, across, down] = ascii
    ? (["++++", focused ? "=" : "-", "|"] as const)
    : focused
      ? (["┏┓┗┛", "━", "┃"] as const)
      : (["╭╮╰╯", "─", "│"] as const);
  const border = focused ? ACCENT : BORDER;
  const last = { x: x + width - 1, y: y + height - 1 };
  for (const [row, left, right] of [
    [y, corners[0], corners[1]],
    [last.y, corners[2], corners[3]],
  ] as const) {
    canvas.fill({ x: x + 1, y: row, width: width - 2, height: 1 }, codeOf(across), border);
    canvas.put(x, row, codeOf(left), border);
    canvas.put(last.x, row, codeOf(right), border);
  }
  for (const column of [x, last.x]) canvas.fill({ x: column, y: y + 1, width: 1, height: height - 2 }, codeOf(down), border);
  const key = number === 0 ? "" : ascii ? `${number}` : (SUPERSCRIPTS[number] ?? "");
  let column = canvas.text(x + 2, y, key, focused ? ACCENT : TEXT);
  column = canvas.text(column, y, ` ${title} `, focused ? FOCUSED : BOLD_TEXT, Math.max(0, last.x - column));
  const figure = printable(headline, Math.max(1, width));
  if (figure !== "" && columnsOf(figure) + 4 <= last.x - column) canvas.textRight(last.x - 1, y, ` ${figure} `, headlineStyle);
  return { x: x + 1, y: y + 1, width: Math.max(0, width - 2), height: Math.max(0, height - 2) };
}
