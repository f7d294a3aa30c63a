import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Markup } from "./markup.ts";

/** uPlot (https://github.com/leeoniya/uPlot), as its package has it. */
const UPLOT = { code: "uplot/dist/uPlot.iife.min.js", style: "uplot/dist/uPlot.min.css", licence: "uplot/LICENSE" } as const;
/** The script of the page, which draws with it. */
const CHARTS = "./charts.js";

/** Data of this many characters and more are packed. */
const LONG = 20_000;

/** The scripts of a page. */
export interface Scripts {
  readonly markup: Markup;
  readonly style: string;
  /** Sources of the Content-Security-Policy: the hash of each script. */
  readonly sources: readonly string[];
}

/** Scripts that draw the charts anew from their data: nothing but them may run. A script holds nothing of the run; data are a block of text. */
export function chartScripts(data: unknown): Scripts {
  const scripts = [`/*\n${textOf(UPLOT.licence)}\n*/\n${textOf(UPLOT.code)}`, textOf(CHARTS)];
  return {
    markup: new Markup(`${dataBlock(JSON.stringify(data))}\n${scripts.map((script) => `<script>${script}</script>\n`).join("")}`),
    style: textOf(UPLOT.style),
    sources: scripts.map((script) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`),
  };
}

function textOf(source: string): string {
  const text = readFileSync(fileURLToPath(import.meta.resolve(source)), "utf8").trim();
  if (/<\/script|<!--/i.test(text)) throw new Error(`${source} cannot stand within a page`);
  return text;
}

function dataBlock(json: string): string {
  if (json.length < LONG) return `<script type="application/json" id="series">${json.replaceAll("<", "\\u003c")}</script>`;
  // The header of gzip has no time, so the same data are the same bytes.
  return `<script type="application/gzip" id="series">${gzipSync(json, { level: 9 }).toString("base64")}</script>`;
}
