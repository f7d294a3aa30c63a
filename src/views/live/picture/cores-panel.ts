import { formatCount, formatShare } from "../../../kernel/units.ts";
import { coresOf } from "../../../telemetry/cgroup.ts";
import { recent } from "../../../telemetry/series.ts";
import { drawBar } from "../../canvas/bar.ts";
import type { Canvas, Rect } from "../../canvas/canvas.ts";
import { drawFrame } from "../../canvas/frame.ts";
import { FAINT, type Style, style, TEXT } from "../../canvas/styles.ts";
import { HEADLINE_MS } from "../figures.ts";
import type { RunView } from "../store.ts";
import type { PanelOptions } from "./chart-panel.ts";

/** Grid of the bars: as many columns as the bars need to fit the rows. */
export function coreGrid(cores: number, width: number, rows: number): { readonly columns: number; readonly barWidth: number } {
  const columns = Math.max(1, Math.min(Math.floor(width / 12), Math.ceil(cores / Math.max(1, rows))));
  return { columns, barWidth: Math.max(1, Math.floor(width / columns) - 11) };
}

/** The cores that the lab may run on, by number; all of them where the system numbers them otherwise. */
export function shownCores(shares: readonly number[], own: readonly number[] | null): readonly { core: number; share: number }[] {
  const all = shares.map((share, core) => ({ core, share }));
  const found = own === null ? all : all.filter(({ core }) => own.includes(core));
  return found.length > 0 ? found : all;
}

const COLD = style("good");
const WARM = style("warn");
const HOT = style("bad");

/** Colour of a core's use. */
function heatOf(share: number): Style {
  return share >= 0.9 ? HOT : share >= 0.6 ? WARM : COLD;
}

/** Draws a bar for each core that the lab may run on, coloured by its use, and the use by other programs. */
export function drawCoresPanel(canvas: Canvas, place: Rect, view: RunView, options: PanelOptions): void {
  const ascii = options.look.glyphs === "ascii";
  const last = recent(view.cases[view.current]?.series ?? [], HEADLINE_MS);
  const limits = view.machine?.limits ?? null;
  const shares = shownCores(last?.cores ?? [], limits?.cores ?? null);
  const rows = Math.max(1, place.height - 2);
  const { columns, barWidth } = coreGrid(shares.length, place.width - 4, rows);
  const shown = shares.slice(0, columns * rows);
  const inside = drawFrame(canvas, place, {
    ...options,
    ascii,
    title: "Cores",
    headline: headline(shares, view, shares.length - shown.length, last?.otherCores ?? null),
  });
  const width = Math.floor((inside.width - 2) / Math.max(1, columns));
  shown.forEach(({ core, share }, i) => {
    const [x, y] = [inside.x + 1 + (i % columns) * width, inside.y + Math.floor(i / columns)];
    canvas.textRight(x + 3, y, String(core), FAINT);
    drawBar(canvas, x + 4, y, barWidth, share, heatOf(share), ascii);
    canvas.textRight(x + 4 + barWidth + 6, y, formatShare(Math.round(share * 100) / 100), TEXT);
  });
}

function headline(shares: readonly { share: number }[], view: RunView, hidden: number, others: number | null): string {
  if (shares.length === 0) return "";
  const limits = view.machine?.limits ?? null;
  const mean = shares.reduce((sum, { share }) => sum + share, 0) / shares.length;
  const kept =
    limits === null ? "" : limits.quota === null ? ` (${limits.machineCores} in all)` : `, quota ${formatCount(coresOf(limits.quota))}`;
  // Use by other programs is shown where it exceeds the clock's ticks.
  const foreign = others === null || others < 0.05 ? "" : `, others ${others.toFixed(1)}`;
  return `${formatShare(mean)} of ${shares.length} busy${kept}${foreign}${hidden > 0 ? `, ${hidden} not shown` : ""}`;
}
