import { createReadStream, createWriteStream, statSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Names under which this process's standard output can be opened. */
const STDOUT = new RegExp(`^(-|/dev/stdout|/dev/fd/1|/proc/(self|${process.pid})/fd/1)$`);

/**
 * What a path that is to be written is: standard output, a stream (a FIFO, a device, a process substitution), which is opened by this
 * process alone, once, when all that goes there is known; or a file.
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

/** Copies text, or a file, to what is no file; waits for whoever reads it, and hears signals meanwhile. */
export async function pour(source: { readonly text: string } | { readonly file: string }, path: string): Promise<void> {
  const from = "text" in source ? Readable.from([source.text]) : createReadStream(source.file);
  if (targetKind(path) === "stdout") {
    // It is ended, and waited for, where the process ends.
    await pipeline(from, process.stdout, { end: false });
  } else await pipeline(from, createWriteStream(path, { flags: "a" }));
}
