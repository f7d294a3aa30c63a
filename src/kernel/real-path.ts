import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** A path with links resolved as far as it exists. */
export function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    const full = resolve(file);
    return dirname(full) === full ? full : join(realPath(dirname(full)), basename(full));
  }
}
