import { isAbsolute, join } from "node:path";

const NAME = "lab-tui";
const VARIABLES = { data: "XDG_DATA_HOME", cache: "XDG_CACHE_HOME", config: "XDG_CONFIG_HOME" } as const;

/** This program's folder for data to keep (`data`) or to lose (`cache`), or for what its user has set (`config`); null: the user has no home, and no variable names a place. */
export function ownFolder(kind: keyof typeof VARIABLES): string | null {
  try {
    // Loaded late: it reads the home directory on load, and a user without a name has none.
    const { default: envPaths } = require("env-paths") as typeof import("env-paths");
    return envPaths(NAME, { suffix: "" })[kind];
  } catch {
    const named = process.env[VARIABLES[kind]] ?? "";
    return isAbsolute(named) ? join(named, NAME) : null;
  }
}
