import { MODES } from "../../../scenario/modes.ts";
import type { Canvas } from "../../canvas/canvas.ts";
import { BOLD_TEXT, FOCUSED, TEXT } from "../../canvas/styles.ts";
import { modeStyle, type PictureLook, strokeSample } from "./look.ts";

/** Lines of the help beside those of the keys. */
export const LEGEND_LINES = 6;
const KEYS_WIDTH = 22;
const SPACE = 32;

/** Keys and what they do, below their heading where there is room for it; gives the row below. */
export function drawKeys(canvas: Canvas, actions: readonly (readonly [keys: string, what: string])[]): number {
  const y = actions.length + 1 < canvas.height ? 1 : 0;
  if (y > 0) canvas.text(2, 0, "Keys", BOLD_TEXT);
  for (const [i, [keys, what]] of actions.entries()) {
    canvas.text(2, y + i, keys, FOCUSED, KEYS_WIDTH);
    canvas.text(2 + KEYS_WIDTH, y + i, what, TEXT);
  }
  return y + actions.length;
}

/** What the keys do, each with its keys as people write them, and how to read the panels. */
export function drawHelp(canvas: Canvas, actions: readonly (readonly [keys: string, what: string])[], look: PictureLook): void {
  let y = drawKeys(canvas, actions);
  if (y + LEGEND_LINES < canvas.height) y++;
  drawLegend(canvas, y, look);
  // The last line is the footer's.
  canvas.fill({ x: 0, y: canvas.height - 1, width: canvas.width, height: 1 }, SPACE, TEXT);
}

/** How to read the panels. */
function drawLegend(canvas: Canvas, top: number, look: PictureLook): void {
  let y = top;
  canvas.text(2, y++, "Panels", BOLD_TEXT);
  let x = canvas.text(2, y, "The mode that runs is an area, others are lines:", TEXT);
  for (const mode of MODES) x = canvas.text(x + 2, y, `${strokeSample(mode, look)} ${mode}`, modeStyle(mode));
  y++;
  for (const line of [
    "All modes share one time axis; predicted is what theory expects. On the axis: ▲ queue full, ▼ drops begin, ◇ another rate, ◆ breaker, or Redis silent.",
    "Latency is the 99th percentile of sojourn time: due → state updated.",
    "Cores shows those that the lab may run on. In sync mode queue depth is what is due and not yet taken. Several hosts stand in place of cores.",
  ])
    canvas.text(2, y++, line, TEXT);
}
