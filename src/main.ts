#!/usr/bin/env bun
import { writeSync } from "node:fs";
import { VERSION } from "./kernel/version.ts";

/** Writes the version if it is all that is asked for; false: it is not, or it could not be written at once. */
function versionTold([first, second]: readonly string[]): boolean {
  if (second !== undefined || (first !== "-V" && first !== "--version")) return false;
  try {
    return writeSync(1, `${VERSION}\n`) > 0;
  } catch {
    return false;
  }
}

// The streams, signals and errors of a process that does more take longer to set up than the version to tell.
if (!versionTold(process.argv.slice(2))) await import("./cli/process.ts");
