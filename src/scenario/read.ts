import { isUtf8 } from "node:buffer";
import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { fileProblem } from "../kernel/file-problem.ts";
import { InvalidScenario, UserError } from "../kernel/problem.ts";
import type { Place } from "./yaml-file.ts";

/** Size limit of scenario files, in bytes. */
export const MAX_FILE_BYTES = 1_000_000;

const BEGINNING: Place = { line: 1, column: 1 };

/** Reads a file of at most MAX_FILE_BYTES. Throws an InvalidScenario if it is larger, not a regular file, unreadable or not UTF-8. */
export function readBounded(file: string): string {
  const refuse = (why: string, at = BEGINNING) => new InvalidScenario([{ file, ...at, message: `file: ${why}` }]);
  let descriptor: number;
  try {
    // Checked before opening, since opening a pipe waits for its other end.
    const stat = statSync(file);
    if (stat.isDirectory()) throw refuse("cannot be read: it is a folder, not a file");
    if (!stat.isFile()) throw refuse("cannot be read: it is not a regular file");
    if (stat.size > MAX_FILE_BYTES) throw refuse(`must be at most ${MAX_FILE_BYTES} bytes, got ${stat.size}`);
    descriptor = openSync(file, "r");
  } catch (error) {
    throw error instanceof UserError ? error : refuse(`cannot be read: ${fileProblem(error)}`);
  }
  let bytes: Buffer;
  try {
    bytes = readFileSync(descriptor);
  } catch (error) {
    throw refuse(`cannot be read: ${fileProblem(error)}`);
  } finally {
    closeSync(descriptor);
  }
  const text = bytes.toString("utf8");
  // Files in UTF-16 and other binary files are told as such by the parser.
  if (!isUtf8(bytes) && !text.includes("\u0000"))
    throw refuse("must be text in UTF-8, got a byte of another encoding", placeOfGarbled(text));
  return text;
}

/** Place of the first character that stands for invalid bytes. */
function placeOfGarbled(text: string): Place {
  const before = text.slice(0, text.indexOf("\ufffd")).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}
