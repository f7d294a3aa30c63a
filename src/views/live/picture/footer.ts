import { columnsOf } from "../../../kernel/text.ts";
import type { Canvas } from "../../canvas/canvas.ts";
import { BOLD_TEXT, FAINT, style } from "../../canvas/styles.ts";

const KEY = style("key", { ground: "key-back" });

/** Draws the keys in the last line: each set off, with its name beside it; as many as fit. */
export function drawFooter(canvas: Canvas, keys: readonly { readonly short: string; readonly title: string }[]): void {
  const y = canvas.height - 1;
  let x = 0;
  for (const { short, title } of keys) {
    if (x + columnsOf(short) + columnsOf(title) + 3 > canvas.width) return;
    x = canvas.text(x, y, short, KEY);
    x = canvas.text(x, y, ` ${title}`, FAINT) + 2;
  }
}

/** Draws a question in place of the keys. */
export function drawQuestion(canvas: Canvas, question: string): void {
  canvas.text(0, canvas.height - 1, question, BOLD_TEXT);
}
