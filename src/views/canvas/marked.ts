import type { Mode } from "../../scenario/modes.ts";
import type { Painter } from "../report/painter.ts";
import type { Canvas } from "./canvas.ts";
import { type Ink, type Style, style, TEXT } from "./styles.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: the mark begins with one
const MARK = /\u001b\[(\d+)m/;

/** Text preceded by its style, as an escape sequence of a number, which measuring and wrapping skip, as they do colours. */
function marked(paint: Style, text: string): string {
  return `\u001b[${paint}m${text}\u001b[${TEXT}m`;
}

const SERIES: Readonly<Record<string, Ink>> = {
  sync: "sync",
  async: "async",
  parallel: "parallel",
  distributed: "distributed",
  expected: "expected",
} satisfies Record<Mode | "expected", Ink>;

/** A painter that draws pictures of reports on a canvas. `shaded`: signs show the heat of a cell, since colours do not. */
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

/** Draws a line of marked text; returns the column after it. */
export function drawMarked(canvas: Canvas, x: number, y: number, line: string, room: number, first: Style = TEXT): number {
  let paint = first;
  let column = x;
  line.split(MARK).forEach((part, i) => {
    if (i % 2 === 1) paint = Number(part) === TEXT ? first : Number(part);
    else if (part !== "") column = canvas.text(column, y, part, paint, x + room - column);
  });
  return column;
}
