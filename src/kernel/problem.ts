import { distance } from "fastest-levenshtein";
import { printable } from "./text.ts";

/** Something wrong in a file, where it stands (lines and columns from 1; line 0: in a flag) and what would be right. */
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

/** Orders problems as they stand in their file. */
export function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column;
}

/** The exit codes of the contract. */
export const EXIT = {
  done: 0,
  caseFailed: 1,
  usage: 2,
  internal: 70,
  invalidMeasurement: 97,
  regression: 98,
  threshold: 99,
  invalidScenario: 104,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Wrong usage or an unusable file: one sentence for the user, never a stack trace. */
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
    // A flag that makes it invalid is wrong usage.
    super(problems.map(formatProblem).join("\n"), problems.some(({ line }) => line === 0) ? EXIT.usage : EXIT.invalidScenario);
    this.name = "InvalidScenario";
  }
}

/** Letters that the beginning of a word needs to stand for the whole. */
const BEGINNING = 3;

/** The nearest of the known words, when it is near enough to be what was meant; else one that begins with the other. */
export function nearest(word: string, known: readonly string[]): string | null {
  const lower = word.toLowerCase();
  let best: string | null = null;
  // At least half of a short word has to be right.
  let bestDistance = Math.min(Math.max(2, Math.floor(word.length / 3)), Math.ceil(word.length / 2)) + 1;
  for (const candidate of known) {
    const d = distance(lower, candidate.toLowerCase());
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  if (best !== null || lower.length < BEGINNING) return best;
  const begins = (candidate: string) => candidate.startsWith(lower) || (candidate.length >= BEGINNING && lower.startsWith(candidate));
  return known.find((candidate) => begins(candidate.toLowerCase())) ?? null;
}

/** `; did you mean "x"?`, or nothing. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === null ? "" : `; did you mean "${near}"?`;
}

/** What the operating system said of a file, as a sentence. */
export function fileProblem(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  switch (code) {
    case "ENOENT":
      return "there is no such file or folder";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EISDIR":
      return "it is a folder, not a file";
    case "EEXIST":
      return "something of that name is in the way";
    case "ENOTDIR":
      return "a part of the path is not a folder";
    case "ENOSPC":
      return "the disk is full";
    case "EDQUOT":
      return "the quota for files is used up";
    case "EFBIG":
      return "it would be larger than a file may be here";
    case "EPIPE":
      return "whoever read it is gone";
    case "EROFS":
      return "the file system is read-only";
    case "ENAMETOOLONG":
      return "the name is too long";
    case "ELOOP":
      return "too many symbolic links";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
