import { isAbsolute, join } from "node:path";

const NAME = "lab-tui";
const VARIABLES = { data: "XDG_DATA_HOME", cache: "XDG_CACHE_HOME" } as const;

/** A folder of this program's own, for what it keeps (`data`) or may lose (`cache`); null: this user has no home, and no variable names a place. */
export function ownFolder(kind: keyof typeof VARIABLES): string | null {
  try {
    // It asks for the home as soon as it is loaded, and a user without a name has none.
    const { default: envPaths } = require("env-paths") as typeof import("env-paths");
    return envPaths(NAME, { suffix: "" })[kind];
  } catch {
    const named = process.env[VARIABLES[kind]] ?? "";
    return isAbsolute(named) ? join(named, NAME) : null;
  }
}
