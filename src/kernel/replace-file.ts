import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { realPath } from "./real-path.ts";

/** Writes the whole text, however little the system takes at a time. */
export function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}

/**
 * Replaces a file atomically: the new content is written beside it and renamed once complete, so that concurrent readers, and readers after
 * a full disk, find the old file or the new one and never half of either. Links are followed, and a file keeps its permissions. In a folder
 * that allows no new file it is overwritten in place. Throws the system's error.
 */
export function replaceFile(file: string, write: (descriptor: number) => void): void {
  const target = realPath(file);
  const beside = `${target}.${process.pid}.new`;
  const made = tryOpen(beside, modeOf(target));
  const descriptor = made ?? openSync(target, "w");
  try {
    write(descriptor);
    closeSync(descriptor);
    if (made !== null) renameSync(beside, target);
  } catch (error) {
    if (made !== null) rmSync(beside, { force: true });
    throw error;
  }
}

function tryOpen(file: string, mode: number): number | null {
  try {
    return openSync(file, "w", mode);
  } catch {
    return null;
  }
}

function modeOf(file: string): number {
  try {
    return statSync(file).mode & 0o777;
  } catch {
    return 0o666;
  }
}
