import { extname } from "node:path";
import type { ResultComparison } from "../../analysis/compare.ts";
import { safeJson } from "../../kernel/text.ts";
import { changeTable } from "../../views/export/comparison.ts";
import type { ComparisonFormat } from "../report-formats.ts";
import { targetKind, writeText } from "../target.ts";

export interface ComparisonOutput {
  readonly json?: boolean;
  readonly format?: ComparisonFormat;
  readonly out?: string;
}

const TEXTS: Readonly<Record<ComparisonFormat, (comparison: ResultComparison) => Promise<string>>> = {
  html: async (comparison) => (await import("../../views/export/comparison-html.ts")).comparisonHtml(comparison),
  markdown: async (comparison) => (await import("../../views/export/markdown.ts")).comparisonMarkdown(comparison),
  json: async (comparison) => `${safeJson(comparison, 2)}\n`,
  junit: async (comparison) => (await import("../../views/export/junit.ts")).junitOfComparison(comparison),
};

/** Formats by the extension of the file. */
const EXTENSIONS: Readonly<Record<string, ComparisonFormat>> = { ".html": "html", ".md": "markdown", ".json": "json", ".xml": "junit" };

/** Writes a comparison in the format asked for, or as a table; beside a file the table goes to standard output. */
export async function writeComparison(comparison: ResultComparison, { json = false, format, out = "-" }: ComparisonOutput): Promise<void> {
  const isFile = targetKind(out) !== "stdout";
  const asked = format ?? (json && !isFile ? "json" : EXTENSIONS[extname(out).toLowerCase()]);
  const text = asked === undefined ? changeTable(comparison) : await TEXTS[asked](comparison);
  await writeText("--out", out, text);
  if (isFile) process.stdout.write(json ? await TEXTS.json(comparison) : changeTable(comparison));
}
