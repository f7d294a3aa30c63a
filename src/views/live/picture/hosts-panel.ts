import { columnsOf, printable } from "../../../kernel/text.ts";
import { formatCount, formatShare } from "../../../kernel/units.ts";
import { counted } from "../../../kernel/wording.ts";
import type { DistributedSample, HostSample } from "../../../telemetry/distributed-figures.ts";
import { drawBar } from "../../canvas/bar.ts";
import type { Canvas, Rect } from "../../canvas/canvas.ts";
import { drawFrame } from "../../canvas/frame.ts";
import { BAD, FAINT, style, TEXT, WARN } from "../../canvas/styles.ts";
import type { RunView } from "../store.ts";
import type { PanelOptions } from "./chart-panel.ts";

/** Columns of a host: its name, a bar, its use with what it has done; and of the frame beside its figure. */
const NAME = 14;
const FIGURES = 16;
const LEAST_BAR = 4;
const EDGES = 16;

/** The last figures of the case that is shown, where several hosts work; null: there are no several. */
export function severalHosts(view: RunView): DistributedSample | null {
  const sample = view.cases[view.current]?.series.at(-1)?.distributed;
  return sample === undefined || sample.hosts.length < 2 ? null : sample;
}

/** Draws a bar for each host: how much of what its threads can compute is used, and the items that it has done. */
export function drawHostsPanel(canvas: Canvas, place: Rect, sample: DistributedSample, options: PanelOptions): void {
  const ascii = options.look.glyphs === "ascii";
  const rows = Math.max(1, place.height - 2);
  const columns = Math.max(
    1,
    Math.min(Math.floor((place.width - 4) / (NAME + LEAST_BAR + FIGURES)), Math.ceil(sample.hosts.length / rows)),
  );
  const shown = sample.hosts.slice(0, columns * rows);
  const hidden = sample.hosts.length - shown.length;
  const inside = drawFrame(canvas, place, { ...options, ascii, title: "Hosts", headline: headline(sample, hidden, place.width - EDGES) });
  const width = Math.floor((inside.width - 2) / columns);
  shown.forEach((host, i) => {
    drawHost(canvas, { x: inside.x + 1 + (i % columns) * width, y: inside.y + Math.floor(i / columns), width }, host, ascii);
  });
}

function drawHost(canvas: Canvas, { x, y, width }: Pick<Rect, "x" | "y" | "width">, host: HostSample, ascii: boolean): void {
  const { name, processed, status } = host;
  const share = shareUsed(host);
  const bar = Math.max(LEAST_BAR, width - NAME - FIGURES);
  canvas.text(x, y, printable(name, NAME - 1), status === "ok" ? FAINT : status === "late" ? WARN : BAD);
  drawBar(canvas, x + NAME, y, bar, share ?? 0, style("good"), ascii);
  const used = status === "lost" ? status : share === null ? "–" : formatShare(Math.round(share * 100) / 100);
  const done = formatCount(processed);
  canvas.textRight(x + NAME + bar + 6, y, used, status === "lost" ? BAD : TEXT);
  canvas.textRight(x + NAME + bar + 6 + Math.max(7, columnsOf(done) + 1), y, done, FAINT);
}

/** Share of the time for which its threads computed, as far as its cores allow; null: unknown. */
function shareUsed({ coresUsed, cores, slots }: HostSample): number | null {
  return coresUsed === null ? null : coresUsed / Math.max(1, Math.min(cores, slots));
}

/** The panel's first line: its parts as far as there is room for them. */
function headline(sample: DistributedSample, hidden: number, room: number): string {
  const { hosts, inStreams, claims } = sample;
  const lost = hosts.filter(({ status }) => status === "lost").length;
  const head = `${counted(hosts.length, "host")}${lost === 0 ? "" : `, ${lost} lost`}`;
  const there = `${formatCount(inStreams)} in streams`;
  const rest = hidden > 0 ? `${hidden} not shown` : "";
  const tries = [
    [head, there, claimsText(sample), rest],
    [head, there, claims === 0 ? "" : `${formatCount(claims)} taken over`, rest],
    [head, there],
  ].map((parts) => parts.filter((part) => part !== "").join(", "));
  return tries.find((text) => columnsOf(text) <= room) ?? head;
}

/** Batches taken over so far, and their items; empty: none. */
function claimsText({ claims, redeliveries }: Pick<DistributedSample, "claims" | "redeliveries">): string {
  return claims === 0 ? "" : `${counted(claims, "batch", "batches")} taken over (${counted(redeliveries, "item")})`;
}
