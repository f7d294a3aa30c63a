import { extname } from "node:path";
import { fileProblem } from "../../kernel/file-problem.ts";
import { UserError } from "../../kernel/problem.ts";
import { replaceFile, writeAll } from "../../kernel/replace-file.ts";
import { printable } from "../../kernel/text.ts";
import type { RunResult } from "../../telemetry/result.ts";
import { keptResult } from "../kept-result.ts";
import type { Format } from "../report-formats.ts";
import { pour, targetKind } from "../target.ts";

export interface ReportFlags {
  readonly format?: Format;
  readonly out?: string;
}

const EXPORTS: Readonly<Record<Format, () => Promise<(result: RunResult) => string>>> = {
  markdown: async () => (await import("../../views/export/markdown.ts")).markdownOf,
  csv: async () => (await import("../../views/export/csv.ts")).csvOf,
  json: async () => (await import("../../views/export/json.ts")).jsonOf,
};

/** Formats by the extension of the file. */
const EXTENSIONS: Readonly<Record<string, Format>> = { ".md": "markdown", ".csv": "csv", ".json": "json" };

/** `lab-tui report RUN`: writes a past run in a format for other programs. */
export async function reportRun(run: string, { format, out = "-" }: ReportFlags): Promise<void> {
  const result = keptResult(run);
  const write = await EXPORTS[format ?? EXTENSIONS[extname(out).toLowerCase()] ?? "markdown"]();
  const text = write(result);
  try {
    if (targetKind(out) === "file") replaceFile(out, (descriptor) => writeAll(descriptor, text));
    else await pour({ text }, out);
  } catch (error) {
    // A reader of standard output that has gone is no failure.
    if (targetKind(out) !== "stdout") throw new UserError(`--out: ${printable(out, 200)} cannot be written: ${fileProblem(error)}`);
  }
}
