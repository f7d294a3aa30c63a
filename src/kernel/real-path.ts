import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** Where a path leads, links followed as far as there is something. */
export function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    const full = resolve(file);
    return dirname(full) === full ? full : join(realPath(dirname(full)), basename(full));
  }
}
