import type { Canvas } from "./canvas.ts";
import { type Style, style } from "./styles.ts";

const [SHADE = 32, HASH = 35, DOT = 46] = [..."░#."].map((sign) => sign.codePointAt(0) ?? 32);
/** Eighths of a filled cell; the track for none. */
const EIGHTHS = [SHADE, ...[..."▏▎▍▌▋▊▉█"].map((sign) => sign.codePointAt(0) ?? 32)];
const TRACK = style("track");

/** A bar of `width` cells filled to a share 0…1, by eighths of a cell; the rest is its track. */
export function drawBar(canvas: Canvas, x: number, y: number, width: number, share: number, paint: Style, ascii: boolean): void {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const full = Math.floor(eighths / 8);
  for (let i = 0; i < width; i++) {
    const filled = i < full ? 8 : i === full ? eighths % 8 : 0;
    if (ascii) canvas.put(x + i, y, filled >= 4 ? HASH : DOT, filled >= 4 ? paint : TRACK);
    else canvas.put(x + i, y, EIGHTHS[filled] ?? SHADE, filled === 0 ? TRACK : paint);
  }
}
