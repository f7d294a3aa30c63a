import { closeSync, openSync, readFileSync, statSync } from "node:fs";
import { fileProblem } from "../kernel/file-problem.ts";
import { InvalidScenario, UserError } from "../kernel/problem.ts";

/** Size limit of scenario files, in bytes. */
export const MAX_FILE_BYTES = 1_000_000;

/** Reads a file of at most MAX_FILE_BYTES. Throws an InvalidScenario if it is larger, not a regular file or unreadable. */
export function readBounded(file: string): string {
  const refuse = (why: string) => new InvalidScenario([{ file, line: 1, column: 1, message: `file: ${why}` }]);
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
  try {
    return readFileSync(descriptor, "utf8");
  } catch (error) {
    throw refuse(`cannot be read: ${fileProblem(error)}`);
  } finally {
    closeSync(descriptor);
  }
}
