import type { Canvas } from "../../canvas/canvas.ts";
import { BOLD_TEXT, FOCUSED, TEXT } from "../../canvas/styles.ts";
import { modeStyle, type PictureLook, strokeSample } from "./look.ts";

/** Height from which parts are separated by space. */
const ROOMY = 25;
const KEYS_WIDTH = 22;

/** Keys and what they do; gives the row below. */
export function drawKeys(canvas: Canvas, actions: readonly (readonly [keys: string, what: string])[]): number {
  canvas.text(2, 0, "Keys", BOLD_TEXT);
  for (const [i, [keys, what]] of actions.entries()) {
    canvas.text(2, 1 + i, keys, FOCUSED, KEYS_WIDTH);
    canvas.text(2 + KEYS_WIDTH, 1 + i, what, TEXT);
  }
  return 1 + actions.length;
}

/** What the keys do, each with its keys as people write them, and how to read the panels. */
export function drawHelp(canvas: Canvas, actions: readonly (readonly [keys: string, what: string])[], look: PictureLook): void {
  let y = drawKeys(canvas, actions);
  if (canvas.height >= ROOMY) y++;
  canvas.text(2, y++, "Panels", BOLD_TEXT);
  let x = canvas.text(2, y, "The mode that runs is an area, the others are lines over it:", TEXT);
  for (const mode of ["sync", "async", "parallel"]) x = canvas.text(x + 2, y, `${strokeSample(mode, look)} ${mode}`, modeStyle(mode));
  y++;
  for (const line of [
    "All modes share one time axis; predicted is what theory expects. On the axis: ▲ queue full, ▼ drops begin, ◆ breaker.",
    "Latency is the 99th percentile of sojourn time: due → state updated.",
    "Cores shows those that the lab may run on. In sync mode queue depth is what is due and not yet taken.",
  ])
    canvas.text(2, y++, line, TEXT);
}
