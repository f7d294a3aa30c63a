import { createReadStream, createWriteStream, statSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileProblem } from "../kernel/file-problem.ts";
import { UserError } from "../kernel/problem.ts";
import { replaceFile, writeAll } from "../kernel/replace-file.ts";
import { printable } from "../kernel/text.ts";

/** Names of this process's standard output. */
const STDOUT = new RegExp(`^(-|/dev/stdout|/dev/fd/1|/proc/(self|${process.pid})/fd/1)$`);

/**
 * Kind of an output path: standard output; a stream (a FIFO, a device, a process substitution), which is opened by this process alone,
 * once, when its whole content is known; or a file.
 */
export type TargetKind = "stdout" | "stream" | "file";

export function targetKind(path: string): TargetKind {
  if (STDOUT.test(path)) return "stdout";
  try {
    const stat = statSync(path);
    return stat.isFile() || stat.isDirectory() ? "file" : "stream";
  } catch {
    return "file";
  }
}

/** Copies text, or a file, to a stream; waits for its reader, and handles signals meanwhile. */
export async function pour(source: { readonly text: string } | { readonly file: string }, path: string): Promise<void> {
  const from = "text" in source ? Readable.from([source.text]) : createReadStream(source.file);
  if (targetKind(path) === "stdout") {
    // Ended, and awaited, where the process ends.
    await pipeline(from, process.stdout, { end: false });
  } else await pipeline(from, createWriteStream(path, { flags: "a" }));
}

/** Writes a text to a file or a stream; throws a sentence that names the flag. A reader of standard output that has gone is no failure. */
export async function writeText(flag: string, path: string, text: string): Promise<void> {
  try {
    if (targetKind(path) === "file") replaceFile(path, (descriptor) => writeAll(descriptor, text));
    else await pour({ text }, path);
  } catch (error) {
    if (targetKind(path) !== "stdout") throw new UserError(`${flag}: ${printable(path, 200)} cannot be written: ${fileProblem(error)}`);
  }
}
