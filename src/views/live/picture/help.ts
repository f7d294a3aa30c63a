import type { Canvas } from "../../canvas/canvas.ts";
import { BOLD_TEXT, FOCUSED, TEXT } from "../../canvas/styles.ts";
import { modeStyle, type PictureLook, strokeSample } from "./look.ts";

/** Height from which parts are separated by space. */
const ROOMY = 24;
const KEYS_WIDTH = 22;

/** Draws the help: the effect of each key, and how to read the panels. */
export function drawHelp(canvas: Canvas, actions: readonly (readonly [keys: string, what: string])[], look: PictureLook): void {
  let y = 0;
  canvas.text(2, y++, "Keys", BOLD_TEXT);
  for (const [keys, what] of actions) {
    canvas.text(2, y, keys, FOCUSED, KEYS_WIDTH);
    canvas.text(2 + KEYS_WIDTH, y++, what, TEXT);
  }
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
