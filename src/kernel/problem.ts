import { EXIT, type ExitCode } from "./exit.ts";
import type { Path } from "./plain-value.ts";
import { printable } from "./text.ts";

/** A fault in a file, with its place (lines and columns from 1; line 0: a flag) and what would be right. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** `FILE:LINE:COL: message`; a problem with a flag (line 0) has no place. */
export function formatProblem({ file, line, column, message }: Problem): string {
  return line === 0 ? `${printable(file, 400)}: ${message}` : `${printable(file, 400)}:${line}:${column}: ${message}`;
}

/** A field in a message: its dotted path; `file` for the whole file. */
export function pathText(path: Path): string {
  return path.length === 0 ? "file" : path.map((part) => (part === "" ? '""' : printable(String(part), 60))).join(".");
}

/** Orders problems by their place in the file. */
export function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column;
}

/** Wrong usage or an unusable file: one sentence for the user, without a stack trace. */
export class UserError extends Error {
  constructor(
    message: string,
    readonly exitCode: ExitCode = EXIT.usage,
  ) {
    super(message);
    this.name = "UserError";
  }
}

/** One or more problems in scenario files. */
export class InvalidScenario extends UserError {
  constructor(readonly problems: readonly Problem[]) {
    // A flag that makes the scenario invalid is wrong usage.
    super(problems.map(formatProblem).join("\n"), problems.some(({ line }) => line === 0) ? EXIT.usage : EXIT.invalidScenario);
    this.name = "InvalidScenario";
  }
}
