import { appendFileSync, statSync } from "node:fs";
import { fileProblem } from "../kernel/file-problem.ts";
import { printable } from "../kernel/text.ts";
import { annotationsOf, MOST_SUMMARY, stepSummaryOf } from "../views/export/github.ts";
import type { RunVerdicts } from "../views/export/test-cases.ts";

/** True where annotations for GitHub Actions are written: by a flag, or within one of its workflows. */
export function isOnGitHub({ github = false }: { readonly github?: boolean }, env = process.env): boolean {
  return github || env["GITHUB_ACTIONS"] === "true";
}

/** The folder to which annotations name files: that of the repository, where it is known. */
export function workspace(env = process.env): string {
  return env["GITHUB_WORKSPACE"] || process.cwd();
}

/** Writes annotations, and appends to the step's summary where GitHub says which file that is. A file that cannot be written is a warning. */
export function tellGitHub(told: readonly RunVerdicts[], strict: boolean, say: (line: string) => void, env = process.env): void {
  for (const line of told.flatMap((one) => annotationsOf(one, strict))) say(line);
  const file = env["GITHUB_STEP_SUMMARY"];
  if (!file || told.length === 0) return;
  try {
    const before = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    appendFileSync(file, stepSummaryOf(told, MOST_SUMMARY - before));
  } catch (error) {
    say(`warning: the step's summary (${printable(file, 200)}) cannot be written: ${fileProblem(error)}`);
  }
}
