import { extname } from "node:path";
import type { RunResult } from "../../telemetry/result.ts";
import { keptResult } from "../kept-result.ts";
import type { Format } from "../report-formats.ts";
import { targetKind, writeText } from "../target.ts";

export interface ReportFlags {
  readonly format?: Format;
  readonly out?: string;
}

/** A text and where it goes. */
interface Written {
  readonly file: string;
  readonly text: string;
}

/** What each format makes of a run; one file, or for some formats one for each case. */
const EXPORTS: Readonly<Record<Format, (result: RunResult, out: string) => Promise<string | readonly Written[]>>> = {
  html: async (result) => (await import("../../views/export/html.ts")).htmlOf(result),
  markdown: async (result) => (await import("../../views/export/markdown.ts")).markdownOf(result),
  csv: async (result) => (await import("../../views/export/csv.ts")).csvOf(result),
  json: async (result) => (await import("../../views/export/json.ts")).jsonOf(result),
  junit: async (result) => {
    const { placesOf } = await import("../places.ts");
    return (await import("../../views/export/junit.ts")).junitOf(result, placesOf(result));
  },
  // Its plotters read one distribution per file.
  hgrm: async (result, out) => {
    const { distributionOf, hgrmOf } = await import("../../views/export/hgrm.ts");
    if (result.cases.length < 2 || targetKind(out) !== "file") return hgrmOf(result);
    const { numbered } = await import("../../engine/run/case-files.ts");
    return result.cases.map((one, i) => ({ file: numbered(out, i, one.mode), text: distributionOf(one, result.scenario.name) }));
  },
};

/** Formats by the extension of the file. */
const EXTENSIONS: Readonly<Record<string, Format>> = {
  ".html": "html",
  ".md": "markdown",
  ".csv": "csv",
  ".json": "json",
  ".hgrm": "hgrm",
  ".xml": "junit",
};

/** `lab-tui report RUN`: writes a past run in a format for other programs. */
export async function reportRun(run: string, { format, out = "-" }: ReportFlags): Promise<void> {
  const result = keptResult(run);
  const made = await EXPORTS[format ?? EXTENSIONS[extname(out).toLowerCase()] ?? "markdown"](result, out);
  for (const { file, text } of typeof made === "string" ? [{ file: out, text: made }] : made) await writeText("--out", file, text);
}
