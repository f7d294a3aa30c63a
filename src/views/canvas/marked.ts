import type { Painter } from "../report/painter.ts";
import type { Canvas } from "./canvas.ts";
import { type Ink, type Style, style, TEXT } from "./styles.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: the mark begins with one
const MARK = /\u001b\[(\d+)m/;

/** Text with its style before it, as an escape sequence of a number: whoever measures or wraps text leaves such out, as colours. */
function marked(paint: Style, text: string): string {
  return `\u001b[${paint}m${text}\u001b[${TEXT}m`;
}

const SERIES: Readonly<Record<string, Ink>> = {
  sync: "sync",
  async: "async",
  parallel: "parallel",
  distributed: "distributed",
  expected: "expected",
};

/** Paints pictures of reports for a canvas. `shaded`: colours do not tell the heat of a cell. */
export function canvasPainter(shade: Painter["shade"] | null): Painter {
  return {
    series: (name, text) => (name === null ? text : marked(style(SERIES[name] ?? "text"), text)),
    heat(share, text) {
      if (shade !== null) return text;
      const ground = `heat-${Math.min(7, Math.floor(share * 8))}` as Ink;
      return marked(style(share > 0.5 ? "dark" : "bright", { ground }), text);
    },
    shade: shade ?? (() => ""),
  };
}

/** Draws a line of marked text; gives the column after it. */
export function drawMarked(canvas: Canvas, x: number, y: number, line: string, room: number, first: Style = TEXT): number {
  let paint = first;
  let column = x;
  line.split(MARK).forEach((part, i) => {
    if (i % 2 === 1) paint = Number(part) === TEXT ? first : Number(part);
    else if (part !== "") column = canvas.text(column, y, part, paint, x + room - column);
  });
  return column;
}
